/**
 * Frames between the client and the signer process: a length of four octets, big-endian, then that many octets.
 * Decoding is strict: a frame that is not read to its last octet, or that asks for more, ends the connection.
 */
/** The signer process's end of the socket pair. */
export const signerDescriptor = 3;

/** One signature's largest data and the fields around it. */
const maximumFrameOctets = 64 * 1024 * 1024 + 64 * 1024;

export class FrameError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'FrameError';
  }
}

/** Octets that most frames fit into; a larger one is told its size, or grows. */
const usualOctets = 512;

export class FrameWriter {
  #frame: Buffer;
  /** Behind the length. */
  #offset = 4;

  /** @param octets about as many as the fields will take */
  constructor(octets = usualOctets) {
    this.#frame = Buffer.allocUnsafe(4 + octets);
  }

  u8(value: number): this {
    this.#room(1);
    this.#offset = this.#frame.writeUInt8(value, this.#offset);
    return this;
  }

  u32(value: number): this {
    this.#room(4);
    this.#offset = this.#frame.writeUInt32BE(value, this.#offset);
    return this;
  }

  bytes(value: Uint8Array): this {
    this.#room(4 + value.length);
    this.#offset = this.#frame.writeUInt32BE(value.length, this.#offset);
    this.#frame.set(value, this.#offset);
    this.#offset += value.length;
    return this;
  }

  text(value: string): this {
    const octets = Buffer.byteLength(value);
    this.#room(4 + octets);
    this.#offset = this.#frame.writeUInt32BE(octets, this.#offset);
    this.#offset += this.#frame.write(value, this.#offset, octets, 'utf8');
    return this;
  }

  /** The frame with its length in front. */
  end(): Buffer {
    this.#frame.writeUInt32BE(this.#offset - 4);
    return this.#frame.subarray(0, this.#offset);
  }

  #room(octets: number): void {
    const needed = this.#offset + octets;
    if (needed <= this.#frame.length) return;
    if (needed - 4 > maximumFrameOctets) throw new FrameError('frame too large');
    const grown = Buffer.allocUnsafe(
      Math.max(needed, Math.min(2 * this.#frame.length, maximumFrameOctets + 4))
    );
    this.#frame.copy(grown, 0, 0, this.#offset);
    this.#frame = grown;
  }
}

const utf8 = new TextDecoder('utf-8', { fatal: true });

export class FrameReader {
  readonly #frame: Buffer;
  #offset = 0;

  constructor(frame: Buffer) {
    this.#frame = frame;
  }

  u8(): number {
    return this.#frame.readUInt8(this.#take(1));
  }

  u32(): number {
    return this.#frame.readUInt32BE(this.#take(4));
  }

  bytes(): Buffer {
    const length = this.u32();
    const start = this.#take(length);
    return this.#frame.subarray(start, start + length);
  }

  text(): string {
    const length = this.u32();
    const start = this.#take(length);
    const text = this.#frame.toString('latin1', start, start + length);
    return /[\x80-\xff]/.test(text) ? utf8.decode(this.#frame.subarray(start, start + length)) : text;
  }

  end(): void {
    if (this.#offset !== this.#frame.length) throw new FrameError('octets after the last field');
  }

  #take(octets: number): number {
    const start = this.#offset;
    if (octets > this.#frame.length - start) throw new FrameError('frame ends inside a field');
    this.#offset = start + octets;
    return start;
  }
}

/** Cuts a byte stream into frames. */
export class FrameSplitter {
  #chunks: Buffer[] = [];
  #octets = 0;
  #needed = 4;

  /** Takes what arrived and returns the frames that are whole now, without their lengths. */
  push(chunk: Buffer): Buffer[] {
    this.#chunks.push(chunk);
    this.#octets += chunk.length;
    if (this.#octets < this.#needed) return [];
    let rest = this.#chunks.length === 1 ? chunk : Buffer.concat(this.#chunks, this.#octets);
    const frames: Buffer[] = [];
    for (;;) {
      this.#needed = 4;
      if (rest.length < 4) break;
      const length = rest.readUInt32BE(0);
      if (length > maximumFrameOctets) throw new FrameError(`frame of ${length} octets`);
      this.#needed = 4 + length;
      if (rest.length < this.#needed) break;
      frames.push(rest.subarray(4, this.#needed));
      rest = rest.subarray(this.#needed);
    }
    this.#chunks = rest.length > 0 ? [rest] : [];
    this.#octets = rest.length;
    return frames;
  }
}
