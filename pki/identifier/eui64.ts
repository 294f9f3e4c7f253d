import { IdentifierError } from './error.js';

/** An EUI-64 as an unsigned 64-bit value. */
export type Eui64 = bigint;

const allOnes = 0xffff_ffff_ffff_ffffn;
/** The I/G bit of the first octet (IEEE 802): set in group addresses, which name no single entity. */
const groupBit = 1n << 56n;

function checked(eui: bigint): Eui64 {
  if (eui === 0n || eui === allOnes || (eui & groupBit) !== 0n)
    throw new IdentifierError('identifier/eui-value');
  return eui;
}

/** Reads `AA-BB-CC-DD-EE-FF-GG-HH`, digits of either case (DUIS schema; SMKI repository interface). */
export function parseEui64(text: string): Eui64 {
  if (!/^[0-9A-Fa-f]{2}(-[0-9A-Fa-f]{2}){7}$/.test(text)) throw new IdentifierError('identifier/eui-form');
  return checked(BigInt(`0x${text.replaceAll('-', '')}`));
}

/** The text form, upper case. */
export function formatEui64(eui: Eui64): string {
  const digits = eui.toString(16).toUpperCase().padStart(16, '0');
  const pair = (at: number): string => digits.slice(at, at + 2);
  return `${pair(0)}-${pair(2)}-${pair(4)}-${pair(6)}-${pair(8)}-${pair(10)}-${pair(12)}-${pair(14)}`;
}

export function eui64FromOctets(octets: Uint8Array): Eui64 {
  if (octets.length !== 8) throw new IdentifierError('identifier/eui-form');
  return checked(new DataView(octets.buffer, octets.byteOffset, 8).getBigUint64(0));
}

export function eui64ToOctets(eui: Eui64): Uint8Array {
  const octets = new Uint8Array(8);
  new DataView(octets.buffer).setBigUint64(0, eui);
  return octets;
}

/** As PostgreSQL's signed `bigint` holds it: the same 64 bits, so that test identifiers above 2^63 fit. */
export function eui64ToSigned(eui: Eui64): bigint {
  return BigInt.asIntN(64, eui);
}

export function eui64FromSigned(value: bigint): Eui64 {
  return checked(BigInt.asUintN(64, value));
}

/**
 * Whether an EUI-64 lies in one of the blocks set aside for organisations (policy values such as `70-B3-D5-1F-3`:
 * hexadecimal digits with hyphens after every two). Devices use their makers' blocks, never these.
 */
export function isOrganisationEui(eui: Eui64, prefixes: readonly string[]): boolean {
  let blocks = blocksOf.get(prefixes);
  if (blocks === undefined) blocksOf.set(prefixes, (blocks = prefixes.flatMap(blockOf)));
  for (const { value, shift } of blocks) if (eui >> shift === value) return true;
  return false;
}

/** A block: what the identifiers in it have in front, and how many bits follow. */
interface Block {
  readonly value: bigint;
  readonly shift: bigint;
}

/** By the list itself: it is of a policy, and a policy does not change. */
const blocksOf = new WeakMap<readonly string[], readonly Block[]>();

/** No block for what is not the beginning of an EUI-64: nothing lies in it. */
function blockOf(prefix: string): Block[] {
  const digits = prefix.replaceAll('-', '');
  if (!/^[0-9A-Fa-f]{0,16}$/.test(digits)) return [];
  return [{ value: BigInt(`0x0${digits}`), shift: BigInt(64 - 4 * digits.length) }];
}
