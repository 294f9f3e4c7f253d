import { ArchiveError } from './archive-error.js';

/** A file with random access, of a size that does not change. */
export interface ArchiveFile {
  readonly size: number;
  /** Reads into `target` from a position; answers how many octets were there. */
  read(target: Uint8Array, position: number): Promise<number>;
}

/**
 * DESIGN: about a hundred entries. Each read lets others run in between; unpacking what one read brought keeps the
 * event loop for some milliseconds.
 */
const windowOctets = 65_536;

/** Reads an archive through one buffer; what it answers is valid until the next call. */
export class ArchiveWindow {
  readonly #file: ArchiveFile;
  #octets = Buffer.alloc(windowOctets);
  #start = 0;
  #filled = 0;

  constructor(file: ArchiveFile) {
    this.#file = file;
  }

  /** The same as `take`, refused where it would reach beyond `end`: one record never reads into the next part. */
  async within(position: number, length: number, end: number): Promise<Buffer> {
    if (position + length > end) throw new ArchiveError('archive/form', 'a record beyond its part');
    return this.take(position, length);
  }

  /** Exactly these octets. Records are bounded by 16-bit lengths, entries by the caller's limits. */
  async take(position: number, length: number): Promise<Buffer> {
    if (position < this.#start || position + length > this.#start + this.#filled)
      await this.#fill(position, length);
    const from = position - this.#start;
    return this.#octets.subarray(from, from + length);
  }

  async #fill(position: number, length: number): Promise<void> {
    if (length > this.#octets.length) this.#octets = Buffer.alloc(length);
    this.#start = position;
    this.#filled = 0;
    const wanted = Math.min(this.#octets.length, this.#file.size - position);
    while (this.#filled < wanted) {
      const read = await this.#file.read(
        this.#octets.subarray(this.#filled, wanted),
        position + this.#filled
      );
      if (read === 0) break;
      this.#filled += read;
    }
    if (this.#filled < length) throw new ArchiveError('archive/form', 'the file ends within a record');
  }
}
