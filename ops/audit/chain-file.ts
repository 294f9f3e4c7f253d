import { constants, fstatSync, statSync, writeSync } from 'node:fs';
import { open, type FileHandle } from 'node:fs/promises';
import { dirname } from 'node:path';
import { setImmediate as yieldToIo } from 'node:timers/promises';
import { AuditError } from './errors.js';
import { entryHash, maxEntryOctets, parseEntry, type Entry, type Head } from './entry.js';

/** A line of a log file with its place. */
export interface PlacedLine {
  readonly line: Buffer;
  readonly start: number;
  /** Offset behind the newline; undefined for a last line without one. */
  readonly end: number | undefined;
}

/** The lines of a file from `start` on, which must be the beginning of a line. */
export async function* readLines(handle: FileHandle, start: number): AsyncGenerator<PlacedLine> {
  let carried: Buffer = Buffer.alloc(0);
  let offset = start;
  const chunk = Buffer.alloc(256 * 1024);
  for (let position = start; ;) {
    const { bytesRead } = await handle.read(chunk, 0, chunk.length, position);
    if (bytesRead === 0) break;
    position += bytesRead;
    carried = Buffer.concat([carried, chunk.subarray(0, bytesRead)]);
    for (let newline = carried.indexOf(0x0a); newline >= 0; newline = carried.indexOf(0x0a)) {
      const end = offset + newline + 1;
      yield { line: Buffer.from(carried.subarray(0, newline)), start: offset, end };
      carried = carried.subarray(newline + 1);
      offset = end;
    }
  }
  if (carried.length > 0) yield { line: carried, start: offset, end: undefined };
}

/** A log file that is open for writing, its tail known and checked. */
export interface OpenedChain {
  readonly file: ChainFile;
  readonly tail: Head;
  /** Ids of the entries from `since` to the end. */
  readonly ids: readonly string[];
  /** Octets of a torn last line that were cut off. */
  readonly repaired: number;
}

/**
 * Opens a log for writing and checks it against the last head known: the line that ends there must carry its
 * hash, and what follows must continue the chain. A torn last line beyond the head is cut off.
 *
 * @param since offset of a line, at most `head.size`, from which on the ids are wanted and the chain is checked.
 * Throws `AuditError` `audit/truncated`, `audit/head`, `audit/changed` or `audit/malformed`.
 */
export async function openChain(path: string, head: Head, since: number): Promise<OpenedChain> {
  const handle = await openOrCreate(path, head);
  try {
    const { size } = await handle.stat();
    if (size < head.size)
      throw new AuditError('audit/truncated', `${path} has ${size} octets, its head is at ${head.size}`);
    await checkHeadLine(handle, path, head);
    const ids: string[] = [];
    let tail = head;
    let previous: Entry | undefined;
    let repaired = 0;
    for await (const { line, start, end } of readLines(handle, Math.min(since, head.size))) {
      if (end === undefined && start >= head.size) {
        repaired = line.length;
        await handle.truncate(start);
        await handle.datasync();
        break;
      }
      const entry = parseEntry(line);
      if (entry === undefined || end === undefined)
        throw new AuditError('audit/malformed', `${path} at octet ${start} is not an event`);
      const expectedPrev = start === head.size ? head.hash : (previous?.hash ?? entry.prev);
      if (entryHash(entry) !== entry.hash || entry.prev !== expectedPrev)
        throw new AuditError('audit/changed', `${path}: event ${entry.seq} does not continue the chain`);
      if (start >= head.size) {
        if (entry.seq !== tail.seq + 1)
          throw new AuditError('audit/changed', `${path}: event ${entry.seq} where ${tail.seq + 1} belongs`);
        tail = { seq: entry.seq, size: end, hash: entry.hash };
      }
      previous = entry;
      ids.push(entry.id);
    }
    return { file: new ChainFile(path, handle), tail, ids, repaired };
  } catch (error) {
    await handle.close();
    throw error;
  }
}

/** Makes the file only where nothing was ever written. */
async function openOrCreate(path: string, head: Head): Promise<FileHandle> {
  try {
    if (head.size > 0) return await open(path, constants.O_RDWR);
    const handle = await open(path, constants.O_RDWR | constants.O_CREAT, 0o600);
    const directory = await open(dirname(path), constants.O_RDONLY);
    await directory.sync();
    await directory.close();
    return handle;
  } catch (cause) {
    if (head.size > 0 && (cause as NodeJS.ErrnoException).code === 'ENOENT')
      throw new AuditError('audit/truncated', `${path} is gone; its head is at event ${head.seq}`, { cause });
    throw cause;
  }
}

/** The line that ends at the head must be the head's. */
async function checkHeadLine(handle: FileHandle, path: string, head: Head): Promise<void> {
  if (head.size === 0) return;
  const start = Math.max(0, head.size - maxEntryOctets);
  const buffer = Buffer.alloc(head.size - start);
  const { bytesRead } = await handle.read(buffer, 0, buffer.length, start);
  const line = buffer.subarray(buffer.lastIndexOf(0x0a, bytesRead - 2) + 1, bytesRead - 1);
  const entry = buffer[bytesRead - 1] === 0x0a ? parseEntry(line) : undefined;
  if (entry?.seq !== head.seq || entry.hash !== head.hash || entryHash(entry) !== entry.hash)
    throw new AuditError('audit/head', `${path} is not the log whose head is event ${head.seq}`);
}

/**
 * DESIGN: into the page cache, some 100 microseconds: written at once, where a thread would cost more than most groups
 * take. More than this goes in pieces, with the event loop's turn in between.
 */
const pieceOctets = 256 * 1024;

/** Appends lines durably, and knows when the path has become another file. */
export class ChainFile {
  readonly #path: string;
  readonly #handle: FileHandle;

  constructor(path: string, handle: FileHandle) {
    this.#path = path;
    this.#handle = handle;
  }

  /**
   * Writes at `offset`, the end of the log, and resolves when the octets are on stable storage and the path still
   * names this file. After any error the file must be opened and checked anew.
   */
  async append(offset: number, octets: Buffer): Promise<void> {
    // Behind a cut file the write would leave a hole, and the length would look right.
    this.#checkPlace(offset);
    for (let written = 0; written < octets.length;) {
      const length = Math.min(octets.length - written, pieceOctets);
      written += writeSync(this.#handle.fd, octets, written, length, offset + written);
      if (written < octets.length) await yieldToIo();
    }
    if (octets.length === 0) return;
    await this.#handle.datasync();
    this.#checkPlace(offset + octets.length);
  }

  #checkPlace(size: number): void {
    const ours = fstatSync(this.#handle.fd);
    const named = statSync(this.#path, { throwIfNoEntry: false });
    if (named === undefined) throw new AuditError('audit/moved', `${this.#path} is gone`);
    if (named.ino !== ours.ino || named.dev !== ours.dev)
      throw new AuditError('audit/moved', `${this.#path} is another file now`);
    if (ours.size !== size)
      throw new AuditError('audit/truncated', `${this.#path} has ${ours.size} octets instead of ${size}`);
  }

  async close(): Promise<void> {
    await this.#handle.close();
  }
}
