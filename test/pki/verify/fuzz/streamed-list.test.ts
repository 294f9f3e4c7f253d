import { expect } from 'chai';
import fc from 'fast-check';
import { verifyCrl, verifyCrlStream } from '../../../../pki/verify/revocation/index.js';
import { valueAt } from '../../../kit/der-surgery.js';
import { assemble, testMoment } from '../../../kit/pki/index.js';
import { mutateOctets, octetMutation } from './octet-mutation.js';
import { specimensOn } from './specimens.js';
import { mutateTree, treeMutation } from './tree-mutation.js';

/** Octets in pieces, the lengths taken in turn. */
function* pieces(octets: Uint8Array, lengths: readonly number[]): Generator<Uint8Array> {
  for (let at = 0, i = 0; at < octets.length; i++) {
    const length = lengths[i % lengths.length] ?? octets.length;
    yield octets.subarray(at, at + length);
    at += length;
  }
}

const share = { numRuns: 1_500, interruptAfterTimeLimit: 4_000 };

describe('a list read as a stream', () => {
  const { authority, anchor, crl, anchorCrl } = specimensOn('P-256');
  const lengths = fc.array(fc.integer({ min: 1, max: 90 }), { minLength: 1, maxLength: 6 });

  /** The verdict and, where it is good, the entries, one way and the other. */
  async function expectSame(octets: Uint8Array, issuer: Uint8Array, cut: readonly number[]): Promise<void> {
    const whole = verifyCrl({ crl: octets, issuer, at: testMoment });
    const stream = verifyCrlStream({ chunks: pieces(octets, cut), issuer, at: testMoment });
    const verdict = await stream.verdict();
    expect(verdict.valid, Buffer.from(octets).toString('hex')).to.equal(whole.valid);
    if (!whole.valid) return;
    const serials: string[] = [];
    const again = verifyCrlStream({ chunks: pieces(octets, cut), issuer, at: testMoment });
    for await (const { serialHex } of again.entries) serials.push(serialHex);
    expect(serials).to.deep.equal([...whole.entries()].map(({ serialHex }) => serialHex));
  }

  it('is judged as it is when read whole, changed by octets', async () => {
    const changed = fc.array(octetMutation, { maxLength: 2 });
    await fc.assert(
      fc.asyncProperty(changed, lengths, (mutations, cut) =>
        expectSame(mutations.reduce(mutateOctets, anchorCrl), anchor.der, cut)
      ),
      share
    );
  });

  it('is judged as it is when read whole, changed by structure and signed again', async () => {
    const signed = valueAt(crl, [0]);
    const changed = fc.array(treeMutation, { maxLength: 2 });
    await fc.assert(
      fc.asyncProperty(changed, lengths, (mutations, cut) =>
        expectSame(assemble(mutateTree(signed, mutations), { signer: authority.key }), authority.der, cut)
      ),
      share
    );
  });
});
