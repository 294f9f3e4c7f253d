/**
 * The one binary codec of the messages between components: unsigned big-endian integers and octet strings
 * with a 32-bit length in front. Reading consumes the whole message or throws; there is one encoding of a
 * value, so that a signature over a message is a signature over its meaning.
 */

export class MessageError extends Error {
  readonly code = 'message/malformed';
  /** Octet offset at which reading stopped. */
  readonly offset: number;
  constructor(what: string, offset: number) {
    super(`malformed message: ${what} at octet ${offset}`);
    this.name = 'MessageError';
    this.offset = offset;
  }
}

const strictUtf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

export class MessageWriter {
  #buffer: Buffer;
  #length = 0;

  /** @param capacity octets expected; what is over is kept as long as the message */
  constructor(capacity = 1024) {
    this.#buffer = Buffer.allocUnsafeSlow(capacity);
  }

  #reserve(octets: number): number {
    const start = this.#length;
    const needed = start + octets;
    if (needed > this.#buffer.length) {
      const grown = Buffer.allocUnsafeSlow(Math.max(needed, this.#buffer.length * 2));
      this.#buffer.copy(grown, 0, 0, start);
      this.#buffer = grown;
    }
    this.#length = needed;
    return start;
  }

  u8(value: number): this {
    const at = this.#reserve(1);
    this.#buffer.writeUInt8(value, at);
    return this;
  }

  u32(value: number): this {
    const at = this.#reserve(4);
    this.#buffer.writeUInt32BE(value, at);
    return this;
  }

  u64(value: bigint): this {
    const at = this.#reserve(8);
    this.#buffer.writeBigUInt64BE(value, at);
    return this;
  }

  /** Milliseconds since 1970-01-01T00:00:00Z. */
  date(value: Date): this {
    return this.u64(BigInt(value.getTime()));
  }

  /** Octets without a length in front: for fields of a fixed size and for the type string. */
  raw(octets: Uint8Array): this {
    const at = this.#reserve(octets.length);
    this.#buffer.set(octets, at);
    return this;
  }

  octets(value: Uint8Array): this {
    return this.u32(value.length).raw(value);
  }

  string(value: string): this {
    const length = Buffer.byteLength(value, 'utf8');
    const at = this.u32(length).#reserve(length);
    this.#buffer.write(value, at, length, 'utf8');
    return this;
  }

  /** The message, in memory of its own; the writer is done with it. */
  finish(): Uint8Array {
    const { buffer, byteOffset } = this.#buffer;
    return new Uint8Array(buffer, byteOffset, this.#length);
  }
}

export class MessageReader {
  readonly #message: Uint8Array;
  readonly #view: DataView;
  #offset = 0;

  constructor(message: Uint8Array) {
    // Not the view of a Buffer, of which `slice` would be another view.
    this.#message = new Uint8Array(message.buffer, message.byteOffset, message.byteLength);
    this.#view = new DataView(message.buffer, message.byteOffset, message.byteLength);
  }

  #take(octets: number, what: string): number {
    const start = this.#offset;
    if (octets > this.#message.length - start) throw new MessageError(`${what} is cut short`, start);
    this.#offset = start + octets;
    return start;
  }

  u8(what: string): number {
    return this.#view.getUint8(this.#take(1, what));
  }

  u32(what: string): number {
    return this.#view.getUint32(this.#take(4, what));
  }

  u64(what: string): bigint {
    return this.#view.getBigUint64(this.#take(8, what));
  }

  date(what: string): Date {
    const at = this.#offset;
    const value = this.u64(what);
    // 8.64e15 ms is the range of an ECMAScript Date.
    if (value > 8_640_000_000_000_000n) throw new MessageError(`${what} is not a date`, at);
    return new Date(Number(value));
  }

  /** A view of the message, as `octets`. */
  raw(octets: number, what: string): Uint8Array {
    const at = this.#take(octets, what);
    return this.#message.subarray(at, at + octets);
  }

  /**
   * A view of the message: nothing is copied, and who keeps a value for long, or hands it to another thread, keeps
   * or sends the whole message unless he copies it. Refuses a length over `max` before anything is read.
   */
  octets(what: string, max: number): Uint8Array {
    const at = this.#offset;
    const length = this.u32(what);
    if (length > max) throw new MessageError(`${what} is ${length} octets, more than ${max}`, at);
    return this.raw(length, what);
  }

  string(what: string, max: number): string {
    const at = this.#offset;
    try {
      return strictUtf8.decode(this.octets(what, max));
    } catch (cause) {
      if (cause instanceof MessageError) throw cause;
      throw new MessageError(`${what} is not UTF-8`, at);
    }
  }

  /** A count of things that follow; refused over `max`. */
  count(what: string, max: number): number {
    const at = this.#offset;
    const value = this.u32(what);
    if (value > max) throw new MessageError(`${what} is ${value}, more than ${max}`, at);
    return value;
  }

  /** The message must end here. */
  end(): void {
    if (this.#offset !== this.#message.length) throw new MessageError('octets after the end', this.#offset);
  }
}
