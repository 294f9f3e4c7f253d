import { randomFillSync } from 'node:crypto';
import { octetsToUuid } from '../uuid.js';

/** Where a request stands: the batch, and its number in it, counted from 0. */
export interface BatchItem {
  readonly batch: bigint;
  readonly item: number;
}

const maxBatch = 1n << 48n;
const maxItem = 1 << 20;

/**
 * The identifier of a batch's request: a UUID of version 8 (RFC 9562 section 5.8) that says where the request is to be
 * found, since it has no row of its own. 48 bits batch, 12 and 8 bits item, 54 random bits, so that no identifier can
 * be told in advance. Written into 16 octets of `target`; neighbours in a batch are neighbours in an index.
 */
export function writeRequestId(target: Uint8Array, at: number, { batch, item }: BatchItem): void {
  if (batch < 0n || batch >= maxBatch || item < 0 || item >= maxItem) throw new RangeError('not in a batch');
  const view = Buffer.from(target.buffer, target.byteOffset + at, 16);
  view.writeUIntBE(Number(batch), 0, 6);
  view.writeUInt16BE(0x8000 | (item >>> 8), 6);
  random.fill(view, 8);
  view[8] = 0x80 | ((view[8] ?? 0) & 0x3f);
  view[9] = item & 0xff;
}

/** Where the request of an identifier stands; `undefined` for one that is not of a batch. */
export function batchItemOf(requestId: string): BatchItem | undefined {
  if (!/^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/.test(requestId))
    return undefined;
  return {
    batch: BigInt(`0x${requestId.slice(0, 8)}${requestId.slice(9, 13)}`),
    item: parseInt(requestId.slice(15, 18) + requestId.slice(21, 23), 16)
  };
}

export function requestIdText(octets: Uint8Array): string {
  return octetsToUuid(octets);
}

/** Random octets in stock: one call to the generator for many identifiers. */
class RandomStock {
  readonly #stock = Buffer.alloc(4096);
  #at = this.#stock.length;

  fill(target: Uint8Array, from: number): void {
    const length = target.length - from;
    if (this.#at + length > this.#stock.length) {
      randomFillSync(this.#stock);
      this.#at = 0;
    }
    target.set(this.#stock.subarray(this.#at, this.#at + length), from);
    // What was given out is given once.
    this.#stock.fill(0, this.#at, this.#at + length);
    this.#at += length;
  }
}

const random = new RandomStock();

/** The item's number in an identifier's 16 octets; whether the identifier is ours, the comparison says. */
export function itemNumberOf(requestId: Uint8Array): number {
  return ((((requestId[6] ?? 0) & 0x0f) << 16) | ((requestId[7] ?? 0) << 8) | (requestId[9] ?? 0)) >>> 0;
}
