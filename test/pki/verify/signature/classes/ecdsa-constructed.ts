/** ECDSA values under keys that were computed for them, and special keys (FIPS 186-5 6.4.2). */
import { curves } from '../../../../../pki/x509/index.js';
import { hashNames } from '../../../../../pki/verify/signature/algorithms.js';
import {
  basePoints,
  inverse,
  keyFor,
  modulo,
  multiply,
  numberOf,
  pointFrom,
  signNumber,
  spkiOf,
  type Point
} from '../../../../kit/ec-arithmetic.js';
import { signatureOf } from './ber.js';
import { message, usualHash, type EcdsaSubject } from './ecdsa-subject.js';
import { once, type SignatureCase, type SignatureClass } from './signature-class.js';

const equation = 'FIPS 186-5 6.4.2';

/** Any private key and nonce; never random, so that a failure repeats. */
const secret = 0x51a3c7e95b1d2f4c68ae7d90b3f1e2d4c5a69788f0e1d2c3b4a5968778695a4bn;
const nonce = 0x1f2e3d4c5b6a79881726354453627180fedcba98765432100123456789abcdefn;

/** Signatures with chosen R and s, each under the key computed for it. */
function extremes({ curve, n, base }: EcdsaSubject): SignatureCase[] {
  const number = numberOf(curve, usualHash[curve], message);
  const half = n >> 1n;
  const ofR: Record<string, { x: bigint; y: bigint }> = {
    'least r': pointFrom(curve, 1n, 1n),
    'greatest r': pointFrom(curve, n - 1n, -1n),
    'r about the middle': pointFrom(curve, half, 1n),
    'x of R over n': pointFrom(curve, n + 1n, 1n),
    'greatest x of R': pointFrom(curve, curves[curve].p - 1n, -1n),
    'R the base point': basePoints[curve]
  };
  const ofS = {
    one: 1n,
    two: 2n,
    'n - 1': n - 1n,
    middle: half,
    'top bit': 1n << BigInt(n.toString(2).length - 1)
  };
  return Object.entries(ofR).flatMap(([titleR, point]) =>
    Object.entries(ofS).flatMap(([titleS, s]) => {
      const key = keyFor(curve, point, s, number);
      const r = modulo(point.x, n);
      return key === undefined
        ? []
        : [
            {
              title: `${titleR}, s ${titleS}`,
              input: { ...base, publicKey: spkiOf(curve, key), signature: signatureOf(r, s) }
            }
          ];
    })
  );
}

/** The x of R where it is n or more, instead of its remainder: a verifier comparing with x itself would take it. */
function unreduced({ curve, n, base }: EcdsaSubject): SignatureCase[] {
  const number = numberOf(curve, usualHash[curve], message);
  const points = {
    just: pointFrom(curve, n + 1n, 1n),
    greatest: pointFrom(curve, curves[curve].p - 1n, -1n)
  };
  return Object.entries(points).map(([title, point]) => ({
    title,
    input: {
      ...base,
      publicKey: spkiOf(curve, keyFor(curve, point, 5n, number)),
      signature: signatureOf(point.x, 5n)
    }
  }));
}

/** Keys by which the sum of the last step is the point at infinity, or a doubling, or one of its terms is small. */
function sums({ curve, n, base }: EcdsaSubject): { valid: SignatureCase[]; refused: SignatureCase[] } {
  const number = numberOf(curve, usualHash[curve], message);
  const base_ = basePoints[curve];
  const by = (d: bigint) => multiply(curve, d, base_);
  const one = (title: string, key: Point, r: bigint, s: bigint): SignatureCase => ({
    title,
    input: { ...base, publicKey: spkiOf(curve, key), signature: signatureOf(r, s) }
  });
  const signed = (title: string, d: bigint) => {
    const { r, s } = signNumber(curve, d, number, nonce);
    return one(title, by(d), r, s);
  };
  const { x } = multiply(curve, nonce, base_) ?? base_;
  const r = modulo(x, n);
  const doubling = modulo(number * inverse(r, n), n);
  const valid = [
    signed('the key is the base point', 1n),
    signed('the key is its negative', n - 1n),
    signed('the key is twice the base point', 2n),
    signed('the key is half the base point', inverse(2n, n)),
    one('both terms of the sum are equal', by(doubling), r, modulo(2n * number * inverse(nonce, n), n))
  ];
  const refused = [r, 1n, n - 1n, 2n].flatMap(chosen => {
    const infinite = by(modulo(-number * inverse(chosen, n), n));
    return [1n, 7n, n - 1n, chosen].map(s =>
      one(`the sum is infinite, r ${chosen}, s ${s}`, infinite, chosen, s)
    );
  });
  return { valid, refused };
}

/** Messages of lengths about the block sizes of the hashes, and a large one, under every hash. */
function messages({ curve, base }: EcdsaSubject): SignatureCase[] {
  const lengths = [0, 1, 55, 56, 63, 64, 65, 111, 112, 127, 128, 129, 1_000_003];
  const key = spkiOf(curve, multiply(curve, secret, basePoints[curve]));
  return hashNames.flatMap(hash =>
    lengths.map(length => {
      const data = new Uint8Array(length).fill(0x5a);
      const { r, s } = signNumber(curve, secret, numberOf(curve, hash, data), nonce);
      return {
        title: `${length} octets, ${hash}`,
        input: { ...base, publicKey: key, data, hash, signature: signatureOf(r, s) }
      };
    })
  );
}

/** Classes made once a curve: their signatures come with keys of their own. */
export function constructedClasses(subject: EcdsaSubject): SignatureClass[] {
  const special = once(() => sums(subject));
  return [
    {
      rule: 'extreme r and s are believed',
      clause: equation,
      expect: 'valid',
      cases: () => extremes(subject)
    },
    {
      rule: 'r is the remainder of x by n',
      clause: 'FIPS 186-5 6.4.2 step 6',
      expect: 'refused',
      cases: () => unreduced(subject)
    },
    {
      rule: 'special keys and sums are computed rightly',
      clause: equation,
      expect: 'valid',
      cases: () => special().valid
    },
    {
      rule: 'the point at infinity is no R',
      clause: 'FIPS 186-5 6.4.2 step 5',
      expect: 'refused',
      cases: () => special().refused
    },
    {
      rule: 'messages of every length',
      clause: 'FIPS 180-4 5.1',
      expect: 'valid',
      cases: () => messages(subject)
    }
  ];
}
