import { DerError, DerReader, tags } from '../der/index.js';
import { curves, type CurveName } from './curve.js';
import { X509Error } from './error.js';

/**
 * ECDSA-Sig-Value (RFC 3279 2.2.3) to raw r‖s, each as long as the curve's order. Strict DER and 1 ≤ r, s < n:
 * lenient decoders give one signature many encodings, and so one certificate many fingerprints.
 */
export function derToRawSignature(der: Uint8Array, curve: CurveName): Uint8Array {
  const { octets } = curves[curve];
  const plain = plainHalves(der, octets);
  if (plain !== undefined && areInRange(plain, octets, orders[curve])) return plain;
  try {
    const reader = DerReader.over(der, 'ECDSA-Sig-Value');
    const inner = reader.sequence('ECDSA-Sig-Value');
    const r = inner.unsigned('r', octets);
    const s = inner.unsigned('s', octets);
    inner.end('ECDSA-Sig-Value');
    reader.end('ECDSA-Sig-Value');
    const raw = new Uint8Array(2 * octets);
    raw.set(r, octets - r.length);
    raw.set(s, 2 * octets - s.length);
    checkRange(raw, curve);
    return raw;
  } catch (cause) {
    if (cause instanceof DerError) throw new X509Error('x509/signature', cause.what, { cause });
    throw cause;
  }
}

/** Whether octets are r‖s, each as long as the curve's order and 1 ≤ r, s < n. */
export function isRawSignature(raw: Uint8Array, curve: CurveName): boolean {
  const { octets } = curves[curve];
  return raw.length === 2 * octets && areInRange(raw, octets, orders[curve]);
}

/** Raw r‖s to ECDSA-Sig-Value; the same range is demanded of what a signer answers. */
export function rawToDerSignature(raw: Uint8Array, curve: CurveName): Uint8Array {
  const { octets } = curves[curve];
  if (raw.length !== 2 * octets) throw new X509Error('x509/signature', 'length');
  checkRange(raw, curve);
  const r = integerOctets(raw, 0, octets);
  const s = integerOctets(raw, octets, 2 * octets);
  // Two integers of a curve here have 102 octets at most: every length is in the short form.
  const der = new Uint8Array(6 + r + s);
  der[0] = tags.sequence;
  der[1] = 4 + r + s;
  writeInteger(der, 2, r, raw, octets);
  writeInteger(der, 4 + r, s, raw, 2 * octets);
  return der;
}

/** Content octets of the INTEGER of a magnitude: leading zeros dropped, a zero octet put before a set top bit. */
function integerOctets(raw: Uint8Array, from: number, to: number): number {
  let first = from;
  while (first < to - 1 && raw[first] === 0) first++;
  return to - first + ((raw[first] as number) >> 7);
}

/** The INTEGER of so many content octets whose magnitude ends before `to`; before a shorter one there are zeros. */
function writeInteger(der: Uint8Array, at: number, octets: number, raw: Uint8Array, to: number): void {
  der[at] = tags.integer;
  der[at + 1] = octets;
  const end = at + 2 + octets;
  const length = Math.min(octets, raw.length / 2);
  for (let back = 1; back <= length; back++) der[end - back] = raw[to - back] as number;
}

/**
 * r‖s where both lengths of a signature are in the short form and both INTEGERs minimal and not negative: what the
 * reader reads in nearly every one. undefined for others, of which the reader says what they are.
 */
function plainHalves(der: Uint8Array, octets: number): Uint8Array | undefined {
  if (der[0] !== 0x30 || der[1] !== der.length - 2 || der.length > 0x7f) return undefined;
  const raw = new Uint8Array(2 * octets);
  let at = 2;
  for (let half = 1; half <= 2; half++) {
    let length = der[at + 1] as number;
    const first = der[at + 2] as number;
    if (der[at] !== 0x02 || !(length >= 1) || !(at + 2 + length <= der.length) || first >= 0x80)
      return undefined;
    at += 2;
    if (first === 0 && length > 1) {
      if ((der[at + 1] as number) < 0x80) return undefined;
      at += 1;
      length -= 1;
    }
    if (length > octets) return undefined;
    for (let i = 0, to = half * octets - length; i < length; i++) raw[to + i] = der[at + i] as number;
    at += length;
  }
  return at === der.length ? raw : undefined;
}

function areInRange(raw: Uint8Array, octets: number, order: Uint8Array): boolean {
  return isInRange(raw, 0, order) && isInRange(raw, octets, order);
}

function checkRange(raw: Uint8Array, curve: CurveName): void {
  const order = orders[curve];
  if (!isInRange(raw, 0, order)) throw new X509Error('x509/signature', 'r');
  if (!isInRange(raw, curves[curve].octets, order)) throw new X509Error('x509/signature', 's');
}

const orders: Readonly<Record<CurveName, Uint8Array>> = {
  'P-256': Buffer.from(curves['P-256'].n.toString(16), 'hex'),
  'P-384': Buffer.from(curves['P-384'].n.toString(16), 'hex')
};

/** 1 ≤ value < order, both big-endian and of one length, the value from an octet on: octets compare as numbers do. */
function isInRange(octets: Uint8Array, from: number, order: Uint8Array): boolean {
  let any = 0;
  for (let i = 0; i < order.length; i++) any |= octets[from + i] as number;
  if (any === 0) return false;
  for (let i = 0; i < order.length; i++) {
    const difference = (octets[from + i] as number) - (order[i] as number);
    if (difference !== 0) return difference < 0;
  }
  return false;
}
