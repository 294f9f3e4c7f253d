/** Good ECDSA signatures, whose values differ in how they must be written. */
import { curves, type CurveName } from '../../../../../pki/x509/index.js';
import type { SignatureInput } from '../../../../../pki/verify/index.js';
import {
  basePoints,
  keyFor,
  multiply,
  numberOf,
  pointFrom,
  signNumber,
  spkiOf,
  type SignatureValue
} from '../../../../kit/ec-arithmetic.js';
import { signatureOf } from './ber.js';

export interface EcdsaSubject extends SignatureValue {
  readonly title: string;
  readonly curve: CurveName;
  readonly octets: number;
  readonly n: bigint;
  /** In DER, and verifying. */
  readonly base: SignatureInput;
}

export const usualHash = { 'P-256': 'sha256', 'P-384': 'sha384' } as const;

export const message = new Uint8Array(Buffer.from('the octets that are signed, never their hash'));

/** Any number in 1..n-1 will do for a private key and a nonce of a test; these are never random, so that a failure repeats. */
const secret = 0x2bb80d537b1da3e38bd30361aa855686bde0eacd7162fef6a25fe97bf527a25bn;

function subject(
  title: string,
  curve: CurveName,
  publicKey: Uint8Array,
  value: SignatureValue
): EcdsaSubject {
  const { octets, n } = curves[curve];
  const signature = signatureOf(value.r, value.s);
  return {
    ...value,
    title,
    curve,
    octets,
    n,
    base: { publicKey, data: message, signature, format: 'der' }
  };
}

function isHigh(value: bigint, octets: number): boolean {
  return value >> BigInt(8 * octets - 1) === 1n;
}

/** Signatures by one key, the first nonces from 1 on that give the top bits wanted. */
function withTopBits(curve: CurveName, high: boolean): EcdsaSubject {
  const { octets } = curves[curve];
  const number = numberOf(curve, usualHash[curve], message);
  for (let nonce = 1_000n; ; nonce++) {
    const value = signNumber(curve, secret, number, nonce);
    if (isHigh(value.r, octets) !== high || isHigh(value.s, octets) !== high) continue;
    const key = spkiOf(curve, multiply(curve, secret, basePoints[curve]));
    return subject(high ? 'both top bits set' : 'no top bit set', curve, key, value);
  }
}

/** r and s of one octet, or a few: the shortest there are, by a key computed for them. */
function short(curve: CurveName): EcdsaSubject {
  const number = numberOf(curve, usualHash[curve], message);
  const point = pointFrom(curve, 2n, 1n);
  const key = spkiOf(curve, keyFor(curve, point, 3n, number));
  return subject('short values', curve, key, { r: point.x, s: 3n });
}

const known = new Map<CurveName, readonly EcdsaSubject[]>();

export function subjectsOf(curve: CurveName): readonly EcdsaSubject[] {
  let subjects = known.get(curve);
  if (subjects === undefined)
    known.set(curve, (subjects = [withTopBits(curve, true), withTopBits(curve, false), short(curve)]));
  return subjects;
}
