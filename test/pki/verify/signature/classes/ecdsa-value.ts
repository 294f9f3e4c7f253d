/** Well-formed ECDSA values: which numbers are signatures and which are not (FIPS 186-5 6.4.2). */
import { curves } from '../../../../../pki/x509/index.js';
import { hashNames } from '../../../../../pki/verify/signature/algorithms.js';
import { basePoints, inverse, multiply, spkiOf, type Point } from '../../../../kit/ec-arithmetic.js';
import { concat } from '../../../../kit/ber.js';
import { signatureOf } from './ber.js';
import { usualHash, type EcdsaSubject } from './ecdsa-subject.js';
import { casesOf, type SignatureCase, type SignatureClass } from './signature-class.js';

const range = 'FIPS 186-5 6.4.2 step 1';
const equation = 'FIPS 186-5 6.4.2';

/** The private key of keys that did not sign. */
const secret = 0x51a3c7e95b1d2f4c68ae7d90b3f1e2d4c5a69788f0e1d2c3b4a5968778695a4bn;

/** Pairs of which one or both are outside 1..n-1 and would verify if they were reduced. */
function outside({ r, s, n, curve, octets }: EcdsaSubject): Record<string, Uint8Array> {
  const power = 1n << BigInt(8 * octets);
  const forms: Record<string, Uint8Array> = {};
  const replacements: Record<string, (value: bigint) => bigint> = {
    '0': () => 0n,
    n: () => n,
    'n + 1': () => n + 1n,
    p: () => curves[curve].p,
    'all bits': () => power - 1n,
    'a power of two': () => power,
    'and the order': value => value + n,
    'and twice the order': value => value + 2n * n,
    'and many times the order': value => value + (n << 64n),
    'and the order, thousands of octets': value => value + (n << 16_384n),
    'and a power of two': value => value + power
  };
  for (const [title, of] of Object.entries(replacements)) {
    forms[`r: ${title}`] = signatureOf(of(r), s);
    forms[`s: ${title}`] = signatureOf(r, of(s));
    forms[`both: ${title}`] = signatureOf(of(r), of(s));
  }
  return forms;
}

/** Pairs inside 1..n-1 that are no signature. */
function inside({ r, s, n }: EcdsaSubject): Record<string, Uint8Array> {
  return {
    swapped: signatureOf(s, r),
    'r twice': signatureOf(r, r),
    's twice': signatureOf(s, s),
    'r complemented': signatureOf(n - r, s),
    'both complemented': signatureOf(n - r, n - s),
    'r inverted': signatureOf(inverse(r, n), s),
    's inverted': signatureOf(r, inverse(s, n)),
    'r and one': signatureOf(r + 1n, s),
    's and one': signatureOf(r, s + 1n),
    'one and one': signatureOf(1n, 1n),
    'one and n - 1': signatureOf(1n, n - 1n),
    'n - 1 and one': signatureOf(n - 1n, 1n),
    'n - 1 and n - 1': signatureOf(n - 1n, n - 1n)
  };
}

function flips({ base: { signature } }: EcdsaSubject): Record<string, Uint8Array> {
  const forms: Record<string, Uint8Array> = {};
  for (let bit = 0; bit < 8 * signature.length; bit++) {
    const changed = Uint8Array.from(signature);
    changed[bit >> 3] = (changed[bit >> 3] as number) ^ (0x80 >> (bit & 7));
    forms[`bit ${bit}`] = changed;
  }
  return forms;
}

function otherQuestions(subject: EcdsaSubject): SignatureCase[] {
  const { base, curve, r, s } = subject;
  const other = (title: string, change: Partial<typeof base>): SignatureCase => ({
    title,
    input: { ...base, ...change }
  });
  const flipped = Uint8Array.from(base.data);
  flipped[0] = (flipped[0] as number) ^ 1;
  const negated = multiply(curve, -1n, pointOf(subject));
  return [
    ...hashNames.filter(hash => hash !== usualHash[curve]).map(hash => other(`as ${hash}`, { hash })),
    other('no message', { data: new Uint8Array() }),
    other('one bit of the message changed', { data: flipped }),
    other('a zero octet after the message', { data: concat(base.data, new Uint8Array(1)) }),
    other('the message without its end', { data: base.data.subarray(0, -1) }),
    other('another key', { publicKey: spkiOf(curve, multiply(curve, secret + 1n, basePoints[curve])) }),
    other('the negated key', { publicKey: spkiOf(curve, negated) }),
    other('a key on the other curve', { publicKey: keyOnOther(curve), signature: signatureOf(r, s) })
  ];
}

function keyOnOther(curve: EcdsaSubject['curve']): Uint8Array {
  const other = curve === 'P-256' ? 'P-384' : 'P-256';
  return spkiOf(other, multiply(other, secret, basePoints[other]));
}

function pointOf({ curve, octets, base }: EcdsaSubject): Point {
  const point = Buffer.from(base.publicKey.subarray(-2 * octets)).toString('hex');
  const half = (from: number) => BigInt(`0x${point.slice(from, from + 2 * octets)}`);
  return multiply(curve, 1n, { x: half(0), y: half(2 * octets) });
}

/** Classes that every good signature is held against. */
export function valueClasses(subject: EcdsaSubject): SignatureClass[] {
  const { base, r, s, n } = subject;
  return [
    {
      rule: 'a good signature is believed',
      clause: equation,
      expect: 'valid',
      cases: () => casesOf(base, { 'as made': base.signature })
    },
    {
      rule: 's and n - s sign alike, both inside the range',
      clause: equation,
      expect: 'valid',
      cases: () => casesOf(base, { complemented: signatureOf(r, n - s) })
    },
    {
      rule: 'r and s are in 1..n-1',
      clause: range,
      expect: 'refused',
      cases: () => casesOf(base, outside(subject))
    },
    {
      rule: 'other numbers are no signature',
      clause: equation,
      expect: 'refused',
      cases: () => casesOf(base, inside(subject))
    },
    {
      rule: 'no bit of a signature is idle',
      clause: equation,
      expect: 'refused',
      cases: () => casesOf(base, flips(subject))
    },
    {
      rule: 'message, hash and key are the signed ones',
      clause: equation,
      expect: 'refused',
      cases: () => otherQuestions(subject)
    }
  ];
}
