import { sameOctets } from '../../der/octets.js';
import { IdentifierError, roleByOu } from '../../identifier/index.js';
import {
  keyAlgorithmOf,
  profiles,
  signatureAlgorithm,
  subjectFaults,
  type Policy,
  type Profile
} from '../../profile/index.js';
import { attributeOf, oids, type Certificate, type Extension } from '../../x509/index.js';
import { acceptedOids } from './accepted-oids.js';
import { columnsOf } from './columns.js';
import { failure, type VerifyFailure } from './result.js';

/** Extensions this verification understands; a critical one beyond them refuses the certificate. */
const understood: ReadonlySet<string> = new Set([
  oids.keyUsage,
  oids.basicConstraints,
  oids.certificatePolicies,
  oids.subjectKeyIdentifier,
  oids.authorityKeyIdentifier,
  oids.subjectAltName
]);

/** What a certificate must be by itself, whatever its issuer: extensions understood, profile, policy. */
export function judgeAlone(
  certificate: Certificate,
  profile: Profile,
  policy: Policy,
  depth: number
): VerifyFailure | undefined {
  for (const { critical, oid } of certificate.extensions)
    if (critical && !understood.has(oid)) return failure('verify/critical-extension', depth, oid);
  const fault = profileFault(certificate, profile, policy);
  if (fault !== undefined) return failure('verify/profile', depth, fault);
  return judgePolicies(certificate, profile, policy, depth);
}

/**
 * Whether an issuer may issue a certificate at `depth - 1`: CA, keyCertSign, and a path length that leaves room
 * for the CAs below it (RFC 5280 6.1.4 k to n). Asked before its profile, because it is the graver fault.
 */
export function judgeAuthority(issuer: Certificate, depth: number): VerifyFailure | undefined {
  const { basicConstraints, keyUsage } = issuer;
  if (basicConstraints?.ca !== true) return failure('verify/issuer-authority', depth, 'not a CA');
  if (!keyUsage?.includes('keyCertSign')) return failure('verify/issuer-authority', depth, 'no keyCertSign');
  if (basicConstraints.pathLength !== undefined && basicConstraints.pathLength < depth - 1)
    return failure('verify/issuer-authority', depth, 'the path is too long');
  return undefined;
}

/** Whether the OU names the Remote Party Role asked for. */
export function judgeRole(certificate: Certificate, role: number | undefined): VerifyFailure | undefined {
  if (role === undefined) return undefined;
  const ou = attributeOf(certificate.subject, oids.organizationalUnitName)?.text ?? '';
  try {
    if (roleByOu(ou).code === role) return undefined;
  } catch (error) {
    if (!(error instanceof IdentifierError)) throw error;
  }
  return failure('verify/role', 0, `not role ${role}`);
}

/** The first thing in which a certificate is not of a profile, in words. */
function profileFault(certificate: Certificate, profile: Profile, policy: Policy): string | undefined {
  const { publicKey, keyUsage = [], basicConstraints } = certificate;
  const size = publicKey.algorithm === 'RSA' ? `RSA-${publicKey.bits}` : publicKey.algorithm;
  const algorithm = signatureAlgorithm(keyAlgorithmOf(profiles[profile.issuerProfile], policy));
  const isCa = basicConstraints?.ca === true;
  if (certificate.version !== 3) return 'not version 3';
  if (size !== keyAlgorithmOf(profile, policy)) return 'another key algorithm or size';
  if (
    !sameOctets(algorithm, certificate.tbsSignatureAlgorithm.der) ||
    !sameOctets(algorithm, certificate.signatureAlgorithm.der)
  )
    return 'another signature algorithm';
  if (
    keyUsage.length !== profile.keyUsage.length ||
    !profile.keyUsage.every(usage => keyUsage.includes(usage))
  )
    return 'another key usage';
  if (isCa !== (profile.kind !== 'end-entity')) return 'basic constraints of another kind of certificate';
  if (isCa && profile.pathLength !== undefined && basicConstraints.pathLength !== profile.pathLength)
    return 'another path length';
  for (const { name, oid, critical } of columnsOf(profile)) {
    const found = extensionOf(certificate, oid);
    if (!found) return `no ${name}`;
    if (critical && !found.critical) return `${name} is not critical`;
  }
  if (profile.subject.length === 0) return deviceFault(certificate);
  if (certificate.subjectAltNames !== undefined) return 'a subjectAltName';
  return subjectFaults(certificate.subject, profile).find(({ style }) => !style)?.detail;
}

function extensionOf({ extensions }: Certificate, oid: string): Extension | undefined {
  for (const extension of extensions) if (extension.oid === oid) return extension;
  return undefined;
}

function deviceFault({ subject, hardwareModuleName }: Certificate): string | undefined {
  if (subject.rdns.length !== 0) return 'the subject is not empty';
  return hardwareModuleName?.serialNumber.length === 8 ? undefined : 'no hardware module name of 8 octets';
}

/** Roots assert anyPolicy; everything else exactly one OID, and it is one of the environment's. */
function judgePolicies(
  { policies = [] }: Certificate,
  profile: Profile,
  policy: Policy,
  depth: number
): VerifyFailure | undefined {
  const accepted = acceptedOids(policy, profile.domain);
  const [only] = policies;
  if (policies.length !== 1 || only === undefined || only.qualified)
    return failure('verify/policy', depth, 'not exactly one unqualified policy');
  if (profile.policies === 'any' && only.oid === oids.anyPolicy) return undefined;
  return accepted.includes(only.oid)
    ? undefined
    : failure('verify/policy', depth, `${only.oid} is not accepted`);
}
