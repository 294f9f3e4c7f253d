import { expect } from 'chai';
import {
  guessProfile,
  lintCertificate,
  lintTbs,
  lints,
  type Finding,
  type LintContext
} from '../../../pki/lint/index.js';
import { defaultPolicy, profileNames, profiles, type ProfileName } from '../../../pki/profile/index.js';
import { encodeExtension } from '../../../pki/x509/index.js';
import { codeOf } from '../../kit/errors.js';
import { fromHex, replaceAt, valueAt } from '../../kit/der-surgery.js';
import {
  deviceDomain,
  ikiDomain,
  issue,
  issueDay,
  organisationDomain,
  testPolicy,
  type TestEntity
} from '../../kit/hierarchy.js';
import { p256Key } from '../../kit/keys.js';

describe('lints', () => {
  const good = new Map<ProfileName, TestEntity>();

  before(() => {
    for (const domain of [organisationDomain(), deviceDomain(), ikiDomain()])
      for (const { profile, ...rest } of [domain.root, domain.issuing])
        good.set(profile, { profile, ...rest });
    for (const name of profileNames.filter(candidate => profiles[candidate].kind === 'end-entity'))
      good.set(name, issue(name, { issuer: of(profiles[name].issuerProfile) }));
  });

  function of(name: ProfileName): TestEntity {
    const entity = good.get(name);
    if (!entity) throw new Error(`${name} was not made`);
    return entity;
  }

  function context(name: ProfileName, change: Partial<LintContext> = {}): LintContext {
    const issuer = profiles[name].kind === 'root' ? 'self' : of(profiles[name].issuerProfile).certificate;
    return { profile: name, policy: testPolicy, issuer, at: issueDay, ...change };
  }

  function changed(name: ProfileName, path: readonly number[], becomes: string | Uint8Array): Finding[] {
    const octets = typeof becomes === 'string' ? fromHex(becomes) : becomes;
    return lintTbs(replaceAt(of(name).certificate.tbs, path, octets), context(name));
  }

  const ids = (findings: readonly Finding[]) => findings.map(({ lint }) => lint);

  it('are L01 to L19, each once', () => {
    const expected = Array.from({ length: 19 }, (_, i) => `L${String(i + 1).padStart(2, '0')}`);
    expect(lints.map(({ id }) => id)).to.deep.equal(expected);
  });

  for (const name of profileNames)
    it(`find nothing in a good ${name}, before and after signing, and guess its profile`, () => {
      const { certificate } = of(name);
      expect(lintTbs(certificate.tbs, context(name))).to.deep.equal([]);
      expect(lintCertificate(certificate.der, context(name))).to.deep.equal([]);
      expect(guessProfile(certificate)).to.equal(name);
    });

  for (const { id, title, bad, appliesTo } of lints)
    it(`${id} finds its bad example (${title})`, () => {
      expect(appliesTo === 'all' || appliesTo.includes(bad.profile)).to.equal(true);
      expect(ids(changed(bad.profile, bad.path, bad.becomes))).to.include(id);
    });

  /** Faults beyond the examples: each lint's other branches, and the RSA and CA twins. */
  const faults: readonly (readonly [lint: string, what: string, ProfileName, readonly number[], string])[] = [
    ['L02', 'serial zero', 'device-ds', [1], '020100'],
    ['L02', 'serial of 17 octets', 'device-ds', [1], `021101${'02'.repeat(16)}`],
    ['L02', 'serial of one octet', 'iki-client', [1], '020105'],
    ['L03', 'RSA without NULL', 'iki-client', [2], '300b06092a864886f70d01010b'],
    ['L03', 'SHA-512 with RSA', 'iki-client', [2], '300d06092a864886f70d01010d0500'],
    ['L03', 'RSA in a P-256 hierarchy', 'root-oca', [2], '300d06092a864886f70d01010b0500'],
    ['L04', 'a P-256 key for IKI', 'iki-client', [6], Buffer.from(p256Key().spki).toString('hex')],
    [
      'L05',
      'a critical key identifier',
      'device-ds',
      [7, 0, 1],
      '30140603551d0e0101ff040a04084000000000000000'
    ],
    [
      'L05',
      'a key identifier of 20 octets',
      'iki-client',
      [7, 0, 1],
      `301d0603551d0e04160414${'11'.repeat(20)}`
    ],
    ['L06', 'issuer and serial', 'device-ds', [7, 0, 4], '30160603551d23040f300d8008400000000000000082 0101'],
    ['L07', 'a usage that is not critical', 'device-ds', [7, 0, 0], '300b0603551d0f040403020780'],
    ['L07', 'two usages', 'organisation-ka', [7, 0, 0], '300e0603551d0f0101ff040403020388'],
    ['L07', 'a CA without cRLSign', 'root-ica', [7, 0, 0], '300e0603551d0f0101ff040403020204'],
    [
      'L08',
      'policies not critical',
      'issuing-oca',
      [7, 0, 2],
      '301a0603551d2004133011300f060d2a863a0001848fb90f01020104'
    ],
    [
      'L08',
      'anyPolicy below a root',
      'issuing-ica',
      [7, 0, 2],
      '30140603551d200101ff040a300830060604551d2000'
    ],
    [
      'L08',
      'two policies',
      'device-ds',
      [7, 0, 3],
      '301c0603551d200101ff041230103006060455 1d2000300606042a030405'
    ],
    ['L09', 'a root that is no CA', 'root-oca', [7, 0, 1], '300c0603551d130101ff04023000'],
    ['L09', 'a CA not critical', 'root-dca', [7, 0, 1], '300c0603551d1304053003 0101ff'],
    ['L09', 'a device that is a CA', 'device-ds', [7, 0, 1], '300f0603551d130101ff040530030101ff'],
    ['L10', 'a subject', 'device-ds', [5], '300f310d300b06035504031304303041 31'],
    [
      'L10',
      'six octets of serial',
      'device-ds',
      [7, 0, 2],
      '30250603551d110101ff041b3019a01706082b06010505070804a00b30090603 2a0304 0402 0102'
    ],
    ['L10', 'an RFC 822 name', 'device-ds', [7, 0, 2], '30120603551d110101ff04083006810461406262'],
    ['L11', 'PrintableString in an organisation', 'organisation-ka', [5, 0], '310b3009060355040b13023032'],
    ['L11', 'a country', 'organisation-ka', [5, 0], '310b3009060355040613024742'],
    ['L11', 'an EUI of 63 bits', 'organisation-ka', [5, 1], '3112301006035504 2d030901 90b3d51f30aa0000'],
    [
      'L11',
      'an XML role in a device-facing certificate',
      'organisation-ka',
      [5, 0],
      '310b3009060355040b0c023837'
    ],
    ['L11', 'a role nobody has', 'organisation-ka', [5, 0], '310b3009060355040b0c024141'],
    [
      'L12',
      'UTCTime with an offset',
      'device-ds',
      [4, 0],
      `1711${Buffer.from('261123000000+0000').toString('hex')}`
    ],
    ['L12', '31 February', 'device-ds', [4, 0], `170d${Buffer.from('260231000000Z').toString('hex')}`],
    ['L14', 'a BOOLEAN of one', 'device-ds', [7, 0, 0], '300e0603551d0f0101 01040403020780'],
    ['L16', 'the empty name', 'device-ds', [3], '3000'],
    [
      'L17',
      'an end before the beginning',
      'organisation-ka',
      [4, 1],
      `170d${Buffer.from('200101000000Z').toString('hex')}`
    ],
    [
      'L17',
      'an end after the issuer’s',
      'iki-client',
      [4, 1],
      `170d${Buffer.from('491231235959Z').toString('hex')}`
    ],
    [
      'L17',
      'a beginning before the issuer’s',
      'device-ds',
      [4, 0],
      `170d${Buffer.from('200101000000Z').toString('hex')}`
    ]
  ];
  for (const [lint, what, name, path, becomes] of faults)
    it(`${lint} finds ${what} in ${name}`, () => {
      expect(ids(changed(name, path, becomes))).to.include(lint);
    });

  it('L03 compares the outer algorithm of a whole certificate', () => {
    const der = replaceAt(of('device-ds').certificate.der, [1], fromHex('300c06082a8648ce3d0403020500'));
    expect(ids(lintCertificate(der, context('device-ds')))).to.deep.equal(['L03']);
  });

  it('L06 and L16 judge no issuer that is not at hand', () => {
    const { tbs } = issue('device-ds', { issuer: deviceDomain().issuing }).certificate;
    expect(ids(lintTbs(tbs, context('device-ds')))).to.include('L06');
    expect(lintTbs(tbs, context('device-ds', { issuer: undefined }))).to.deep.equal([]);
  });

  it('L06 finds an issuer serial beside the right key identifier', () => {
    const { tbs } = of('device-ds').certificate;
    const identifier = valueAt(tbs, [7, 0, 4]).subarray(-8);
    const value = Buffer.concat([fromHex('300d8008'), identifier, fromHex('820105')]);
    const extension = encodeExtension('2.5.29.35', false, value);
    expect(ids(changed('device-ds', [7, 0, 4], extension))).to.deep.equal(['L06']);
  });

  it('L11 warns of another order or string type, and refuses another role', () => {
    const severities = (becomes: string) =>
      changed('organisation-ka', [5], becomes).map(({ lint, severity }) => `${lint} ${severity}`);
    const uid = '31123010060355042d03090090b3d51f30aa0001';
    const name = (...rdns: string[]) => {
      const content = rdns.join('');
      return `30${(content.length / 2).toString(16)}${content}`;
    };
    const ou = (tag: string, text: string) =>
      `310b3009060355040b${tag}02${Buffer.from(text).toString('hex')}`;
    expect(severities(name(ou('0c', '02'), uid))).to.deep.equal([]);
    expect(severities(name(uid, ou('0c', '02')))).to.deep.equal(['L11 warning']);
    expect(severities(name(ou('13', '02'), uid))).to.deep.equal(['L11 warning']);
    expect(severities(name(ou('0c', '07'), uid))).to.deep.equal(['L11 error']);
  });

  it('L08 only warns of uncritical policies in a certificate met later', () => {
    const issued = replaceAt(
      of('organisation-ka').certificate.tbs,
      [7, 0, 2],
      fromHex('301a0603551d2004133011300f060d2a863a0001848fb90f01020104')
    );
    const severities = (at: Date | undefined) =>
      lintTbs(issued, context('organisation-ka', { at })).map(({ lint, severity }) => `${lint} ${severity}`);
    expect(severities(issueDay)).to.deep.equal(['L08 error']);
    expect(severities(undefined)).to.deep.equal(['L08 warning']);
  });

  it('L13 finds an extension twice and one that is unknown', () => {
    const { tbs } = of('organisation-ka').certificate;
    const usage = valueAt(tbs, [7, 0, 0]);
    const twice = lintTbs(replaceAt(tbs, [7, 0, 1], usage), context('organisation-ka'));
    expect(ids(twice)).to.include('L13');
    const unknown = encodeExtension('1.3.6.1.4.1.99999.1', false, new Uint8Array());
    expect(ids(changed('organisation-ka', [7, 0, 1], unknown))).to.include('L13');
  });

  it('L14 alone speaks of octets that are no certificate', () => {
    const { der, tbs } = of('device-ds').certificate;
    for (const octets of [
      new Uint8Array(),
      fromHex('3000'),
      der.subarray(0, 100),
      Buffer.concat([der, fromHex('00')]),
      tbs
    ])
      expect(ids(lintCertificate(octets, context('device-ds')))).to.deep.equal(['L14']);
  });

  it('judge no certificate older than the rule', () => {
    const old = issue('organisation-ka', {
      issuer: of('issuing-oca'),
      notBefore: new Date('2013-01-01T00:00:00Z'),
      change: tbs => replaceAt(tbs, [5, 0], fromHex('310c300a060355040b0c03313337'))
    });
    expect(ids(lintTbs(old.certificate.tbs, context('organisation-ka')))).not.to.include('L18');
  });

  it('do not judge at all where the environment has no policy OIDs', () => {
    const live = { ...context('device-ds'), policy: defaultPolicy('live') };
    expect(codeOf(() => lintTbs(of('device-ds').certificate.tbs, live))).to.equal('policy/no-oid');
  });

  it('guess no profile for what resembles none', () => {
    const stranger = issue('organisation-ka', {
      issuer: of('issuing-oca'),
      change: tbs => replaceAt(tbs, [7, 0, 0], fromHex('300e0603551d0f0101ff040403020520'))
    });
    expect(guessProfile(stranger.certificate)).to.equal(undefined);
  });
});
