import { createPublicKey, verify } from 'node:crypto';
import { expect } from 'chai';
import fc from 'fast-check';
import { derToRawSignature, isRawSignature, X509Error, type CurveName } from '../../../../pki/x509/index.js';
import { verifySignature, type SignatureInput } from '../../../../pki/verify/index.js';
import { rawOf } from './classes/ber.js';
import { sameOctets } from '../../../../pki/der/octets.js';
import { changed, octetChanges } from '../../../kit/mutate.js';
import { concat } from '../../../kit/ber.js';
import { subjectsOf, usualHash } from './classes/ecdsa-subject.js';
import { wrongAnswers } from './classes/answers.js';
import { ecdsaClasses, ecdsaCurves } from './classes/ecdsa.js';

/** The classes of values that are malformed or out of range: no arithmetic is needed to refuse them. */
const readRules: readonly string[] = [
  'r and s are in 1..n-1',
  'INTEGERs are minimal',
  'INTEGERs are not negative',
  'lengths are in their shortest form',
  'lengths are definite, values in one piece',
  'lengths are right',
  'nothing follows the SEQUENCE',
  'nothing but r and s is in the SEQUENCE',
  'r and s are both there',
  'tags are SEQUENCE and INTEGER',
  'the value is not wrapped, nor in another form',
  'no octet is lost or gained',
  'r‖s has one length',
  'r and s of r‖s are in 1..n-1',
  'r is the remainder of x by n'
];

/** Whether the value is refused by its reading alone; every refusal has the one code. */
function refusedUnread(curve: CurveName, { signature, format }: SignatureInput): boolean {
  if (format === 'raw') return !isRawSignature(signature, curve);
  try {
    derToRawSignature(signature, curve);
    return false;
  } catch (error) {
    return error instanceof X509Error && error.code === 'x509/signature';
  }
}

describe('ECDSA signatures', () => {
  for (const curve of ecdsaCurves) {
    describe(curve, () => {
      for (const { rule, expect: expected, cases } of ecdsaClasses(curve)) {
        it(`${expected}: ${rule}`, () => {
          expect(cases().length).to.be.greaterThan(0);
          expect(wrongAnswers(cases(), expected)).to.deep.equal([]);
        });
      }

      it('what is no value of the range is refused before anyone computes with it', () => {
        const read = readRules.flatMap(rule => ecdsaClasses(curve).filter(one => one.rule === rule));
        expect(read.length).to.equal(readRules.length);
        for (const { rule, cases } of read)
          for (const { title, input } of cases())
            expect(refusedUnread(curve, input), `${rule}: ${title}`).to.equal(true);
        for (const { base, r, s, octets } of subjectsOf(curve)) {
          expect(refusedUnread(curve, base)).to.equal(false);
          expect(refusedUnread(curve, { ...base, format: 'raw', signature: rawOf(r, s, octets) })).to.equal(
            false
          );
        }
      });

      it('every encoding that verifies is octet for octet the one that was made', () => {
        for (const { base } of subjectsOf(curve)) {
          const insertions = fc.record({
            at: fc.nat(),
            octets: fc.uint8Array({ maxLength: 4 }),
            lost: fc.nat(3)
          });
          fc.assert(
            fc.property(octetChanges, insertions, (changes, { at, octets, lost }) => {
              const altered = changed(base.signature, changes);
              const place = at % (altered.length + 1);
              const signature = concat(altered.subarray(0, place), octets, altered.subarray(place + lost));
              expect(verifySignature({ ...base, signature })).to.equal(sameOctets(signature, base.signature));
            }),
            { numRuns: 3_000 }
          );
        }
      });

      it('believes nothing that OpenSSL refuses', () => {
        const [{ base } = { base: undefined }] = subjectsOf(curve);
        if (base === undefined) throw new RangeError('no signature');
        const key = createPublicKey({ key: Buffer.from(base.publicKey), format: 'der', type: 'spki' });
        fc.assert(
          fc.property(octetChanges, changes => {
            const signature = changed(base.signature, changes);
            const theirs = verify(usualHash[curve], base.data, key, signature);
            if (verifySignature({ ...base, signature })) expect(theirs).to.equal(true);
          }),
          { numRuns: 1_000 }
        );
      });
    });
  }
});
