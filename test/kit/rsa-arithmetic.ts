/**
 * RSA in plain numbers, for signatures that no library would make: any encoded message, exponent or size of
 * modulus. The moduli have many small primes, which are found quickly and factored as quickly: good for tests alone.
 */
import { createHash, generatePrimeSync } from 'node:crypto';
import { bitString, integer, nullValue, oid, sequence } from '../../pki/der/index.js';
import { inverse, power } from './ec-arithmetic.js';

export interface RsaNumbers {
  readonly n: bigint;
  readonly e: bigint;
  /** Octets of the modulus. */
  readonly octets: number;
  readonly spki: Uint8Array;
  /** m to the power of d: the signature whose encoded message is m. */
  readonly sign: (m: bigint) => bigint;
}

/** A key whose modulus has exactly so many bits. */
export function rsaNumbers(bits: number, e = 65_537n): RsaNumbers {
  const primes: bigint[] = [];
  let n = 1n;
  while (bitsOf(n) !== bits) {
    const left = bits - bitsOf(n);
    // A product can be one bit short of the sum of the lengths: then the last prime is drawn again.
    if (left < 32) n /= primes.pop() ?? 1n;
    else {
      const prime = generatePrimeSync(left < 384 ? left : 256, { bigint: true });
      if (primes.includes(prime) || commonDivisor(e, prime - 1n) !== 1n) continue;
      primes.push(prime);
      n *= prime;
    }
  }
  const parts = primes.map(prime => ({ prime, d: inverse(e, prime - 1n), rest: n / prime }));
  const sign = (m: bigint) =>
    parts.reduce((sum, { prime, d, rest }) => {
      const part = power(m, d, prime) * inverse(rest, prime);
      return (sum + rest * (part % prime)) % n;
    }, 0n);
  return { n, e, octets: Math.ceil(bits / 8), spki: rsaSpki(n, e), sign };
}

function commonDivisor(a: bigint, b: bigint): bigint {
  return b === 0n ? a : commonDivisor(b, a % b);
}

function bitsOf(value: bigint): number {
  return value === 1n ? 0 : value.toString(2).length;
}

/** SubjectPublicKeyInfo of any two numbers that are not negative. */
export function rsaSpki(n: bigint, e: bigint): Uint8Array {
  return sequence(
    sequence(oid('1.2.840.113549.1.1.1'), nullValue()),
    bitString(sequence(integer(n), integer(e)))
  );
}

export function numberFrom(octets: Uint8Array): bigint {
  return BigInt(`0x0${Buffer.from(octets).toString('hex')}`);
}

export function octetsFrom(value: bigint, octets: number): Uint8Array {
  const hex = value.toString(16).padStart(2 * octets, '0');
  if (hex.length > 2 * octets) throw new RangeError('value too long');
  return new Uint8Array(Buffer.from(hex, 'hex'));
}

/** The greatest number whose cube is not over `value`. */
export function cubeRoot(value: bigint): bigint {
  let root = 1n << BigInt(Math.ceil(value.toString(2).length / 3) + 1);
  for (;;) {
    const next = (2n * root + value / (root * root)) / 3n;
    if (next >= root) return root;
    root = next;
  }
}

/** A number whose cube ends in the same bits as the odd `value` (cubing permutes the odd residues of 2^bits). */
export function cubeRootOfEnd(value: bigint, bits: number): bigint {
  let root = 1n;
  for (let bit = 1; bit < bits; bit++) {
    const place = 1n << BigInt(bit);
    if (((root * root * root) ^ value) & place) root |= place;
  }
  return root;
}

export function digestOf(hash: string, data: Uint8Array): Uint8Array {
  return new Uint8Array(createHash(hash).update(data).digest());
}
