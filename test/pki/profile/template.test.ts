import { createHash, randomBytes } from 'node:crypto';
import { expect } from 'chai';
import {
  assembleCertificate,
  compileTemplate,
  newSerial,
  policyOids,
  policyWith,
  profileByName,
  profileNames,
  type ProfileName
} from '../../../pki/profile/index.js';
import { codeOf } from '../../kit/errors.js';
import { fromHex, replaceAt, valueAt } from '../../kit/der-surgery.js';
import {
  deviceDomain,
  ikiDomain,
  issue,
  issueDay,
  issueTbs,
  organisationDomain,
  testPolicy,
  testSubjects,
  type TestDomain,
  type TestEntity
} from '../../kit/hierarchy.js';
import { p256Key, rsaKey, signRaw, type TestKey } from '../../kit/keys.js';
import { opensslText } from '../../kit/openssl-judge.js';
import {
  oracleExtension,
  oracleTbs,
  type OracleAttribute,
  type OracleExtension
} from '../../kit/pkijs-profile.js';

const hex = (octets: Uint8Array) => Buffer.from(octets).toString('hex');

/** Method 2 of RFC 5280 4.2.1.2, written again: SHA-1 over the BIT STRING octets. */
function keyId(spki: Uint8Array): Uint8Array {
  const digest = createHash('sha1')
    .update(valueAt(spki, [1]).subarray(spki.length > 128 ? 5 : 3))
    .digest();
  const identifier = digest.subarray(12);
  identifier[0] = 0x40 | ((identifier[0] ?? 0) & 0x0f);
  return identifier;
}

const midnight = new Date('2026-11-23T00:00:00Z');
const smki = '1.2.826.0.1.8641679.1.2.1.4';
const [iki] = policyOids(testPolicy, 'iki');
const eui = '90b3d51f30aa0001';
const [cn, ou, o, c, uid] = ['2.5.4.3', '2.5.4.11', '2.5.4.10', '2.5.4.6', '2.5.4.45'];

interface Expected {
  readonly subject: readonly OracleAttribute[];
  readonly notBefore?: Date;
  readonly notAfter: Date;
  readonly extensions: (own: Uint8Array, issuer: Uint8Array) => OracleExtension[];
}

const caUsage = oracleExtension.keyUsage(0x06, 1);
const signs = oracleExtension.keyUsage(0x80, 7);
const agrees = oracleExtension.keyUsage(0x08, 3);
const root = (own: Uint8Array): OracleExtension[] => [
  caUsage,
  oracleExtension.basicConstraints(),
  oracleExtension.policies('2.5.29.32.0'),
  oracleExtension.subjectKeyIdentifier(own)
];
const issuing = (policy: string) => (own: Uint8Array, issuer: Uint8Array) => [
  caUsage,
  oracleExtension.basicConstraints(0),
  oracleExtension.policies(policy),
  oracleExtension.subjectKeyIdentifier(own),
  oracleExtension.authorityKeyIdentifier(issuer)
];
const endEntity = (usage: OracleExtension, policy: string) => (own: Uint8Array, issuer: Uint8Array) => [
  usage,
  oracleExtension.subjectKeyIdentifier(own),
  oracleExtension.policies(policy),
  oracleExtension.authorityKeyIdentifier(issuer)
];
const device = (usage: OracleExtension, hwType: string) => (own: Uint8Array, issuer: Uint8Array) => [
  usage,
  oracleExtension.subjectKeyIdentifier(own),
  oracleExtension.hardwareModule(hwType, fromHex('02db1234567890a4')),
  oracleExtension.policies(smki),
  oracleExtension.authorityKeyIdentifier(issuer)
];
const noExpiry = new Date('9999-12-31T23:59:59Z');

