import { bitStringFromContent, type BitStringValue } from './bit-string.js';
import { DerError, type DerErrorCode } from './error.js';
import { checkValues } from './gate.js';
import { readHead, type Head, type Lengths } from './length.js';
import { defaultMaxOctets, maxDepth, type ReadOptions } from './limits.js';
import { oidFromContent } from './oid.js';
import { isStringTag, stringFromContent } from './strings.js';
import { tags } from './tag.js';
import { timeFromContent } from './time.js';

/**
 * One value. Its octets are views of the input, made when they are asked for: most values are asked for one of the
 * two or for neither, and making a view costs more than reading the value's head.
 */
export class DerValue {
  readonly tag: number;
  /** Offset of the value in the input, and of its content. */
  readonly offset: number;
  readonly contentOffset: number;
  readonly #end: number;
  readonly #bytes: Uint8Array;
  readonly #base: number;

  /** @param base where `bytes` stands in the input */
  constructor(bytes: Uint8Array, base: number, at: number, { tag, content, end }: Head) {
    this.tag = tag;
    this.offset = base + at;
    this.contentOffset = base + content;
    this.#end = end;
    this.#bytes = bytes;
    this.#base = base;
  }

  /** The whole encoding as received. */
  get der(): Uint8Array {
    return this.#bytes.subarray(this.offset - this.#base, this.#end);
  }

  /** What is inside. */
  get content(): Uint8Array {
    return this.#bytes.subarray(this.contentOffset - this.#base, this.#end);
  }
}

/**
 * A cursor over DER. The caller's schema says what comes next; whatever else is there throws `DerError`. Values
 * are views of the input, nothing is copied; nothing recurses on the input's word, depth is counted all the same.
 * Whoever opens a reader must call `end`.
 */
export class DerReader {
  readonly #bytes: Uint8Array;
  readonly #limit: number;
  readonly #depth: number;
  readonly #base: number;
  readonly lengths: Lengths;
  #at: number;

  private constructor(
    bytes: Uint8Array,
    at: number,
    limit: number,
    depth: number,
    base: number,
    lengths: Lengths
  ) {
    this.#bytes = bytes;
    this.#at = at;
    this.#limit = limit;
    this.#depth = depth;
    this.#base = base;
    this.lengths = lengths;
  }

  static over(bytes: Uint8Array, what: string, options: ReadOptions = {}): DerReader {
    if (bytes.length > (options.maxOctets ?? defaultMaxOctets)) throw new DerError('der/size', 0, what);
    return new DerReader(bytes, 0, bytes.length, 0, 0, options.lengths ?? 'minimal');
  }

  /** Offset of the next octet in the input. */
  get offset(): number {
    return this.#base + this.#at;
  }

  get done(): boolean {
    return this.#at === this.#limit;
  }

  /** Identifier octet of the next value, or undefined at the end. */
  peek(): number | undefined {
    return this.done ? undefined : this.#bytes[this.#at];
  }

  fail(code: DerErrorCode, what: string): never {
    throw new DerError(code, this.offset, what);
  }

