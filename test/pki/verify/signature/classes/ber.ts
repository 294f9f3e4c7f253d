/** ECDSA-Sig-Value written with whatever liberty a test needs. */
import { tlv } from '../../../../../pki/der/index.js';
import { concat } from '../../../../kit/ber.js';

/** Two's complement in the fewest octets, as an INTEGER's content. */
export function integerContent(value: bigint): Uint8Array {
  let bits = 8;
  while (value < -(1n << BigInt(bits - 1)) || value >= 1n << BigInt(bits - 1)) bits += 8;
  const hex = BigInt.asUintN(bits, value)
    .toString(16)
    .padStart(bits / 4, '0');
  return new Uint8Array(Buffer.from(hex, 'hex'));
}

export function integerOf(value: bigint): Uint8Array {
  return tlv(0x02, integerContent(value));
}

export function sequenceOfOctets(...members: readonly Uint8Array[]): Uint8Array {
  return tlv(0x30, ...members);
}

export function signatureOf(r: bigint, s: bigint): Uint8Array {
  return sequenceOfOctets(integerOf(r), integerOf(s));
}

/** Big-endian in so many octets. */
export function fixed(value: bigint, octets: number): Uint8Array {
  const hex = value.toString(16).padStart(2 * octets, '0');
  if (hex.length > 2 * octets) throw new RangeError('value too long');
  return new Uint8Array(Buffer.from(hex, 'hex'));
}

export function rawOf(r: bigint, s: bigint, octets: number): Uint8Array {
  return concat(fixed(r, octets), fixed(s, octets));
}

export function octetsOf(hex: string): Uint8Array {
  return new Uint8Array(Buffer.from(hex.replaceAll(' ', ''), 'hex'));
}

/** A value with its length octets replaced. */
export function withLength(value: Uint8Array, length: Uint8Array): Uint8Array {
  return concat(value.subarray(0, 1), length, value.subarray(2));
}

export function octetChangedAt(octets: Uint8Array, at: number, becomes: number): Uint8Array {
  const changed = Uint8Array.from(octets);
  changed[at] = becomes;
  return changed;
}
