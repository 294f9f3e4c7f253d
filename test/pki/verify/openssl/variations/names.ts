/** Names: chaining by RFC 5280 7.1, and name constraints (4.2.1.10, 6.1.3 (b), (c)). */
import { contextOctets, contextTagged, integer, sequence } from '../../../../../pki/der/index.js';
import { ext, extension, generalName, nameOf, type Subtrees } from '../../../../kit/pki/index.js';
import { change, lastAuthority, someAuthority, type Variation } from '../plan.js';

const { dns, email, uri, ip, directory, registeredId, other } = generalName;

/** Constraints in some authority and alternative names in the end entity. */
function constrained(rule: string, subtrees: Subtrees, names: readonly Uint8Array[]): Variation {
  return {
    rule: `name-constraints-${rule}`,
    apply: (plan, random) => {
      change(plan, someAuthority(plan, random), {
        extensions: { nameConstraints: ext.nameConstraints(subtrees) }
      });
      if (names.length > 0)
        change(plan, 'leaf', { extensions: { subjectAltName: ext.subjectAltName(names) } });
    }
  };
}

/** Constraints in some authority and another subject in the end entity. */
function constrainedSubject(
  rule: string,
  subtrees: (label: string) => Subtrees,
  subject: (label: string) => string
): Variation {
  return {
    rule: `name-constraints-${rule}`,
    apply: plan => {
      const nameConstraints = ext.nameConstraints(subtrees(plan.label));
      change(plan, lastAuthority(plan), { extensions: { nameConstraints } });
      change(plan, 'leaf', { raw: { subject: nameOf(subject(plan.label)) } });
    }
  };
}

function constraintsValue(rule: string, value: Uint8Array, critical = true): Variation {
  return {
    rule: `name-constraints-${rule}`,
    apply: (plan, random) =>
      change(plan, someAuthority(plan, random), {
        extensions: { nameConstraints: extension('nameConstraints', value, critical) }
      })
  };
}

const inSubtree = sequence(dns('example'));
const person = (label: string) => `O=${label}, CN=End Entity`;

