import { expect } from 'chai';
import { policyOids, policyWith, defaultPolicy, type ProfileName } from '../../../../pki/profile/index.js';
import { verifyIssued, type IssuedOptions, type VerifyResult } from '../../../../pki/verify/index.js';
import {
  encodeExtension,
  keyIdentifier,
  oids,
  parseCertificate,
  parsePublicKey
} from '../../../../pki/x509/index.js';
import { unsignedInteger, sequence, bitString, tlv } from '../../../../pki/der/index.js';
import { codeOf } from '../../../kit/errors.js';
import { fromHex, replaceAt, valueAt } from '../../../kit/der-surgery.js';
import {
  deviceDomain,
  ikiDomain,
  issue,
  issueDay,
  organisationDomain,
  testPolicy,
  testSubjects,
  type TestDomain,
  type TestEntity
} from '../../../kit/hierarchy.js';
import { opensslVerify } from '../../../kit/openssl-judge.js';

const liveAcceptance = { by: 'test', on: '2026-11-01', reference: 'test' };

describe('verifyIssued', () => {
  let oca: TestDomain;
  let dca: TestDomain;
  let ica: TestDomain;
  let organisation: TestEntity;
  let device: TestEntity;
  let client: TestEntity;

  before(() => {
    [oca, dca, ica] = [organisationDomain(), deviceDomain(), ikiDomain()];
    organisation = issue('organisation-ds', { issuer: oca.issuing });
    device = issue('device-ds', { issuer: dca.issuing });
    client = issue('iki-client', { issuer: ica.issuing });
  });

  const domainOf = (name: ProfileName) =>
    name.startsWith('device') ? dca : name.startsWith('iki') ? ica : oca;

  function judge(
    entity: TestEntity,
    change: Partial<IssuedOptions> = {},
    issuers?: TestEntity[]
  ): VerifyResult {
    const { root, issuing } = domainOf(entity.profile);
    return verifyIssued(
      entity.certificate,
      (issuers ?? [issuing]).map(({ certificate }) => certificate),
      { at: issueDay, profile: entity.profile, policy: testPolicy, anchors: [root.certificate], ...change }
    );
  }

  const verdict = (result: VerifyResult) => (result.ok ? 'ok' : `${result.code} ${result.depth}`);

  it('accepts what the profiles make, and OpenSSL agrees', () => {
    const ka = issue('organisation-ka', { issuer: oca.issuing });
    const xml = issue('organisation-xml', { issuer: oca.issuing });
    const deviceKa = issue('device-ka', { issuer: dca.issuing });
    for (const entity of [organisation, ka, xml, device, deviceKa, client]) {
      expect(verdict(judge(entity)), entity.profile).to.equal('ok');
      const { root, issuing } = domainOf(entity.profile);
      const domain = entity.profile === 'iki-client' ? 'iki' : 'smki-device';
      const [policy] = policyOids(testPolicy, domain);
      const openssl = opensslVerify({
        target: entity.certificate.der,
        root: root.certificate.der,
        untrusted: [issuing.certificate.der],
        at: issueDay,
        policy
      });
      expect(openssl.ok, `${entity.profile}: ${openssl.output}`).to.equal(true);
    }
  });

  it('accepts issuing CAs and roots as targets', () => {
    for (const { root, issuing } of [oca, dca, ica])
      for (const { certificate, profile } of [root, issuing])
        expect(
          verdict(
            verifyIssued(certificate, [], {
              at: issueDay,
              profile,
              policy: testPolicy,
              anchors: [root.certificate]
            })
          ),
          profile
        ).to.equal('ok');
  });

  describe('the target', () => {
    it('is the certificate handed in, though a forgery of it stands among the issuers', () => {
      const forged: TestEntity = {
        ...organisation,
        certificate: parseCertificate(damageSignature(organisation.certificate.der))
      };
      expect(verdict(judge(forged, {}, [oca.issuing, forged, organisation]))).to.equal('verify/signature 0');
      expect(verdict(judge(organisation, {}, [forged, oca.issuing]))).to.equal('ok');
    });

    it('is not saved by a good certificate of the same name and key among the issuers', () => {
      const expired = issue('organisation-ds', {
        issuer: oca.issuing,
        key: organisation.key,
        notBefore: new Date('2026-11-23T00:00:00Z'),
        notAfter: new Date('2026-11-23T01:00:00Z')
      });
      expect(verdict(judge(expired, {}, [organisation, oca.issuing]))).to.equal('verify/expired 0');
    });
  });

  describe('signatures', () => {
    it('over other octets are refused', () => {
      const { der, tbs } = organisation.certificate;
      const other = replaceAt(tbs, [5, 0, 0, 1], fromHex('0c09424f4f4b414c494b45'));
      const tampered = { ...organisation, certificate: parseCertificate(replaceAt(der, [0], other)) };
      expect(verdict(judge(tampered))).to.equal('verify/signature 0');
      const openssl = opensslVerify({
        target: tampered.certificate.der,
        root: oca.root.certificate.der,
        untrusted: [oca.issuing.certificate.der],
        at: issueDay,
        policy: policyOids(testPolicy, 'smki-organisation')[0]
      });
      expect(openssl.ok).to.equal(false);
    });

    /** One signature, other encodings of it: each would be a second certificate with the same content. */
    const malleations: readonly (readonly [string, (r: Uint8Array, s: Uint8Array) => Uint8Array])[] = [
      ['padded r', (r, s) => sequence(tlv(0x02, fromHex('00'), content(r)), s)],
      ['padded s', (r, s) => sequence(r, tlv(0x02, fromHex('00'), content(s)))],
      ['a long length', (r, s) => Buffer.concat([fromHex(`3081${hexLength(r, s)}`), r, s])],
      ['octets after s', (r, s) => sequence(r, s, fromHex('0500'))],
      ['octets after the sequence', (r, s) => Buffer.concat([sequence(r, s), fromHex('00')])]
    ];
    for (const [what, encode] of malleations)
      it(`with ${what} are refused`, () => {
        const { der, signature } = organisation.certificate;
        const encoded = encode(valueAt(signature, [0]), valueAt(signature, [1]));
        const malleated = parseCertificate(replaceAt(der, [2], bitString(encoded)));
        expect(verdict(judge({ ...organisation, certificate: malleated }))).to.equal('verify/signature 0');
      });

    it('of zero are refused', () => {
      const zero = bitString(
        sequence(unsignedInteger(new Uint8Array(1)), unsignedInteger(new Uint8Array(1)))
      );
      const certificate = parseCertificate(replaceAt(organisation.certificate.der, [2], zero));
      expect(verdict(judge({ ...organisation, certificate }))).to.equal('verify/signature 0');
    });

    it('by RSA that are damaged are refused', () => {
      const certificate = parseCertificate(damageSignature(client.certificate.der));
      expect(verdict(judge({ ...client, certificate }))).to.equal('verify/signature 0');
    });
  });

  describe('issuers', () => {
    it('of the right name with another key are refused by key identifier, whatever they signed', () => {
      const impostor = issue('issuing-oca', { issuer: oca.root });
      expect(verdict(judge(organisation, {}, [impostor]))).to.equal('verify/issuer-key 0');
      expect(verdict(judge(organisation, {}, [impostor, oca.issuing]))).to.equal('ok');
    });

    it('of the right name and key identifier with another key are refused by signature', () => {
      const impostor = issue('issuing-oca', {
        issuer: oca.root,
        change: tbs =>
          replaceAt(
            tbs,
            [7, 0, 3],
            encodeExtension(oids.subjectKeyIdentifier, false, tlv(4, identifierOf(oca.issuing)))
          )
      });
      expect(verdict(judge(organisation, {}, [impostor]))).to.equal('verify/signature 0');
    });

    it('of the right key with another name are refused by name', () => {
      const renamed = issue('issuing-oca', {
        issuer: oca.root,
        key: oca.issuing.key,
        subject: { commonName: 'Q2' }
      });
      expect(verdict(judge(organisation, {}, [renamed]))).to.equal('verify/issuer-name 0');
    });

    it('that are not known are refused, and so are roots that are no anchors', () => {
      expect(verdict(judge(organisation, {}, []))).to.equal('verify/no-chain 0');
      expect(verdict(judge(organisation, { anchors: [] }))).to.equal('verify/no-chain 1');
      const stranger = organisationDomain();
      expect(verdict(judge(organisation, { anchors: [stranger.root.certificate] }))).to.equal(
        'verify/issuer-key 1'
      );
      expect(verdict(judge(oca.root, { anchors: [stranger.root.certificate] }))).to.equal(
        'verify/no-chain 0'
      );
    });

    it('that are end entities are refused: an organisation cannot issue a device', () => {
      const { certificate, key } = organisation;
      const fake = issue('device-ds', {
        issuer: { profile: 'issuing-dca', key, certificate }
      });
      expect(verdict(judge(fake, { anchors: [oca.root.certificate] }, [organisation, oca.issuing]))).to.equal(
        'verify/issuer-authority 1'
      );
    });

    it('without keyCertSign, or with another path length, are refused', () => {
      const cases: readonly (readonly [path: number[], becomes: string, code: string])[] = [
        [[7, 0, 0], '300e0603551d0f0101ff040403020102', 'verify/issuer-authority 1'],
        [[7, 0, 1], '300c0603551d130101ff04023000', 'verify/issuer-authority 1'],
        [[7, 0, 1], '30120603551d130101ff040830060101ff020101', 'verify/profile 1']
      ];
      for (const [path, becomes, code] of cases) {
        const issuer = issue('issuing-oca', {
          issuer: oca.root,
          change: tbs => replaceAt(tbs, path, fromHex(becomes))
        });
        const target = issue('organisation-ds', { issuer });
        expect(verdict(judge(target, {}, [issuer]))).to.equal(code);
      }
    });

    it('whose path length leaves no room are refused', () => {
      const root = issue('root-oca', {
        change: tbs => replaceAt(tbs, [7, 0, 1], fromHex('30120603551d130101ff040830060101ff020100'))
      });
      const issuing = issue('issuing-oca', { issuer: root });
      const target = issue('organisation-ds', { issuer: issuing });
      const result = judge(target, { anchors: [root.certificate] }, [issuing]);
      expect(verdict(result)).to.equal('verify/issuer-authority 2');
    });

    it('are searched within a bound, however many look-alikes there are', () => {
      const lookAlikes = Array.from({ length: 8 }, () =>
        issue('issuing-oca', {
          issuer: oca.root,
          change: tbs =>
            replaceAt(
              tbs,
              [7, 0, 3],
              encodeExtension(oids.subjectKeyIdentifier, false, tlv(4, identifierOf(oca.issuing)))
            )
        })
      );
      expect(verdict(judge(organisation, {}, [...lookAlikes.slice(0, 7), oca.issuing]))).to.equal('ok');
      expect(verdict(judge(organisation, {}, [...lookAlikes.slice(0, 8), oca.issuing]))).to.equal(
        'verify/signature 0'
      );
    });
  });

  describe('profiles', () => {
    it('other than the one asked for are refused', () => {
      expect(verdict(judge(organisation, { profile: 'organisation-ka' }))).to.equal('verify/profile 0');
      expect(verdict(judge(organisation, { profile: 'organisation-xml' }))).to.equal('verify/profile 0');
      expect(verdict(judge(device, { profile: 'organisation-ds' }))).to.equal('verify/profile 0');
      expect(verdict(judge(organisation, { profile: 'device-ds' }))).to.equal('verify/profile 0');
      expect(verdict(judge(oca.issuing, { profile: 'organisation-ds' }))).to.equal('verify/profile 0');
      expect(
        verdict(judge(client, { policy: policyWith('test', { 'key.iki.bits': { value: 4096 } }) }))
      ).to.equal('verify/profile 0');
    });

    it('with an unknown critical extension are refused, in the target and in an issuer', () => {
      const critical = encodeExtension('1.3.6.1.4.1.99999.1', true, fromHex('0500'));
      const withCritical = (tbs: Uint8Array) =>
        replaceAt(tbs, [7, 0], append(valueAt(tbs, [7, 0]), critical));
      const target = issue('organisation-ds', { issuer: oca.issuing, change: withCritical });
      expect(verdict(judge(target))).to.equal('verify/critical-extension 0');
      const issuer = issue('issuing-oca', { issuer: oca.root, change: withCritical });
      const below = issue('organisation-ds', { issuer });
      expect(verdict(judge(below, {}, [issuer]))).to.equal('verify/critical-extension 1');
    });

    it('lacking the authority key identifier, or with two signature algorithms, are refused', () => {
      const without = issue('device-ds', {
        issuer: dca.issuing,
        change: tbs =>
          replaceAt(tbs, [7, 0, 4], encodeExtension('1.3.6.1.4.1.99999.1', false, fromHex('0500')))
      });
      expect(verdict(judge(without))).to.equal('verify/profile 0');
      const der = replaceAt(device.certificate.der, [1], fromHex('300c06082a8648ce3d0403020500'));
      expect(verdict(judge({ ...device, certificate: parseCertificate(der) }))).to.equal('verify/profile 0');
    });

    it('of the wrong role are refused', () => {
      expect(verdict(judge(organisation, { role: 2 }))).to.equal('ok');
      expect(verdict(judge(organisation, { role: 3 }))).to.equal('verify/role 0');
      expect(verdict(judge(device, { role: 2 }))).to.equal('verify/role 0');
    });
  });

  describe('policies', () => {
    it('outside the environment’s set are refused, in the target and in an issuer', () => {
      const foreign = policyWith('test', { 'oid.smki-organisation': { value: ['2.25.99'] } });
      expect(verdict(judge(organisation, { policy: foreign }))).to.equal('verify/policy 0');
      const both = policyWith('test', {
        'oid.smki-organisation': { value: ['2.25.99', '1.2.826.0.1.8641679.1.2.1.4'] }
      });
      expect(verdict(judge(organisation, { policy: both })), 'a set is accepted').to.equal('ok');
      const issuer = issue('issuing-oca', { issuer: oca.root, policy: foreign });
      const target = issue('organisation-ds', { issuer });
      expect(verdict(judge(target, {}, [issuer]))).to.equal('verify/policy 1');
    });

    it('keep test and live apart, both ways', () => {
      const oid = { value: ['2.25.1234567'], acceptance: liveAcceptance };
      const live = policyWith('live', { 'oid.smki-organisation': oid });
      expect(verdict(judge(organisation, { policy: live }))).to.equal('verify/policy 0');
      const root = issue('root-oca', { policy: live });
      const issuing = issue('issuing-oca', { issuer: root, policy: live });
      const liveTarget = issue('organisation-ds', { issuer: issuing, policy: live });
      const anchors = [root.certificate];
      expect(verdict(judge(liveTarget, { anchors, policy: live }, [issuing]))).to.equal('ok');
      expect(verdict(judge(liveTarget, { anchors }, [issuing]))).to.equal('verify/policy 0');
    });

    it('of anyPolicy are for roots only', () => {
      const any = fromHex('30140603551d200101ff040a300830060604551d2000');
      const issuer = issue('issuing-oca', {
        issuer: oca.root,
        change: tbs => replaceAt(tbs, [7, 0, 2], any)
      });
      const target = issue('organisation-ds', { issuer });
      expect(verdict(judge(target, {}, [issuer]))).to.equal('verify/policy 1');
    });

    it('must be configured', () => {
      expect(codeOf(() => judge(organisation, { policy: defaultPolicy('live') }))).to.equal('policy/no-oid');
    });
  });

  describe('dates', () => {
    const at = (text: string) => ({ at: new Date(text) });

    it('of an organisation certificate and its issuers are judged now, ends included', () => {
      expect(verdict(judge(organisation, at('2026-11-22T23:59:59Z')))).to.match(
        /^verify\/(issuer-)?not-yet-valid/
      );
      expect(verdict(judge(organisation, at('2026-11-23T00:00:00Z')))).to.equal('ok');
      expect(verdict(judge(organisation, at('2036-11-22T23:59:59Z')))).to.equal('ok');
      expect(verdict(judge(organisation, at('2036-11-23T00:00:00Z')))).to.equal('verify/expired 0');
    });

    it('of an expired issuer refuse an organisation certificate that outlives it', () => {
      const issuer = issue('issuing-oca', {
        issuer: oca.root,
        notAfter: new Date('2027-01-01T00:00:00Z')
      });
      const target = issue('organisation-ds', { issuer });
      expect(verdict(judge(target, {}, [issuer]))).to.equal('ok');
      expect(verdict(judge(target, at('2028-01-01T00:00:00Z'), [issuer]))).to.equal(
        'verify/issuer-expired 1'
      );
    });

    it('of a device certificate outlive its issuers, who must have been valid when it was issued', () => {
      expect(verdict(judge(device, at('2126-01-01T00:00:00Z')))).to.equal('ok');
      const late = issue('device-ds', { issuer: dca.issuing, notBefore: new Date('2052-01-01T00:00:00Z') });
      expect(verdict(judge(late, at('2053-01-01T00:00:00Z')))).to.equal('verify/issuer-not-valid-at-issue 1');
      const early = issue('device-ds', { issuer: dca.issuing, notBefore: new Date('2020-01-01T00:00:00Z') });
      expect(verdict(judge(early))).to.match(/^verify\/issuer-not-valid-at-issue [12]$/);
      const future = issue('device-ds', { issuer: dca.issuing, notBefore: new Date('2030-01-01T00:00:00Z') });
      expect(verdict(judge(future))).to.equal('verify/not-yet-valid 0');
    });
  });

  it('finds its way to the issuer that was issued again', () => {
    const again = issue('issuing-oca', {
      issuer: oca.root,
      key: oca.issuing.key,
      at: new Date('2026-11-24T00:00:00Z')
    });
    const broken = {
      ...oca.issuing,
      certificate: parseCertificate(damageSignature(oca.issuing.certificate.der))
    };
    expect(verdict(judge(organisation, { at: new Date('2026-11-25T00:00:00Z') }, [broken, again]))).to.equal(
      'ok'
    );
    expect(verdict(judge(organisation, {}, [broken])), 'the failure furthest up').to.equal(
      'verify/signature 1'
    );
  });

  it('does not mistake one domain for another', () => {
    const confused = issue('organisation-ds', {
      issuer: oca.issuing,
      subject: testSubjects['organisation-ds']
    });
    expect(verdict(judge(confused, { anchors: [dca.root.certificate] }, [dca.issuing]))).to.equal(
      'verify/no-chain 0'
    );
  });
});

function identifierOf({ key }: TestEntity): Uint8Array {
  return keyIdentifier(parsePublicKey(key.spki).keyBits);
}

/** The last octet of the signature changed. */
function damageSignature(der: Uint8Array): Uint8Array {
  const damaged = Uint8Array.from(der);
  damaged[damaged.length - 1] = (damaged[damaged.length - 1] ?? 0) ^ 1;
  return damaged;
}

function content(value: Uint8Array): Uint8Array {
  return value.subarray(2);
}

function hexLength(...parts: readonly Uint8Array[]): string {
  return parts.reduce((sum, { length }) => sum + length, 0).toString(16);
}

function append(list: Uint8Array, member: Uint8Array): Uint8Array {
  const members = Buffer.concat([list.subarray(list[1] === 0x81 ? 3 : 2), member]);
  return tlv(0x30, members);
}
