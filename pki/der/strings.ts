import { DerError } from './error.js';
import { tags } from './tag.js';

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** Alphabets of X.680 41; a `*` or `@` in a PrintableString is the commonest fault of home-made encoders. */
const alphabets: ReadonlyMap<number, RegExp> = new Map([
  [tags.numericString, /^[0-9 ]*$/],
  [tags.printableString, /^[A-Za-z0-9 '()+,\-./:=?]*$/],

  [tags.ia5String, /^[\x00-\x7f]*$/]
]);

/** The string types read in names and general names. Teletex, BMP and Universal strings are refused as tags. */
export function isStringTag(tag: number): boolean {
  return tag === tags.utf8String || alphabets.has(tag);
}

/** Reads the content of a string type, refusing octets outside its alphabet. */
export function stringFromContent(tag: number, content: Uint8Array, offset: number, what: string): string {
  if (tag === tags.utf8String) {
    if (isAscii(content)) return latin1(content);
    try {
      return utf8.decode(content);
    } catch {
      throw new DerError('der/string', offset, what);
    }
  }
  const alphabet = alphabets.get(tag);
  if (alphabet === undefined) throw new DerError('der/tag', offset, what);
  const text = latin1(content);
  if (!alphabet.test(text)) throw new DerError('der/string', offset, what);
  return text;
}

/** Octets below 80 are one character each, and calling the decoder for a name costs more than the name. */
function isAscii(content: Uint8Array): boolean {
  for (let i = 0; i < content.length; i++) if ((content[i] as number) >= 0x80) return false;
  return true;
}

function latin1(content: Uint8Array): string {
  return Buffer.from(content.buffer, content.byteOffset, content.length).toString('latin1');
}

/** Content octets of a string for writing; throws RangeError when the type's alphabet lacks a character. */
export function stringToContent(tag: number, text: string): Uint8Array {
  if (tag === tags.utf8String) {
    if (/\p{Surrogate}/u.test(text)) throw new RangeError('not well-formed text');
    return Buffer.from(text, 'utf8');
  }
  if (alphabets.get(tag)?.test(text) !== true)
    throw new RangeError('text outside the alphabet of its string type');
  return Buffer.from(text, 'latin1');
}