export const names: readonly Variation[] = [
  {
    rule: 'issuer-in-other-case',
    apply: plan =>
      change(plan, 'leaf', {
        raw: { issuer: nameOf(`O=${plan.label}, CN=INTERMEDIATE ${lastAuthority(plan)}`) }
      })
  },
  {
    rule: 'issuer-in-another-string-type',
    apply: plan =>
      change(plan, 'leaf', {
        raw: { issuer: nameOf(`O=${plan.label}, CN:printable=Intermediate ${lastAuthority(plan)}`) }
      })
  },
  {
    rule: 'issuer-with-more-spaces',
    apply: plan =>
      change(plan, 'leaf', {
        raw: { issuer: nameOf(`O=${plan.label}, CN=  Intermediate   ${lastAuthority(plan)} `) }
      })
  },
  {
    rule: 'issuer-by-another-name',
    apply: plan => change(plan, 'leaf', { raw: { issuer: nameOf(`O=${plan.label}, CN=Another`) } })
  },
  {
    rule: 'issuer-with-its-parts-reversed',
    apply: plan =>
      change(plan, 'leaf', {
        raw: { issuer: nameOf(`CN=Intermediate ${lastAuthority(plan)}, O=${plan.label}`) }
      })
  },
  { rule: 'issuer-empty', apply: plan => change(plan, 'leaf', { raw: { issuer: nameOf('') } }) },
  {
    rule: 'subject-with-an-empty-rdn',
    apply: plan => change(plan, 'leaf', { raw: { subject: sequence(Uint8Array.of(0x31, 0)) } })
  },
  {
    rule: 'subject-in-teletex',
    apply: plan => change(plan, 'leaf', { raw: { subject: nameOf('CN:teletex=Old') } })
  },
  {
    rule: 'subject-bad-printable-string',
    apply: plan => change(plan, 'leaf', { raw: { subject: nameOf('CN:printable=a@b*') } })
  },

  constrained('dns-permitted', { permitted: [dns('example')] }, [dns('a.example')]),
  constrained('dns-permitted-itself', { permitted: [dns('a.example')] }, [dns('a.example')]),
  constrained('dns-permitted-in-other-case', { permitted: [dns('A.Example')] }, [dns('a.example')]),
  constrained('dns-not-permitted', { permitted: [dns('a.example')] }, [dns('b.example')]),
  constrained('dns-not-permitted-by-label', { permitted: [dns('a.example')] }, [dns('ba.example')]),
  constrained('dns-one-of-two-not-permitted', { permitted: [dns('a.example')] }, [
    dns('a.example'),
    dns('b.org')
  ]),
  constrained('dns-excluded', { excluded: [dns('example')] }, [dns('a.example')]),
  constrained('dns-not-excluded', { excluded: [dns('b.example')] }, [dns('a.example')]),
  constrained('dns-permitted-and-excluded', { permitted: [dns('example')], excluded: [dns('a.example')] }, [
    dns('x.a.example')
  ]),
  constrained('dns-everything-excluded', { excluded: [dns('')] }, [dns('a.example')]),
  constrained('dns-with-leading-dot', { permitted: [dns('.example')] }, [dns('a.example')]),
  constrained('dns-of-no-name', { permitted: [dns('example')] }, []),
  constrained('dns-beside-other-types', { permitted: [dns('example')] }, [email('a@b.org'), ip('192.0.2.1')]),
  constrained('dns-wildcard', { permitted: [dns('example')] }, [dns('*.example')]),
  constrained('email-host', { permitted: [email('b.example')] }, [email('a@b.example')]),
  constrained('email-of-another-host', { permitted: [email('b.example')] }, [email('a@c.b.example')]),
  constrained('email-domain', { permitted: [email('.example')] }, [email('a@b.example')]),
  constrained('email-mailbox', { permitted: [email('a@b.example')] }, [email('a@b.example')]),
  constrained('email-another-mailbox', { permitted: [email('a@b.example')] }, [email('c@b.example')]),
  constrained('email-mailbox-in-other-case', { permitted: [email('a@b.example')] }, [email('A@b.example')]),
  constrained('email-excluded', { excluded: [email('b.example')] }, [email('a@b.example')]),
  constrained('uri-host', { permitted: [uri('b.example')] }, [uri('https://b.example/x')]),
  constrained('uri-of-another-host', { permitted: [uri('b.example')] }, [uri('https://a.b.example/x')]),
  constrained('uri-domain', { permitted: [uri('.example')] }, [uri('https://b.example:8080/x')]),
  constrained('uri-excluded', { excluded: [uri('.example')] }, [uri('https://b.example/x')]),
  constrained('uri-without-host', { permitted: [uri('b.example')] }, [uri('urn:a:b')]),
  constrained('uri-of-an-address', { permitted: [uri('.example')] }, [uri('https://192.0.2.1/')]),
  constrained('ip-permitted', { permitted: [ip('192.0.2.0/24')] }, [ip('192.0.2.7')]),
  constrained('ip-not-permitted', { permitted: [ip('192.0.2.0/24')] }, [ip('192.0.3.7')]),
  constrained('ip-excluded', { excluded: [ip('192.0.2.0/24')] }, [ip('192.0.2.7')]),
  constrained('ip-of-the-other-version', { permitted: [ip('192.0.2.0/24')] }, [ip('2001:db8:0:0:0:0:0:1')]),
  constrained('ip-version-6', { permitted: [ip('2001:db8:0:0:0:0:0:0/32')] }, [ip('2001:db8:0:0:0:0:0:1')]),
  constrained('ip-mask-with-holes', { permitted: [ip(Uint8Array.of(192, 0, 2, 0, 255, 0, 255, 0))] }, [
    ip('192.9.2.7')
  ]),
  constrained('ip-of-odd-length', { permitted: [ip(Uint8Array.of(192, 0, 2))] }, [ip('192.0.2.7')]),
  constrained('registered-id', { permitted: [registeredId('1.2.3')] }, [registeredId('1.2.3')]),
  constrained('registered-id-excluded', { excluded: [registeredId('1.2.3')] }, [registeredId('1.2.3')]),
  constrained('other-name', { permitted: [other('1.2.3', integer(1))] }, [other('1.2.3', integer(1))]),
  constrained('other-name-excluded', { excluded: [other('1.2.3', integer(1))] }, [
    other('1.2.3', integer(2))
  ]),
  constrained('x400-not-used', { excluded: [generalName.x400()] }, [dns('a.example')]),
  constrained('directory-alternative', { permitted: [directory('O=Other')] }, [directory('O=Other, CN=x')]),
  constrainedSubject('directory-permitted', label => ({ permitted: [directory(`O=${label}`)] }), person),
  constrainedSubject(
    'directory-in-other-case',
    label => ({ permitted: [directory(`O=${label.toLowerCase()}`)] }),
    person
  ),
  constrainedSubject('directory-not-permitted', () => ({ permitted: [directory('O=Other')] }), person),
  constrainedSubject('directory-excluded', label => ({ excluded: [directory(`O=${label}`)] }), person),
  constrainedSubject('directory-everything-excluded', () => ({ excluded: [directory('')] }), person),
  constrainedSubject(
    'directory-of-an-empty-subject',
    () => ({ permitted: [directory('O=Other')] }),
    () => ''
  ),
  constrainedSubject(
    'email-in-the-subject',
    () => ({ permitted: [email('b.example')] }),
    label => `O=${label}, E=a@b.example`
  ),
  constrainedSubject(
    'email-in-the-subject-not-permitted',
    () => ({ permitted: [email('b.example')] }),
    label => `O=${label}, E=a@c.example`
  ),
  constrainedSubject(
    'common-name-like-a-host',
    () => ({ permitted: [dns('a.example')] }),
    label => `O=${label}, CN=b.example`
  ),

  constraintsValue('empty', sequence()),
  constraintsValue('permitted-empty', sequence(contextTagged(0))),
  constraintsValue(
    'minimum-zero-written-out',
    sequence(contextTagged(0, sequence(dns('x'), contextOctets(0, Uint8Array.of(0)))))
  ),
  constraintsValue(
    'minimum-one',
    sequence(contextTagged(0, sequence(dns('x'), contextOctets(0, Uint8Array.of(1)))))
  ),
  constraintsValue(
    'maximum',
    sequence(contextTagged(0, sequence(dns('x'), contextOctets(1, Uint8Array.of(1)))))
  ),
  constraintsValue('not-critical', sequence(contextTagged(0, inSubtree)), false),
  {
    rule: 'name-constraints-in-the-leaf',
    apply: plan =>
      change(plan, 'leaf', {
        extensions: { nameConstraints: ext.nameConstraints({ permitted: [dns('x')] }) }
      })
  },
  {
    rule: 'name-constraints-of-the-anchor',
    apply: plan => {
      change(plan, 'anchor', {
        extensions: { nameConstraints: ext.nameConstraints({ permitted: [dns('a')] }) }
      });
      change(plan, 'leaf', { extensions: { subjectAltName: ext.subjectAltName([dns('b')]) } });
    }
  },
  {
    rule: 'name-constraints-of-the-anchor-kept',
    apply: plan => {
      change(plan, 'anchor', {
        extensions: { nameConstraints: ext.nameConstraints({ permitted: [dns('a')] }) }
      });
      change(plan, 'leaf', { extensions: { subjectAltName: ext.subjectAltName([dns('x.a')]) } });
    }
  }
];
