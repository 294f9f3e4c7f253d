/**
 * Strict DER (X.690 clauses 8, 10 and 11, for the types X.509 uses): a reader that consumes every octet or throws
 * `DerError` with a code, the offset and the name of the thing read, a gate for octets that go to other decoders,
 * and a writer. The one tolerance, long-form lengths, has a name that the caller writes. Trusts nothing it reads;
 * the writer's arguments are ours, and wrong ones throw RangeError.
 */
export { DerError, type DerErrorCode } from './error.js';
export type { Lengths } from './length.js';
export { tags, contextConstructed, contextPrimitive } from './tag.js';
export type { ReadOptions } from './limits.js';
export { bitStringFromContent, type BitStringValue } from './bit-string.js';
export { DerReader, checkSetOrder, type DerValue } from './reader.js';
export { assertDer } from './gate.js';
export {
  bitString,
  boolean,
  contextOctets,
  contextTagged,
  enumerated,
  ia5String,
  integer,
  namedBits,
  nullValue,
  octetString,
  oid,
  printableString,
  sequence,
  sequenceOf,
  setOf,
  time,
  tlv,
  unsignedInteger,
  utf8String
} from './writer.js';
