import { constants, createPublicKey, KeyObject, verify, webcrypto } from 'node:crypto';
import type { SubjectPublicKey } from '../x509/index.js';

/** What proves possession of the private key: the signed octets as received, the signature, the key. */
export interface PossessionProof {
  readonly requestInfo: Uint8Array;
  /** Raw r‖s, or a PKCS#1 signature. */
  readonly signature: Uint8Array;
  readonly publicKey: SubjectPublicKey;
}

/**
 * Whether the request's signature verifies with the request's own key, SHA-256 (rule R4, second half). The key must
 * have been checked. The point is imported raw: importing SubjectPublicKeyInfo costs OpenSSL twice the verification
 * itself, and every key here is seen for the first time.
 */
export async function verifyPossession(proof: PossessionProof): Promise<boolean> {
  const { publicKey, requestInfo, signature } = proof;
  if (publicKey.rsa !== undefined) {
    const key = createPublicKey({
      format: 'jwk',
      key: { kty: 'RSA', n: base64url(publicKey.rsa.modulus), e: base64url(publicKey.rsa.exponent) }
    });
    return verify('sha256', requestInfo, { key, padding: constants.RSA_PKCS1_PADDING }, signature);
  }
  const imported = await webcrypto.subtle.importKey(
    'raw',
    publicKey.keyBits,
    { name: 'ECDSA', namedCurve: publicKey.algorithm },
    true,
    ['verify']
  );
  return verify(
    'sha256',
    requestInfo,
    { key: KeyObject.from(imported), dsaEncoding: 'ieee-p1363' },
    signature
  );
}

function base64url(octets: Uint8Array): string {
  return Buffer.from(octets).toString('base64url');
}
