/** Primes below the limit, by sieve. */
function primesBelow(limit: number): number[] {
  const composite = new Uint8Array(limit);
  const primes: number[] = [];
  for (let n = 2; n < limit; n++) {
    if (composite[n]) continue;
    primes.push(n);
    for (let multiple = n * n; multiple < limit; multiple += n) composite[multiple] = 1;
  }
  return primes;
}

/** DESIGN: trial division that costs microseconds; CA/Browser Forum BR 6.1.6 asks for no factor below 752. */
const smallPrimes = primesBelow(2048);
const smallPrimeProduct = smallPrimes.reduce((product, prime) => product * BigInt(prime), 1n);

/**
 * ROCA (CVE-2017-15361): Infineon's library made primes k·M + (65537^a mod M), so the modulus is a power of 65537
 * modulo every prime that divides M. M for 2048 bits is the product of the first 126 primes; the odd ones to 167,
 * all in every M, already leave a random modulus a chance of about 2^-27.
 */
const rocaSubgroups: readonly (readonly [prime: bigint, members: ReadonlySet<bigint>])[] = smallPrimes
  .filter(prime => prime > 2 && prime <= 167)
  .map(prime => {
    const modulus = BigInt(prime);
    const members = new Set<bigint>();
    for (let power = 1n; !members.has(power); power = (power * 65537n) % modulus) members.add(power);
    return [modulus, members] as const;
  });

/** DESIGN: primes so close that this many steps find them come from a generator that takes neighbours. */
const fermatSteps = 64;

/** Why an RSA key is weak, or undefined. */
export function weaknessOfRsa(key: {
  readonly modulus: Uint8Array;
  readonly exponent: Uint8Array;
}): string | undefined {
  const n = BigInt(`0x${Buffer.from(key.modulus).toString('hex')}`);
  const e = BigInt(`0x${Buffer.from(key.exponent).toString('hex')}`);
  // FIPS 186-4 B.3.1: 2^16 < e < 2^256, odd. The reader let no even one pass.
  if (e < 65537n || e >> 256n !== 0n) return 'public exponent';
  if (gcd(smallPrimeProduct, n) !== 1n) return 'modulus with a small factor';
  if (rocaSubgroups.every(([prime, members]) => members.has(n % prime))) return 'ROCA fingerprint';
  if (hasCloseFactors(n)) return 'prime factors too close';
  return undefined;
}

function gcd(a: bigint, b: bigint): bigint {
  while (b !== 0n) [a, b] = [b, a % b];
  return a;
}

function hasCloseFactors(n: bigint): boolean {
  let a = floorSquareRoot(n);
  if (a * a < n) a++;
  for (let step = 0; step < fermatSteps; step++, a++) {
    const square = a * a - n;
    // A square is 0, 1, 4 or 9 modulo 16: most candidates end here.
    const low = Number(square & 15n);
    if (low !== 0 && low !== 1 && low !== 4 && low !== 9) continue;
    const root = floorSquareRoot(square);
    if (root * root === square) return true;
  }
  return false;
}

/** Newton's iteration from above. */
function floorSquareRoot(value: bigint): bigint {
  if (value < 2n) return value;
  let x = 1n << BigInt((value.toString(16).length * 4) / 2 + 1);
  for (;;) {
    const next = (x + value / x) >> 1n;
    if (next >= x) return x;
    x = next;
  }
}
