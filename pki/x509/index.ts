/**
 * X.509 as octets and back: certificates, requests (PKCS#10), revocation lists, names, keys and extensions read
 * strictly into plain values, and writers for the parts. Reading trusts nothing and verifies nothing: signatures,
 * chains and profiles are judged elsewhere. Device certificates of one shape are read by what differs (`Shapes`),
 * everything else octet by octet; the answers are the same. Errors are `DerError` (encoding) and `X509Error` (structure).
 */
export { X509Error, type X509ErrorCode } from './error.js';
export { oids } from './oids.js';
export {
  signatureAlgorithmDer,
  signatureAlgorithmOf,
  type AlgorithmIdentifier,
  type SignatureAlgorithm
} from './algorithm.js';
export {
  attributeOf,
  encodeName,
  formatName,
  type AttributeInput,
  type Name,
  type NameAttribute
} from './name.js';
export { keyUsageNames, type KeyUsageName } from './key-usage.js';
export {
  decodeExtension,
  duplicatesIn,
  type AuthorityKeyIdentifier,
  type BasicConstraints,
  type Extension,
  type GeneralName,
  type HardwareModuleName,
  type PolicyInformation
} from './extension.js';
export { curves, type CurveName } from './curve.js';
export { ecSpki, parsePublicKey, type KeyAlgorithm, type SubjectPublicKey } from './public-key.js';
export { keyIdentifier } from './key-identifier.js';
export { derToRawSignature, isRawSignature, rawToDerSignature } from './ecdsa-signature.js';
export { parseCertificate, type Certificate } from './certificate.js';
export {
  parseRequest,
  parseRequestStructure,
  requestedExtensions,
  subjectOf,
  type CertificationRequest,
  type RequestAttribute,
  type RequestStructure
} from './certification-request.js';
export { parseCrl, type CertificateList, type RevokedEntry } from './certificate-list.js';
export { decodePem, decodeStrictBase64, encodePem, type PemBlock } from './pem.js';
export {
  assembleRequest,
  assembleSigned,
  authorityKeyIdentifierExtension,
  basicConstraintsExtension,
  buildCertificateTbs,
  buildRequestInfo,
  encodeExtension,
  extendedKeyUsageExtension,
  hardwareModuleNameExtension,
  keyUsageExtension,
  subjectAltNameExtension,
  subjectKeyIdentifierExtension,
  type AlternativeName,
  type CertificateContent,
  type RequestContent
} from './build.js';
export {
  deviceRequestContent,
  ikiClientRequestContent,
  organisationRequestContent,
  type EndEntityUsage
} from './request-forms.js';
