import { bitString, oid, sequence, setOf, time, tlv, utf8String } from '../../../../../pki/der/index.js';
import { profileNames, type ProfileName } from '../../../../../pki/profile/index.js';
import { noExpiry } from '../../../../../pki/profile/validity.js';
import { encodeExtension, encodeName, oids } from '../../../../../pki/x509/index.js';
import { fromHex, replaceAt, valueAt } from '../../../../kit/der-surgery.js';
import { issueDay } from '../../../../kit/hierarchy.js';
import { testCertificate } from '../../../../kit/certificates.js';
import { p256Key } from '../../../../kit/keys.js';
import { ext, extension, keyOf, unknownExtension } from '../../../../kit/pki/index.js';
import { about, adding, good, made, replacing, rule, type SmkiRules } from '../world.js';

const isRsa = (profile: ProfileName) => profile.startsWith('iki') || profile.endsWith('ica');
const believed = (name: ProfileName) => [name, 'valid', () => about(good(name))] as const;
const changed = (profile: ProfileName, path: readonly number[], becomes: Uint8Array) => () =>
  about(made(profile, { change: replacing(path, becomes) }));
const usage = (value: string, critical = true) => encodeExtension(oids.keyUsage, critical, fromHex(value));
const attribute = (type: string, value: Uint8Array) => sequence(oid(type), value);
const validity = (from: string, until: string) =>
  sequence(time(new Date(`${from}T00:00:00Z`)), time(new Date(`${until}T00:00:00Z`)));
const ou = (text: string) => attribute(oids.organizationalUnitName, utf8String(text));
const uid = attribute(oids.uniqueIdentifier, bitString(fromHex('90b3d51f30aa0001')));
const subject = (...rdns: readonly Uint8Array[]) => sequence(...rdns);
const withAnother = (profile: ProfileName, added: Uint8Array) => () =>
  about(made(profile, { change: adding(added) }));

