import { DerError } from './error.js';
import { readHead, type Lengths } from './length.js';
import { oidFromContent } from './oid.js';
import { bitStringFromContent } from './bit-string.js';
import { defaultMaxOctets, maxDepth, type ReadOptions } from './limits.js';
import { isStringTag, stringFromContent } from './strings.js';
import { tags } from './tag.js';
import { timeFromContent } from './time.js';

const constructedBit = 0x20;
const universalConstructed: ReadonlySet<number> = new Set([tags.sequence, tags.set]);

/**
 * Passes exactly one DER value and nothing after it, without a schema: every universal value inside obeys the
 * rules of its type, every length is minimal (or long where that is allowed by name). What lies inside OCTET
 * STRINGs, BIT STRINGs and primitive context tags is not looked at: only a schema can say that it is DER. For
 * the way into decoders that are not ours. One pass, no recursion.
 */
export function assertDer(bytes: Uint8Array, options: ReadOptions = {}): void {
  if (bytes.length > (options.maxOctets ?? defaultMaxOctets)) throw new DerError('der/size', 0, 'value');
  checkValues(bytes, 0, options.lengths ?? 'minimal', 'value');
}

/** The gate itself. `base` is where `bytes` stands in the caller's input, for the offsets in errors. */
export function checkValues(bytes: Uint8Array, base: number, lengths: Lengths, what: string): void {
  try {
    walk(bytes, lengths, what);
  } catch (error) {
    if (error instanceof DerError && base > 0)
      throw new DerError(error.code, base + error.offset, error.what);
    throw error;
  }
}

interface OpenValue {
  readonly tag: number;
  readonly end: number;
  /** The last member of a SET: X.509 has SET OF alone, whose members ascend (X.690 11.6). */
  before: Uint8Array | undefined;
}

function walk(bytes: Uint8Array, lengths: Lengths, what: string): void {
  const open: OpenValue[] = [];
  let at = 0;
  do {
    while (open.length > 0 && at === open[open.length - 1]?.end) open.pop();
    if (at > 0 && open.length === 0) break;
    const around = open[open.length - 1];
    const head = readHead(bytes, at, around?.end ?? bytes.length, lengths, what);
    const { tag, content, end } = head;
    if (around?.tag === tags.set) {
      const member = bytes.subarray(at, end);
      if (around.before !== undefined && Buffer.compare(around.before, member) >= 0)
        throw new DerError('der/set-order', at, what);
      around.before = member;
    }
    if (tag & constructedBit) {
      // Constructed strings are BER; of the universal types only SEQUENCE and SET are constructed in DER.
      if (tag < 0x40 && !universalConstructed.has(tag)) throw new DerError('der/tag', at, what);
      if (open.length >= maxDepth) throw new DerError('der/depth', at, what);
      open.push({ tag, end, before: undefined });
      at = content;
    } else {
      if (tag < 0x40) checkPrimitive(tag, bytes.subarray(content, end), content, at);
      at = end;
    }
  } while (at < bytes.length || open.length > 0);
  if (at !== bytes.length) throw new DerError('der/trailing', at, what);
}

function checkPrimitive(tag: number, content: Uint8Array, contentOffset: number, offset: number): void {
  switch (tag) {
    case tags.boolean:
      if (content.length !== 1 || (content[0] !== 0x00 && content[0] !== 0xff))
        throw new DerError('der/boolean', contentOffset, 'BOOLEAN');
      return;
    case tags.integer:
    case tags.enumerated: {
      const [first, second] = content;
      if (first === undefined) throw new DerError('der/integer', contentOffset, 'INTEGER');
      if (second !== undefined && ((first === 0 && second < 0x80) || (first === 0xff && second >= 0x80)))
        throw new DerError('der/integer', contentOffset, 'INTEGER');
      return;
    }
    case tags.bitString:
      bitStringFromContent(content, contentOffset, 'BIT STRING');
      return;
    case tags.octetString:
      return;
    case tags.null:
      if (content.length !== 0) throw new DerError('der/null', contentOffset, 'NULL');
      return;
    case tags.oid:
      oidFromContent(content, contentOffset, 'OBJECT IDENTIFIER');
      return;
    case tags.utcTime:
    case tags.generalizedTime:
      timeFromContent(tag, content, contentOffset, 'Time');
      return;
    default:
      if (!isStringTag(tag)) throw new DerError('der/tag', offset, 'universal type');
      stringFromContent(tag, content, contentOffset, 'string');
  }
}
