/** Octets as they come: whole or in chunks, from memory or from a file or socket that somebody else reads. */
export type Chunks = AsyncIterable<Uint8Array> | Iterable<Uint8Array>;

/**
 * DESIGN: octets moved and hashed at a time, a fifth of a millisecond's work; a chunk of any size is taken in pieces
 * of this, so that one of a gibibyte does not hold the event loop.
 */
const pieceOctets = 65_536;

/**
 * The front of a stream of octets in one buffer of fixed size. What is taken from it may be passed on to a tap: the
 * octets that are signed go to the hash in large pieces, not value by value.
 *
 * The buffer is used again: views of `bytes` are good until the next `has`.
 */
export class OctetQueue {
  readonly bytes: Uint8Array;
  readonly #source: AsyncIterator<Uint8Array> | Iterator<Uint8Array>;
  #chunk: Uint8Array = new Uint8Array();
  #at = 0;
  #end = 0;
  /** Octets of the stream before the buffer's first one. */
  #before = 0;
  #tap: ((octets: Uint8Array) => void) | undefined;
  #tapped = 0;
  #ended = false;

  /** @param maxValue most octets that are asked for at once */
  constructor(chunks: Chunks, maxValue: number) {
    this.bytes = new Uint8Array(maxValue + pieceOctets);
    this.#source =
      Symbol.asyncIterator in chunks ? chunks[Symbol.asyncIterator]() : chunks[Symbol.iterator]();
  }

  /** Where the next octet stands in `bytes`. */
  get at(): number {
    return this.#at;
  }

  /** Octets that can be taken at once. */
  get available(): number {
    return this.#end - this.#at;
  }

  /** Octets of the stream taken so far. */
  get position(): number {
    return this.#before + this.#at;
  }

  /** Waits until so many octets are there; false when the stream ends before. */
  async has(octets: number): Promise<boolean> {
    while (this.available < octets) {
      if (!(await this.#nextChunk())) return false;
      this.#compact();
      const fits = Math.min(this.bytes.length - this.#end, this.#chunk.length, pieceOctets);
      this.bytes.set(this.#chunk.subarray(0, fits), this.#end);
      this.#end += fits;
      this.#chunk = this.#chunk.subarray(fits);
    }
    return true;
  }

  /** Moves past octets that are there. */
  take(octets: number): void {
    this.#at += octets;
  }

  /** From the next octet on, what is taken goes to `tap` too. */
  tap(tap: (octets: Uint8Array) => void): void {
    this.#tap = tap;
    this.#tapped = this.#at;
  }

  /** Passes on what was taken last and ends it. */
  untap(): void {
    this.#flush();
    this.#tap = undefined;
  }

  /** Tells the source that no more is wanted. */
  async close(): Promise<void> {
    if (this.#ended) return;
    this.#ended = true;
    await this.#source.return?.();
  }

  /** Draws chunks until one is not empty; false at the end. */
  async #nextChunk(): Promise<boolean> {
    while (!this.#ended && this.#chunk.length === 0) {
      const next = await this.#source.next();
      if (next.done === true) this.#ended = true;
      else if (next.value instanceof Uint8Array) this.#chunk = next.value;
      else throw new TypeError('a chunk is a Uint8Array');
    }
    return this.#chunk.length > 0;
  }

  #compact(): void {
    if (this.#at === 0) return;
    this.#flush();
    this.bytes.copyWithin(0, this.#at, this.#end);
    this.#before += this.#at;
    this.#end -= this.#at;
    this.#at = 0;
    this.#tapped = 0;
  }

  #flush(): void {
    if (this.#tap !== undefined && this.#at > this.#tapped)
      this.#tap(this.bytes.subarray(this.#tapped, this.#at));
    this.#tapped = this.#at;
  }
}
