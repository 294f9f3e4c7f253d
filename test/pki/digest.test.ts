import { createHash } from 'node:crypto';
import { expect } from 'chai';
import fc from 'fast-check';
import { sha1, sha256 } from '../../pki/digest.js';

describe('digests', () => {
  it('are those of a Hash object, in octets of their own', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), octets => {
        for (const [name, digest] of [
          ['sha1', sha1],
          ['sha256', sha256]
        ] as const) {
          const answer = digest(octets);
          expect(createHash(name).update(octets).digest().equals(answer)).to.equal(true);
          expect(answer.buffer.byteLength).to.equal(answer.length);
        }
      })
    );
  });

  it('are of the octets of a view, not of what it is a view of', () => {
    const whole = Uint8Array.from({ length: 100 }, (_, i) => i);
    expect(sha256(whole.subarray(10, 20))).to.deep.equal(sha256(whole.slice(10, 20)));
  });
});
