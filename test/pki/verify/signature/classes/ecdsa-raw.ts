/** r‖s: two numbers, each in exactly as many octets as the order has. */
import { concat } from '../../../../kit/ber.js';
import { fixed, rawOf, signatureOf } from './ber.js';
import type { EcdsaSubject } from './ecdsa-subject.js';
import { casesOf, type SignatureClass } from './signature-class.js';

type Octets = Record<string, Uint8Array>;

/** Every length but the right one, made from the front, the back and by zeros on either side and in each half. */
function lengths(raw: Uint8Array): Octets {
  const forms: Octets = {};
  for (let length = 0; length < raw.length; length++) {
    forms[`the first ${length} octets`] = raw.subarray(0, length);
    if (length > 0) forms[`the last ${length} octets`] = raw.subarray(-length);
  }
  const half = raw.length / 2;
  for (const more of [1, 2, half, 2 * half, 1_000]) {
    const zeros = new Uint8Array(more);
    forms[`${more} zeros before`] = concat(zeros, raw);
    forms[`${more} zeros after`] = concat(raw, zeros);
    forms[`${more} zeros before each half`] = concat(zeros, raw.subarray(0, half), zeros, raw.subarray(half));
  }
  forms['twice'] = concat(raw, raw);
  return forms;
}

function ranges({ r, s, n, octets }: EcdsaSubject): Octets {
  const top = (1n << BigInt(8 * octets)) - 1n;
  const forms: Octets = { 'both 0': rawOf(0n, 0n, octets), 'both all bits': rawOf(top, top, octets) };
  const values = { 0: 0n, n, 'n + 1': n + 1n, 'all bits': top };
  for (const [title, value] of Object.entries(values)) {
    forms[`r: ${title}`] = rawOf(value, s, octets);
    forms[`s: ${title}`] = rawOf(r, value, octets);
  }
  // Only small values leave room for the order in the same octets.
  if (r + n <= top) forms['r and the order'] = rawOf(r + n, s, octets);
  if (s + n <= top) forms['s and the order'] = rawOf(r, s + n, octets);
  return forms;
}

function others({ r, s, n, octets }: EcdsaSubject): Octets {
  const half = (value: bigint) => fixed(value, octets);
  const reversed = (value: bigint) => half(value).reverse();
  return {
    DER: signatureOf(r, s),
    swapped: rawOf(s, r, octets),
    'r complemented': rawOf(n - r, s, octets),
    'least octet first': concat(reversed(r), reversed(s)),
    hexadecimal: new Uint8Array(Buffer.from(Buffer.from(rawOf(r, s, octets)).toString('hex')))
  };
}

function flips(raw: Uint8Array): Octets {
  const forms: Octets = {};
  for (let at = 0; at < raw.length; at++) {
    for (const bit of [0x01, 0x80]) {
      const changed = Uint8Array.from(raw);
      changed[at] = (changed[at] as number) ^ bit;
      forms[`octet ${at}, bit ${bit}`] = changed;
    }
  }
  return forms;
}

export function rawClasses(subject: EcdsaSubject): SignatureClass[] {
  const { r, s, n, octets, curve } = subject;
  const raw = rawOf(r, s, octets);
  const base = { ...subject.base, signature: raw, format: 'raw' } as const;
  const otherOctets = curve === 'P-256' ? 48 : 32;
  const otherLength: Octets =
    r < 1n << 256n && s < 1n << 256n ? { 'as long as on the other curve': rawOf(r, s, otherOctets) } : {};
  const clause = 'IEEE 1363 E.3.1';
  return [
    {
      rule: 'r‖s of the right length is believed',
      clause,
      expect: 'valid',
      cases: () => casesOf(base, { 'as made': raw, complemented: rawOf(r, n - s, octets) })
    },
    {
      rule: 'r‖s has one length',
      clause,
      expect: 'refused',
      cases: () => casesOf(base, { ...lengths(raw), ...otherLength })
    },
    {
      rule: 'r and s of r‖s are in 1..n-1',
      clause: 'FIPS 186-5 6.4.2 step 1',
      expect: 'refused',
      cases: () => casesOf(base, ranges(subject))
    },
    {
      rule: 'r‖s is in no other form',
      clause,
      expect: 'refused',
      cases: () => casesOf(base, others(subject))
    },
    {
      rule: 'no octet of r‖s is idle',
      clause: 'FIPS 186-5 6.4.2',
      expect: 'refused',
      cases: () => casesOf(base, flips(raw))
    }
  ];
}
