import { DerError, DerReader, sequence, unsignedInteger } from '../der/index.js';
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

/** Raw r‖s to ECDSA-Sig-Value; the same range is demanded of what a signer answers. */
export function rawToDerSignature(raw: Uint8Array, curve: CurveName): Uint8Array {
  const { octets } = curves[curve];
  if (raw.length !== 2 * octets) throw new X509Error('x509/signature', 'length');
  checkRange(raw, curve);
  return sequence(unsignedInteger(raw.subarray(0, octets)), unsignedInteger(raw.subarray(octets)));
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
  return isInRange(raw.subarray(0, octets), order) && isInRange(raw.subarray(octets), order);
}

function checkRange(raw: Uint8Array, curve: CurveName): void {
  const { octets } = curves[curve];
  const order = orders[curve];
  for (const [what, half] of [
    ['r', raw.subarray(0, octets)],
    ['s', raw.subarray(octets)]
  ] as const) {
    if (!isInRange(half, order)) throw new X509Error('x509/signature', what);
  }
}

const orders: Readonly<Record<CurveName, Uint8Array>> = {
  'P-256': Buffer.from(curves['P-256'].n.toString(16), 'hex'),
  'P-384': Buffer.from(curves['P-384'].n.toString(16), 'hex')
};

/** 1 ≤ value < order, both big-endian and of one length: octets compare as the numbers do. */
function isInRange(value: Uint8Array, order: Uint8Array): boolean {
  let any = 0;
  for (let i = 0; i < value.length; i++) any |= value[i] as number;
  if (any === 0) return false;
  for (let i = 0; i < value.length; i++) {
    const difference = (value[i] as number) - (order[i] as number);
    if (difference !== 0) return difference < 0;
  }
  return false;
}
