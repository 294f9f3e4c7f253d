import { DerError } from './error.js';

export interface BitStringValue {
  /** Number of unused bits in the last octet, all zero. */
  readonly unused: number;
  readonly octets: Uint8Array;
}

/** The unused-bits octet of a BIT STRING is 0..7, the unused bits are zero, and none without octets (X.690 11.2). */
export function bitStringFromContent(content: Uint8Array, offset: number, what: string): BitStringValue {
  const unused = content[0];
  if (unused === undefined || unused > 7) throw new DerError('der/bit-string', offset, what);
  const octets = content.subarray(1);
  const last = octets[octets.length - 1] ?? 0;
  if ((octets.length === 0 && unused !== 0) || (last & ((1 << unused) - 1)) !== 0)
    throw new DerError('der/bit-string', offset, what);
  return { unused, octets };
}
