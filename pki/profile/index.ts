/**
 * What may be signed: the certificate profiles as one table, the figures of the Smart Energy Code as policy
 * values with their sources, certificates built from pre-encoded templates, and revocation lists. Pure: time and
 * randomness are handed in. Trusts its caller for the facts of a subject (the request checks establish them) and
 * nothing else: whatever is not of the profile is refused with a code.
 */
export { ProfileError, type ProfileErrorCode } from './errors.js';
export type { FigureName, FigureValue } from './figures.js';
export {
  defaultPolicy,
  policyEntries,
  policyOids,
  policyWith,
  type Acceptance,
  type Figure,
  type FigureOverride,
  type Policy,
  type PolicyEntry,
  type PolicyOverrides
} from './policy.js';
export {
  keyAlgorithmOf,
  profileByName,
  profileNames,
  profiles,
  type SizedKeyAlgorithm,
  type Profile,
  type ProfileName
} from './profiles.js';
export { newSerial, newSerials } from './serial.js';
export type { SubjectValues } from './subject.js';
export { validityRuleOf, type Validity, type ValidityRule } from './validity.js';
export { compileTemplate, type CertificateTemplate, type TbsInput } from './template.js';
export { assembleCertificate, assembleCrl } from './signature-algorithm.js';
export { buildCrlTbs, type CrlEntry, type CrlInput, type RevocationReason } from './crl.js';
export {
  checkCrlContinuity,
  nextCrlEntries,
  revocationReason,
  type ContinuityFacts,
  type CrlState
} from './crl-continuity.js';
export { signatureAlgorithm } from './signature-algorithm.js';
export { subjectFaults, type SubjectFault } from './subject-faults.js';