/** Every field of every profile, written by hand from the profile documents. */
const expected: Readonly<Record<ProfileName, Expected>> = {
  'root-oca': {
    subject: [
      [ou, 'printable', '00'],
      [cn, 'printable', 'QA']
    ],
    notAfter: new Date('2076-11-22T23:59:59Z'),
    extensions: root
  },
  'issuing-oca': {
    subject: [
      [ou, 'printable', '07'],
      [cn, 'printable', 'Q1']
    ],
    notAfter: new Date('2051-11-22T23:59:59Z'),
    extensions: issuing(smki)
  },
  'organisation-ds': {
    subject: [
      [cn, 'utf8', 'LOOKALIKE'],
      [ou, 'utf8', '02'],
      [uid, 'bits', eui]
    ],
    notAfter: new Date('2036-11-22T23:59:59Z'),
    extensions: endEntity(signs, smki)
  },
  'organisation-ka': {
    subject: [
      [ou, 'utf8', '02'],
      [uid, 'bits', eui]
    ],
    notAfter: new Date('2036-11-22T23:59:59Z'),
    extensions: endEntity(agrees, smki)
  },
  'organisation-xml': {
    subject: [
      [ou, 'utf8', '87'],
      [uid, 'bits', eui]
    ],
    notAfter: new Date('2036-11-22T23:59:59Z'),
    extensions: endEntity(signs, smki)
  },
  'root-dca': {
    subject: [[cn, 'printable', 'QD']],
    notAfter: new Date('2076-11-22T23:59:59Z'),
    extensions: root
  },
  'issuing-dca': {
    subject: [[cn, 'printable', '00A1']],
    notAfter: new Date('2051-11-22T23:59:59Z'),
    extensions: issuing(smki)
  },
  'device-ds': { subject: [], notAfter: noExpiry, extensions: device(signs, '1.2.826.0.1.9999999.1.2.2.1') },
  'device-ka': { subject: [], notAfter: noExpiry, extensions: device(agrees, '2.25.1') },
  'root-ica': {
    subject: [
      [c, 'printable', 'GB'],
      [o, 'printable', 'OpenSMKI Test'],
      [ou, 'printable', 'IKI'],
      [cn, 'printable', 'Root ICA 1']
    ],
    notAfter: new Date('2046-11-22T23:59:59Z'),
    extensions: root
  },
  'issuing-ica': {
    subject: [[cn, 'printable', 'Issuing ICA 1']],
    notAfter: new Date('2036-11-22T23:59:59Z'),
    extensions: issuing(iki)
  },
  'iki-client': {
    subject: [
      [o, 'utf8', 'Example Energy Ltd'],
      [ou, 'utf8', '02'],
      [cn, 'utf8', 'adhoc-1']
    ],
    notBefore: issueDay,
    notAfter: new Date('2027-11-23T10:29:59Z'),
    extensions: endEntity(signs, iki)
  }
};

/** How pkijs writes an empty name: one RDN without attributes. The one known difference. */
const pkijsEmptyName = '30023100';

