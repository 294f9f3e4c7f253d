/** Domain parameters that checking needs (SEC 2 / FIPS 186-4 D.1.2); a is -3 on both curves. */
export const curves = {
  'P-256': {
    octets: 32,
    p: 0xffffffff00000001000000000000000000000000ffffffffffffffffffffffffn,
    b: 0x5ac635d8aa3a93e7b3ebbd55769886bc651d06b0cc53b0f63bce3c3e27d2604bn,
    n: 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n
  },
  'P-384': {
    octets: 48,
    p: 0xfffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffeffffffff0000000000000000ffffffffn,
    b: 0xb3312fa7e23ee7e4988e056be3f82d19181d9c6efe8141120314088f5013875ac656398d8a2ed19d2a85c8edd3ec2aefn,
    n: 0xffffffffffffffffffffffffffffffffffffffffffffffffc7634d81f4372ddf581a0db248b0a77aecec196accc52973n
  }
} as const;
export type CurveName = keyof typeof curves;

export function unsignedFromOctets(octets: Uint8Array): bigint {
  if (octets.length === 0) return 0n;
  return BigInt(`0x${Buffer.from(octets.buffer, octets.byteOffset, octets.length).toString('hex')}`);
}

/**
 * Whether octets are an uncompressed point (`04`, x, y; SEC 1 2.3.3) with coordinates below p that satisfy the
 * curve's equation. Both curves have cofactor 1, so that is the whole of public key validation (SP 800-56A 5.6.2.3).
 */
export function isOnCurve(name: CurveName, point: Uint8Array): boolean {
  const { octets } = curves[name];
  if (point.length !== 1 + 2 * octets || point[0] !== 0x04) return false;
  if (name !== 'P-256') return isSolution(name, halfOf(point, 1, octets), halfOf(point, 1 + octets, octets));
  const place = ((point[1] as number) << 2) | ((point[2] as number) & 3);
  const start = place * pointOctets;
  if (isRemembered(point, start)) return true;
  words.set(point);
  if (!isSolution(name, wordsFrom(1), wordsFrom(33))) return false;
  remembered.set(point, start);
  return true;
}

/**
 * P-256 points that were found on the curve, one a place: a key is met in its request, in the certificate before
 * signing and again after it, and the arithmetic is the dearest part of reading one. Points are compared whole;
 * zeros, as at the start, are not the octet 04.
 */
const pointOctets = 65;
const remembered = new Uint8Array(1024 * pointOctets);

function isRemembered(point: Uint8Array, start: number): boolean {
  for (let i = 0; i < pointOctets; i++) if (remembered[start + i] !== point[i]) return false;
  return true;
}

/** A point while its coordinates are read: as 64-bit words they become numbers in half the time that text takes. */
const words = new Uint8Array(pointOctets);
const wordsOf = new DataView(words.buffer);

function wordsFrom(at: number): bigint {
  return (
    (wordsOf.getBigUint64(at) << 192n) |
    (wordsOf.getBigUint64(at + 8) << 128n) |
    (wordsOf.getBigUint64(at + 16) << 64n) |
    wordsOf.getBigUint64(at + 24)
  );
}

function halfOf(point: Uint8Array, from: number, octets: number): bigint {
  return unsignedFromOctets(point.subarray(from, from + octets));
}

function isSolution(name: CurveName, x: bigint, y: bigint): boolean {
  const { p, b } = curves[name];
  if (x >= p || y >= p) return false;
  return (y * y - ((x * x - 3n) * x + b)) % p === 0n;
}
