import { constants, createPublicKey, KeyObject, verify, webcrypto } from 'node:crypto';
import type { PointVerifier } from '../verify/signature/index.js';
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
export async function verifyPossession(
  proof: PossessionProof,
  verifyPoint?: PointVerifier
): Promise<boolean> {
  const { publicKey, requestInfo, signature } = proof;
  if (verifyPoint !== undefined && publicKey.algorithm === 'P-256')
    return verifyPoint(publicKey.keyBits, requestInfo, signature);
  return verifyImported(proof, await importKey(publicKey));
}

/**
 * The same of many, in their order. Importing a key is a promise: all are imported first, so that a group waits
 * for one turn of the event loop and not for one each. The verifications then block for the whole group; who has
 * other work hands it over in parts.
 */
export async function verifyPossessions(
  proofs: readonly PossessionProof[],
  verifyPoint?: PointVerifier
): Promise<boolean[]> {
  if (verifyPoint !== undefined)
    return Promise.all(proofs.map(proof => verifyPossession(proof, verifyPoint)));
  const keys = await Promise.all(proofs.map(({ publicKey }) => importKey(publicKey)));
  return proofs.map((proof, i) => verifyImported(proof, keys[i] as KeyObject));
}

function verifyImported({ publicKey, requestInfo, signature }: PossessionProof, key: KeyObject): boolean {
  return publicKey.rsa !== undefined
    ? verify('sha256', requestInfo, { key, padding: constants.RSA_PKCS1_PADDING }, signature)
    : verify('sha256', requestInfo, { key, dsaEncoding: 'ieee-p1363' }, signature);
}

async function importKey(publicKey: SubjectPublicKey): Promise<KeyObject> {
  if (publicKey.rsa !== undefined) {
    const { modulus, exponent } = publicKey.rsa;
    return createPublicKey({
      format: 'jwk',
      key: { kty: 'RSA', n: base64url(modulus), e: base64url(exponent) }
    });
  }
  const imported = await webcrypto.subtle.importKey(
    'raw',
    publicKey.keyBits,
    { name: 'ECDSA', namedCurve: publicKey.algorithm },
    true,
    ['verify']
  );
  return KeyObject.from(imported);
}

function base64url(octets: Uint8Array): string {
  return Buffer.from(octets).toString('base64url');
}
