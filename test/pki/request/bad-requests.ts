import {
  bitString,
  boolean,
  integer,
  nullValue,
  octetString,
  oid,
  sequence,
  setOf,
  tlv,
  utf8String
} from '../../../pki/der/index.js';
import { encodeExtension, encodeName, ecSpki, oids, parsePublicKey } from '../../../pki/x509/index.js';
import type { RequestCode, RequestKind, RequestRule } from '../../../pki/request/index.js';
import { replaceOctets } from '../../kit/ber.js';
import { hardwareModule, otherName, subjectAltNameOf } from '../../kit/certificates.js';
import { p256Key, p256KeyOf, rsaKey, type TestKey } from '../../kit/keys.js';
import {
  derSignature,
  deviceExtensions,
  extensionRequestAttribute,
  keyUsageOf,
  requestOfParts,
  testHwType,
  type RequestParts
} from '../../kit/requests.js';

/** One bad request: a good one with one property changed, signed over the result unless the signature is the fault. */
export interface BadRequest {
  readonly name: string;
  readonly kind: RequestKind;
  readonly rule: RequestRule;
  readonly code: RequestCode;
  readonly make: () => Uint8Array;
}

const hex = (text: string) => new Uint8Array(Buffer.from(text.replaceAll(' ', ''), 'hex'));
const ec = p256Key();
const rsa = rsaKey();
const point = parsePublicKey(ec.spki).keyBits;
const [keyUsage, hardwareName] = deviceExtensions() as [Uint8Array, Uint8Array];
const eui = hex('0007810000000001');
const organisationEui = hex('90B3D51F30010000');

function device(
  name: string,
  rule: RequestRule,
  code: RequestCode,
  parts: RequestParts,
  key: TestKey = ec
): BadRequest {
  const make = () => requestOfParts(key, { extensions: [keyUsage, hardwareName], ...parts });
  return { name, kind: 'device', rule, code, make };
}

function withExtensions(
  name: string,
  rule: RequestRule,
  code: RequestCode,
  ...extensions: Uint8Array[]
): BadRequest {
  return device(name, rule, code, { extensions });
}

/** SubjectPublicKeyInfo around any octets in place of the point. */
function spkiOf(keyBits: Uint8Array, parameters: Uint8Array = oid(oids.prime256v1)): Uint8Array {
  return sequence(sequence(oid(oids.ecPublicKey), parameters), bitString(keyBits));
}

function flipLastBit(octets: Uint8Array): Uint8Array {
  const flipped = new Uint8Array(octets);
  flipped[flipped.length - 1] = (flipped[flipped.length - 1] as number) ^ 1;
  return flipped;
}

const algorithms = {
  sha1: sequence(oid('1.2.840.10045.4.1')),
  sha512: sequence(oid('1.2.840.10045.4.3.4')),
  nullParameters: sequence(oid(oids.ecdsaWithSha256), nullValue()),
  rsaSha1: sequence(oid('1.2.840.113549.1.1.5'), nullValue()),
  rsaWithoutNull: sequence(oid(oids.sha256WithRsaEncryption)),
  rsaPss: sequence(oid('1.2.840.113549.1.1.10'), sequence())
} as const;

const order = 'ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551';
const explicitParameters = sequence(
  integer(1),
  sequence(
    oid('1.2.840.10045.1.1'),
    integer(0xffffffff00000001000000000000000000000000ffffffffffffffffffffffffn)
  ),
  sequence(octetString(new Uint8Array(32)), octetString(new Uint8Array(32))),
  octetString(point),
  integer(BigInt(`0x${order}`))
);

