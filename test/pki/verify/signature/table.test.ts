import { expect } from 'chai';
import { signatureTable } from './classes/table.js';

describe('the table of signature classes', () => {
  it('has as many cases as were thought of: one that is lost is missed', () => {
    const counts: Record<string, number> = {};
    for (const { of, expect: expected, cases } of signatureTable()) {
      const name = `${of}, ${expected}`;
      counts[name] = (counts[name] ?? 0) + cases;
    }
    expect(counts).to.deep.equal({
      'ECDSA P-256, valid': 86,
      'ECDSA P-256, refused': 5_783,
      'ECDSA P-384, valid': 86,
      'ECDSA P-384, refused': 6_974,
      'RSA, valid': 98,
      'RSA, refused': 1_823
    });
  });

  it('has a clause and a case of every rule, and each rule once', () => {
    const names = signatureTable().map(({ of, rule }) => `${of}: ${rule}`);
    expect(new Set(names).size).to.equal(names.length);
    expect(signatureTable().filter(({ clause, cases }) => clause === '' || cases === 0)).to.deep.equal([]);
  });
});
