import { verify } from 'node:crypto';
import { importedKey } from './imported-key.js';
import { rawFromDer } from './strict.js';

/**
 * Verifies ECDSA on P-256 with SHA-256 under a key given as its point: a faster way than this program's own, handed
 * in by who has one.
 *
 * @param point 65 octets, `04` x y, known to lie on the curve
 * @param rawSignature r‖s, 64 octets
 */
export type PointVerifier = (point: Uint8Array, data: Uint8Array, rawSignature: Uint8Array) => boolean;

/** `raw`: r‖s in 64 octets. `der`: ECDSA-Sig-Value, as in certificates. RSA signatures are PKCS#1 v1.5 in both. */
export type SignatureForm = 'raw' | 'der';

/**
 * Whether `signature` is one over the whole `data`, hashed with SHA-256, by the key of a DER
 * SubjectPublicKeyInfo: P-256, or RSA of 2048 bits and more. False for every other key and for a signature not
 * in its one strict encoding: a lenient reader lets one signed certificate have many fingerprints.
 *
 * For keys that are met again: issuers, officers, components. Keys met once (possession in a request) have a
 * cheaper way.
 *
 * @param verifyPoint a faster way for P-256, with the same answers
 */
export function verifyWithKnownKey(
  spki: Uint8Array,
  data: Uint8Array,
  signature: Uint8Array,
  form: SignatureForm,
  verifyPoint?: PointVerifier
): boolean {
  const imported = importedKey(spki);
  if (imported === undefined || imported.algorithm === 'P-384') return false;
  const { key } = imported;
  if (imported.algorithm === 'RSA') return verify('sha256', data, key, signature);
  if (verifyPoint !== undefined) {
    const raw = form === 'raw' ? signature : rawFromDer(signature, 'P-256');
    return raw !== undefined && raw.length === 64 && verifyPoint(imported.point, data, raw);
  }
  if (form === 'raw')
    return signature.length === 64 && verify('sha256', data, { key, dsaEncoding: 'ieee-p1363' }, signature);
  // OpenSSL encodes what it read again and refuses a signature that differs: one signature, one encoding.
  return verify('sha256', data, key, signature);
}
