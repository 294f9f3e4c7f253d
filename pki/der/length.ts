import { DerError } from './error.js';

/**
 * How lengths may be written. `minimal` is DER. `long-form-allowed` is the one named liberty of GBCS devices,
 * whose requests write `81 0A` or `82 00 0A` where `0A` would do; indefinite lengths and everything else BER
 * allows stay refused.
 */
export type Lengths = 'minimal' | 'long-form-allowed';

/** The head of one value: identifier octet, where its content starts and where it ends. */
export interface Head {
  readonly tag: number;
  readonly content: number;
  readonly end: number;
}

/** Reads identifier and length at `at`; the value must end at or before `limit`. */
export function readHead(bytes: Uint8Array, at: number, limit: number, lengths: Lengths, what: string): Head {
  const tag = bytes[at];
  const first = bytes[at + 1];
  if (tag === undefined || first === undefined || at + 2 > limit)
    throw new DerError('der/truncated', at, what);
  // Tag numbers from 31 on take more identifier octets; nothing in X.509 uses them. Tag 0 is BER's end-of-contents.
  if ((tag & 0x1f) === 0x1f || tag === 0x00) throw new DerError('der/tag', at, what);
  let content = at + 2;
  let length = first;
  if (first >= 0x80) {
    const count = first & 0x7f;
    // 0x80 is the indefinite form; over four octets no value here could be that long.
    if (count === 0 || count > 4) throw new DerError('der/length', at + 1, what);
    if (content + count > limit) throw new DerError('der/truncated', at + 1, what);
    length = 0;
    for (let i = 0; i < count; i++) length = length * 256 + (bytes[content + i] as number);
    const shortest =
      length < 0x80 ? 0 : length < 0x100 ? 1 : length < 0x1_0000 ? 2 : length < 0x100_0000 ? 3 : 4;
    if (lengths === 'minimal' && count !== shortest) throw new DerError('der/length', at + 1, what);
    content += count;
  }
  if (length > limit - content) throw new DerError('der/truncated', at, what);
  return { tag, content, end: content + length };
}