const frame: readonly BadRequest[] = [
  { name: 'nothing', kind: 'device', rule: 'R1', code: 'request/encoding', make: () => new Uint8Array() },
  {
    name: 'more than 4 KiB',
    kind: 'device',
    rule: 'R1',
    code: 'request/size',
    make: () =>
      requestOfParts(ec, {
        extensions: [keyUsage, hardwareName, encodeExtension('1.2.3', false, new Uint8Array(4096))]
      })
  },
  {
    name: 'a trailing octet',
    kind: 'device',
    rule: 'R1',
    code: 'request/encoding',
    make: () => new Uint8Array([...requestOfParts(ec, { extensions: [keyUsage, hardwareName] }), 0])
  },
  device('a fourth field', 'R1', 'request/encoding', { tail: [integer(0)] }),
  device('a fifth field inside', 'R1', 'request/encoding', { infoTail: [integer(0)] }),
  device('version 1', 'R2', 'request/version', { version: integer(1) }),
  device('version 2', 'R2', 'request/version', { version: integer(2) }),
  device('a padded version', 'R1', 'request/encoding', { version: hex('02020000') })
];

const keys: readonly BadRequest[] = [
  device('a point off the curve', 'R3', 'request/public-key', { spki: spkiOf(flipLastBit(point)) }),
  device('the point at infinity', 'R3', 'request/public-key', { spki: spkiOf(hex('00')) }),
  device('zero coordinates', 'R3', 'request/public-key', { spki: spkiOf(hex(`04${'00'.repeat(64)}`)) }),
  device('a compressed point', 'R3', 'request/public-key', {
    spki: spkiOf(new Uint8Array([2 + ((point[64] as number) & 1), ...point.subarray(1, 33)]))
  }),
  device('a hybrid point', 'R3', 'request/public-key', {
    spki: spkiOf(new Uint8Array([6 + ((point[64] as number) & 1), ...point.subarray(1)]))
  }),
  device('a point with an octet more', 'R3', 'request/public-key', {
    spki: spkiOf(new Uint8Array([...point, 0]))
  }),
  device('explicit curve parameters', 'R3', 'request/public-key', {
    spki: spkiOf(point, explicitParameters)
  }),
  device('no curve', 'R3', 'request/public-key', {
    spki: sequence(sequence(oid(oids.ecPublicKey)), bitString(point))
  }),
  device('another curve of the same size', 'R3', 'request/public-key', {
    spki: spkiOf(point, oid('1.3.132.0.10'))
  }),
  device('P-384', 'R3', 'request/public-key', {
    spki: ecSpki(
      'P-384',
      hex(
        '04aa87ca22be8b05378eb1c71ef320ad746e1d3b628ba79b9859f741e082542a385502f25dbf55296c3a545e3872760ab73617de4a96262c6f5d9e98bf9292dc29f8f41dbd289a147ce9da3113b5f0b8c00a60b1ce1d7e819d7a431d7c90ea0e5f'
      )
    )
  }),
  device('an RSA key for a device', 'R3', 'request/public-key', {}, rsa),
  device('a BIT STRING with unused bits', 'R3', 'request/public-key', {
    spki: sequence(
      sequence(oid(oids.ecPublicKey), oid(oids.prime256v1)),
      bitString(hex(`${Buffer.from(point).toString('hex')}00`), 1)
    )
  }),
  device('private key 1', 'R16', 'request/weak-key', {}, p256KeyOf(1n)),
  device('private key 1024', 'R16', 'request/weak-key', {}, p256KeyOf(1024n)),
  device('private key n-3', 'R16', 'request/weak-key', {}, p256KeyOf(BigInt(`0x${order}`) - 3n))
];

