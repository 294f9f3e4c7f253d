/**
 * A second opinion on what is DER, written without the reader it judges: decodes with BER's liberties, encodes what it
 * understood in the one way that X.690 clauses 8, 10 and 11 leave, and compares. What lies inside strings is not
 * looked at, extension values excepted, which their readers take apart.
 */

interface Value {
  readonly tag: number;
  readonly content: Buffer;
  readonly end: number;
}

/** Whether `octets` are exactly one value, in DER throughout. */
export function isStrictDer(octets: Uint8Array): boolean {
  const input = Buffer.from(octets);
  const encoded = reencoded(input, 0, input.length);
  return encoded !== undefined && encoded.end === input.length && encoded.der.equals(input);
}

/** The values of the extensions named, in a certificate that is DER; for those whose meaning is read. */
export function extensionValues(certificate: Uint8Array, identifiers: readonly string[]): Buffer[] {
  const wanted = new Set(identifiers);
  const [whole] = members(Buffer.from(certificate));
  const [tbs] = members(whole?.content);
  const tagged = members(tbs?.content).find(({ tag }) => tag === 0xa3);
  const [list] = members(tagged?.content);
  return members(list?.content).flatMap(({ content }) => {
    const parts = members(content);
    const value = parts.at(-1);
    return value !== undefined && wanted.has(parts[0]?.content.toString('hex') ?? '') ? [value.content] : [];
  });
}

/** The values one after another in some content; none where it is not BER. */
function members(content: Buffer = Buffer.alloc(0)): Value[] {
  const found: Value[] = [];
  for (let at = 0; at < content.length;) {
    const value = decoded(content, at, content.length);
    if (value === undefined) return [];
    found.push(value);
    at = value.end;
  }
  return found;
}

function reencoded(
  input: Buffer,
  at: number,
  limit: number
): { readonly der: Buffer; readonly end: number } | undefined {
  const value = decoded(input, at, limit);
  if (value === undefined) return undefined;
  const content = (value.tag & 0x20) === 0 ? primitive(value) : constructed(value);
  if (content === undefined) return undefined;
  return {
    der: Buffer.concat([Buffer.from([value.tag]), lengthOctets(content.length), content]),
    end: value.end
  };
}

function decoded(input: Buffer, at: number, limit: number): Value | undefined {
  const tag = input[at];
  const first = input[at + 1];
  if (tag === undefined || first === undefined || at + 2 > limit || (tag & 0x1f) === 0x1f) return undefined;
  let start = at + 2;
  let length = first;
  if (first > 0x80) {
    const count = first - 0x80;
    if (count > 6 || start + count > limit) return undefined;
    length = input.readUIntBE(start, count);
    start += count;
  } else if (first === 0x80) return undefined;
  if (start + length > limit) return undefined;
  return { tag, content: input.subarray(start, start + length), end: start + length };
}

function constructed({ tag, content }: Value): Buffer | undefined {
  // Of the universal types SEQUENCE and SET alone are constructed in DER (X.690 10.2).
  if (tag < 0x40 && tag !== 0x30 && tag !== 0x31) return undefined;
  const encoded: Buffer[] = [];
  for (let at = 0; at < content.length;) {
    const member = reencoded(content, at, content.length);
    if (member === undefined) return undefined;
    encoded.push(member.der);
    at = member.end;
  }
  // X.690 11.6: SET OF ascends.
  if (tag === 0x31) encoded.sort((a, b) => Buffer.compare(a, b));
  return Buffer.concat(encoded);
}

function lengthOctets(length: number): Buffer {
  if (length < 0x80) return Buffer.from([length]);
  const hex = length.toString(16);
  const octets = Buffer.from(hex.length % 2 === 0 ? hex : `0${hex}`, 'hex');
  return Buffer.concat([Buffer.from([0x80 | octets.length]), octets]);
}

/** The content as DER writes it; undefined when it means nothing. */
function primitive({ tag, content }: Value): Buffer | undefined {
  switch (tag) {
    case 0x01:
      return content.length === 1 ? Buffer.from([content[0] === 0 ? 0 : 0xff]) : undefined;
    case 0x02:
    case 0x0a:
      return minimalInteger(content);
    case 0x03:
      return paddedBits(content);
    case 0x05:
      return Buffer.alloc(0);
    case 0x06:
      return isObjectIdentifier(content) ? content : undefined;
    case 0x17:
      return /^\d{12}Z$/.test(content.toString('latin1')) ? content : undefined;
    case 0x18:
      return /^\d{14}Z$/.test(content.toString('latin1')) ? content : undefined;
    case 0x30:
    case 0x31:
    case 0x00:
      return undefined;
    default:
      return content;
  }
}

function minimalInteger(content: Buffer): Buffer | undefined {
  if (content.length === 0) return undefined;
  let start = 0;
  while (start + 1 < content.length) {
    const top = (content[start + 1] as number) & 0x80;
    if (!(content[start] === 0 && top === 0) && !(content[start] === 0xff && top !== 0)) break;
    start++;
  }
  return content.subarray(start);
}

function paddedBits(content: Buffer): Buffer | undefined {
  const unused = content[0];
  if (unused === undefined || unused > 7 || (unused > 0 && content.length === 1)) return undefined;
  const copy = Buffer.from(content);
  const last = copy.length - 1;
  if (unused > 0) copy[last] = (copy[last] as number) & (0xff << unused);
  return copy;
}

function isObjectIdentifier(content: Buffer): boolean {
  if (content.length === 0 || ((content.at(-1) ?? 0x80) & 0x80) !== 0) return false;
  return content.every((octet, i) => octet !== 0x80 || (i > 0 && ((content[i - 1] as number) & 0x80) !== 0));
}
