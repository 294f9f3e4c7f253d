import { expect } from 'chai';
import fc from 'fast-check';
import { smkiVerifier, verifySmki } from '../../../../pki/verify/smki/verify-smki.js';
import type { SmkiResult } from '../../../../pki/verify/smki/verdict.js';
import { explainPath } from '../../../../pki/verify/explain/explain-path.js';
import { encodeName, oids } from '../../../../pki/x509/index.js';
import { testCertificate } from '../../../kit/certificates.js';
import { p256Key } from '../../../kit/keys.js';
import { extension } from '../../../kit/pki/index.js';
import { changed, octetChanges } from '../../../kit/mutate.js';
import { issueDay } from '../../../kit/hierarchy.js';
import { rules as dates } from './cases/dates.js';
import { rules as issuer } from './cases/issuer.js';
import { rules as policy } from './cases/policy.js';
import { rules as profile } from './cases/profile.js';
import { rules as revocation } from './cases/revocation.js';
import { rules as subject } from './cases/subject.js';
import { about, dca, derOf, good, listOf, made, oca } from './world.js';
import { within } from '../../../kit/within.js';

const verdict = (result: SmkiResult) =>
  result.valid ? 'valid' : `${result.failure.code} ${result.failure.depth}`;

describe('verifySmki', () => {
  for (const { rule, clause, cases } of [profile, policy, subject, issuer, dates, revocation].flat())
    describe(`${rule} (${clause})`, () => {
      for (const { title, expect: expected, ask, depth = 0 } of cases)
        it(`${title}: ${expected}`, () => {
          const input = ask();
          const wanted = expected === 'valid' ? 'valid' : `${expected} ${depth}`;
          expect(verdict(verifySmki(input))).to.equal(wanted);
          const verifier = smkiVerifier(input);
          for (let turn = 0; turn < 2; turn++)
            expect(verdict(verifier.verify(input.certificate, input)), 'asked again').to.equal(wanted);
        });
    });

  describe('facts', () => {
    it('of a device: identifier, hardware type, the time rule by name', () => {
      const device = good('device-ds');
      const result = verifySmki(about(device, { revocation: 'chain' }));
      expect(result).to.deep.equal({
        valid: true,
        path: [device, dca().issuing, dca().root].map(({ certificate }) => Uint8Array.from(certificate.der)),
        policies: ['1.2.826.0.1.8641679.1.2.1.4'],
        revocation: [
          { depth: 0, kind: 'none', reason: 'device-certificate' },
          { depth: 1, kind: 'none', reason: 'no-list-published' }
        ],
        facts: {
          profile: 'device-ds',
          domain: 'smki-device',
          kind: 'end-entity',
          entity: '02-DB-12-34-56-78-90-A4',
          hwType: '1.2.826.0.1.9999999.1.2.2.1',
          policies: ['1.2.826.0.1.8641679.1.2.1.4'],
          timeRule: 'issuer-valid-when-issued'
        }
      });
    });

    it('of an organisation: role, identifier, the lists consulted', () => {
      const crls = [listOf(oca().issuing, { number: 41n }), listOf(oca().issuing, { number: 40n })];
      const arl = listOf(oca().root, { number: 7n });
      const result = verifySmki(
        about(good('organisation-ka'), { revocation: 'chain', crls: [...crls, arl] })
      );
      expect(result.facts).to.deep.equal({
        profile: 'organisation-ka',
        domain: 'smki-organisation',
        kind: 'end-entity',
        role: { code: 2, ou: '02', name: 'supplier' },
        entity: '90-B3-D5-1F-30-AA-00-01',
        policies: ['1.2.826.0.1.8641679.1.2.1.4'],
        timeRule: 'all-valid-now'
      });
      if (!result.valid) throw new Error(result.failure.message);
      const [of, ofIssuer] = result.revocation;
      expect(of).to.include({ depth: 0, kind: 'crl', number: '41' });
      expect(of?.kind === 'crl' && of.thisUpdate).to.deep.equal(new Date('2026-11-23T10:00:00Z'));
      expect(ofIssuer).to.include({ depth: 1, kind: 'crl', number: '7' });
      expect(result.revocation).to.have.length(2);
    });

    it('of a failure: the certificate at fault, its path, and what could not be read', () => {
      const broken = Buffer.of(0x30, 0x00);
      const input = about(good('organisation-ds'), {
        at: new Date('2060-01-01T00:00:00Z'),
        issuers: [broken, oca().issuing.certificate.der],
        crls: [broken]
      });
      const result = verifySmki(input);
      if (result.valid) throw new Error('valid');
      const { failure, path } = result;
      expect(verdict(result)).to.equal('path/expired 1');
      expect(path).to.have.length(3);
      expect(failure.certificate).to.deep.equal(path?.[1]);
      expect(failure.facts).to.include({ profile: 'issuing-oca', notAfter: '2051-11-22T23:59:59.000Z' });
      expect(failure.others?.map(({ code }) => code)).to.deep.equal([
        'input/certificate',
        'revocation/malformed'
      ]);
    });

    it('of a revoked certificate: when, why, by which list', () => {
      const target = good('organisation-ds');
      const date = new Date('2026-11-23T09:00:00Z');
      const entries = [{ serialHex: target.certificate.serialHex, date, reason: 'superseded' as const }];
      const crls = [listOf(oca().issuing, { number: 5n, entries })];
      const result = verifySmki(about(target, { crls, revocation: 'leaf' }));
      expect(!result.valid && result.failure.facts).to.deep.equal({
        serial: target.certificate.serialHex,
        revocationDate: '2026-11-23T09:00:00.000Z',
        reason: 'superseded',
        crlNumber: '5',
        thisUpdate: '2026-11-23T10:00:00.000Z',
        nextUpdate: '2026-11-25T10:00:00.000Z'
      });
    });
  });

  it('keeps what it was given: octets changed afterwards change no answer', () => {
    const input = about(good('organisation-ds'));
    const issuers = input.issuers.map(der => Uint8Array.from(der));
    const anchors = input.anchors.map(der => Uint8Array.from(der));
    const verifier = smkiVerifier({ ...input, issuers, anchors });
    for (const der of [...issuers, ...anchors]) der.fill(0);
    issuers.pop();
    anchors.pop();
    expect(verdict(verifier.verify(input.certificate, input))).to.equal('valid');
  });

  it('throws TypeError for values of a wrong type, and nothing else', () => {
    const input = about(good('device-ds'));
    const wrong: readonly Record<string, unknown>[] = [
      { certificate: Buffer.from(input.certificate).toString('base64') },
      { issuers: ['-----BEGIN CERTIFICATE-----'] },
      { at: '2026-11-23' },
      { revocation: true },
      { environment: 'production' },
      { timeRule: 'none' },
      { role: '2' },
      { entity: 5 }
    ];
    for (const change of wrong)
      expect(() => verifySmki({ ...input, ...change }), JSON.stringify(change)).to.throw(TypeError);
  });

  describe('of what is large or many', () => {
    const key = p256Key();
    const attribute = { type: oids.commonName, utf8: 'x' };
    const large: readonly (readonly [string, () => Uint8Array])[] = [
      ['a name of thousands of RDNs', () => testCertificate({ key, subject: manyOf(attribute, 4_000) })],
      ['thousands of extensions', () => testCertificate({ key, extensions: manyExtensions(3_000) })],
      ['64 KiB of nothing', () => new Uint8Array(65_536)],
      ['64 KiB of openings', () => new Uint8Array(65_536).fill(0x30)]
    ];
    const manyOf = (value: typeof attribute, count: number) =>
      encodeName(Array.from({ length: count }, () => value));
    const manyExtensions = (count: number) =>
      Array.from({ length: count }, (_, i) => extension(`1.3.6.1.4.1.99999.${i + 1}`, Buffer.of(5, 0)));
    const judged = (input: ReturnType<typeof about>) => {
      const result = within(250, () => verifySmki(input));
      explainPath(result);
      return result;
    };

    for (const [title, make] of large)
      it(`${title}, as certificate, issuer and list, within 250 ms`, () => {
        const der = make();
        const own = judged(about(good('device-ds'), { certificate: der }));
        expect(own.valid).to.equal(false);
        const input = about(good('device-ds'), { crls: [der], revocation: 'chain' });
        const result = judged({ ...input, issuers: [der, ...input.issuers] });
        expect(verdict(result)).to.equal('valid');
      });

    it('hundreds of authorities of one name and key, and hundreds of lists, within a bound', () => {
      const { key, certificate } = oca().issuing;
      const issuer = certificate.issuer.der;
      const subject = certificate.subject.der;
      const stranger = p256Key();
      // Self-made look-alikes: the name and the key identifier of the one, another key.
      const ders = Array.from({ length: 300 }, (_, i) =>
        testCertificate({
          ...{ key, issuerKey: stranger, subject, issuer },
          serial: Buffer.of(0x41, i >> 8, i & 255)
        })
      );
      const crls = Array.from({ length: 300 }, (_, i) =>
        listOf({ ...oca().issuing, key: stranger }, { number: BigInt(i + 10) })
      );
      const input = about(good('organisation-ds'), { issuers: ders, crls, revocation: 'leaf' });
      expect(within(5_000, () => verifySmki(input)).valid).to.equal(false);
      const besides = { ...input, issuers: derOf([oca().issuing]) };
      expect(verdict(within(5_000, () => verifySmki(besides)))).to.equal('revocation/signature 0');
    });
  });

  it('believes no certificate of which an octet was changed', () => {
    const targets = [good('device-ds'), good('organisation-ds')].map(entity => about(entity));
    const verifiers = targets.map(smkiVerifier);
    fc.assert(
      fc.property(fc.nat(1), octetChanges, (which, changes) => {
        const input = targets[which] as (typeof targets)[number];
        const certificate = changed(input.certificate, changes);
        const isSame = Buffer.compare(certificate, input.certificate) === 0;
        const result = verifiers[which]?.verify(certificate, input);
        expect(result?.valid).to.equal(isSame);
      }),
      { numRuns: 2_000 }
    );
  });

  it('believes nothing of lists of which an octet was changed', () => {
    const target = made('organisation-ds');
    const entries = [
      { serialHex: target.certificate.serialHex, date: issueDay, reason: 'superseded' as const }
    ];
    const list = listOf(oca().issuing, { entries });
    fc.assert(
      fc.property(octetChanges, changes => {
        const result = verifySmki(about(target, { crls: [changed(list, changes)], revocation: 'leaf' }));
        expect(result.valid).to.equal(false);
      }),
      { numRuns: 1_000 }
    );
  });
});