const signatures: readonly BadRequest[] = [
  device('SHA-1', 'R4', 'request/signature-algorithm', { algorithm: algorithms.sha1 }),
  device('SHA-512', 'R4', 'request/signature-algorithm', { algorithm: algorithms.sha512 }),
  device('NULL parameters', 'R4', 'request/signature-algorithm', { algorithm: algorithms.nullParameters }),
  device('an RSA algorithm', 'R4', 'request/signature-algorithm', {
    algorithm: sequence(oid(oids.sha256WithRsaEncryption), nullValue())
  }),
  device('r of zero', 'R4', 'request/signature', { signature: () => sequence(integer(0), integer(1)) }),
  device('s of n', 'R4', 'request/signature', {
    signature: () => sequence(integer(1), integer(BigInt(`0x${order}`)))
  }),
  device('a negative r', 'R4', 'request/signature', { signature: () => sequence(hex('020180'), integer(1)) }),
  device('a padded r', 'R4', 'request/signature', { signature: () => sequence(hex('02020001'), integer(1)) }),
  device('a third INTEGER', 'R4', 'request/signature', {
    signature: () => sequence(integer(1), integer(1), integer(1))
  }),
  device('octets after the signature', 'R4', 'request/signature', {
    signature: info => new Uint8Array([...derSignature(ec, info), 0])
  }),
  device('a signature with long-form length', 'R4', 'request/signature', {
    signature: info => {
      const der = derSignature(ec, info);
      return new Uint8Array([0x30, 0x81, ...der.subarray(1)]);
    }
  }),
  device('an empty signature', 'R4', 'request/signature', { signature: () => new Uint8Array() })
];

const extensions: readonly BadRequest[] = [
  device('no attributes', 'R5', 'request/extension-request', { attributes: [] }),
  device('extensionRequest twice', 'R1', 'request/encoding', {
    attributes: [
      extensionRequestAttribute([keyUsage, hardwareName]),
      extensionRequestAttribute([keyUsage, hardwareName])
    ]
  }),
  device('two different extensionRequests', 'R5', 'request/extension-request', {
    attributes: [extensionRequestAttribute([keyUsage]), extensionRequestAttribute([keyUsage, hardwareName])]
  }),
  device('extensionRequest with two values', 'R5', 'request/extension-request', {
    attributes: [extensionRequestAttribute([keyUsage], [keyUsage, hardwareName])]
  }),
  device('extensionRequest without a value', 'R1', 'request/encoding', {
    attributes: [sequence(oid(oids.extensionRequest), setOf())]
  }),
  device('extensionRequest with no extensions', 'R5', 'request/extension-request', { extensions: [] }),
  withExtensions('key usage twice', 'R5', 'request/duplicate-extension', keyUsage, keyUsage, hardwareName),
  withExtensions(
    'an unknown extension twice',
    'R5',
    'request/duplicate-extension',
    keyUsage,
    hardwareName,
    encodeExtension('1.2.3', false, hex('0500')),
    encodeExtension('1.2.3', false, hex('0500'))
  ),
  withExtensions(
    'criticality FALSE written out',
    'R5',
    'request/extension-request',
    sequence(oid(oids.keyUsage), boolean(false), octetString(hex('03020780'))),
    hardwareName
  ),
  withExtensions('no key usage', 'R5', 'request/key-usage', hardwareName),
  withExtensions(
    'key usage with wrong unused bits',
    'R5',
    'request/key-usage',
    keyUsageOf(hex('03020080')),
    hardwareName
  ),
  withExtensions(
    'key usage with unused bits set',
    'R5',
    'request/key-usage',
    keyUsageOf(hex('03020781')),
    hardwareName
  ),
  withExtensions('key usage of no bits', 'R5', 'request/key-usage', keyUsageOf(hex('030100')), hardwareName),
  withExtensions(
    'key usage of a zero octet',
    'R5',
    'request/key-usage',
    keyUsageOf(hex('03020700')),
    hardwareName
  ),
  withExtensions(
    'key usage of two bits',
    'R5',
    'request/key-usage',
    keyUsageOf(hex('03020388')),
    hardwareName
  ),
  withExtensions(
    'key usage with trailing octets',
    'R5',
    'request/key-usage',
    keyUsageOf(hex('0302078000')),
    hardwareName
  ),
  withExtensions(
    'key usage of a tenth bit',
    'R5',
    'request/key-usage',
    keyUsageOf(hex('0303060040')),
    hardwareName
  ),
  withExtensions(
    'key usage keyCertSign',
    'R5',
    'request/key-usage',
    keyUsageOf(hex('03020204')),
    hardwareName
  ),
  withExtensions(
    'key usage that is no BIT STRING',
    'R5',
    'request/key-usage',
    keyUsageOf(hex('040180')),
    hardwareName
  ),
  withExtensions(
    'CA:TRUE',
    'R6',
    'request/basic-constraints',
    keyUsage,
    hardwareName,
    encodeExtension(oids.basicConstraints, false, hex('30030101ff'))
  ),
  withExtensions(
    'CA:TRUE, critical',
    'R6',
    'request/basic-constraints',
    keyUsage,
    hardwareName,
    encodeExtension(oids.basicConstraints, true, hex('30030101ff'))
  ),
  withExtensions(
    'cA as BER would have it',
    'R6',
    'request/basic-constraints',
    keyUsage,
    hardwareName,
    encodeExtension(oids.basicConstraints, false, hex('3003010101'))
  ),
  withExtensions(
    'extended key usage',
    'R6',
    'request/extended-key-usage',
    keyUsage,
    hardwareName,
    encodeExtension(oids.extendedKeyUsage, false, sequence(oid(oids.serverAuth)))
  ),
  withExtensions(
    'an unknown critical extension',
    'R6',
    'request/critical-extension',
    keyUsage,
    hardwareName,
    encodeExtension('1.2.3', true, hex('0500'))
  ),
  withExtensions('no subject alternative name', 'R7', 'request/subject-alt-name', keyUsage)
];