/** Places: 1 serial number, 4 validity, 5 subject, 6 key, 7 extensions; device: key usage, SKI, SAN, policies, AKI. */
export const rules: SmkiRules = [
  rule('Certificates of each SMKI profile are believed', 'GBCS 12', [
    ...profileNames.filter(name => !isRsa(name)).map(believed),
    [
      'an authority of none of them',
      'smki/profile',
      () => about(good('root-oca'), { certificate: testCertificate({ key: p256Key() }) })
    ]
  ]),
  rule(
    'Certificates of each IKI profile are believed',
    'SEC Appendix M, appendix G; RFC 5280 4.1',
    [
      ...profileNames.filter(isRsa).map(believed),
      ['a client with a longer key', 'smki/profile', changed('iki-client', [6], keyOf('RSA-3072').spki)]
    ],
    ['RSA-2048']
  ),
  rule('Key usage is the profile’s, bit for bit, and critical', 'GBCS 12; RFC 5280 4.2.1.3', [
    ['as issued', 'valid', () => about(good('device-ds'))],
    [
      'an organisation with both usages',
      'smki/profile',
      changed('organisation-ds', [7, 0, 0], usage('03020388'))
    ],
    ['a device with cRLSign', 'smki/profile', changed('device-ds', [7, 0, 0], usage('03020640'))],
    [
      'a device with nonRepudiation besides',
      'smki/profile',
      changed('device-ds', [7, 0, 0], usage('030206c0'))
    ],
    [
      'an XML-signing role with keyAgreement',
      'smki/profile',
      changed('organisation-xml', [7, 0, 0], usage('03020308'))
    ],
    ['not critical', 'smki/profile', changed('device-ka', [7, 0, 0], usage('03020308', false))],
    ['absent', 'smki/profile', changed('device-ka', [7, 0, 0], unknownExtension(false))]
  ]),
  rule('No extension stands but the profile’s', 'GBCS 12', [
    ['as issued', 'valid', () => about(good('device-ds'))],
    [
      'extended key usage',
      'smki/profile',
      withAnother('organisation-ds', ext.extendedKeyUsage([oids.clientAuth]))
    ],
    [
      'a CRL distribution point',
      'smki/profile',
      withAnother('organisation-ds', ext.crlDistributionPoints([{}]))
    ],
    [
      'basic constraints in an end entity',
      'smki/profile',
      withAnother('organisation-ka', encodeExtension(oids.basicConstraints, true, sequence()))
    ],
    ['one nobody knows, not critical', 'smki/profile', withAnother('device-ds', unknownExtension(false))],
    [
      'one nobody knows, critical',
      'path/critical-extension',
      withAnother('device-ds', unknownExtension(true))
    ],
    [
      'a contingency key outside a Root OCA',
      'smki/profile',
      withAnother('organisation-ds', extension(oids.wrappedApexContingencyKey, sequence()))
    ]
  ]),
  rule('Extensions are there, and as critical as the profile says', 'GBCS 12', [
    ['as issued', 'valid', () => about(good('organisation-ds'))],
    ['no subject key identifier', 'smki/profile', changed('device-ds', [7, 0, 1], unknownExtension(false))],
    ['no policies', 'smki/profile', changed('device-ds', [7, 0, 3], unknownExtension(false))],
    ['no authority key identifier', 'smki/profile', changed('device-ds', [7, 0, 4], unknownExtension(false))],
    [
      'policies not critical',
      'smki/profile',
      changed(
        'device-ds',
        [7, 0, 3],
        encodeExtension(
          oids.certificatePolicies,
          false,
          sequence(sequence(oid('1.2.826.0.1.8641679.1.2.1.4')))
        )
      )
    ],
    [
      'subject key identifier critical',
      'smki/profile',
      () => about(made('device-ds', { change: criticalKeyIdentifier }))
    ],
    [
      'a subject key identifier of another key',
      'smki/profile',
      changed('device-ds', [7, 0, 1], ext.subjectKeyIdentifier(fromHex('4000000000000001')))
    ],
    [
      'a subject key identifier by method 1',
      'smki/profile',
      changed('device-ds', [7, 0, 1], ext.subjectKeyIdentifier(new Uint8Array(20).fill(7)))
    ],
    [
      'an authority key identifier with issuer and serial',
      'smki/profile',
      () => about(made('device-ds', { change: fullAuthority }))
    ]
  ]),
  rule('A serial number is positive and has 16 octets at most', 'RFC 5280 4.1.2.2; certificate policies', [
    ['negative', 'smki/profile', changed('device-ds', [1], tlv(2, fromHex('ff01')))],
    ['zero', 'smki/profile', changed('device-ds', [1], tlv(2, fromHex('00')))],
    ['of 17 octets', 'smki/profile', changed('device-ds', [1], tlv(2, new Uint8Array(17).fill(1)))],
    ['of 16 octets', 'valid', changed('device-ds', [1], tlv(2, new Uint8Array(16).fill(1)))]
  ]),
  rule('A device certificate has no expiry, every other one has', 'GBCS 12; RFC 5280 4.1.2.5', [
    ['a device without', 'valid', () => about(good('device-ka'))],
    ['an organisation with', 'valid', () => about(good('organisation-ka'))],
    [
      'a device that expires',
      'smki/profile',
      changed('device-ds', [4], validity('2026-11-23', '2046-01-01'))
    ],
    [
      'an organisation without expiry',
      'smki/profile',
      changed('organisation-ds', [4], sequence(time(issueDay), time(noExpiry)))
    ],
    [
      'one that ends before it begins',
      'smki/profile',
      changed('organisation-ds', [4], validity('2026-11-23', '2020-01-01'))
    ]
  ]),
  rule('A subject has the profile’s attributes and no others', 'GBCS 12; SEC Appendix M, appendix F', [
    [
      'string types and order other than issued',
      'valid',
      changed('organisation-ds', [5], subject(setOf(uid), setOf(ou('02'))))
    ],
    [
      'a device with a subject',
      'smki/profile',
      changed('device-ds', [5], encodeName([{ type: oids.commonName, utf8: 'meter' }]))
    ],
    [
      'a role in decimal',
      'smki/profile',
      changed('organisation-xml', [5], subject(setOf(ou('137')), setOf(uid)))
    ],
    [
      'two attributes in one RDN',
      'smki/profile',
      changed('organisation-ds', [5], subject(setOf(ou('02'), uid)))
    ],
    [
      'two roles',
      'smki/profile',
      changed('organisation-ds', [5], subject(setOf(ou('02')), setOf(ou('03')), setOf(uid)))
    ],
    [
      'a role of authorities',
      'smki/profile',
      changed('organisation-ds', [5], subject(setOf(ou('07')), setOf(uid)))
    ],
    ['no entity identifier', 'smki/profile', changed('organisation-ds', [5], subject(setOf(ou('02'))))],
    [
      'a country',
      'smki/profile',
      changed(
        'organisation-ds',
        [5],
        subject(setOf(attribute(oids.countryName, tlv(0x13, Buffer.from('GB')))), setOf(ou('02')), setOf(uid))
      )
    ],
    [
      'an organisation with a device’s name besides',
      'smki/profile',
      withAnother('organisation-ds', deviceName('90b3d51f30aa0001'))
    ],
    [
      'a device identifier of 7 octets',
      'smki/profile',
      changed('device-ds', [7, 0, 2], deviceName('02db1234567890'))
    ],
    [
      'a device with a DNS name',
      'smki/profile',
      changed(
        'device-ds',
        [7, 0, 2],
        encodeExtension(oids.subjectAltName, true, sequence(tlv(0x82, Buffer.from('meter.example'))))
      )
    ]
  ]),
  rule('Keys are P-256, signatures ECDSA with SHA-256 without parameters', 'GBCS 12; RFC 5758 3.2', [
    ['as issued', 'valid', () => about(good('organisation-xml'))],
    ['a P-384 key', 'smki/profile', changed('device-ds', [6], keyOf('P-384').spki)],
    ['an RSA key', 'smki/profile', changed('organisation-ds', [6], keyOf('RSA-2048').spki)],
    ['NULL parameters outside', 'smki/profile', () => withAlgorithm([1], '300c06082a8648ce3d0403020500')],
    ['SHA-384 outside', 'smki/profile', () => withAlgorithm([1], '300a06082a8648ce3d040303')],
    ['SHA-384 inside', 'smki/profile', () => withAlgorithm([0, 2], '300a06082a8648ce3d040303')]
  ])
];

