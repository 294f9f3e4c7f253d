import { constants, createPublicKey, verify } from 'node:crypto';
import { expect } from 'chai';
import { verifySignature, type SignatureInput } from '../../../../pki/verify/index.js';
import { requireVectors } from '../../../kit/corpora.js';
import { exceptions } from './fips/exceptions.js';
import { inScope, outOfScope } from './fips/scope.js';
import { vectorFiles, vectorsOf, type Vector } from './fips/vectors.js';

type Asked = Extract<Vector, { valid: boolean }>;

function isAsked(vector: Vector): vector is Asked {
  return 'valid' in vector;
}

/** OpenSSL's answer where a salt of another length is allowed. */
function verifiesWithSalt({ publicKey, data, signature, hash }: SignatureInput, saltLength: number): boolean {
  const key = createPublicKey({ key: Buffer.from(publicKey), format: 'der', type: 'spki' });
  return verify(hash, data, { key, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength }, signature);
}

describe('FIPS 186 vectors', () => {
  before(requireVectors);

  for (const file of vectorFiles.filter(({ kind }) => kind !== 'X9.31')) {
    describe(`${file.kind} ${file.file}`, () => {
      it('no bad signature is believed, in either form', () => {
        const bad = vectorsOf(file).filter(vector => isAsked(vector) && !vector.valid);
        expect(bad.filter(vector => isAsked(vector) && vector.inputs.some(verifySignature))).to.deep.equal(
          []
        );
      });

      const exception = exceptions[file.file];
      it(`good signatures are believed${exception === undefined ? '' : `, but for ${exception.refused}`}`, () => {
        const good = vectorsOf(file)
          .filter(isAsked)
          .filter(({ valid }) => valid);
        const refused = good.filter(({ inputs }) => !inputs.every(verifySignature));
        expect(refused.length).to.equal(exception?.refused ?? 0);
        // The reason is the whole reason: with the salt it names each would be good.
        for (const { inputs } of refused)
          for (const input of inputs) expect(verifiesWithSalt(input, exception?.salt ?? 0)).to.equal(true);
      });
    });
  }

  it('are all there, and those that are out of scope are so by name', () => {
    const others: Record<string, number> = {};
    const asked: Record<string, number> = { ECDSA: 0, pkcs1: 0, pss: 0, 'X9.31': 0 };
    for (const file of vectorFiles)
      for (const vector of vectorsOf(file)) {
        const [counts, name] = isAsked(vector) ? [asked, file.kind] : [others, vector.outOfScope];
        counts[name] = (counts[name] ?? 0) + 1;
      }
    expect(asked).to.deep.equal(inScope);
    expect(others).to.deep.equal(outOfScope);
  });

  it('every exception is of a file that is run', () => {
    const run = vectorFiles.map(({ file }) => file);
    expect(Object.keys(exceptions).filter(file => !run.includes(file))).to.deep.equal([]);
  });
});