const hardware = oid(oids.hardwareModuleName);
const hwType = oid(testHwType);
const names: readonly BadRequest[] = [
  device('a subject', 'R7', 'request/subject', {
    subject: encodeName([{ type: oids.commonName, utf8: 'meter' }])
  }),
  device('an empty name as pkijs writes it', 'R7', 'request/subject', { subject: hex('30023100') }),
  ...[0, 7, 9, 16].map(length =>
    withExtensions(
      `a serial number of ${length} octets`,
      'R7',
      'request/subject-alt-name',
      keyUsage,
      subjectAltNameOf(otherName(hardware, hardwareModule(hwType, new Uint8Array(length).fill(2))))
    )
  ),
  withExtensions(
    'two hardware module names',
    'R7',
    'request/subject-alt-name',
    keyUsage,
    subjectAltNameOf(
      otherName(hardware, hardwareModule(hwType, eui)),
      otherName(hardware, hardwareModule(hwType, eui))
    )
  ),
  withExtensions(
    'a DNS name beside it',
    'R7',
    'request/subject-alt-name',
    keyUsage,
    subjectAltNameOf(otherName(hardware, hardwareModule(hwType, eui)), tlv(0x82, Buffer.from('a.example')))
  ),
  withExtensions(
    'another otherName',
    'R7',
    'request/subject-alt-name',
    keyUsage,
    subjectAltNameOf(otherName(oid('1.2.3'), hardwareModule(hwType, eui)))
  ),
  withExtensions('no general name', 'R7', 'request/subject-alt-name', keyUsage, subjectAltNameOf()),
  withExtensions(
    'a third field in the module name',
    'R7',
    'request/subject-alt-name',
    keyUsage,
    subjectAltNameOf(otherName(hardware, sequence(hwType, octetString(eui), integer(1))))
  ),
  withExtensions(
    'a hardware type that is no OID',
    'R7',
    'request/subject-alt-name',
    keyUsage,
    subjectAltNameOf(otherName(hardware, hardwareModule(hex('06032a8001'), eui)))
  ),
  ...[
    ['all zero', '0000000000000000'],
    ['all ones', 'ffffffffffffffff'],
    ['a group address', '0107810000000001'],
    ['in the block of organisations', '90b3d51f30010000']
  ].map(([name, value]) =>
    withExtensions(
      `an identifier ${name ?? ''}`,
      'R7',
      'request/identifier',
      keyUsage,
      subjectAltNameOf(otherName(hardware, hardwareModule(hwType, hex(value ?? ''))))
    )
  )
];

