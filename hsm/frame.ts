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

export class FrameWriter {
  readonly #parts: Uint8Array[] = [];
  #octets = 0;

  u8(value: number): this {
    return this.#push(Uint8Array.of(value));
  }

  u32(value: number): this {
    const part = Buffer.allocUnsafe(4);
    part.writeUInt32BE(value);
    return this.#push(part);
  }

  bytes(value: Uint8Array): this {
    return this.u32(value.length).#push(value);
  }

  text(value: string): this {
    return this.bytes(Buffer.from(value, 'utf8'));
  }

  /** The frame with its length in front. */
  end(): Buffer {
    if (this.#octets > maximumFrameOctets) throw new FrameError('frame too large');
    const length = Buffer.allocUnsafe(4);
    length.writeUInt32BE(this.#octets);
    return Buffer.concat([length, ...this.#parts], 4 + this.#octets);
  }

  #push(part: Uint8Array): this {
    this.#parts.push(part);
    this.#octets += part.length;
    return this;
  }
}

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
    return new TextDecoder('utf-8', { fatal: true }).decode(this.bytes());
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
