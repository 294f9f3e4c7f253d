import { DerError } from './error.js';
import { sameOctets } from './octets.js';

/**
 * DESIGN limit on an OBJECT IDENTIFIER's content. The longest in use here has 13 octets, one under 2.25 (a UUID)
 * needs 20; without a limit one value of a mebibyte exhausts memory when it is written as text.
 */
const maxOidOctets = 64;

/**
 * The identifiers read last, by a hash of their octets. A certificate names a dozen and all name the same ones;
 * writing one as text costs more than comparing it. One entry a place, so that foreign ones only displace.
 */
const remembered: ({ readonly content: Uint8Array; readonly text: string } | undefined)[] = Array.from({
  length: 256
});

/** Content octets to dotted text; refuses padded or unfinished arcs (X.690 8.19.2). */
export function oidFromContent(content: Uint8Array, offset: number, what: string): string {
  if (content.length === 0 || content.length > maxOidOctets) throw new DerError('der/oid', offset, what);
  let place = content.length;
  for (let i = 0; i < content.length; i++) place = (place * 31 + (content[i] as number)) & 0xff_ffff;
  place &= 0xff;
  const known = remembered[place];
  if (known !== undefined && sameOctets(known.content, content)) return known.text;
  const text = decode(content, offset, what);
  remembered[place] = { content: Uint8Array.from(content), text };
  return text;
}

function decode(content: Uint8Array, offset: number, what: string): string {
  const arcs: string[] = [];
  let arc = 0;
  let wide: bigint | undefined;
  let start = true;
  for (let i = 0; i < content.length; i++) {
    const octet = content[i] as number;
    if (start && octet === 0x80) throw new DerError('der/oid', offset + i, what);
    if (wide === undefined && arc > 0xffff_ffff) wide = BigInt(arc);
    if (wide === undefined) arc = arc * 128 + (octet & 0x7f);
    else wide = wide * 128n + BigInt(octet & 0x7f);
    start = (octet & 0x80) === 0;
    if (start) {
      if (arcs.length === 0) arcs.push(...firstArcs(wide ?? BigInt(arc)));
      else arcs.push(String(wide ?? arc));
      arc = 0;
      wide = undefined;
    }
  }
  if (!start) throw new DerError('der/oid', offset + content.length, what);
  return arcs.join('.');
}

/** The first subidentifier holds two arcs: 40 × first + second, first 0..2 (X.690 8.19.4). */
function firstArcs(value: bigint): [string, string] {
  if (value < 40n) return ['0', String(value)];
  if (value < 80n) return ['1', String(value - 40n)];
  return ['2', String(value - 80n)];
}

/** Dotted text to content octets. For our own tables and checked configuration: throws RangeError. */
export function oidToContent(text: string): Uint8Array {
  if (!/^[0-2](\.(0|[1-9][0-9]{0,38})){1,32}$/.test(text)) throw new RangeError('not an object identifier');
  const [first, second, ...rest] = text.split('.').map(BigInt) as [bigint, bigint, ...bigint[]];
  if (first < 2n && second > 39n) throw new RangeError('not an object identifier');
  const out: number[] = [];
  for (const arc of [first * 40n + second, ...rest]) {
    const octets = [Number(arc & 0x7fn)];
    for (let left = arc >> 7n; left > 0n; left >>= 7n) octets.unshift(Number(left & 0x7fn) | 0x80);
    out.push(...octets);
  }
  if (out.length > maxOidOctets) throw new RangeError('object identifier too long');
  return Uint8Array.from(out);
}
