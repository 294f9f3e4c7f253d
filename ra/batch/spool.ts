import { createHash, randomUUID } from 'node:crypto';
import { constants, readSync } from 'node:fs';
import { open, unlink, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import type { RaContext } from '../deps.js';
import type { Client } from '../parties.js';
import { packedLength, packItem, type ItemForm } from './packed-items.js';
import { storeBatch, type StoredChunk } from './store.js';

/** DESIGN: about 700 requests of devices; what is read at once when a batch is processed. */
const chunkOctets = 256 * 1024;

export interface SpoolLimits {
  /** Packed octets; by default the largest upload. */
  readonly maxOctets?: number;
}

export interface SpooledItem {
  /** Unique in the batch; to keep that is the caller's duty. */
  readonly id: string;
  readonly octets: Uint8Array;
  readonly form: ItemForm;
}

/** What is known of an upload that is whole. */
export interface Submission {
  readonly client: Client;
  readonly source: 'batch' | 'portal';
  /** `ID` of the message, or the name of the file. */
  readonly name: string;
  /** SHA-256 of the octets received. */
  readonly receivedSha256: Uint8Array;
  readonly receivedOctets: number;
  readonly arrivedAt: Date;
}

/** More than the limit of a spool. */
export class SpoolFull extends Error {
  readonly code = 'batch/spool-full';
  constructor() {
    super('an upload is larger than its spool');
    this.name = 'SpoolFull';
  }
}

/** Where an upload lies, packed, until it is whole. */
export interface BatchSpool {
  readonly items: number;
  /** Resolves when there is room for the next; wait for it, and memory stays at one chunk. */
  add(item: SpooledItem): Promise<void>;
  /**
   * Stores the batch in one transaction, chunks and event with it, sealed before it resolves, and ends the spool. An
   * upload without requests is not to be committed.
   */
  commit(submission: Submission): Promise<{ batchId: string }>;
  /** Ends the spool; nothing is left. Does nothing after a commit. */
  discard(): Promise<void>;
}

/**
 * Opens a spool: a file that loses its name at once, so that whatever happens to this process, nothing stays behind.
 * No transaction is open while an upload comes in, however slowly.
 */
export async function openSpool(deps: RaContext, limits: SpoolLimits = {}): Promise<BatchSpool> {
  const { spoolDirectory, uploadOctets } = deps.config.batches;
  const path = join(spoolDirectory, `opensmki-batch-${randomUUID()}`);
  const file = await open(path, constants.O_RDWR | constants.O_CREAT | constants.O_EXCL, 0o600);
  try {
    await unlink(path);
  } catch (error) {
    await file.close();
    throw error;
  }
  return new FileSpool(deps, file, limits.maxOctets ?? uploadOctets);
}

class FileSpool implements BatchSpool {
  readonly #deps: RaContext;
  readonly #maxOctets: number;
  #file: FileHandle | undefined;
  readonly #seal = createHash('sha256');
  readonly #chunks: { octets: number; firstItem: number; items: number }[] = [];
  #chunk = Buffer.allocUnsafe(chunkOctets);
  #filled = 0;
  #inChunk = 0;
  #written = 0;
  items = 0;

  constructor(deps: RaContext, file: FileHandle, maxOctets: number) {
    this.#deps = deps;
    this.#file = file;
    this.#maxOctets = maxOctets;
  }

  add({ id, octets, form }: SpooledItem): Promise<void> {
    const idOctets = Buffer.from(id, 'utf8');
    const length = packedLength(idOctets, octets);
    if (this.#written + this.#filled + length > this.#maxOctets) return Promise.reject(new SpoolFull());
    // The common case makes no promise that waits for anything.
    if (this.#filled + length <= this.#chunk.length) {
      this.#put(idOctets, form, octets);
      return done;
    }
    return this.#flush().then(() => this.#put(idOctets, form, octets));
  }

  async commit(submission: Submission): Promise<{ batchId: string }> {
    await this.#flush();
    const file = this.#opened();
    try {
      return await storeBatch(this.#deps, submission, {
        requests: this.items,
        octets: this.#written,
        seal: this.#seal.digest(),
        chunks: () => readChunks(file.fd, this.#chunks)
      });
    } finally {
      await this.discard();
    }
  }

  async discard(): Promise<void> {
    const file = this.#file;
    this.#file = undefined;
    this.#chunk = Buffer.alloc(0);
    await file?.close();
  }

  #opened(): FileHandle {
    if (this.#file === undefined) throw new Error('the spool is closed');
    return this.#file;
  }

  #put(id: Uint8Array, form: ItemForm, octets: Uint8Array): void {
    this.#filled = packItem(this.#chunk, this.#filled, id, form, octets);
    this.#inChunk += 1;
    this.items += 1;
  }

  /** Writes the chunk whole: a file system may take less at once. */
  async #flush(): Promise<void> {
    if (this.#filled === 0) return;
    const file = this.#opened();
    const octets = this.#chunk.subarray(0, this.#filled);
    this.#seal.update(octets);
    for (let at = 0; at < octets.length;) {
      const { bytesWritten } = await file.write(octets, at, octets.length - at, this.#written + at);
      at += bytesWritten;
    }
    this.#chunks.push({
      octets: octets.length,
      firstItem: this.items - this.#inChunk,
      items: this.#inChunk
    });
    this.#written += octets.length;
    this.#filled = 0;
    this.#inChunk = 0;
  }
}

const done = Promise.resolve();

/** The chunks again, one at a time, as the database takes them; they come out of the page cache. */
function* readChunks(
  descriptor: number,
  chunks: readonly { octets: number; firstItem: number; items: number }[]
): Generator<StoredChunk> {
  let position = 0;
  for (const [number, { octets: length, firstItem, items }] of chunks.entries()) {
    const octets = Buffer.allocUnsafe(length);
    for (let at = 0; at < length;) {
      const read = readSync(descriptor, octets, at, length - at, position + at);
      if (read === 0) throw new Error('the spool is cut short');
      at += read;
    }
    position += length;
    yield { number, firstItem, items, octets };
  }
}
