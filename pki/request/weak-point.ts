import { createECDH } from 'node:crypto';

/**
 * DESIGN: private keys 1 to 1024 and their negatives. Counters, unset memory with a low octet, and generators that
 * return their index fall in here; a random key does with probability 2^-245.
 */
const smallest = 1024;

/** Whole coordinates by their first 30 bits: a number is found faster than a text, and nearly never. */
let coordinates: ReadonlyMap<number, ReadonlySet<string>> | undefined;

/** x of 1G, 2G, … 1024G on P-256; -kG has the same x. Made at first use, some tens of milliseconds. */
function smallMultiples(): ReadonlyMap<number, ReadonlySet<string>> {
  if (coordinates !== undefined) return coordinates;
  const found = new Map<number, Set<string>>();
  const ecdh = createECDH('prime256v1');
  for (let k = 1; k <= smallest; k++) {
    ecdh.setPrivateKey(k.toString(16).padStart(64, '0'), 'hex');
    const x = ecdh.getPublicKey().subarray(1, 33);
    const start = startOf(x, 0);
    found.set(start, (found.get(start) ?? new Set()).add(x.toString('hex')));
  }
  coordinates = found;
  return found;
}

/** Whether an uncompressed P-256 point belongs to one of the trivially small private keys. */
export function isSmallMultiple(point: Uint8Array): boolean {
  const same = smallMultiples().get(startOf(point, 1));
  return same !== undefined && same.has(Buffer.from(point.subarray(1, 33)).toString('hex'));
}

function startOf(octets: Uint8Array, at: number): number {
  let start = 0;
  for (let i = at; i < at + 4; i++) start = start * 256 + (octets[i] as number);
  return Math.floor(start / 4);
}
