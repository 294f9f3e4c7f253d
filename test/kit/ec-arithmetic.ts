/**
 * Arithmetic on P-256 and P-384 in plain numbers, for signatures that no library would make: known nonces, chosen
 * r and s. Slow, and leaks every secret it is given.
 */
import { createHash } from 'node:crypto';
import { curves, ecSpki, type CurveName } from '../../pki/x509/index.js';

/** An affine point; undefined is the point at infinity. */
export type Point = { readonly x: bigint; readonly y: bigint } | undefined;

/** Base points (FIPS 186-4 D.1.2.3, D.1.2.4). */
export const basePoints: Readonly<Record<CurveName, { readonly x: bigint; readonly y: bigint }>> = {
  'P-256': {
    x: 0x6b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296n,
    y: 0x4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5n
  },
  'P-384': {
    x: 0xaa87ca22be8b05378eb1c71ef320ad746e1d3b628ba79b9859f741e082542a385502f25dbf55296c3a545e3872760ab7n,
    y: 0x3617de4a96262c6f5d9e98bf9292dc29f8f41dbd289a147ce9da3113b5f0b8c00a60b1ce1d7e819d7a431d7c90ea0e5fn
  }
};

export function modulo(value: bigint, modulus: bigint): bigint {
  const rest = value % modulus;
  return rest < 0n ? rest + modulus : rest;
}

export function inverse(value: bigint, modulus: bigint): bigint {
  let [a, b] = [modulo(value, modulus), modulus];
  let [u, v] = [1n, 0n];
  while (a > 1n) {
    const quotient = b / a;
    [a, b] = [b - quotient * a, a];
    [u, v] = [v - quotient * u, u];
  }
  if (a !== 1n) throw new RangeError('no inverse');
  return modulo(u, modulus);
}

export function power(base: bigint, exponent: bigint, modulus: bigint): bigint {
  let result = 1n;
  let square = modulo(base, modulus);
  for (let left = exponent; left > 0n; left >>= 1n) {
    if (left & 1n) result = (result * square) % modulus;
    square = (square * square) % modulus;
  }
  return result;
}

export function add(curve: CurveName, a: Point, b: Point): Point {
  if (a === undefined) return b;
  if (b === undefined) return a;
  const { p } = curves[curve];
  if (a.x === b.x && modulo(a.y + b.y, p) === 0n) return undefined;
  const slope =
    a.x === b.x
      ? (3n * a.x * a.x - 3n) * inverse(2n * a.y, p)
      : modulo(b.y - a.y, p) * inverse(modulo(b.x - a.x, p), p);
  const x = modulo(slope * slope - a.x - b.x, p);
  return { x, y: modulo(slope * (a.x - x) - a.y, p) };
}

/** Jacobian: x is X/Z², y is Y/Z³; Z is zero at infinity. One inverse a multiplication instead of one a step. */
type Jacobian = readonly [bigint, bigint, bigint];

function doubled([x, y, z]: Jacobian, p: bigint): Jacobian {
  const square = (y * y) % p;
  const s = (4n * x * square) % p;
  const zz = (z * z) % p;
  const m = (3n * (x - zz) * (x + zz)) % p;
  const x3 = modulo(m * m - 2n * s, p);
  return [x3, modulo(m * (s - x3) - 8n * square * square, p), (2n * y * z) % p];
}

export function multiply(curve: CurveName, scalar: bigint, point: Point): Point {
  const { n, p } = curves[curve];
  if (point === undefined) return undefined;
  let [x, y, z]: Jacobian = [1n, 1n, 0n];
  for (const bit of modulo(scalar, n).toString(2)) {
    [x, y, z] = doubled([x, y, z], p);
    if (bit === '0') continue;
    const zz = (z * z) % p;
    const h = modulo(point.x * zz - x, p);
    const difference = modulo(point.y * zz * z - y, p);
    if (z === 0n) [x, y, z] = [point.x, point.y, 1n];
    else if (h !== 0n) {
      const hh = (h * h) % p;
      const v = (x * hh) % p;
      const x3 = modulo(difference * difference - h * hh - 2n * v, p);
      [x, y, z] = [x3, modulo(difference * (v - x3) - y * h * hh, p), (z * h) % p];
    } else if (difference === 0n) [x, y, z] = doubled([point.x, point.y, 1n], p);
    else [x, y, z] = [1n, 1n, 0n];
  }
  if (z === 0n) return undefined;
  const back = inverse(z, p);
  const zz = (back * back) % p;
  return { x: (x * zz) % p, y: (y * zz * back) % p };
}

/** A point with this x; undefined where the curve has none. Both primes are 3 mod 4. */
export function pointAt(curve: CurveName, x: bigint): Point {
  const { p, b } = curves[curve];
  const square = modulo(x * x * x - 3n * x + b, p);
  const y = power(square, (p + 1n) / 4n, p);
  return (y * y) % p === square ? { x, y } : undefined;
}

/** The first point whose x is `from`, or is reached from there in steps. */
export function pointFrom(curve: CurveName, from: bigint, step: 1n | -1n): { x: bigint; y: bigint } {
  for (let x = from; ; x += step) {
    const point = pointAt(curve, x);
    if (point !== undefined) return point;
  }
}

/** The number that ECDSA signs: the leftmost bits of the hash, as many as the order has (FIPS 186-5 6.4.1). */
export function numberOf(curve: CurveName, hash: string, data: Uint8Array): bigint {
  const digest = createHash(hash).update(data).digest().subarray(0, curves[curve].octets);
  return BigInt(`0x${digest.toString('hex')}`);
}

export interface SignatureValue {
  readonly r: bigint;
  readonly s: bigint;
}

/** Signs the number with a known nonce. */
export function signNumber(curve: CurveName, d: bigint, number: bigint, nonce: bigint): SignatureValue {
  const { n } = curves[curve];
  const point = multiply(curve, nonce, basePoints[curve]);
  if (point === undefined) throw new RangeError('nonce');
  const r = modulo(point.x, n);
  return { r, s: modulo(inverse(nonce, n) * (number + r * d), n) };
}

/** The key under which (x of `point` mod n, s) is a signature of the number: Q = r⁻¹(sR - eG). */
export function keyFor(curve: CurveName, point: { x: bigint; y: bigint }, s: bigint, number: bigint): Point {
  const { n } = curves[curve];
  const ofR = inverse(point.x, n);
  const first = multiply(curve, modulo(s * ofR, n), point);
  return add(curve, first, multiply(curve, modulo(-number * ofR, n), basePoints[curve]));
}

export function spkiOf(curve: CurveName, point: Point): Uint8Array {
  if (point === undefined) throw new RangeError('infinity');
  const { octets } = curves[curve];
  const half = (value: bigint) => value.toString(16).padStart(2 * octets, '0');
  return ecSpki(curve, Buffer.from(`04${half(point.x)}${half(point.y)}`, 'hex'));
}
