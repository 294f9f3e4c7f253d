import { expect } from 'chai';
import { Budget, BudgetSpent, defaultBudgets } from '../../../../pki/verify/path/budget.js';
import { Signatures } from '../../../../pki/verify/path/signatures.js';
import { revocationSource } from '../../../../pki/verify/revocation/index.js';
import { crlDer, day, ext, ocspResponseDer, testMoment } from '../../../kit/pki/index.js';
import { answerTo, questionAbout, worldOf } from './situation.js';

describe('revocationSource', () => {
  const world = worldOf('P-256');

  it('names what a good status rests on', () => {
    const target = world.leaf();
    const base = crlDer(world.ca, { number: 3 });
    const delta = crlDer(world.ca, {
      number: 4,
      extensions: { deltaCrlIndicator: ext.deltaCrlIndicator(3) }
    });
    const answer = answerTo({ target, crls: [delta, crlDer(world.other), base] }, world);
    expect(answer.good && answer.evidence).to.deep.equal([
      {
        depth: 0,
        kind: 'crl',
        der: base,
        number: '3',
        thisUpdate: new Date(testMoment.getTime() - day),
        nextUpdate: new Date(testMoment.getTime() + day)
      },
      {
        depth: 0,
        kind: 'delta-crl',
        der: delta,
        number: '4',
        thisUpdate: new Date(testMoment.getTime() - day),
        nextUpdate: new Date(testMoment.getTime() + day)
      }
    ]);
  });

  it('says when, why and by which list a certificate was revoked', () => {
    const target = world.leaf();
    const entry = { serial: target.serial, reason: 1, date: new Date('2026-03-04T05:06:07Z') };
    const answer = answerTo({ target, crls: [crlDer(world.ca, { number: 9, entries: [entry] })] }, world);
    expect(answer).to.deep.include({
      good: false,
      code: 'revocation/revoked',
      facts: { revokedAt: '2026-03-04T05:06:07.000Z', reason: 'keyCompromise', crlNumber: '9' }
    });
  });

  it('tells the reason of the list that got furthest, wherever it stands', () => {
    const target = world.leaf();
    const lists = [
      crlDer(world.ca, { signature: 'broken' }),
      crlDer(world.ca, { nextUpdate: new Date(testMoment.getTime() - 1_000) }),
      new Uint8Array(4),
      crlDer(world.other)
    ];
    for (const crls of [lists, [...lists].reverse()]) {
      const answer = answerTo({ target, crls }, world);
      expect(answer).to.have.property('code', 'revocation/stale');
    }
  });

  it('is good when one of lists and responses says so and the other does not object', () => {
    const target = world.leaf();
    const unknown = ocspResponseDer({
      responder: world.ca,
      responses: [{ certificate: target, issuer: world.ca }],
      responseStatus: 3
    });
    const answer = answerTo({ target, crls: [crlDer(world.ca)], ocspResponses: [unknown] }, world);
    expect(answer.good).to.equal(true);
  });

  it('lets a spent budget through', () => {
    const target = world.leaf();
    const question = {
      ...questionAbout({ target }, world),
      signatures: new Signatures(new Budget({ ...defaultBudgets, signatures: 0 }))
    };
    expect(() => revocationSource([crlDer(world.ca)], []).status(question)).to.throw(BudgetSpent);
  });

  it('asks for no signature of what is about other certificates', () => {
    const question = {
      ...questionAbout({ target: world.leaf() }, world),
      signatures: new Signatures(new Budget({ ...defaultBudgets, signatures: 0 }))
    };
    const scoped = crlDer(world.ca, {
      extensions: { issuingDistributionPoint: ext.issuingDistributionPoint({ onlyCaCerts: true }) }
    });
    const response = ocspResponseDer({
      responder: world.ca,
      responses: [{ certificate: { serial: Uint8Array.of(9) }, issuer: world.ca }]
    });
    const source = revocationSource([crlDer(world.other), scoped], [response]);
    expect(source.status(question)).to.have.property('code', 'revocation/scope');
  });
});
