import { octetString, utf8String } from '../../../../../pki/der/index.js';
import {
  anchor,
  anchorKeyOf,
  endEntity,
  ext,
  generalName,
  nameConstraintsValue,
  type Subtrees
} from '../../../../kit/pki/index.js';
import { path, question, type PathCase, type PathRule } from '../cases.js';

const { dns, email, uri, ip, directory, registeredId, other, x400, ediParty } = generalName;
const refused = 'path/name-constraints';
const type = '1.3.6.1.4.1.55555.9.1';
const mail = '1.3.6.1.5.5.7.8.9';

/** The target's subjectAltName under the CA's subtrees. */
function under(title: string, expect: string, subtrees: Subtrees, ...names: Uint8Array[]): PathCase {
  return path(title, expect, {
    ca: { extensions: { nameConstraints: ext.nameConstraints(subtrees) } },
    leaf: { extensions: { subjectAltName: names.length === 0 ? null : ext.subjectAltName(names) } }
  });
}

function subject(title: string, expect: string, subtrees: Subtrees, leafName: string): PathCase {
  return path(title, expect, {
    leafName,
    ca: { extensions: { nameConstraints: ext.nameConstraints(subtrees) } }
  });
}

const clause = 'RFC 5280 4.2.1.10';

/** Permitted and excluded subtrees, by type of name. */
export const rules: readonly PathRule[] = [
  {
    rule: 'dNSName: label by label, without case, any labels before the base',
    clause,
    cases: [
      under('the base', 'valid', { permitted: [dns('a.example')] }, dns('A.example')),
      under('below it', 'valid', { permitted: [dns('a.example')] }, dns('x.y.a.example')),
      under('no name of the type', 'valid', { permitted: [dns('a.example')] }, email('x@b.example')),
      under('another label that ends alike', refused, { permitted: [dns('a.example')] }, dns('ba.example')),
      under(
        'one of two outside',
        refused,
        { permitted: [dns('a.example')] },
        dns('a.example'),
        dns('b.example')
      ),
      under('excluded', refused, { excluded: [dns('a.example')] }, dns('x.A.EXAMPLE')),
      under('everything excluded', refused, { excluded: [dns('')] }, dns('x.example')),
      under('beside the excluded', 'valid', { excluded: [dns('a.example')] }, dns('b.example')),
      under('a wildcard within', 'valid', { permitted: [dns('a.example')] }, dns('*.a.example')),
      under(
        'a wildcard that reaches further',
        refused,
        { permitted: [dns('x.a.example')] },
        dns('*.a.example')
      ),
      under(
        'a wildcard that could be the excluded',
        refused,
        { excluded: [dns('x.a.example')] },
        dns('*.a.example')
      )
    ]
  },
  {
    rule: 'rfc822Name: a mailbox, a host, or the hosts of a domain; emailAddress in the subject too',
    clause,
    cases: [
      under('a mailbox', 'valid', { permitted: [email('x@a.example')] }, email('x@A.example')),
      under('another mailbox', refused, { permitted: [email('x@a.example')] }, email('y@a.example')),
      under('a host', 'valid', { permitted: [email('a.example')] }, email('y@a.example')),
      under('a host below it', refused, { permitted: [email('a.example')] }, email('y@b.a.example')),
      under('a domain', 'valid', { permitted: [email('.a.example')] }, email('y@b.a.example')),
      under('the domain itself', refused, { permitted: [email('.a.example')] }, email('y@a.example')),
      under('two at signs', refused, { permitted: [email('a.example')] }, email('x@b.example@a.example')),
      subject(
        'excluded in the subject',
        refused,
        { excluded: [email('a.example')] },
        'O=Path, E=x@a.example'
      ),
      under(
        'in UTF-8, excluded',
        refused,
        { excluded: [email('a.example')] },
        other(mail, utf8String('é@a.example'))
      ),
      under(
        'in UTF-8, elsewhere',
        'valid',
        { excluded: [email('a.example')] },
        other(mail, utf8String('é@b.example'))
      )
    ]
  },
  {
    rule: 'uniformResourceIdentifier: by host, which is there and a name',
    clause,
    cases: [
      under('the host', 'valid', { permitted: [uri('a.example')] }, uri('https://u@A.example:8443/p')),
      under('below a domain', 'valid', { permitted: [uri('.a.example')] }, uri('https://b.a.example')),
      under('below a host', refused, { permitted: [uri('a.example')] }, uri('https://b.a.example/')),
      under('excluded', refused, { excluded: [uri('a.example')] }, uri('ftp://a.example/x')),
      under('no authority', refused, { excluded: [uri('a.example')] }, uri('urn:x:y')),
      under('an address for a host', refused, { excluded: [uri('a.example')] }, uri('https://192.0.2.1/')),
      under(
        'the host in the user part',
        refused,
        { permitted: [uri('a.example')] },
        uri('https://a.example@b.example/')
      )
    ]
  },
  {
    rule: 'iPAddress: by address and contiguous mask of one family',
    clause,
    cases: [
      under('within', 'valid', { permitted: [ip('192.0.2.0/24')] }, ip('192.0.2.77')),
      under('outside', refused, { permitted: [ip('192.0.2.0/24')] }, ip('192.0.3.1')),
      under('the other family', refused, { permitted: [ip('192.0.2.0/24')] }, ip('2001:db8:0:0:0:0:0:1')),
      under('excluded', refused, { excluded: [ip('2001:db8:0:0:0:0:0:0/32')] }, ip('2001:db8:0:0:0:0:0:1'))
    ]
  },
  {
    rule: 'directoryName: the subtree’s RDNs begin the name, in the subject and in subjectAltName',
    clause: `${clause}, 7.1`,
    cases: [
      subject('within', 'valid', { permitted: [directory('O=Path')] }, 'O=PATH, CN=x'),
      subject('outside', refused, { permitted: [directory('O=Path')] }, 'O=Other, CN=x'),
      subject('excluded, in another case', refused, { excluded: [directory('O=Path')] }, 'O=pATH, CN=x'),
      under('in subjectAltName', refused, { excluded: [directory('O=B')] }, directory('O=B, CN=x')),
      subject(
        'a type that is not compared as text, excluded',
        refused,
        { excluded: [directory('O=B')] },
        'O:bmp=B'
      ),
      subject('a soft hyphen, excluded', refused, { excluded: [directory('O=Bad')] }, 'O=B\u00adad')
    ]
  },
  {
    rule: 'otherName and registeredID: by type and octets; what only their own standard could say is refused',
    clause,
    cases: [
      under(
        'the same value',
        'valid',
        { permitted: [other(type, octetString(Uint8Array.of(1)))] },
        other(type, octetString(Uint8Array.of(1)))
      ),
      under(
        'another value',
        refused,
        { permitted: [other(type, octetString(Uint8Array.of(1)))] },
        other(type, octetString(Uint8Array.of(2)))
      ),
      under(
        'another type',
        refused,
        { permitted: [other(type, octetString(Uint8Array.of(1)))] },
        other(`${type}.1`, octetString(Uint8Array.of(1)))
      ),
      under(
        'excluded',
        refused,
        { excluded: [other(type, octetString(Uint8Array.of(1)))] },
        other(type, octetString(Uint8Array.of(1)))
      ),
      under(
        'another type than the excluded',
        'valid',
        { excluded: [other(type, octetString(Uint8Array.of(1)))] },
        other(`${type}.1`, octetString(Uint8Array.of(1)))
      ),
      under('the identifier', 'valid', { permitted: [registeredId('1.2.3')] }, registeredId('1.2.3')),
      under('another identifier', refused, { permitted: [registeredId('1.2.3')] }, registeredId('1.2.4')),
      under('x400Address', refused, { permitted: [x400()] }, x400()),
      under('ediPartyName', refused, { excluded: [ediParty('a')] }, ediParty('b'))
    ]
  },
  {
    rule: 'every CA’s subtrees hold, and the anchor’s',
    clause: 'RFC 5280 6.1.3 (b), (c), 6.1.4 (g)',
    cases: [
      path('within both', 'valid', {
        anchor: { extensions: { nameConstraints: ext.nameConstraints({ permitted: [dns('example')] }) } },
        ca: { extensions: { nameConstraints: ext.nameConstraints({ permitted: [dns('a.example')] }) } },
        leaf: { extensions: { subjectAltName: ext.subjectAltName([dns('x.a.example')]) } }
      }),
      path('outside the anchor’s', refused, {
        anchor: { extensions: { nameConstraints: ext.nameConstraints({ permitted: [dns('b.example')] }) } },
        ca: { extensions: { nameConstraints: ext.nameConstraints({ permitted: [dns('a.example')] }) } },
        leaf: { extensions: { subjectAltName: ext.subjectAltName([dns('x.a.example')]) } }
      }),
      {
        title: 'outside those given with name and key',
        expect: refused,
        input: kind => {
          const top = anchor('O=Path, CN=Anchor', { kind });
          const constraints = nameConstraintsValue({ permitted: [directory('O=Elsewhere')] });
          return question(endEntity(top, 'O=Path, CN=x'), [], [anchorKeyOf(top, constraints)]);
        }
      }
    ]
  }
];
