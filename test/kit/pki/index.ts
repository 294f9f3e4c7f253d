/**
 * Certificates, revocation lists and OCSP octets for tests of the verification rules: conforming by default, any
 * field changeable, on P-256, P-384 and RSA. Nothing here is checked; a test shows the one property that differs.
 */
export { keyOf, type KeyKind, type PkiKey } from './keys.js';
export { algorithmDer, pssAlgorithmDer, usualAlgorithm, type SigningAlgorithm } from './algorithms.js';
export { generalName, nameOf, type NameInput } from './names.js';
export {
  ext,
  extension,
  extensionOids,
  nameConstraintsValue,
  timeAs,
  unknownExtension,
  type DistributionPointInput,
  type ExtensionName,
  type ScopeInput,
  type Subtrees
} from './extensions.js';
export { assemble, type SigningInput } from './signed.js';
export { certificateDer, type CertificateInput, type TbsField } from './certificate.js';
export {
  anchor,
  anchorKeyOf,
  day,
  endEntity,
  intermediate,
  testMoment,
  type Entity,
  type EntityChanges,
  type ExtensionChanges
} from './entity.js';
export { hierarchy, questionOf, type Hierarchy, type HierarchyOptions } from './hierarchy.js';
export { crlDer, type CrlEntryInput, type CrlInput } from './crl.js';
export {
  certIdDer,
  ocspResponseDer,
  type OcspHash,
  type OcspInput,
  type SingleResponseInput
} from './ocsp.js';
export type { RuleCase, RuleCases } from './rule-cases.js';
