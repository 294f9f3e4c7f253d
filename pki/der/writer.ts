import { tags, contextConstructed, contextPrimitive } from './tag.js';
import { oidToContent } from './oid.js';
import { timeToContent } from './time.js';
import { stringToContent } from './strings.js';

/** Tag, minimal length, content. */
export function tlv(tag: number, ...parts: readonly Uint8Array[]): Uint8Array {
  return tlvOf(tag, parts);
}

function tlvOf(tag: number, parts: readonly Uint8Array[]): Uint8Array {
  let length = 0;
  for (const part of parts) length += part.length;
  const head = length < 0x80 ? 2 : length < 0x100 ? 3 : length < 0x1_0000 ? 4 : length < 0x100_0000 ? 5 : 6;
  // Memory of its own costs a longer value more than writing it does: those come out of Buffer's pool.
  const out = head + length > 64 ? Buffer.allocUnsafe(head + length) : new Uint8Array(head + length);
  out[0] = tag;
  if (head === 2) out[1] = length;
  else {
    out[1] = 0x80 | (head - 2);
    for (let i = head - 1, left = length; i > 1; i--, left = Math.floor(left / 256)) out[i] = left & 0xff;
  }
  let at = head;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}

export function sequence(...members: readonly Uint8Array[]): Uint8Array {
  return tlv(tags.sequence, ...members);
}

/** SEQUENCE OF any number of members: a revocation list's entries are more than a call takes as arguments. */
export function sequenceOf(members: readonly Uint8Array[]): Uint8Array {
  return tlvOf(tags.sequence, members);
}

/** SET OF: members sorted by their encodings (X.690 11.6). */
export function setOf(...members: readonly Uint8Array[]): Uint8Array {
  return tlv(tags.set, ...[...members].sort((a, b) => Buffer.compare(a, b)));
}

/** INTEGER from a non-negative number or bigint. */
export function integer(value: number | bigint): Uint8Array {
  const big = BigInt(value);
  if (big < 0n) throw new RangeError('negative INTEGER');
  const hex = big.toString(16);
  return unsignedInteger(Buffer.from(hex.length % 2 === 0 ? hex : `0${hex}`, 'hex'));
}

/** INTEGER from an unsigned big-endian magnitude: leading zeros dropped, a zero octet put before a set top bit. */
export function unsignedInteger(magnitude: Uint8Array): Uint8Array {
  let start = 0;
  while (start < magnitude.length - 1 && magnitude[start] === 0) start++;
  const digits = magnitude.subarray(start);
  if (digits.length === 0) return tlv(tags.integer, zero);
  return (digits[0] as number) & 0x80 ? tlv(tags.integer, zero, digits) : tlv(tags.integer, digits);
}

const zero = Uint8Array.of(0);

export function enumerated(value: number): Uint8Array {
  if (!Number.isInteger(value) || value < 0 || value > 127) throw new RangeError('ENUMERATED outside 0..127');
  return tlv(tags.enumerated, Uint8Array.of(value));
}

export function oid(dotted: string): Uint8Array {
  return tlv(tags.oid, oidToContent(dotted));
}

export function boolean(value: boolean): Uint8Array {
  return tlv(tags.boolean, Uint8Array.of(value ? 0xff : 0x00));
}

export function nullValue(): Uint8Array {
  return tlv(tags.null);
}

export function octetString(octets: Uint8Array): Uint8Array {
  return tlv(tags.octetString, octets);
}

/** BIT STRING of whole octets, or with `unused` bits of the last octet (which must be zero) left out. */
export function bitString(octets: Uint8Array, unused = 0): Uint8Array {
  return tlv(tags.bitString, Uint8Array.of(unused), octets);
}

/** BIT STRING with named bits: trailing zero bits dropped (X.690 11.2.2). `bits` holds the bit numbers that are set. */
export function namedBits(bits: readonly number[]): Uint8Array {
  if (bits.length === 0) return bitString(new Uint8Array());
  const last = Math.max(...bits);
  const octets = new Uint8Array((last >> 3) + 1);
  for (const bit of bits) octets[bit >> 3] = (octets[bit >> 3] as number) | (0x80 >> (bit & 7));
  return bitString(octets, 7 - (last & 7));
}

export function utf8String(text: string): Uint8Array {
  return tlv(tags.utf8String, stringToContent(tags.utf8String, text));
}

export function printableString(text: string): Uint8Array {
  return tlv(tags.printableString, stringToContent(tags.printableString, text));
}

export function ia5String(text: string): Uint8Array {
  return tlv(tags.ia5String, stringToContent(tags.ia5String, text));
}

/** UTCTime through 2049, GeneralizedTime after (RFC 5280 4.1.2.5). */
export function time(moment: Date): Uint8Array {
  const { tag, content } = timeToContent(moment);
  return tlv(tag, content);
}

/** `[n] EXPLICIT`, or `[n] IMPLICIT` on a constructed type when given its content. */
export function contextTagged(n: number, ...content: readonly Uint8Array[]): Uint8Array {
  return tlv(contextConstructed(n), ...content);
}

/** `[n] IMPLICIT` on a primitive type, given its content octets. */
export function contextOctets(n: number, content: Uint8Array): Uint8Array {
  return tlv(contextPrimitive(n), content);
}
