/**
 * Whether signed things hold, for the other folders; `library.ts` is what other projects get. `signature/`: signatures.
 * `path/`: RFC 5280 section 6. `revocation/`: lists and OCSP. `smki/`: the profiles of the smart-metering PKIs.
 * `explain/`: verdicts for people and for programs.
 *
 * Trusts the anchors and the policy it is handed, and nothing it reads; has no state but a bounded cache of imported
 * public keys and, for as long as an issuer's parsed certificate lives, what was found of it (keep the parsed issuers:
 * reading them again for each certificate asks everything again); depends on nothing from outside Node.js. Every
 * answer that is not good has a code; doubt is a refusal.
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
export { verifyPath, type PathInput, type PathResult } from './path/verify-path.js';
export { smkiVerifier, type SmkiVerifier } from './smki/verify-smki.js';
export { smkiPurposes, type SmkiPurpose } from './smki/purposes.js';
export type { SmkiFailure, SmkiResult } from './smki/verdict.js';
export { explainPath } from './explain/explain-path.js';
export { explainVerdict } from './explain/explain-verdict.js';
export { verdictJson } from './explain/verdict-json.js';
export type { ExplainedResult } from './explain/verdict.js';
