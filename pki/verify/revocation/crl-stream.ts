import { DerError, DerReader, contextConstructed, tags } from '../../der/index.js';
import { readHead } from '../../der/length.js';
import type { AlgorithmIdentifier } from '../../x509/index.js';
import { readAlgorithm } from '../../x509/algorithm.js';
import { EntryRules, readListHead, type ListHead } from './crl.js';
import { EntryCursor, maxEntryOctets, type CrlEntry } from './crl-entry.js';
import { readListExtensions, type ListExtensions } from './crl-extensions.js';
import { malformed } from './error.js';
import { OctetQueue, type Chunks } from './octet-queue.js';

/** What stands behind the entries of a list. */
export interface ListTail extends ListExtensions {
  readonly entryCount: number;
  readonly signatureAlgorithm: AlgorithmIdentifier;
  readonly signature: Uint8Array;
}

/** DESIGN: the names and extensions of a list together take some kilobytes; each is held whole. */
const maxFieldOctets = 65_536;

/**
 * DESIGN: the reader works for this long at most before others have their turn. The event loop is to be held no
 * longer than 20 ms; the rest is for what the caller does with an entry and for the garbage collector.
 */
const maxTurnMs = 4;
/** Entries between two looks at the clock: 32 take some twenty microseconds. */
const entriesPerLook = 32;

/**
 * Reads a list of any length in bounded memory: head, then entries, then tail, once each and in that order. Strict
 * as `readCrl`; what it throws is the same. Nothing has been verified: the octets that are signed are passed on.
 *
 * @param chunks the octets, DER
 * @param signed receives tbsCertList piece by piece; views that are used again
 * @param now milliseconds of a clock that only runs forward
 */
export class CrlReader {
  readonly #queue: OctetQueue;
  readonly #signed: (octets: Uint8Array) => void;
  readonly #now: () => number;
  readonly #rules = new EntryRules();
  #turn: number;
  /** Positions in the stream at which these end. */
  #listEnd = 0;
  #tbsEnd = 0;
  #entriesEnd = 0;
  #entryCount = 0;

  constructor(chunks: Chunks, signed: (octets: Uint8Array) => void, now: () => number) {
    this.#queue = new OctetQueue(chunks, maxFieldOctets);
    this.#signed = signed;
    this.#now = now;
    this.#turn = now();
  }

