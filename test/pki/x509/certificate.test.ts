import { X509Certificate } from 'node:crypto';
import { expect } from 'chai';
import * as pkijs from 'pkijs';
import {
  contextTagged,
  integer,
  nullValue,
  octetString,
  oid,
  sequence,
  tlv,
  DerReader
} from '../../../pki/der/index.js';
import {
  assembleSigned,
  attributeOf,
  authorityKeyIdentifierExtension,
  basicConstraintsExtension,
  encodeExtension,
  encodeName,
  extendedKeyUsageExtension,
  formatName,
  hardwareModuleNameExtension,
  keyUsageExtension,
  oids,
  parseCertificate,
  signatureAlgorithmOf,
  subjectAltNameExtension,
  subjectKeyIdentifierExtension
} from '../../../pki/x509/index.js';
import { concat, longForm, partsOf, replaceOctets } from '../../kit/ber.js';
import { keyIdOf, testCertificate } from '../../kit/certificates.js';
import { codeOf } from '../../kit/errors.js';
import { p256Key, rsaKey, signRaw } from '../../kit/keys.js';
import { openssl } from '../../kit/openssl.js';
import { testHwType } from '../../kit/requests.js';

const hex = (text: string) => new Uint8Array(Buffer.from(text, 'hex'));
const toHex = (octets: Uint8Array | undefined) => Buffer.from(octets ?? []).toString('hex');
const issuerKey = p256Key();
const key = p256Key();
const eui = hex('0007810000000001');

/** Shaped as a device certificate: empty subject, one module name, one policy, no expiry. */
const device = testCertificate({
  key,
  issuerKey,
  issuer: encodeName([{ type: oids.commonName, printable: '0A1B' }]),
  subject: encodeName([]),
  notBefore: new Date('2026-11-23T00:00:00Z'),
  notAfter: new Date('9999-12-31T23:59:59Z'),
  extensions: [
    keyUsageExtension('keyAgreement'),
    subjectKeyIdentifierExtension(keyIdOf(key)),
    hardwareModuleNameExtension(testHwType, eui),
    encodeExtension(oids.certificatePolicies, true, sequence(sequence(oid('1.2.826.0.1.8641679.1.2.1.4')))),
    authorityKeyIdentifierExtension(keyIdOf(issuerKey))
  ]
});

/** A certificate whose TBS members a test changes, signed again. */
function changed(change: (members: Uint8Array[]) => Uint8Array[], der = device): Uint8Array {
  const [tbs] = partsOf(der) as [Uint8Array];
  const spoilt = sequence(...change(partsOf(tbs)));
  return assembleSigned(spoilt, 'ecdsa-with-SHA256', signRaw(issuerKey, spoilt));
}