describe('certificate templates', () => {
  let domains: Readonly<Record<string, TestDomain>>;
  let rsa: TestKey;

  before(() => {
    domains = { 'smki-organisation': organisationDomain(), 'smki-device': deviceDomain(), iki: ikiDomain() };
    rsa = rsaKey();
  });

  function issuerOf(name: ProfileName): TestEntity | undefined {
    const { kind, domain } = profileByName(name);
    if (kind === 'root') return undefined;
    return kind === 'issuing' ? domains[domain]?.root : domains[domain]?.issuing;
  }

  for (const name of profileNames) {
    it(`${name}: the same octets as pkijs`, () => {
      const row = expected[name];
      const key = profileByName(name).keyAlgorithm === 'RSA' ? rsa : p256Key();
      const issuer = issuerOf(name);
      const tbs = issueTbs(name, key, issuer ? { issuer } : {});
      const issuerProfile = profileByName(name).issuerProfile;
      const oracle = oracleTbs({
        serial: valueAt(tbs, [1]).subarray(2),
        rsaSigned: key === rsa,
        issuer: expected[issuerProfile].subject,
        subject: row.subject,
        notBefore: row.notBefore ?? midnight,
        notAfter: row.notAfter,
        spki: key.spki,
        extensions: row.extensions(keyId(key.spki), keyId((issuer?.key ?? key).spki))
      });
      if (row.subject.length > 0) {
        expect(hex(tbs)).to.equal(hex(oracle));
        return;
      }
      expect(hex(valueAt(oracle, [5])), 'the known difference').to.equal(pkijsEmptyName);
      expect(hex(tbs)).to.equal(hex(replaceAt(oracle, [5], fromHex('3000'))));
    });
  }

  it('splices hwTypes and names of every length that changes a length field', () => {
    const issuer = domains['smki-device']?.issuing;
    if (!issuer) throw new Error('no issuer');
    const key = p256Key();
    // Content lengths of the OID from 1 to 58 octets: the lengths around it pass 127 on the way.
    for (const arcs of [0, 1, 6, 12, 19]) {
      const hwType = ['1', '2', ...Array<string>(arcs).fill('16384')].join('.');
      const tbs = issueTbs('device-ds', key, { issuer, subject: { hwType, eui: 0xfffffffffffffffen } });
      const value = oracleExtension.hardwareModule(hwType, fromHex('fffffffffffffffe')).value;
      expect(hex(tbs)).to.include(hex(new Uint8Array(value)));
      expect(hex(replaceAt(tbs, [7, 0, 0], valueAt(tbs, [7, 0, 0]))), 'every length is right').to.equal(
        hex(tbs)
      );
    }
    const organisation = domains['smki-organisation']?.issuing;
    if (!organisation) throw new Error('no issuer');
    for (const length of [1, 40, 64]) {
      const subject = { ...testSubjects['organisation-ds'], commonName: 'é'.repeat(length) };
      const tbs = issueTbs('organisation-ds', key, { issuer: organisation, subject });
      expect(hex(replaceAt(tbs, [7, 0, 0], valueAt(tbs, [7, 0, 0])))).to.equal(hex(tbs));
      expect(hex(valueAt(tbs, [5, 0, 0, 1])).slice(4)).to.include(hex(Buffer.from(subject.commonName)));
    }
  });

  it('writes one hwType for one device after another without mixing their identifiers', () => {
    const issuer = domains['smki-device']?.issuing;
    if (!issuer) throw new Error('no issuer');
    const template = compileTemplate('device-ds', { issuer: issuer.certificate, policy: testPolicy });
    const make = (eui: bigint) =>
      template.tbs({
        serial: newSerial(randomBytes),
        ...template.validity(issueDay),
        spki: p256Key().spki,
        subject: { hwType: '2.25.1', eui }
      });
    const [first, second] = [make(1n), make(2n)];
    expect(hex(first)).to.include('04080000000000000001');
    expect(hex(second)).to.include('04080000000000000002').and.not.to.include('04080000000000000001');
  });

  describe('golden shapes', () => {
    /** Octets of the genuine test certificates, with the parts that are ours left open. */
    const open = (octets: number) => `[0-9a-f]{${octets * 2}}`;
    const policy = '301d0603551d200101ff04133011300f060d2a863a0001848fb90f01020104';
    const key = `3059301306072a8648ce3d020106082a8648ce3d03010703420004${open(64)}`;
    const identifiers = {
      subject: `30110603551d0e040a0408${open(8)}`,
      authority: `30130603551d23040c300a8008${open(8)}`
    };
    const head = (tbs: string) => `^${tbs}a0030201020210${open(16)}300a06082a8648ce3d040302`;

    it('an Issuing OCA is shaped as the genuine one', () => {
      const { certificate } = domains['smki-organisation']?.issuing ?? fail();
      // 2051 needs a GeneralizedTime; the genuine one ended in 2040.
      const end = `180f${open(8)}3233353935395a`;
      const ca = (role: string) => `301a310b3009060355040b1302${role}310b3009060355040313025[0-9]${open(1)}`;
      expect(hex(certificate.tbs)).to.match(
        new RegExp(
          `${head('30820147')}${ca('3030')}3020170d${open(6)}3030303030305a${end}${ca('3037')}${key}` +
            'a36d306b300e0603551d0f0101ff04040302010630120603551d130101ff040830060101ff020100' +
            `${policy}${identifiers.subject}${identifiers.authority}$`
        )
      );
    });

    it('an organisation certificate is shaped as a genuine one', () => {
      const { certificate } = issue('organisation-ds', {
        issuer: domains['smki-organisation']?.issuing ?? fail(),
        subject: { organisationalUnit: '01', eui: 0x90b3d51f30aa0001n }
      });
      expect(hex(certificate.tbs)).to.match(
        new RegExp(
          `${head('30820138')}301a310b3009060355040b13023037310b30090603550403${open(4)}301e` +
            `170d${open(6)}3030303030305a170d${open(6)}3233353935395a` +
            `3021310b3009060355040b0c02303131123010060355042d03090090b3d51f30aa0001${key}` +
            `a3593057300e0603551d0f0101ff040403020780${identifiers.subject}${policy}${identifiers.authority}$`
        )
      );
      expect(certificate.der.length).to.be.within(404, 407);
    });

    it('a device certificate is shaped as a genuine one', () => {
      const { certificate } = issue('device-ka', {
        issuer: domains['smki-device']?.issuing ?? fail(),
        subject: { hwType: '1.2.826.0.1.8641679.1.2.2.1', eui: 0x02db1234567890a4n }
      });
      expect(hex(certificate.tbs)).to.match(
        new RegExp(
          `${head('30820147')}300f310d300b06035504031304${open(4)}3020170d${open(6)}3030303030305a` +
            `180f39393939313233313233353935395a3000${key}a3819130818e300e0603551d0f0101ff040403020308` +
            `${identifiers.subject}30350603551d110101ff042b3029a02706082b06010505070804a01b3019060d` +
            `2a863a0001848fb90f01020201040802db1234567890a4${policy}${identifiers.authority}$`
        )
      );
      expect(certificate.der.length).to.be.within(419, 422);
    });
  });

  it('reads back through OpenSSL with the fields of the device profile', () => {
    const issuer = domains['smki-device']?.issuing ?? fail();
    const text = opensslText('x509', issue('device-ds', { issuer }).certificate.der).replace(/\s+/g, ' ');
    expect(text).to.include('Version: 3 (0x2)');
    expect(text).to.include('Issuer: CN = 00A1');
    expect(text).to.include(
      'Not Before: Nov 23 00:00:00 2026 GMT Not After : Dec 31 23:59:59 9999 GMT Subject: Subject'
    );
    expect(text).to.include('X509v3 Key Usage: critical Digital Signature X509v3 Subject Key Identifier:');
    expect(text).to.include('X509v3 Subject Alternative Name: critical othername: 1.3.6.1.5.5.7.8.4');
    expect(text).to.include(`X509v3 Certificate Policies: critical Policy: ${smki} X509v3 Authority`);
    expect(text.match(/X509v3 /g)).to.have.length(6);
  });

  describe('refusals', () => {
    const serial = () => newSerial(randomBytes);
    const refused: readonly (readonly [string, ProfileName, object, string])[] = [
      ['a serial of 15 octets', 'organisation-ds', { serial: new Uint8Array(15).fill(1) }, 'profile/serial'],
      ['a negative serial', 'organisation-ds', { serial: new Uint8Array(16).fill(0x80) }, 'profile/serial'],
      ['a serial that begins with zero', 'organisation-ds', { serial: new Uint8Array(16) }, 'profile/serial'],
      ['a missing EUI', 'organisation-ds', { subject: { organisationalUnit: '02' } }, 'profile/subject'],
      ['a negative EUI', 'device-ds', { subject: { hwType: '2.25.1', eui: -1n } }, 'profile/subject'],
      [
        'an EUI of 65 bits',
        'device-ds',
        { subject: { hwType: '2.25.1', eui: 1n << 64n } },
        'profile/subject'
      ],
      ['no hwType', 'device-ds', { subject: { eui: 1n } }, 'profile/subject'],
      ['a hwType that is no OID', 'device-ds', { subject: { hwType: '3.1', eui: 1n } }, 'profile/subject'],
      ['a control character', 'organisation-ds', { subject: { commonName: 'A\nB' } }, 'profile/subject'],
      [
        'a decimal role',
        'organisation-ds',
        { subject: { organisationalUnit: '137', eui: 1n } },
        'profile/subject'
      ],
      ['a CA name too long', 'root-oca', { subject: { commonName: 'ABCDE' } }, 'profile/subject'],
      ['a DCA that is no number', 'issuing-dca', { subject: { commonName: 'DCAX' } }, 'profile/subject'],
      ['an end before the beginning', 'organisation-ds', { notAfter: new Date(0) }, 'profile/validity'],
      ['a fraction of a second', 'organisation-ds', { notBefore: new Date(1) }, 'profile/validity'],
      [
        'a device that expires',
        'device-ds',
        { notAfter: new Date('2040-01-01T00:00:00Z') },
        'profile/validity'
      ],
      ['an organisation without expiry', 'organisation-ds', { notAfter: noExpiry }, 'profile/validity'],
      ['a key of another kind', 'organisation-ds', { spki: new Uint8Array(294) }, 'profile/key'],
      ['octets for an RSA key', 'root-ica', { spki: new Uint8Array(294) }, 'profile/key']
    ];
    for (const [what, name, change, code] of refused)
      it(`${what}: ${code}`, () => {
        const issuer = issuerOf(name);
        const template = compileTemplate(name, { issuer: issuer?.certificate ?? 'self', policy: testPolicy });
        const spki = profileByName(name).keyAlgorithm === 'RSA' ? rsa.spki : p256Key().spki;
        const good = { serial: serial(), ...template.validity(issueDay), spki, subject: testSubjects[name] };
        template.tbs(good);
        expect(codeOf(() => template.tbs({ ...good, ...change }))).to.equal(code);
      });

    it('an RSA key of another size than the policy’s', () => {
      const policy = policyWith('test', { 'key.iki.bits': { value: 3072 } });
      const template = compileTemplate('root-ica', { issuer: 'self', policy });
      const input = { serial: serial(), ...template.validity(issueDay), spki: rsa.spki };
      expect(codeOf(() => template.tbs({ ...input, subject: testSubjects['root-ica'] }))).to.equal(
        'profile/key'
      );
    });

    it('an issuer of another kind of key, and a root with an issuer', () => {
      const policy = testPolicy;
      const issuer = (domains['iki']?.issuing ?? fail()).certificate;
      expect(codeOf(() => compileTemplate('device-ds', { issuer, policy }))).to.equal('profile/issuer');
      expect(codeOf(() => compileTemplate('root-ica', { issuer, policy }))).to.equal('profile/issuer');
      expect(codeOf(() => compileTemplate('device-ds', { issuer: 'self', policy }))).to.equal(
        'profile/issuer'
      );
    });

    it('a signature of another algorithm or length than the octets name', () => {
      const issuer = domains['smki-device']?.issuing ?? fail();
      const tbs = issueTbs('device-ds', p256Key(), { issuer });
      const signature = signRaw(issuer.key, tbs);
      assembleCertificate(tbs, 'P-256', signature);
      expect(codeOf(() => assembleCertificate(tbs, 'RSA-2048', new Uint8Array(256).fill(1)))).to.equal(
        'profile/signature'
      );
      expect(codeOf(() => assembleCertificate(tbs, 'P-256', signature.subarray(1)))).to.equal(
        'profile/signature'
      );
      expect(codeOf(() => assembleCertificate(tbs, 'P-256', new Uint8Array(64)))).to.equal(
        'profile/signature'
      );
    });

    it('an unknown profile', () => {
      expect(codeOf(() => profileByName('device'))).to.equal('profile/unknown');
      expect(codeOf(() => profileByName('toString'))).to.equal('profile/unknown');
    });
  });

  it('draws serials of 16 octets with the first in 01..7F, and draws again for zero', () => {
    const draws = [new Uint8Array(16), new Uint8Array(16).fill(0x80), new Uint8Array(16).fill(0xff)];
    expect(hex(newSerial(() => draws.shift() ?? fail()))).to.equal(`7f${'ff'.repeat(15)}`);
    expect(draws).to.have.length(0);
  });
});

function fail(): never {
  throw new Error('not made');
}