  /** The fields before the entries. */
  async head(): Promise<ListHead> {
    this.#listEnd = await this.#open(tags.sequence, Infinity, 'certificateList');
    this.#queue.tap(this.#signed);
    this.#tbsEnd = await this.#open(tags.sequence, this.#listEnd, 'tbsCertList');
    const fields: Uint8Array[] = [];
    const expected: readonly (readonly number[])[] = [
      [tags.integer],
      [tags.sequence],
      [tags.sequence],
      [tags.utcTime, tags.generalizedTime],
      [tags.utcTime, tags.generalizedTime]
    ];
    // What is not the field expected here is left for the reader of the head to name.
    for (const allowed of expected) {
      if (!allowed.includes((await this.#peek(this.#tbsEnd)) ?? 0)) break;
      fields.push(await this.#value(this.#tbsEnd, 'tbsCertList'));
    }
    const reader = DerReader.over(Buffer.concat(fields), 'tbsCertList', { maxOctets: 5 * maxFieldOctets });
    const head = readListHead(reader);
    reader.end('tbsCertList');
    this.#entriesEnd = this.#queue.position;
    if ((await this.#peek(this.#tbsEnd)) === tags.sequence) {
      this.#entriesEnd = await this.#open(tags.sequence, this.#tbsEnd, 'revokedCertificates');
      // RFC 5280 5.1.2.6: absent when empty.
      if (this.#entriesEnd === this.#queue.position)
        throw new DerError('der/value', this.#queue.position, 'revokedCertificates');
    }
    return head;
  }

  /** The entries, in order. */
  async *entries(): AsyncGenerator<CrlEntry, void, undefined> {
    const queue = this.#queue;
    const cursor = new EntryCursor();
    let looked = 0;
    for (let left = this.#entriesEnd - queue.position; left > 0; left = this.#entriesEnd - queue.position) {
      const wanted = Math.min(maxEntryOctets, left);
      if (queue.available < wanted && !(await queue.has(wanted)))
        throw this.#truncated('revokedCertificates');
      if (++looked % entriesPerLook === 0 && this.#now() - this.#turn >= maxTurnMs) await this.#giveWay();
      const { at } = queue;
      // Its limit on an entry is what is there: no more than that is read of the buffer.
      cursor.moveTo(queue.bytes, at, at + left);
      cursor.nextSerial();
      cursor.readRest();
      this.#rules.see(cursor);
      queue.take(cursor.at - at);
      this.#entryCount++;
      yield cursor.entry;
    }
  }

  /** The fields behind the entries, all of which must have been taken; nothing may follow. */
  async tail(): Promise<ListTail> {
    if ((await this.#peek(this.#tbsEnd)) === undefined)
      throw malformed('the list has no cRLNumber', 'RFC 5280 5.2.3');
    const wrapped = DerReader.over(await this.#value(this.#tbsEnd, 'crlExtensions'), 'crlExtensions', {
      maxOctets: maxFieldOctets
    });
    const explicit = wrapped.enter(contextConstructed(0), 'crlExtensions');
    const extensions = readListExtensions(explicit);
    explicit.end('crlExtensions');
    this.#rules.judge(extensions);
    this.#mustEnd(this.#tbsEnd, 'tbsCertList');
    this.#queue.untap();
    const algorithm = await this.#value(this.#listEnd, 'signatureAlgorithm');
    const signatureAlgorithm = readAlgorithm(
      DerReader.over(algorithm, 'signatureAlgorithm'),
      'signatureAlgorithm'
    );
    const bits = DerReader.over(await this.#value(this.#listEnd, 'signatureValue'), 'signatureValue');
    const signature = bits.octetsOfBitString('signatureValue');
    this.#mustEnd(this.#listEnd, 'certificateList');
    if (await this.#queue.has(1)) this.#fail('der/trailing', 'certificateList');
    return { ...extensions, entryCount: this.#entryCount, signatureAlgorithm, signature };
  }

  /** Tells the source that no more is wanted. */
  async close(): Promise<void> {
    await this.#queue.close();
  }

  /** Lets the event loop have its turn. */
  async #giveWay(): Promise<void> {
    await new Promise(resolve => setImmediate(resolve));
    this.#turn = this.#now();
  }

  /** Identifier octet of the next value before a position, undefined when there is none. */
  async #peek(end: number): Promise<number | undefined> {
    if (this.#queue.position >= end) return undefined;
    if (!(await this.#queue.has(1))) throw this.#truncated('value');
    return this.#queue.bytes[this.#queue.at];
  }

  /** Head of the next value: its octets and those of its content. */
  async #head(
    tag: number | undefined,
    end: number,
    what: string
  ): Promise<{ head: number; content: number }> {
    const queue = this.#queue;
    if (!(await queue.has(2))) throw this.#truncated(what);
    const first = queue.bytes[queue.at + 1] as number;
    // Long forms of more than four octets are refused by `readHead`, which then looks no further.
    const more = first > 0x80 && first <= 0x84 ? first & 0x7f : 0;
    if (!(await queue.has(2 + more))) throw this.#truncated(what);
    const { at, bytes, position } = queue;
    const read = readHead(bytes, at, at + (end - position), 'minimal', what);
    if (tag !== undefined && read.tag !== tag) this.#fail('der/tag', what);
    return { head: read.content - at, content: read.end - read.content };
  }

  /** Moves into a constructed value; the position at which it ends. */
  async #open(tag: number, end: number, what: string): Promise<number> {
    const { head, content } = await this.#head(tag, end, what);
    this.#queue.take(head);
    return this.#queue.position + content;
  }

  /** The next value whole, a copy. */
  async #value(end: number, what: string): Promise<Uint8Array> {
    const { head, content } = await this.#head(undefined, end, what);
    const octets = head + content;
    if (octets > maxFieldOctets) this.#fail('der/size', what);
    if (!(await this.#queue.has(octets))) throw this.#truncated(what);
    const { at } = this.#queue;
    const value = Uint8Array.from(this.#queue.bytes.subarray(at, at + octets));
    this.#queue.take(octets);
    return value;
  }

  #mustEnd(end: number, what: string): void {
    if (this.#queue.position !== end) this.#fail('der/trailing', what);
  }

  #truncated(what: string): DerError {
    return new DerError('der/truncated', this.#queue.position, what);
  }

  #fail(code: 'der/tag' | 'der/size' | 'der/trailing', what: string): never {
    throw new DerError(code, this.#queue.position, what);
  }
}
