/** Liberties that BER allows and DER does not, taken with an encoding that was DER. For tests of refusal. */

interface Node {
  readonly tag: number;
  readonly content: Uint8Array;
  readonly length: number;
}

export function concat(...parts: readonly Uint8Array[]): Uint8Array {
  return new Uint8Array(Buffer.concat(parts));
}

/** Reads one DER value at `at`; the input is our own, lengths minimal. */
function nodeAt(der: Uint8Array, at = 0): Node {
  const first = der[at + 1] as number;
  const count = first < 0x80 ? 0 : first & 0x7f;
  let length = count === 0 ? first : 0;
  for (let i = 0; i < count; i++) length = length * 256 + (der[at + 2 + i] as number);
  const start = at + 2 + count;
  return { tag: der[at] as number, content: der.subarray(start, start + length), length: 2 + count + length };
}

/** The members inside constructed content. */
export function membersOf(content: Uint8Array): Uint8Array[] {
  const members: Uint8Array[] = [];
  for (let at = 0; at < content.length;) {
    const { length } = nodeAt(content, at);
    members.push(content.subarray(at, at + length));
    at += length;
  }
  return members;
}

/** The members of one constructed DER value. */
export function partsOf(der: Uint8Array): Uint8Array[] {
  return membersOf(nodeAt(der).content);
}

/** Tag, then a length in exactly `octets` length octets (leading zeros as needed), then the content. */
export function longLengthTlv(tag: number, content: Uint8Array, octets: number): Uint8Array {
  const length = Buffer.alloc(4);
  length.writeUInt32BE(content.length);
  const head = octets <= 4 ? length.subarray(4 - octets) : concat(new Uint8Array(octets - 4), length);
  return concat(Uint8Array.of(tag, 0x80 | octets), head, content);
}

/** Indefinite length with its end-of-contents octets. */
export function indefiniteTlv(tag: number, content: Uint8Array): Uint8Array {
  return concat(Uint8Array.of(tag, 0x80), content, Uint8Array.of(0, 0));
}

/**
 * Re-encodes a whole DER tree, `encode` deciding each value's form. OCTET STRINGs whose content is itself one
 * constructed or BIT STRING value (extension values) are descended into.
 */
export function reencode(
  der: Uint8Array,
  encode: (tag: number, content: Uint8Array) => Uint8Array
): Uint8Array {
  const { tag, content } = nodeAt(der);
  if (tag & 0x20) return encode(tag, concat(...membersOf(content).map(member => reencode(member, encode))));
  const nested = content[0] === 0x30 || content[0] === 0x03;
  if (tag === 0x04 && nested && content.length > 2 && nodeAt(content).length === content.length)
    return encode(tag, reencode(content, encode));
  return encode(tag, content);
}

/** Every length of the tree in long form. */
export function longForm(der: Uint8Array, octets = 2): Uint8Array {
  return reencode(der, (tag, content) => longLengthTlv(tag, content, octets));
}

/** The first occurrence of `find` replaced; throws when it does not occur, so that a test cannot pass by accident. */
export function replaceOctets(octets: Uint8Array, find: string, replacement: string): Uint8Array {
  const hex = Buffer.from(octets).toString('hex');
  let at = hex.indexOf(find);
  while (at % 2 === 1) at = hex.indexOf(find, at + 1);
  if (at < 0) throw new Error(`no octets ${find}`);
  return new Uint8Array(Buffer.from(hex.slice(0, at) + replacement + hex.slice(at + find.length), 'hex'));
}