  /** Reads the next value whatever its tag. */
  any(what: string): DerValue {
    const at = this.#at;
    const head = readHead(this.#bytes, at, this.#limit, this.lengths, what);
    this.#at = head.end;
    return new DerValue(this.#bytes, this.#base, at, head);
  }

  /** Reads a value that the schema leaves open, holding everything in it to the rules of its type. */
  opaque(what: string): DerValue {
    const value = this.any(what);
    this.checkInside(value, what);
    return value;
  }

  /** The same for a value already read. */
  checkInside(value: DerValue, what: string): void {
    checkValues(value.der, value.offset, this.lengths, what);
  }

  read(tag: number, what: string): DerValue {
    const next = this.peek();
    if (next === undefined) this.fail('der/truncated', what);
    if (next !== tag) this.fail('der/tag', what);
    return this.any(what);
  }

  /** Opens a constructed value; this reader moves past it, the returned one reads inside it. */
  enter(tag: number, what: string): DerReader {
    if (this.#depth >= maxDepth) this.fail('der/depth', what);
    const next = this.peek();
    if (next === undefined) this.fail('der/truncated', what);
    if (next !== tag) this.fail('der/tag', what);
    const { content, end } = readHead(this.#bytes, this.#at, this.#limit, this.lengths, what);
    this.#at = end;
    return new DerReader(this.#bytes, content, end, this.#depth + 1, this.#base, this.lengths);
  }

  sequence(what: string): DerReader {
    return this.enter(tags.sequence, what);
  }

  set(what: string): DerReader {
    return this.enter(tags.set, what);
  }

  /** A reader over the content of a value already read, such as an extension's OCTET STRING. */
  inside(value: DerValue, what: string): DerReader {
    if (this.#depth >= maxDepth) throw new DerError('der/depth', value.offset, what);
    const { content, contentOffset } = value;
    return new DerReader(content, 0, content.length, this.#depth + 1, contentOffset, this.lengths);
  }

  end(what: string): void {
    if (!this.done) this.fail('der/trailing', what);
  }

  /** INTEGER content octets, two's complement, minimal; at most `max` of them. `tag` for an IMPLICIT one. */
  integer(what: string, max = 4096, tag: number = tags.integer): Uint8Array {
    const { content, contentOffset } = this.read(tag, what);
    const first = content[0];
    if (first === undefined) throw new DerError('der/integer', contentOffset, what);
    const second = content[1];
    if (second !== undefined && ((first === 0x00 && second < 0x80) || (first === 0xff && second >= 0x80)))
      throw new DerError('der/integer', contentOffset, what);
    if (content.length > max) throw new DerError('der/size', contentOffset, what);
    return content;
  }

  /** Magnitude of a non-negative INTEGER, without the sign octet. */
  unsigned(what: string, max = 4096): Uint8Array {
    const at = this.offset;
    const content = this.integer(what, max + 1);
    if ((content[0] as number) >= 0x80) throw new DerError('der/integer', at, what);
    const magnitude = content[0] === 0 && content.length > 1 ? content.subarray(1) : content;
    if (magnitude.length > max) throw new DerError('der/size', at, what);
    return magnitude;
  }

  /** A non-negative INTEGER (or ENUMERATED) of at most three octets as a number. */
  smallInteger(what: string, tag: number = tags.integer): number {
    const at = this.offset;
    const content = this.integer(what, 4, tag);
    if ((content[0] as number) >= 0x80) throw new DerError('der/integer', at, what);
    return content.reduce((value, octet) => value * 256 + octet, 0);
  }

  oid(what: string): string {
    const { content, contentOffset } = this.read(tags.oid, what);
    return oidFromContent(content, contentOffset, what);
  }

  boolean(what: string): boolean {
    const { content, contentOffset } = this.read(tags.boolean, what);
    if (content.length !== 1 || (content[0] !== 0x00 && content[0] !== 0xff))
      throw new DerError('der/boolean', contentOffset, what);
    return content[0] === 0xff;
  }

  /** `BOOLEAN DEFAULT FALSE`: absent or TRUE, never FALSE written out (X.690 11.5). */
  defaultFalse(what: string): boolean {
    if (this.peek() !== tags.boolean) return false;
    const at = this.offset;
    if (!this.boolean(what)) throw new DerError('der/default', at, what);
    return true;
  }

  bitString(what: string, tag: number = tags.bitString): BitStringValue {
    const { content, contentOffset } = this.read(tag, what);
    return bitStringFromContent(content, contentOffset, what);
  }

  /** A BIT STRING that must be whole octets: keys and signatures. */
  octetsOfBitString(what: string): Uint8Array {
    const at = this.offset;
    const { unused, octets } = this.bitString(what);
    if (unused !== 0) throw new DerError('der/bit-string', at, what);
    return octets;
  }

  octetString(what: string, tag: number = tags.octetString): Uint8Array {
    return this.read(tag, what).content;
  }

  null(what: string): void {
    const { content, contentOffset } = this.read(tags.null, what);
    if (content.length !== 0) throw new DerError('der/null', contentOffset, what);
  }

  /** UTCTime or GeneralizedTime by the rule of RFC 5280 4.1.2.5. */
  time(what: string): Date {
    const next = this.peek();
    if (next !== tags.utcTime && next !== tags.generalizedTime) this.fail('der/tag', what);
    const { tag, content, contentOffset } = this.any(what);
    return timeFromContent(tag, content, contentOffset, what);
  }

  /** One of the named string types, its alphabet checked. */
  string(what: string): { readonly tag: number; readonly der: Uint8Array; readonly text: string } {
    const next = this.peek();
    if (next === undefined) this.fail('der/truncated', what);
    if (!isStringTag(next)) this.fail('der/tag', what);
    const { tag, der, content, contentOffset } = this.any(what);
    return { tag, der, text: stringFromContent(tag, content, contentOffset, what) };
  }
}

/** Members of a SET OF must ascend as octet strings, without repetition (X.690 11.6). */
export function checkSetOrder(members: readonly DerValue[], what: string): void {
  let before: DerValue | undefined;
  for (const member of members) {
    if (before !== undefined && Buffer.compare(before.der, member.der) >= 0)
      throw new DerError('der/set-order', member.offset, what);
    before = member;
  }
}
