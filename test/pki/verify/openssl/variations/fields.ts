/** Fields and extensions that every certificate has or may have: RFC 5280 4.1, 4.2 and 4.2.1.1, 4.2.1.2, 4.2.1.12. */
import { contextTagged, integer, nullValue, sequence, tlv } from '../../../../../pki/der/index.js';
import {
  ext,
  extension,
  generalName,
  nameOf,
  unknownExtension,
  type EntityChanges
} from '../../../../kit/pki/index.js';
import {
  change,
  lastAuthority,
  someAuthority,
  type Place,
  type Plan,
  type Purpose,
  type Variation
} from '../plan.js';

const otherKeyId = Uint8Array.from(Buffer.from('0102030405060708', 'hex'));
const serverAuth = '1.3.6.1.5.5.7.3.1';
const clientAuth = '1.3.6.1.5.5.7.3.2';
const anyPurpose = '2.5.29.37.0';

function at(place: 'leaf' | 'anchor' | 'authority', rule: string, changes: EntityChanges): Variation {
  return {
    rule: `${place}-${rule}`,
    apply: (plan, random) => {
      const where: Place = place === 'authority' ? someAuthority(plan, random) : place;
      change(plan, where, changes);
    }
  };
}

/** A purpose asked, with the end entity's purposes and the issuer's. */
function purpose(
  rule: string,
  asked: Purpose,
  leaf: readonly string[] | undefined,
  issuer?: readonly string[]
): Variation {
  const purposes = (plan: Plan, place: Place, list: readonly string[]) =>
    change(plan, place, { extensions: { extendedKeyUsage: ext.extendedKeyUsage(list) } });
  return {
    rule,
    apply: plan => {
      plan.purpose = asked;
      if (leaf !== undefined) purposes(plan, 'leaf', leaf);
      if (issuer !== undefined) purposes(plan, lastAuthority(plan), issuer);
    }
  };
}

const unknown = (critical: boolean) => ({ moreExtensions: [unknownExtension(critical)] });

