import {
  type DerReader,
  type DerValue,
  bitString,
  bitStringFromContent,
  checkSetOrder,
  ia5String,
  oid,
  printableString,
  sequence,
  setOf,
  tags,
  utf8String
} from '../der/index.js';
import { oids } from './oids.js';

/** One AttributeTypeAndValue. */
export interface NameAttribute {
  /** Dotted object identifier. */
  readonly type: string;
  /** Identifier octet of the value. */
  readonly tag: number;
  /** The value's text for a string type; undefined for the BIT STRING of 2.5.4.45. */
  readonly text: string | undefined;
  /** The octets of a BIT STRING value, and its unused bits. */
  readonly bits: { readonly unused: number; readonly octets: Uint8Array } | undefined;
  /** The value's encoding as received. */
  readonly der: Uint8Array;
}

/** A distinguished name in the order of its encoding (RFC 4514 text runs the other way). */
export interface Name {
  readonly der: Uint8Array;
  readonly rdns: readonly (readonly NameAttribute[])[];
}

export function readName(reader: DerReader, what: string): Name {
  const value = reader.read(tags.sequence, what);
  const names = reader.inside(value, what);
  const rdns: NameAttribute[][] = [];
  while (!names.done) {
    const set = names.set(`${what} RDN`);
    const members: DerValue[] = [];
    const rdn: NameAttribute[] = [];
    // SET SIZE (1..MAX): pkijs writes an empty name as one empty RDN, which is not a name at all.
    do {
      const member = set.read(tags.sequence, `${what} attribute`);
      members.push(member);
      rdn.push(readAttribute(set.inside(member, `${what} attribute`), what));
    } while (!set.done);
    checkSetOrder(members, `${what} RDN`);
    rdns.push(rdn);
  }
  return { der: value.der, rdns };
}

function readAttribute(reader: DerReader, what: string): NameAttribute {
  const type = reader.oid(`${what} attribute type`);
  const at = reader.peek();
  if (at === tags.bitString) {
    const value = reader.read(tags.bitString, `${what} attribute value`);
    const bits = bitStringFromContent(value.content, value.contentOffset, `${what} attribute value`);
    reader.end(`${what} attribute`);
    return { type, tag: value.tag, text: undefined, bits, der: value.der };
  }
  const { tag, text, der } = reader.string(`${what} attribute value`);
  reader.end(`${what} attribute`);
  return { type, tag, text, bits: undefined, der };
}

/** The only attribute of a type in a name, or undefined when it is absent or repeated. */
export function attributeOf(name: Name, type: string): NameAttribute | undefined {
  let found: NameAttribute | undefined;
  for (const rdn of name.rdns)
    for (const attribute of rdn) {
      if (attribute.type !== type) continue;
      if (found !== undefined) return undefined;
      found = attribute;
    }
  return found;
}

/** Short names of RFC 4514 section 3 and the X.520 ones OpenSSL prints. */
const shortNames: ReadonlyMap<string, string> = new Map([
  [oids.commonName, 'CN'],
  [oids.organizationalUnitName, 'OU'],
  [oids.organizationName, 'O'],
  [oids.countryName, 'C'],
  [oids.localityName, 'L'],
  [oids.stateOrProvinceName, 'ST']
]);

/** RFC 4514 text: last RDN first, special and unprintable characters escaped, other types as `OID=#hex`. */
export function formatName(name: Name): string {
  return [...name.rdns]
    .reverse()
    .map(rdn => rdn.map(formatAttribute).join('+'))
    .join(',');
}

function formatAttribute(attribute: NameAttribute): string {
  const short = shortNames.get(attribute.type);
  if (short === undefined || attribute.text === undefined)
    return `${attribute.type}=#${Buffer.from(attribute.der).toString('hex')}`;
  return `${short}=${escapeValue(attribute.text)}`;
}

function escapeValue(text: string): string {
  return text
    .replace(/["+,;<>\\]/g, '\\$&')
    .replace(/^[ #]/, '\\$&')
    .replace(/ $/, '\\ ')
    .replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, character =>
      [...Buffer.from(character, 'utf8')].map(octet => `\\${octet.toString(16).padStart(2, '0')}`).join('')
    );
}

/** How an attribute is written: the string type is part of the profile (certificates of one name compare by octets). */
export type AttributeInput =
  | { readonly type: string; readonly utf8: string }
  | { readonly type: string; readonly printable: string }
  | { readonly type: string; readonly ia5: string }
  | { readonly type: string; readonly bits: Uint8Array };

/** A name with one attribute per RDN, in the order given. An empty list is the empty name `3000`. */
export function encodeName(attributes: readonly AttributeInput[]): Uint8Array {
  return sequence(
    ...attributes.map(attribute => setOf(sequence(oid(attribute.type), encodeAttributeValue(attribute))))
  );
}

function encodeAttributeValue(attribute: AttributeInput): Uint8Array {
  if ('utf8' in attribute) return utf8String(attribute.utf8);
  if ('printable' in attribute) return printableString(attribute.printable);
  if ('ia5' in attribute) return ia5String(attribute.ia5);
  return bitString(attribute.bits);
}
