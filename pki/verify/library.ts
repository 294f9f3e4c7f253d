/**
 * What `opensmki/verify` gives to other projects: is this certificate, signature, revocation list or OCSP response to
 * be believed, for this purpose, at this moment? By RFC 5280 (`verifyPath`) or by the profiles of the smart-metering
 * PKIs (`verifySmki`). DER in, values out: no files, no network, no clock of its own, nothing from outside Node.js.
 *
 * Trusts the anchors and the policy it is handed, and nothing it reads. What cannot be judged is refused with a code;
 * octets of whatever kind never make it throw, values of the wrong type throw TypeError. `docs/verify.md` has the
 * reference and worked examples.
 */
export {
  verifyPath,
  type AnchorKey,
  type PathInput,
  type PathResult,
  type PolicyInput
} from './path/verify-path.js';
export { defaultBudgets, type Budgets } from './path/budget.js';
export { pathCodes, type PathCode, type PathFailure } from './path/failure.js';
export { revocationCodes, type RevocationCode, type RevocationEvidence } from './path/revocation.js';
export { RevocationError } from './revocation/error.js';
export {
  verifyCrl,
  verifyCrlStream,
  verifyOcsp,
  type Chunks,
  type CrlEntry,
  type CrlFacts,
  type CrlInput,
  type CrlStream,
  type CrlStreamInput,
  type CrlStreamVerdict,
  type CrlVerdict,
  type IssuingDistributionPoint,
  type OcspInput,
  type OcspVerdict,
  type RevocationFailure
} from './revocation/index.js';
export { verifySignature, type PointVerifier, type SignatureInput } from './signature/index.js';
export type { HashName, RsaPadding } from './signature/algorithms.js';
export { smkiVerifier, verifySmki, type SmkiInput, type SmkiVerifier } from './smki/verify-smki.js';
export type { SmkiFacts, SmkiRole } from './smki/facts.js';
export { smkiPurposes, type SmkiPurpose } from './smki/purposes.js';
export type { SmkiQuestion } from './smki/question.js';
export type { SmkiTrustInput } from './smki/trust.js';
export type {
  NotRevocable,
  SmkiCode,
  SmkiFailure,
  SmkiPathCode,
  SmkiResult,
  SmkiRevocation,
  SmkiRevocationCode
} from './smki/verdict.js';
export { explainPath } from './explain/explain-path.js';
export { explainVerdict } from './explain/explain-verdict.js';
export { verdictJson, type Json } from './explain/verdict-json.js';
export type { ExplainedFailure, ExplainedResult, ExplainedStatus } from './explain/verdict.js';
export {
  defaultPolicy,
  policyWith,
  ProfileError,
  type Policy,
  type PolicyOverrides,
  type ProfileName,
  type ValidityRule
} from '../profile/index.js';
export type { Domain, Environment } from '../messages/environment.js';
export type { KeyUsageName, Name, NameAttribute } from '../x509/index.js';
export type { DistributionPoint, DistributionPointName } from './path/distribution-point.js';
export type { GeneralName } from './path/general-name.js';
