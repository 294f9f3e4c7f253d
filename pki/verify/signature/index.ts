/**
 * Whether a signature holds: the table of algorithms, strict values, and a bounded cache of imported public keys.
 * Trusts nothing it is handed; `node:crypto` does the arithmetic and is asked only about values that were read and
 * range-checked here. `verifyWithKnownKey` is the short way of the profiles, SHA-256 on P-256 and RSA, for keys
 * that are met again.
 */
export { isSigned } from './signed.js';
export { verifySignature, type SignatureInput } from './verify-signature.js';
export { verifyWithKnownKey, type PointVerifier, type SignatureForm } from './known-key.js';
