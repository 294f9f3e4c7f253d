import {
  DerReader,
  bitStringFromContent,
  checkSetOrder,
  sequence,
  tags,
  tlv,
  type DerValue
} from '../../der/index.js';
import { sameOctets } from '../../der/octets.js';
import type { Name, NameAttribute } from '../../x509/index.js';
import { prepare } from './string-preparation.js';

/** String types of old names (RFC 5280 4.1.2.4): read, compared by their octets, never turned into text. */
const oldStringTags: ReadonlySet<number> = new Set([0x14, 0x1c, 0x1e]);
const stringTags: ReadonlySet<number> = new Set([
  tags.utf8String,
  tags.printableString,
  tags.ia5String,
  tags.numericString
]);
/** emailAddress (RFC 2985) and domainComponent (RFC 4519): IA5String compared without case, RFC 5280 4.1.2.6, 7.3. */
const caselessIa5: ReadonlySet<string> = new Set(['1.2.840.113549.1.9.1', '0.9.2342.19200300.100.1.25']);

/**
 * Reads a Name with every attribute type and string type RFC 5280 4.1.2.4 lets a certificate have. Values of types
 * that have no text here (TeletexString and older, anything that is not a string) keep their encoding only.
 */
export function readName(reader: DerReader, what: string): Name {
  const value = reader.read(tags.sequence, what);
  const names = reader.inside(value, what);
  const rdns: NameAttribute[][] = [];
  while (!names.done) rdns.push(readRdn(names.set(`${what} RDN`), what));
  return { der: value.der, rdns };
}

/** A DER Name and nothing after it. */
export function nameFrom(der: Uint8Array, what: string): Name {
  const reader = DerReader.over(der, what);
  const name = readName(reader, what);
  reader.end(what);
  return name;
}

/** The members of a RelativeDistinguishedName, given the inside of its SET: at least one, in DER's order. */
export function readRdn(set: DerReader, what: string): NameAttribute[] {
  const members: DerValue[] = [];
  const rdn: NameAttribute[] = [];
  do {
    const member = set.read(tags.sequence, `${what} attribute`);
    members.push(member);
    rdn.push(readAttribute(set.inside(member, `${what} attribute`), `${what} attribute`));
  } while (!set.done);
  checkSetOrder(members, `${what} RDN`);
  return rdn;
}

function readAttribute(reader: DerReader, what: string): NameAttribute {
  const type = reader.oid(`${what} type`);
  const tag = reader.peek() ?? reader.fail('der/truncated', what);
  let text: string | undefined;
  let bits: NameAttribute['bits'];
  let der: Uint8Array;
  if (stringTags.has(tag)) ({ text, der } = reader.string(what));
  else if (oldStringTags.has(tag)) der = reader.any(what).der;
  else {
    const value = reader.opaque(what);
    der = value.der;
    if (tag === tags.bitString) bits = bitStringFromContent(value.content, value.contentOffset, what);
  }
  reader.end(what);
  return { type, tag, text, bits, der };
}

export function isEmptyName(name: Name): boolean {
  return name.rdns.length === 0;
}

/**
 * Whether two names are one, by RFC 5280 7.1: RDN by RDN in order, members of an RDN as a set, PrintableString and
 * UTF8String values as prepared text without case, emailAddress and domainComponent in IA5String without case,
 * everything else by its octets. Text that cannot be prepared is compared by its octets: never wider.
 */
export function sameName(a: Name, b: Name): boolean {
  return a === b || sameOctets(a.der, b.der) || nameKey(a) === nameKey(b);
}

/** Whether a name lies in the subtree of `base`: it begins with the RDNs of the base (RFC 5280 7.1). */
export function isWithin(name: Name, base: Name): boolean {
  const own = rdnKeys(name);
  return base.rdns.length <= own.length && rdnKeys(base).every((key, i) => key === own[i]);
}

const rdnKeysOf = new WeakMap<Name, readonly string[]>();
const nameKeyOf = new WeakMap<Name, string>();

/** A text that is equal for the names that are the same, and for no others: the key of indexes. */
export function nameKey(name: Name): string {
  let key = nameKeyOf.get(name);
  if (key === undefined) nameKeyOf.set(name, (key = JSON.stringify(rdnKeys(name))));
  return key;
}

function rdnKeys(name: Name): readonly string[] {
  let keys = rdnKeysOf.get(name);
  if (keys === undefined) {
    keys = name.rdns.map(rdn => JSON.stringify(rdn.map(attributeKey).sort()));
    rdnKeysOf.set(name, keys);
  }
  return keys;
}

function attributeKey(attribute: NameAttribute): string {
  const text = comparableText(attribute);
  return text === undefined
    ? `${attribute.type}=#${Buffer.from(attribute.der).toString('hex')}`
    : `${attribute.type}=${text}`;
}

/** The text two values of one type are compared by; undefined when they are compared by their octets. */
function comparableText({ type, tag, text }: NameAttribute): string | undefined {
  if (text === undefined) return undefined;
  if (tag === tags.ia5String) return caselessIa5.has(type) ? `i${text.toLowerCase()}` : undefined;
  if (caselessIa5.has(type)) return undefined;
  if (tag !== tags.printableString && tag !== tags.utf8String) return undefined;
  const prepared = prepare(text);
  return prepared === undefined ? undefined : `d${prepared}`;
}

/**
 * Whether every string in a name can be compared as text. Where not, that a name differs from an excluded subtree
 * says nothing: other octets may be read as the same text.
 */
export function isComparable(name: Name): boolean {
  return name.rdns.every(rdn =>
    rdn.every(attribute =>
      stringTags.has(attribute.tag) || oldStringTags.has(attribute.tag)
        ? comparableText(attribute) !== undefined
        : true
    )
  );
}

/** The name with one more RDN: `nameRelativeToCRLIssuer` appended to the issuer's name (RFC 5280 4.2.1.13). */
export function appendRdn(name: Name, rdn: readonly NameAttribute[], rdnContent: Uint8Array): Name {
  const content = DerReader.over(name.der, 'name').read(tags.sequence, 'name').content;
  return { der: sequence(content, tlv(tags.set, rdnContent)), rdns: [...name.rdns, rdn] };
}
