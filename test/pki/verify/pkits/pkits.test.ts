import { readdirSync } from 'node:fs';
import path from 'node:path';
import { expect } from 'chai';
import { verifyPath } from '../../../../pki/verify/path/verify-path.js';
import { pkitsFolder, requireVectors } from '../../../kit/corpora.js';
import { questionOfTest } from './corpus.js';
import { exceptions } from './exceptions.js';
import { refusals } from './refusals.js';
import { reissued } from './reissue.js';
import { pkitsTests } from './tests/index.js';

/** The code, or `valid`. */
function verdict(input: Parameters<typeof verifyPath>[0]): string {
  const result = verifyPath(input);
  return result.valid ? 'valid' : result.failure.code;
}

describe('NIST PKITS', () => {
  before(requireVectors);

  for (const test of pkitsTests) {
    const expected = exceptions[test.id]?.code ?? (test.valid ? 'valid' : refusals[test.id]);
    it(`${test.id} ${test.certificate}: ${expected}`, () => {
      expect(verdict(questionOfTest(test))).to.equal(expected);
    });
  }

  it('has a row for every end entity certificate of the corpus', () => {
    const listed = new Set(pkitsTests.map(test => test.certificate));
    const lying = readdirSync(path.join(pkitsFolder, 'certs')).filter(name => name.endsWith('EE.crt'));
    expect(lying.length).to.be.greaterThan(200);
    expect(lying.filter(name => !listed.has(name.slice(0, -4)))).to.deep.equal([]);
  });

  it('has no exception for a path that must be refused, and none without a test', () => {
    for (const [id, { reason }] of Object.entries(exceptions)) {
      expect(pkitsTests.find(test => test.id === id)?.valid, id).to.equal(true);
      expect(reason).to.match(/\S/);
    }
  });

  it('knows the reason for every refusal', () => {
    const refused = pkitsTests.filter(test => !test.valid).map(({ id }) => id);
    expect(Object.keys(refusals).sort()).to.deep.equal(refused.sort());
  });
});

describe('NIST PKITS, sections 4.8 to 4.12, policyConstraints made critical and signed again', () => {
  before(requireVectors);

  for (const test of pkitsTests.filter(({ id }) => /^4\.(8|9|10|11|12)\./.test(id)))
    it(`${test.id} ${test.certificate}: ${test.valid ? 'valid' : 'refused for its policies'}`, () => {
      const input = questionOfTest(test);
      const answer = verdict({
        ...input,
        certificate: reissued(input.certificate),
        intermediates: input.intermediates.map(reissued),
        anchors: input.anchors.map(anchor => reissued(anchor as Uint8Array)),
        crls: [],
        revocation: 'none'
      });
      const expected = test.valid ? ['valid'] : ['path/explicit-policy', 'path/policy-mappings'];
      expect(expected).to.include(answer);
    });
});
