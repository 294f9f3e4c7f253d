import { constants, verify } from 'node:crypto';
import { derToRawSignature, isRawSignature, X509Error, type CurveName } from '../../x509/index.js';
import { hashOctets, type HashName, type RsaPadding } from './algorithms.js';
import type { ImportedKey } from './imported-key.js';

/** `der`: ECDSA-Sig-Value (RFC 3279 2.2.3). `raw`: r‖s, each as long as the order of the curve. */
export type EcdsaFormat = 'der' | 'raw';

type EcKey = Exclude<ImportedKey, { algorithm: 'RSA' }>;
type RsaKey = Extract<ImportedKey, { algorithm: 'RSA' }>;

/**
 * ECDSA (FIPS 186-5 6.4). The value is read and its range checked here: what OpenSSL is handed is r‖s in the one
 * length it can have, so that no reader's leniency is ever asked.
 */
export function verifyEcdsa(
  imported: EcKey,
  hash: HashName,
  data: Uint8Array,
  signature: Uint8Array,
  format: EcdsaFormat
): boolean {
  const { algorithm } = imported;
  const raw = format === 'raw' ? checkedRaw(signature, algorithm) : rawFromDer(signature, algorithm);
  return raw !== undefined && verify(hash, data, { key: imported.key, dsaEncoding: 'ieee-p1363' }, raw);
}

/**
 * RSA (RFC 8017 8.1.2, 8.2.2). The signature has exactly the octets of the modulus and is below it: a shorter one
 * could be lengthened and one reduced, and each would be another encoding of the same signature.
 */
export function verifyRsa(
  imported: RsaKey,
  hash: HashName,
  padding: RsaPadding,
  data: Uint8Array,
  signature: Uint8Array
): boolean {
  const { modulus } = imported;
  if (signature.length !== modulus.length || Buffer.compare(signature, modulus) >= 0) return false;
  const { key } = imported;
  return padding === 'pkcs1'
    ? verify(hash, data, { key, padding: constants.RSA_PKCS1_PADDING }, signature)
    : verify(
        hash,
        data,
        { key, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: hashOctets[hash] },
        signature
      );
}

function checkedRaw(signature: Uint8Array, curve: CurveName): Uint8Array | undefined {
  return isRawSignature(signature, curve) ? signature : undefined;
}

/** r‖s of an ECDSA-Sig-Value in its one encoding, range checked; undefined otherwise. */
export function rawFromDer(signature: Uint8Array, curve: CurveName): Uint8Array | undefined {
  try {
    return derToRawSignature(signature, curve);
  } catch (error) {
    if (error instanceof X509Error) return undefined;
    throw error;
  }
}
