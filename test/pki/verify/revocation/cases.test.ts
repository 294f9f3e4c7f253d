import { expect } from 'chai';
import type { KeyKind } from '../../../kit/pki/index.js';
import { rules as delta } from './cases/delta.js';
import { rules as freshness } from './cases/freshness.js';
import { rules as indirect } from './cases/indirect.js';
import { rules as listForm } from './cases/list-form.js';
import { rules as ocsp } from './cases/ocsp.js';
import { rules as reasons } from './cases/reasons.js';
import { rules as scope } from './cases/scope.js';
import { rules as signer } from './cases/signer.js';
import { verdictOf, worldOf } from './situation.js';

const usualKinds: readonly KeyKind[] = ['P-256', 'RSA-2048'];

describe('revocation, rule by rule', () => {
  const all = { listForm, freshness, signer, scope, reasons, delta, indirect, ocsp };

  for (const [file, rules] of Object.entries(all))
    describe(file, () => {
      for (const { rule, clause, cases } of rules)
        describe(`${rule} (${clause})`, () => {
          for (const { title, expect: expected, on = usualKinds, build } of cases)
            for (const kind of on)
              it(`${title}: ${expected}, ${kind}`, () => {
                const world = worldOf(kind);
                expect(verdictOf(build(world), world)).to.equal(expected);
              });
        });
    });

  it('every rule has a good case and a bad one', () => {
    for (const { rule, cases } of Object.values(all).flat()) {
      expect(
        cases.some(({ expect: expected }) => expected === 'valid'),
        rule
      ).to.equal(true);
      expect(
        cases.some(({ expect: expected }) => expected !== 'valid'),
        rule
      ).to.equal(true);
    }
  });
});
