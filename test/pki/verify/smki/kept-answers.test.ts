/** What a verifier keeps between certificates: whatever was asked before, it answers as one that was asked nothing. */
import { expect } from 'chai';
import fc from 'fast-check';
import { policyWith } from '../../../../pki/profile/index.js';
import type { SmkiQuestion } from '../../../../pki/verify/smki/question.js';
import { smkiVerifier } from '../../../../pki/verify/smki/verify-smki.js';
import { issue, issueDay, testPolicy } from '../../../kit/hierarchy.js';
import { damageSignature, dca, derOf, entryFor, good, listOf, made, oca } from './world.js';

describe('a verifier that was asked before', () => {
  const secondIssuer = issue('issuing-oca', { issuer: oca().root, subject: { commonName: 'Q2' } });
  const first = made('organisation-ds');
  const revoked = made('organisation-ds');
  const second = made('organisation-ds', { issuer: secondIssuer });
  const device = good('device-ds');
  const trust = {
    issuers: derOf([oca().issuing, secondIssuer, dca().issuing]),
    anchors: derOf([oca().root, dca().root]),
    crls: [listOf(oca().issuing, { entries: [entryFor(revoked)] }), listOf(secondIssuer), listOf(oca().root)]
  };
  const question: SmkiQuestion = { at: issueDay, environment: testPolicy, revocation: 'leaf' };
  const otherOids = policyWith('test', { 'oid.smki-organisation': { value: ['2.25.1'] } });
  const shortSerials = policyWith('test', { 'serial.max-octets': { value: 15 } });
  const cases: readonly (readonly [answer: string, certificate: Uint8Array, question: SmkiQuestion])[] = [
    ['valid', first.certificate.der, question],
    ['valid', second.certificate.der, question],
    ['valid', device.certificate.der, question],
    ['valid', oca().issuing.certificate.der, { ...question, revocation: 'chain' }],
    ['valid', first.certificate.der, { ...question, purpose: 'organisation', role: 2 }],
    ['revocation/revoked', revoked.certificate.der, question],
    ['revocation/stale', second.certificate.der, { ...question, at: new Date('2026-12-24T00:00:00Z') }],
    ['smki/policy', first.certificate.der, { ...question, environment: otherOids }],
    ['smki/profile', first.certificate.der, { ...question, environment: shortSerials }],
    ['input/policy', first.certificate.der, { ...question, environment: 'live' }],
    ['smki/role', second.certificate.der, { ...question, role: 3 }],
    ['path/signature', damageSignature(first.certificate.der), question],
    ['path/signature', damageSignature(device.certificate.der), question]
  ];

  it('answers each of many questions in any order as one that was asked it alone', () => {
    const alone = cases.map(([answer, certificate, asked]) => {
      const result = smkiVerifier(trust).verify(certificate, asked);
      expect(result.valid ? 'valid' : result.failure.code).to.equal(answer);
      return result;
    });
    const verifier = smkiVerifier(trust);
    const turns = fc.array(fc.nat(cases.length - 1), { minLength: 2, maxLength: 12 });
    fc.assert(
      fc.property(turns, order => {
        for (const turn of order) {
          const [, certificate, asked] = cases[turn] as (typeof cases)[number];
          expect(verifier.verify(certificate, asked)).to.deep.equal(alone[turn]);
        }
      }),
      { numRuns: 200 }
    );
  });

  it('answers the same whoever writes into what it answered before, or into what it was handed', () => {
    const handed = {
      issuers: trust.issuers.map(der => Uint8Array.from(der)),
      anchors: trust.anchors.map(der => Uint8Array.from(der)),
      crls: trust.crls.map(der => Uint8Array.from(der))
    };
    const verifier = smkiVerifier(handed);
    for (const octets of Object.values(handed).flat()) octets.fill(0);
    for (let turn = 0; turn < 2; turn += 1)
      for (const [answer, certificate, asked] of cases) {
        const result = verifier.verify(Uint8Array.from(certificate), asked);
        expect(result.valid ? 'valid' : result.failure.code).to.equal(answer);
        for (const octets of result.path ?? []) octets.fill(0);
        if (!result.valid) result.failure.certificate?.fill(0);
        else
          for (const status of result.revocation)
            if (status.kind === 'crl') {
              status.der.fill(0);
              status.thisUpdate.setTime(0);
              status.nextUpdate.setTime(0);
            }
      }
  });
});
