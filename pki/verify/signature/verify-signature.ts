import { types } from 'node:util';
import { hashNames, rsaPaddings, type HashName, type RsaPadding } from './algorithms.js';
import { importedKey } from './imported-key.js';
import { verifyEcdsa, verifyRsa, type EcdsaFormat } from './strict.js';

/** A signature and what it is to be held against. */
export interface SignatureInput {
  /** SubjectPublicKeyInfo (RFC 5280 4.1.2.7) in strict DER: P-256 or P-384 uncompressed, or RSA of 2048 to 8192 bits. */
  readonly publicKey: Uint8Array;
  /** What is signed: the octets themselves, never their hash. */
  readonly data: Uint8Array;
  readonly signature: Uint8Array;
  /**
   * ECDSA: `der` is ECDSA-Sig-Value (RFC 3279 2.2.3), `raw` is r‖s of 64 octets (P-256) or 96 (P-384). An RSA
   * signature has one form, the octets of the modulus' length, and is taken under both names.
   */
  readonly format: EcdsaFormat;
  /** Default: SHA-256 for P-256 and RSA, SHA-384 for P-384. */
  readonly hash?: HashName | undefined;
  /** RSA alone: PKCS#1 v1.5, the default, or PSS with MGF1 on the same hash and a salt as long as the hash. */
  readonly padding?: RsaPadding | undefined;
}

/**
 * Whether a signature over data verifies under a public key. False for every key that is not believed and for
 * every signature that is not in its one strict encoding, with 1 ≤ r, s < n for ECDSA and of the modulus' length
 * and below it for RSA. Never throws for any octets.
 *
 * @throws TypeError for a value that is not of the declared type: a string for octets, a hash that is not named
 */
export function verifySignature(input: SignatureInput): boolean {
  checkTypes(input);
  const { publicKey, data, signature, format, hash, padding } = input;
  const key = importedKey(publicKey);
  if (key === undefined) return false;
  if (key.algorithm === 'RSA') return verifyRsa(key, hash ?? 'sha256', padding ?? 'pkcs1', data, signature);
  const usual = key.algorithm === 'P-256' ? 'sha256' : 'sha384';
  return verifyEcdsa(key, hash ?? usual, data, signature, format);
}

const formats: readonly unknown[] = ['der', 'raw'];
const hashes: readonly unknown[] = [undefined, ...hashNames];
const paddings: readonly unknown[] = [undefined, ...rsaPaddings];

/** Callers need not be written in TypeScript; a value of another type is their mistake, not a bad signature. */
function checkTypes(input: SignatureInput): void {
  if (typeof input !== 'object' || input === null) throw new TypeError('the input must be an object');
  for (const name of ['publicKey', 'data', 'signature'] as const)
    if (!types.isUint8Array(input[name])) throw new TypeError(`${name} must be a Uint8Array`);
  if (!formats.includes(input.format)) throw new TypeError('format must be der or raw');
  if (!hashes.includes(input.hash)) throw new TypeError('hash must be sha256, sha384 or sha512');
  if (!paddings.includes(input.padding)) throw new TypeError('padding must be pkcs1 or pss');
}