describe('certificate reader', () => {
  it('reads every field of a device certificate', () => {
    const certificate = parseCertificate(device);
    expect(certificate).to.deep.include({
      version: 3,
      serialHex: '4A0102030405060708090A0B0C0D0E0F',
      notBefore: new Date('2026-11-23T00:00:00Z'),
      notAfter: new Date('9999-12-31T23:59:59Z'),
      keyUsage: ['keyAgreement'],
      policies: [{ oid: '1.2.826.0.1.8641679.1.2.1.4', qualified: false }],
      basicConstraints: undefined,
      extendedKeyUsage: undefined
    });
    expect(formatName(certificate.issuer)).to.equal('CN=0A1B');
    expect(certificate.subject.rdns).to.deep.equal([]);
    expect(certificate.publicKey).to.include({ algorithm: 'P-256', bits: 256 });
    expect(toHex(certificate.publicKey.spki)).to.equal(toHex(key.spki));
    expect(certificate.hardwareModuleName?.hwType).to.equal(testHwType);
    expect(toHex(certificate.hardwareModuleName?.serialNumber)).to.equal(toHex(eui));
    expect(toHex(certificate.subjectKeyIdentifier)).to.equal(toHex(keyIdOf(key)));
    expect(toHex(certificate.authorityKeyIdentifier?.keyIdentifier)).to.equal(toHex(keyIdOf(issuerKey)));
    expect(certificate.extensions.map(extension => [extension.oid, extension.critical])).to.deep.equal([
      [oids.keyUsage, true],
      [oids.subjectKeyIdentifier, false],
      [oids.subjectAltName, true],
      [oids.certificatePolicies, true],
      [oids.authorityKeyIdentifier, false]
    ]);
    expect(signatureAlgorithmOf(certificate.signatureAlgorithm)).to.equal('ecdsa-with-SHA256');
  });

  for (const [name, make] of [
    ['a device certificate', () => device],
    ['an RSA authority', () => testCertificate({ key: rsaKey() })],
    [
      'a TLS server certificate',
      () =>
        testCertificate({
          key,
          issuerKey,
          extensions: [
            keyUsageExtension('digitalSignature'),
            basicConstraintsExtension(false),
            extendedKeyUsageExtension(oids.serverAuth, oids.clientAuth),
            subjectAltNameExtension(
              false,
              { dns: 'ra.example' },
              { uri: 'urn:opensmki:component:ra' },
              { ip: hex('7f000001') }
            )
          ]
        })
    ]
  ] as const) {
    it(`reads ${name} as pkijs, Node and OpenSSL do`, () => {
      const der = make();
      const ours = parseCertificate(der);
      const theirs = pkijs.Certificate.fromBER(der);
      expect(toHex(theirs.serialNumber.valueBlock.valueHexView)).to.equal(ours.serialHex.toLowerCase());
      expect(theirs.notBefore.value.getTime()).to.equal(ours.notBefore.getTime());
      expect(theirs.notAfter.value.getTime()).to.equal(ours.notAfter.getTime());
      expect(theirs.extensions?.map(extension => [extension.extnID, extension.critical])).to.deep.equal(
        ours.extensions.map(extension => [extension.oid, extension.critical])
      );
      expect(toHex(theirs.tbsView)).to.equal(toHex(ours.tbs));
      expect(toHex(theirs.signatureValue.valueBlock.valueHexView)).to.equal(toHex(ours.signature));
      const node = new X509Certificate(der);
      expect(node.serialNumber).to.equal(ours.serialHex);
      expect(toHex(node.publicKey.export({ format: 'der', type: 'spki' }))).to.equal(
        toHex(ours.publicKey.spki)
      );
      const printed = openssl(
        ['x509', '-inform', 'DER', '-noout', '-subject', '-nameopt', 'RFC2253'],
        der
      ).trim();
      expect(printed).to.equal(`subject=${formatName(ours.subject)}`);
    });
  }

  it('reads the alternative names of component certificates', () => {
    const names = [
      { dns: 'ra.example' },
      { uri: 'urn:opensmki:component:ra' },
      { ip: hex('7f000001') }
    ] as const;
    const der = testCertificate({
      key,
      extensions: [subjectAltNameExtension(false, ...names), extendedKeyUsageExtension(oids.clientAuth)]
    });
    const certificate = parseCertificate(der);
    expect(certificate.subjectAltNames).to.deep.equal([
      { kind: 'dns', text: 'ra.example' },
      { kind: 'uri', text: 'urn:opensmki:component:ra' },
      { kind: 'ip', octets: hex('7f000001') }
    ]);
    expect(certificate.extendedKeyUsage).to.deep.equal([oids.clientAuth]);
    expect(new X509Certificate(der).subjectAltName).to.equal(
      'DNS:ra.example, URI:urn:opensmki:component:ra, IP Address:127.0.0.1'
    );
  });

  it('writes names as RFC 4514 has them, and nothing a terminal would act on', () => {
    const name = encodeName([
      { type: oids.organizationalUnitName, printable: '07' },
      { type: oids.commonName, utf8: ' a,b+"c"\\<>;\u202e\u001b ' },
      { type: oids.uniqueIdentifier, bits: hex('90b3d51f30000001') }
    ]);
    const subject = parseCertificate(testCertificate({ key, subject: name })).subject;
    expect(formatName(subject)).to.equal(
      '2.5.4.45=#03090090b3d51f30000001,CN=\\ a\\,b\\+\\"c\\"\\\\\\<\\>\\;\\e2\\80\\ae\\1b\\ ,OU=07'
    );
    expect(attributeOf(subject, oids.organizationalUnitName)?.text).to.equal('07');
    expect(attributeOf(subject, oids.countryName)).to.equal(undefined);
  });

  const spoilt: readonly (readonly [name: string, code: string, make: () => Uint8Array])[] = [
    ['a trailing octet', 'der/trailing', () => concat(device, hex('00'))],
    ['long-form lengths', 'der/length', () => longForm(device)],
    ['a missing octet', 'der/truncated', () => device.subarray(0, -1)],
    [
      'version 4',
      'x509/version',
      () => changed(members => [contextTagged(0, integer(3)), ...members.slice(1)])
    ],
    [
      'version 1 written out',
      'x509/version',
      () => changed(members => [contextTagged(0, integer(0)), ...members.slice(1)])
    ],
    ['extensions in version 1', 'x509/version', () => changed(members => members.slice(1))],
    [
      'a unique identifier',
      'x509/version',
      () => changed(members => [...members.slice(0, 7), tlv(0x82, hex('0001')), ...members.slice(7)])
    ],
    ['another field at the end', 'der/trailing', () => changed(members => [...members, integer(1)])],
    [
      'empty extensions',
      'der/truncated',
      () => changed(members => [...members.slice(0, 7), contextTagged(3, sequence())])
    ],
    [
      'a serial of 21 octets',
      'der/size',
      () =>
        changed(members => [
          members[0] as Uint8Array,
          tlv(2, new Uint8Array(21).fill(1)),
          ...members.slice(2)
        ])
    ],
    [
      'an empty RDN for an empty name',
      'der/truncated',
      () => changed(members => [...members.slice(0, 5), hex('30023100'), ...members.slice(6)])
    ],
    [
      'a point off the curve',
      'x509/public-key',
      () =>
        replaceOctets(
          device,
          toHex(key.spki.subarray(60)),
          `${toHex(key.spki.subarray(60, -1))}${((key.spki[90] as number) ^ 1).toString(16).padStart(2, '0')}`
        )
    ],
    [
      'criticality FALSE written out',
      'der/default',
      () =>
        changed(members => [
          ...members.slice(0, 7),
          contextTagged(3, sequence(sequence(oid('1.2.3'), hex('010100'), octetString(nullValue()))))
        ])
    ],
    [
      'an extension twice',
      'x509/duplicate-extension',
      () =>
        testCertificate({
          key,
          extensions: [
            encodeExtension('1.2.3', false, nullValue()),
            encodeExtension('1.2.3', true, nullValue())
          ]
        })
    ],
    [
      'CA FALSE written out',
      'der/default',
      () =>
        testCertificate({
          key,
          extensions: [encodeExtension(oids.basicConstraints, true, hex('3003010100'))]
        })
    ],
    [
      'key usage without a bit',
      'der/bit-string',
      () => testCertificate({ key, extensions: [encodeExtension(oids.keyUsage, true, hex('030100'))] })
    ],
    [
      'octets after an extension value',
      'der/trailing',
      () => testCertificate({ key, extensions: [encodeExtension(oids.keyUsage, true, hex('0302078000'))] })
    ],
    [
      'a policy twice',
      'der/value',
      () =>
        testCertificate({
          key,
          extensions: [
            encodeExtension(
              oids.certificatePolicies,
              true,
              sequence(sequence(oid('1.2.3')), sequence(oid('1.2.3')))
            )
          ]
        })
    ],
    [
      'a newline in a DNS name',
      'der/string',
      () => testCertificate({ key, extensions: [subjectAltNameExtension(false, { dns: 'a\nb' })] })
    ],
    [
      'an IP address of 5 octets',
      'der/value',
      () => testCertificate({ key, extensions: [subjectAltNameExtension(false, { ip: new Uint8Array(5) })] })
    ],
    [
      '31 February',
      'der/time',
      () =>
        replaceOctets(
          device,
          Buffer.from('261123000000Z').toString('hex'),
          Buffer.from('260231000000Z').toString('hex')
        )
    ]
  ];
  for (const [name, code, make] of spoilt) {
    it(`refuses ${name}: ${code}`, () => {
      expect(codeOf(() => parseCertificate(make()))).to.equal(code);
    });
  }

  it('leaves to lints and verification what is well-formed but wrong', () => {
    // Inner and outer algorithm differ, NULL parameters, empty basicConstraints: read, and told as they are.
    const der = changed(members => [
      ...members.slice(0, 2),
      sequence(oid(oids.ecdsaWithSha256), nullValue()),
      ...members.slice(3)
    ]);
    const certificate = parseCertificate(der);
    expect(signatureAlgorithmOf(certificate.tbsSignatureAlgorithm)).to.equal(undefined);
    expect(signatureAlgorithmOf(certificate.signatureAlgorithm)).to.equal('ecdsa-with-SHA256');
    const empty = testCertificate({
      key,
      extensions: [encodeExtension(oids.basicConstraints, true, sequence())]
    });
    expect(parseCertificate(empty).basicConstraints).to.deep.equal({ ca: false, pathLength: undefined });
  });

  it('gives views of the certificate, and the signed octets as they stand', () => {
    const { tbs } = parseCertificate(device);
    const [expected] = partsOf(device);
    expect(toHex(tbs)).to.equal(toHex(expected));
    expect(DerReader.over(tbs, 'tbs').sequence('tbs').peek()).to.equal(0xa0);
  });
});
