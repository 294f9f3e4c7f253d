import { createHash } from 'node:crypto';
import type { RaContext } from '../deps.js';
import type { LeasedBatch } from './lease.js';
import { PackingError, unpackItems, type PackedItem } from './packed-items.js';
import type { ItemRange } from './ranges.js';

/** The stored content is not what was received. */
export class Tampered extends Error {
  readonly code = 'batch/tampered';
  constructor(what: string, options?: ErrorOptions) {
    super(`a batch was changed after it was stored: ${what}`, options);
    this.name = 'Tampered';
  }
}

interface ChunkRow {
  first_item: number;
  items: number;
  octets: Buffer;
}

/** One chunk, unpacked and held against what is known of it. */
async function readChunk(
  deps: RaContext,
  batchId: string,
  number: number
): Promise<{ first: number; octets: Buffer; items: PackedItem[] } | undefined> {
  const [row] = await deps.sql.rows<ChunkRow>(
    deps.database,
    'ra_batch_chunk',
    'select first_item, items, octets from ra.batch_chunk where batch_id = $1 and number = $2',
    [batchId, number]
  );
  if (row === undefined) return undefined;
  let items: PackedItem[];
  try {
    items = unpackItems(row.octets);
  } catch (cause) {
    if (cause instanceof PackingError || cause instanceof RangeError)
      throw new Tampered('a chunk cannot be read', { cause });
    throw cause;
  }
  if (items.length !== row.items) throw new Tampered('a chunk of another size');
  return { first: row.first_item, octets: row.octets, items };
}

/**
 * Reads the whole content, chunk by chunk, and holds it against the seal that was taken when it was received. Answers
 * the SHA-256 of each chunk in order, by which a chunk is known again when it is read to be processed. Throws
 * `Tampered`.
 */
export async function verifySeal(deps: RaContext, batch: LeasedBatch): Promise<Buffer> {
  const whole = createHash('sha256');
  const digests: Buffer[] = [];
  let items = 0;
  for (let number = 0; ; number += 1) {
    const chunk = await readChunk(deps, batch.id, number);
    if (chunk === undefined) break;
    if (chunk.first !== items) throw new Tampered('a chunk at another place');
    items += chunk.items.length;
    whole.update(chunk.octets);
    digests.push(digestOf(chunk.octets));
  }
  if (items !== batch.requests || !whole.digest().equals(batch.seal))
    throw new Tampered('the seal does not fit');
  return Buffer.concat(digests);
}

/** Reads the requests of a batch as they are needed; holds one chunk. */
export class BatchContentReader {
  readonly #deps: RaContext;
  readonly #batch: LeasedBatch;
  #starts: Promise<readonly number[]> | undefined;
  #held: { number: number; chunk: Promise<{ first: number; items: PackedItem[] }> } | undefined;

  constructor(deps: RaContext, batch: LeasedBatch) {
    this.#deps = deps;
    this.#batch = batch;
  }

  /** The items of a range; throws `Tampered`. */
  async read({ first, count }: ItemRange): Promise<PackedItem[]> {
    const starts = await this.#firstItems();
    const items: PackedItem[] = [];
    let number = starts.findLastIndex(start => start <= first);
    while (items.length < count) {
      const chunk = await this.#chunk(number);
      const from = first + items.length - chunk.first;
      const part = chunk.items.slice(from, from + count - items.length);
      if (from < 0 || part.length === 0) throw new Tampered('a chunk at another place');
      items.push(...part);
      number += 1;
    }
    return items;
  }

  #firstItems(): Promise<readonly number[]> {
    this.#starts ??= this.#deps.sql
      .rows<{
        first_item: number;
      }>(
        this.#deps.database,
        'ra_batch_chunks',
        'select first_item from ra.batch_chunk where batch_id = $1 order by number',
        [this.#batch.id]
      )
      .then(rows => rows.map(row => row.first_item));
    this.#starts.catch(() => (this.#starts = undefined));
    return this.#starts;
  }

  #chunk(number: number): Promise<{ first: number; items: PackedItem[] }> {
    if (this.#held?.number === number) return this.#held.chunk;
    const chunk = this.#verified(number);
    const held = { number, chunk };
    this.#held = held;
    chunk.catch(() => {
      if (this.#held === held) this.#held = undefined;
    });
    return chunk;
  }

  async #verified(number: number): Promise<{ first: number; items: PackedItem[] }> {
    const chunk = await readChunk(this.#deps, this.#batch.id, number);
    const expected = this.#batch.chunkDigests?.subarray(number * 32, number * 32 + 32);
    if (chunk === undefined || expected === undefined || !digestOf(chunk.octets).equals(expected))
      throw new Tampered('a chunk is not the one that was parsed');
    return { first: chunk.first, items: chunk.items };
  }
}

function digestOf(octets: Uint8Array): Buffer {
  return createHash('sha256').update(octets).digest();
}
