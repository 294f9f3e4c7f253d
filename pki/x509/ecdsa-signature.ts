import { DerError, DerReader, sequence, unsignedInteger } from '../der/index.js';
import { curves, unsignedFromOctets, type CurveName } from './curve.js';
import { X509Error } from './error.js';

/**
 * ECDSA-Sig-Value (RFC 3279 2.2.3) to raw r‖s, each as long as the curve's order. Strict DER and 1 ≤ r, s < n:
 * lenient decoders give one signature many encodings, and so one certificate many fingerprints.
 */
export function derToRawSignature(der: Uint8Array, curve: CurveName): Uint8Array {
  const { octets } = curves[curve];
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

function checkRange(raw: Uint8Array, curve: CurveName): void {
  const { octets, n } = curves[curve];
  for (const [what, half] of [
    ['r', raw.subarray(0, octets)],
    ['s', raw.subarray(octets)]
  ] as const) {
    const value = unsignedFromOctets(half);
    if (value === 0n || value >= n) throw new X509Error('x509/signature', what);
  }
}
