import { DerError, type DerReader } from '../der/index.js';

/** RFC 5280 4.2.1.3, in bit order: the index is the bit number. */
export const keyUsageNames = [
  'digitalSignature',
  'nonRepudiation',
  'keyEncipherment',
  'dataEncipherment',
  'keyAgreement',
  'keyCertSign',
  'cRLSign',
  'encipherOnly',
  'decipherOnly'
] as const;
export type KeyUsageName = (typeof keyUsageNames)[number];

/**
 * Reads a KeyUsage value: a named bit list, so trailing zero bits are left out (X.690 11.2.2), at least one bit
 * is set (RFC 5280 4.2.1.3) and none beyond the nine with a name.
 */
export function readKeyUsage(reader: DerReader): KeyUsageName[] {
  const at = reader.offset;
  const { unused, octets } = reader.bitString('keyUsage');
  reader.end('keyUsage');
  const last = octets[octets.length - 1];
  if (last === undefined || octets.length > 2 || ((last >> unused) & 1) === 0)
    throw new DerError('der/bit-string', at, 'keyUsage');
  const set: KeyUsageName[] = [];
  for (let bit = 0; bit < octets.length * 8; bit++) {
    if (((octets[bit >> 3] as number) & (0x80 >> (bit & 7))) === 0) continue;
    const name = keyUsageNames[bit];
    if (name === undefined) throw new DerError('der/bit-string', at, 'keyUsage');
    set.push(name);
  }
  return set;
}