type Attribute = Parameters<typeof encodeName>[0][number];
const ou: Attribute = { type: oids.organizationalUnitName, utf8: '02' };
const uid: Attribute = { type: oids.uniqueIdentifier, bits: organisationEui };

function organisation(
  name: string,
  code: RequestCode,
  subject: Uint8Array,
  ...requested: Uint8Array[]
): BadRequest {
  const make = () =>
    requestOfParts(ec, { subject, extensions: requested.length === 0 ? [keyUsage] : requested });
  return { name: `organisation: ${name}`, kind: 'organisation', rule: 'R8', code, make };
}

function role(text: string, code: RequestCode = 'request/role'): BadRequest {
  return organisation(
    `role ${text}`,
    code,
    encodeName([{ type: oids.organizationalUnitName, utf8: text }, uid])
  );
}

/** A subject with this common name, its octets replaced afterwards where the text cannot be written. */
function named(name: string, text: string): BadRequest {
  return organisation(name, 'request/subject', encodeName([{ type: oids.commonName, utf8: text }, ou, uid]));
}

const rdn = (type: string, value: Uint8Array) => sequence(oid(type), value);
const organisations: readonly BadRequest[] = [
  ...['00', '07', '55', '137', '2', '', '0x', '80', '88', 'ZZ', '０２'].map(text => role(text)),
  organisation('no role', 'request/role', encodeName([uid])),
  organisation('no identifier', 'request/identifier', encodeName([ou])),
  organisation(
    'an identifier of 7 octets',
    'request/identifier',
    encodeName([ou, { type: oids.uniqueIdentifier, bits: organisationEui.subarray(1) }])
  ),
  organisation(
    'an identifier of 63 bits',
    'request/identifier',
    sequence(
      setOf(rdn(oids.organizationalUnitName, utf8String('02'))),
      setOf(rdn(oids.uniqueIdentifier, bitString(organisationEui, 1)))
    )
  ),
  organisation(
    'an identifier as text',
    'request/identifier',
    encodeName([ou, { type: oids.uniqueIdentifier, utf8: '90-B3-D5-1F-30-01-00-00' }])
  ),
  organisation(
    'a device identifier',
    'request/identifier',
    encodeName([ou, { type: oids.uniqueIdentifier, bits: eui }])
  ),
  organisation('a role twice', 'request/subject', encodeName([ou, ou, uid])),
  organisation(
    'a country',
    'request/subject',
    encodeName([{ type: oids.countryName, printable: 'GB' }, ou, uid])
  ),
  organisation(
    'two attributes in one RDN',
    'request/subject',
    sequence(
      setOf(
        rdn(oids.organizationalUnitName, utf8String('02')),
        rdn(oids.uniqueIdentifier, bitString(organisationEui))
      )
    )
  ),
  organisation(
    'an IA5String',
    'request/role',
    encodeName([{ type: oids.organizationalUnitName, ia5: '02' }, uid])
  ),
  organisation(
    'invalid UTF-8',
    'request/subject',
    replaceOctets(encodeName([{ type: oids.commonName, utf8: 'ab' }, ou, uid]), '0c026162', '0c02c328')
  ),
  organisation(
    'a TeletexString',
    'request/subject',
    replaceOctets(encodeName([{ type: oids.commonName, utf8: 'ab' }, ou, uid]), '0c026162', '14026162')
  ),
  organisation(
    'a subject alternative name',
    'request/subject-alt-name',
    encodeName([ou, uid]),
    keyUsage,
    hardwareName
  ),
  organisation(
    'key agreement for an XML-signing role',
    'request/key-usage',
    encodeName([{ type: oids.organizationalUnitName, utf8: '87' }, uid]),
    keyUsageOf(hex('03020308'))
  ),
  named('an empty name', ''),
  named('65 characters', 'x'.repeat(65)),
  named('NUL', 'good\u0000.evil'),
  named('a newline', 'a\nb'),
  named('a carriage return', 'a\rb'),
  named('a C1 control', 'a\u0085b'),
  named('a line separator', 'a\u2028b'),
  named('right-to-left override', 'a\u202eb'),
  named('an isolate', 'a\u2066b'),
  named('a zero-width space', 'a\u200bb'),
  named('a byte order mark', '\ufeffab'),
  named('a no-break space', 'a\u00a0b'),
  named('a private code point', 'a\ue000b'),
  named('markup', '<script>'),
  named('a character reference', 'a&#x3c;b'),
  named('a template', '$' + '{jndi:ldap}'),
  named('a formula', '=1+1'),
  named('a plus formula', '+1'),
  named('a minus formula', '-1'),
  named('an at formula', '@SUM(A1)'),
  named('a leading space', ' a'),
  named('a trailing space', 'a ')
];

