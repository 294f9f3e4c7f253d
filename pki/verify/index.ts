/**
 * Whether signed things hold: signatures, certificates of our profiles up to a configured anchor, revocation
 * lists and the status they give. Trusts the anchors and the policy it is handed, and nothing it reads; has no
 * state but a bounded cache of imported public keys and, for as long as an issuer's parsed certificate lives, what
 * was found of it (keep the parsed issuers: reading them again for each certificate asks everything again); depends on nothing from outside Node. Every answer that is
 * not `ok` has a code; doubt is a refusal.
 */
export {
  verifySignature,
  verifyWithKnownKey,
  type PointVerifier,
  type SignatureForm,
  type SignatureInput
} from './signature/index.js';
export type { VerifyCode, VerifyFailure, VerifyResult } from './smki/result.js';
export { verifyIssued, type IssuedOptions } from './smki/issued.js';
export { verifyIssuedCrl, type CrlResult, type RevokedCertificate, type VerifiedCrl } from './smki/crl.js';
export { certificateStatus, type CertificateStatus } from './smki/status.js';