export const fields: readonly Variation[] = [
  at('leaf', 'version-1', { version: 1 }),
  at('leaf', 'version-2', { version: 2 }),
  at('leaf', 'version-1-with-extensions', { raw: { version: null } }),
  at('leaf', 'version-written-as-1', { raw: { version: contextTagged(0, integer(0)) } }),
  at('leaf', 'version-4', { raw: { version: contextTagged(0, integer(3)) } }),
  at('authority', 'version-1', { version: 1 }),
  at('anchor', 'version-1', { version: 1 }),
  at('leaf', 'serial-zero', { raw: { serialNumber: integer(0) } }),
  at('leaf', 'serial-negative', { raw: { serialNumber: tlv(2, Uint8Array.of(0x80, 1)) } }),
  at('leaf', 'serial-of-20-octets', { raw: { serialNumber: tlv(2, new Uint8Array(20).fill(0x7f)) } }),
  at('leaf', 'serial-of-21-octets', { raw: { serialNumber: tlv(2, new Uint8Array(21).fill(0x7f)) } }),
  at('leaf', 'serial-not-minimal', { raw: { serialNumber: tlv(2, Uint8Array.of(0, 1)) } }),
  at('leaf', 'serial-empty', { raw: { serialNumber: tlv(2) } }),
  at('authority', 'serial-zero', { raw: { serialNumber: integer(0) } }),
  at('anchor', 'serial-zero', { raw: { serialNumber: integer(0) } }),

  at('leaf', 'subject-empty-without-alternative', { raw: { subject: nameOf('') } }),
  at('leaf', 'subject-empty-alternative-critical', {
    raw: { subject: nameOf('') },
    extensions: { subjectAltName: ext.subjectAltName([generalName.dns('a.example')], true) }
  }),
  at('leaf', 'subject-empty-alternative-not-critical', {
    raw: { subject: nameOf('') },
    extensions: { subjectAltName: ext.subjectAltName([generalName.dns('a.example')]) }
  }),
  at('leaf', 'alternative-names', {
    extensions: {
      subjectAltName: ext.subjectAltName([
        generalName.dns('a.example'),
        generalName.email('a@b.example'),
        generalName.uri('https://a.example/'),
        generalName.ip('192.0.2.1'),
        generalName.registeredId('1.2.3'),
        generalName.directory('CN=x')
      ])
    }
  }),
  at('leaf', 'alternative-names-empty', { extensions: { subjectAltName: ext.subjectAltName([]) } }),
  at('leaf', 'issuer-alternative-names-empty', { extensions: { issuerAltName: ext.issuerAltName([]) } }),
  at('leaf', 'issuer-alternative-names', {
    extensions: { issuerAltName: ext.issuerAltName([generalName.dns('ca.example')]) }
  }),
  at('leaf', 'unique-identifiers', { raw: { issuerUniqueID: tlv(0x81, Uint8Array.of(0, 1)) } }),

  at('authority', 'without-subject-key-identifier', { extensions: { subjectKeyIdentifier: null } }),
  at('anchor', 'without-subject-key-identifier', { extensions: { subjectKeyIdentifier: null } }),
  at('leaf', 'without-subject-key-identifier', { extensions: { subjectKeyIdentifier: null } }),
  at('leaf', 'subject-key-identifier-critical', {
    extensions: { subjectKeyIdentifier: ext.subjectKeyIdentifier(otherKeyId, true) }
  }),
  at('leaf', 'subject-key-identifier-empty', {
    extensions: { subjectKeyIdentifier: ext.subjectKeyIdentifier(new Uint8Array()) }
  }),
  at('authority', 'subject-key-identifier-of-another-key', {
    extensions: { subjectKeyIdentifier: ext.subjectKeyIdentifier(otherKeyId) }
  }),
  at('leaf', 'without-authority-key-identifier', { extensions: { authorityKeyIdentifier: null } }),
  at('authority', 'without-authority-key-identifier', { extensions: { authorityKeyIdentifier: null } }),
  at('anchor', 'without-authority-key-identifier', { extensions: { authorityKeyIdentifier: null } }),
  at('leaf', 'authority-key-identifier-of-another-key', {
    extensions: { authorityKeyIdentifier: ext.authorityKeyIdentifier(otherKeyId) }
  }),
  at('authority', 'authority-key-identifier-of-another-key', {
    extensions: { authorityKeyIdentifier: ext.authorityKeyIdentifier(otherKeyId) }
  }),
  at('anchor', 'authority-key-identifier-of-another-key', {
    extensions: { authorityKeyIdentifier: ext.authorityKeyIdentifier(otherKeyId) }
  }),
  at('leaf', 'authority-key-identifier-empty', {
    extensions: { authorityKeyIdentifier: ext.authorityKeyIdentifier(undefined) }
  }),
  at('leaf', 'authority-key-identifier-by-name-only', {
    extensions: {
      authorityKeyIdentifier: ext.authorityKeyIdentifier(undefined, {
        name: 'CN=x',
        serial: Uint8Array.of(9)
      })
    }
  }),

  at('leaf', 'unknown-extension-critical', unknown(true)),
  at('leaf', 'unknown-extension', unknown(false)),
  at('authority', 'unknown-extension-critical', unknown(true)),
  at('authority', 'unknown-extension', unknown(false)),
  at('anchor', 'unknown-extension-critical', unknown(true)),
  at('leaf', 'extension-twice', { moreExtensions: [ext.keyUsage(['digitalSignature'])] }),
  at('authority', 'extension-twice', { moreExtensions: [ext.basicConstraints(true)] }),
  at('leaf', 'unknown-extension-twice', {
    moreExtensions: [unknownExtension(false), unknownExtension(false)]
  }),
  at('leaf', 'extensions-empty', { raw: { extensions: contextTagged(3, sequence()) } }),
  at('leaf', 'critical-false-written-out', {
    moreExtensions: [sequence(Uint8Array.of(6, 3, 0x2a, 3, 4), Uint8Array.of(1, 1, 0), tlv(4, nullValue()))]
  }),
  at('leaf', 'octets-after-the-last-field', { more: nullValue() }),

  at('leaf', 'purposes-empty', { extensions: { extendedKeyUsage: ext.extendedKeyUsage([]) } }),
  at('leaf', 'purposes-critical', {
    extensions: { extendedKeyUsage: ext.extendedKeyUsage([serverAuth], true) }
  }),
  purpose('purpose-present', 'serverAuth', [clientAuth, serverAuth]),
  purpose('purpose-without-extension', 'serverAuth', undefined),
  purpose('purpose-missing', 'serverAuth', [clientAuth]),
  purpose('purpose-client', 'clientAuth', [clientAuth]),
  purpose('purpose-client-missing', 'clientAuth', [serverAuth]),
  purpose('purpose-mail', 'emailProtection', ['1.3.6.1.5.5.7.3.4']),
  purpose('purpose-mail-missing', 'emailProtection', [serverAuth]),
  purpose('purpose-any', 'serverAuth', [anyPurpose]),
  purpose('purpose-allowed-by-issuer', 'serverAuth', [serverAuth], [serverAuth]),
  purpose('purpose-not-allowed-by-issuer', 'serverAuth', [serverAuth], [clientAuth]),
  purpose('purpose-any-of-issuer', 'serverAuth', [serverAuth], [anyPurpose]),
  {
    rule: 'purposes-of-issuer-not-asked',
    apply: plan =>
      change(plan, lastAuthority(plan), {
        extensions: { extendedKeyUsage: ext.extendedKeyUsage([clientAuth]) }
      })
  },
  at('leaf', 'distribution-points', {
    extensions: {
      crlDistributionPoints: ext.crlDistributionPoints([
        { fullName: [generalName.uri('http://a.example/crl')] }
      ])
    }
  }),
  at('leaf', 'distribution-points-malformed', {
    extensions: { crlDistributionPoints: extension('crlDistributionPoints', sequence(nullValue())) }
  }),
  at('leaf', 'freshest-list-critical', {
    extensions: {
      freshestCrl: ext.freshestCrl([{ fullName: [generalName.uri('http://a.example/crl')] }], true)
    }
  })
];