function deviceName(serial: string): Uint8Array {
  const module = sequence(oid('1.2.826.0.1.9999999.1.2.2.1'), tlv(4, fromHex(serial)));
  const name = tlv(0xa0, oid(oids.hardwareModuleName), tlv(0xa0, module));
  return encodeExtension(oids.subjectAltName, true, sequence(name));
}

function criticalKeyIdentifier(tbs: Uint8Array): Uint8Array {
  return replaceAt(tbs, [7, 0, 1], criticalOf(tbs, 1));
}

function criticalOf(tbs: Uint8Array, place: number): Uint8Array {
  const own = partsOf(tbs, place);
  return sequence(own.oid, fromHex('0101ff'), own.value);
}

function fullAuthority(tbs: Uint8Array): Uint8Array {
  const keyIdentifier = partsOf(tbs, 4).value.subarray(-8);
  const name = tlv(0xa4, encodeName([{ type: oids.commonName, printable: 'QD' }]));
  return replaceAt(
    tbs,
    [7, 0, 4],
    encodeExtension(
      oids.authorityKeyIdentifier,
      false,
      sequence(tlv(0x80, keyIdentifier), tlv(0xa1, name), tlv(0x82, fromHex('01')))
    )
  );
}

function partsOf(tbs: Uint8Array, place: number): { oid: Uint8Array; value: Uint8Array } {
  return { oid: valueAt(tbs, [7, 0, place, 0]), value: valueAt(tbs, [7, 0, place, 1]) };
}

function withAlgorithm(path: readonly number[], hex: string) {
  const { certificate } = good('device-ds');
  return about(good('device-ds'), { certificate: replaceAt(certificate.der, path, fromHex(hex)) });
}