function iki(
  name: string,
  rule: RequestRule,
  code: RequestCode,
  parts: RequestParts,
  key: TestKey = rsa
): BadRequest {
  const subject = ikiSubject('Example Energy', '02', 'adhoc');
  const make = () => requestOfParts(key, { subject, extensions: [keyUsage], ...parts });
  return { name: `IKI: ${name}`, kind: 'iki-client', rule, code, make };
}

function ikiSubject(organisationName?: string, unit?: string, commonName?: string): Uint8Array {
  return encodeName([
    ...(organisationName === undefined ? [] : [{ type: oids.organizationName, utf8: organisationName }]),
    ...(unit === undefined ? [] : [{ type: oids.organizationalUnitName, utf8: unit }]),
    ...(commonName === undefined ? [] : [{ type: oids.commonName, utf8: commonName }])
  ]);
}

const ikiClients: readonly BadRequest[] = [
  iki('P-256', 'R3', 'request/public-key', {}, ec),
  iki('RSA-1024', 'R3', 'request/public-key', {}, rsaKey(1024)),
  iki('RSA-2056', 'R3', 'request/public-key', {}, rsaKey(2056)),
  iki('exponent 3', 'R16', 'request/weak-key', {}, rsaKey(2048, 3)),
  iki('SHA-1', 'R4', 'request/signature-algorithm', { algorithm: algorithms.rsaSha1 }),
  iki('PSS', 'R4', 'request/signature-algorithm', { algorithm: algorithms.rsaPss }),
  iki('no NULL', 'R4', 'request/signature-algorithm', { algorithm: algorithms.rsaWithoutNull }),
  iki('a short signature', 'R4', 'request/signature', { signature: () => new Uint8Array(255) }),
  iki('key agreement', 'R5', 'request/key-usage', { extensions: [keyUsageOf(hex('03020308'))] }),
  iki('extended key usage', 'R6', 'request/extended-key-usage', {
    extensions: [keyUsage, encodeExtension(oids.extendedKeyUsage, false, sequence(oid(oids.clientAuth)))]
  }),
  iki('no organisation', 'R8', 'request/subject', { subject: ikiSubject(undefined, '02', 'adhoc') }),
  iki('no role', 'R8', 'request/role', { subject: ikiSubject('Example Energy', undefined, 'adhoc') }),
  iki('no common name', 'R8', 'request/common-name', { subject: ikiSubject('Example Energy', '02') }),
  iki('a formula for a name', 'R8', 'request/subject', { subject: ikiSubject('=cmd', '02', 'adhoc') }),
  iki('the role of an authority', 'R8', 'request/role', {
    subject: ikiSubject('Example Energy', '07', 'adhoc')
  })
];

export const badRequests: readonly BadRequest[] = [
  ...frame,
  ...keys,
  ...signatures,
  ...extensions,
  ...names,
  ...organisations,
  ...ikiClients
];
