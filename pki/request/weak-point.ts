import { createECDH } from 'node:crypto';

/**
 * DESIGN: private keys 1 to 1024 and their negatives. Counters, unset memory with a low octet, and generators that
 * return their index fall in here; a random key does with probability 2^-245.
 */
const smallest = 1024;

let coordinates: ReadonlySet<string> | undefined;

/** x of 1G, 2G, … 1024G on P-256; -kG has the same x. Made at first use, some tens of milliseconds. */
function smallMultiples(): ReadonlySet<string> {
  if (coordinates !== undefined) return coordinates;
  const found = new Set<string>();
  const ecdh = createECDH('prime256v1');
  for (let k = 1; k <= smallest; k++) {
    ecdh.setPrivateKey(k.toString(16).padStart(64, '0'), 'hex');
    found.add(ecdh.getPublicKey('hex').slice(2, 66));
  }
  coordinates = found;
  return found;
}

/** Whether an uncompressed P-256 point belongs to one of the trivially small private keys. */
export function isSmallMultiple(point: Uint8Array): boolean {
  return smallMultiples().has(Buffer.from(point.subarray(1, 33)).toString('hex'));
}
