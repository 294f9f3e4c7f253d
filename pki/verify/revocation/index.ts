/**
 * Whether a certificate has been revoked: lists (complete, delta, scoped, indirect; whole or as a stream) by RFC
 * 5280 section 6.3 and OCSP responses by RFC 6960. Trusts the validated issuers it is handed and nothing it reads:
 * what a list or response says counts once its signer is tied to those issuers, and what it says in ways that are
 * not understood makes it say nothing. "Not known" is never "good".
 */
export { revocationSource } from './source.js';
export { verifyCrl, type CrlFacts, type CrlInput, type CrlVerdict } from './verify-crl.js';
export {
  verifyCrlStream,
  type CrlStream,
  type CrlStreamInput,
  type CrlStreamVerdict
} from './verify-crl-stream.js';
export { verifyOcsp, type OcspInput, type OcspVerdict } from './verify-ocsp.js';
export type { CrlEntry } from './crl-entry.js';
export type { RevocationFailure } from './error.js';
export type { IssuingDistributionPoint } from './issuing-distribution-point.js';
export type { Chunks } from './octet-queue.js';
