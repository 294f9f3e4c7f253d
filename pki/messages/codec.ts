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

const text = new TextEncoder();
const strictUtf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

export class MessageWriter {
  #buffer: Buffer;
  #length = 0;

  constructor(capacity = 1024) {
    this.#buffer = Buffer.allocUnsafe(capacity);
  }

  #reserve(octets: number): number {
    const start = this.#length;
    const needed = start + octets;
    if (needed > this.#buffer.length) {
      const grown = Buffer.allocUnsafe(Math.max(needed, this.#buffer.length * 2));
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
    return this.octets(text.encode(value));
  }

  finish(): Uint8Array {
    return new Uint8Array(this.#buffer.subarray(0, this.#length));
  }
}

export class MessageReader {
  readonly #view: Buffer;
  #offset = 0;

  constructor(message: Uint8Array) {
    this.#view = Buffer.from(message.buffer, message.byteOffset, message.byteLength);
  }

  #take(octets: number, what: string): number {
    const start = this.#offset;
    if (octets > this.#view.length - start) throw new MessageError(`${what} is cut short`, start);
    this.#offset = start + octets;
    return start;
  }

  u8(what: string): number {
    return this.#view.readUInt8(this.#take(1, what));
  }

  u32(what: string): number {
    return this.#view.readUInt32BE(this.#take(4, what));
  }

  u64(what: string): bigint {
    return this.#view.readBigUInt64BE(this.#take(8, what));
  }

  date(what: string): Date {
    const at = this.#offset;
    const value = this.u64(what);
    // 8.64e15 ms is the range of an ECMAScript Date.
    if (value > 8_640_000_000_000_000n) throw new MessageError(`${what} is not a date`, at);
    return new Date(Number(value));
  }

  raw(octets: number, what: string): Uint8Array {
    const at = this.#take(octets, what);
    return new Uint8Array(this.#view.subarray(at, at + octets));
  }

  /** Refuses a length over `max` before anything is copied. */
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
    if (this.#offset !== this.#view.length) throw new MessageError('octets after the end', this.#offset);
  }
}
