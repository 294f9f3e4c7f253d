import { checkPrimeSync, createHash, generatePrimeSync } from 'node:crypto';
import { expect } from 'chai';
import { parsePublicKey } from '../../../pki/x509/index.js';
import { isSmallMultiple } from '../../../pki/request/weak-point.js';
import { weaknessOfRsa } from '../../../pki/request/weak-rsa.js';
import { p256Key, p256KeyOf, rsaKey } from '../../kit/keys.js';

const octets = (value: bigint) => new Uint8Array(Buffer.from(value.toString(16).padStart(512, '0'), 'hex'));
const key = (n: bigint, e = 65537n) => ({ modulus: octets(n), exponent: octets(e) });

function nextPrime(from: bigint): bigint {
  let candidate = from + 2n;
  while (!checkPrimeSync(candidate)) candidate += 2n;
  return candidate;
}

function primesTo(limit: number): bigint[] {
  const primes: bigint[] = [];
  for (let n = 2; n <= limit; n++)
    if (primes.every(prime => BigInt(n) % prime !== 0n)) primes.push(BigInt(n));
  return primes;
}

describe('weak keys', () => {
  it('with private numbers 1 to 1024 or their negatives are known, others not', () => {
    const n = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n;
    const isSmall = (k: bigint) => isSmallMultiple(parsePublicKey(p256KeyOf(k).spki).keyBits);
    for (const k of [1n, 2n, 3n, 255n, 1023n, 1024n, n - 1n, n - 1024n]) expect(isSmall(k)).to.equal(true);
    for (const k of [1025n, 65537n, n - 1025n]) expect(isSmall(k)).to.equal(false);
    expect(isSmallMultiple(parsePublicKey(p256Key().spki).keyBits)).to.equal(false);
  });

  it('pass when they are proper RSA keys', () => {
    for (let i = 0; i < 3; i++) {
      const { rsa } = parsePublicKey(rsaKey().spki);
      expect(rsa && weaknessOfRsa(rsa)).to.equal(undefined);
    }
  });

  it('of RSA are known by exponent, small factor, close primes and fingerprint', () => {
    const p = generatePrimeSync(1024, { bigint: true });
    const q = generatePrimeSync(1024, { bigint: true });
    expect(weaknessOfRsa(key(p * q))).to.equal(undefined);
    expect(weaknessOfRsa(key(p * q, 3n))).to.equal('public exponent');
    expect(weaknessOfRsa(key(p * q, (1n << 256n) + 1n))).to.equal('public exponent');
    expect(weaknessOfRsa(key(p * 2039n))).to.equal('modulus with a small factor');
    expect(weaknessOfRsa(key(p * nextPrime(p)))).to.equal('prime factors too close');
    expect(weaknessOfRsa(key(p * p))).to.equal('prime factors too close');
  });

  it('of the ROCA form are known', () => {
    // Numbers of the form k·M + (65537^a mod M), as Infineon's library made primes.
    const product = primesTo(701).reduce((m, prime) => m * prime, 1n);
    let seed = 0;
    const infineonPrime = (): bigint => {
      for (;;) {
        const k = BigInt(`0x${createHash('sha256').update(String(seed++)).digest('hex').slice(0, 14)}`);
        let power = 1n;
        for (let a = 0; a < 1000 + seed; a++) power = (power * 65537n) % product;
        const candidate = k * product + power;
        if (checkPrimeSync(candidate)) return candidate;
      }
    };
    const n = infineonPrime() * infineonPrime();
    expect(n.toString(2).length).to.be.above(2000);
    expect(weaknessOfRsa(key(n))).to.equal('ROCA fingerprint');
  });
});
