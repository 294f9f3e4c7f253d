import { sameOctets } from '../../der/octets.js';
import type { PathCertificate } from './certificate.js';
import { fieldRules } from './conformance-fields.js';
import { extensionRules } from './conformance-extensions.js';
import { fault, type Fault, type PathCode } from './failure.js';

/** One rule of RFC 5280 section 4. */
export interface ConformanceRule {
  readonly code: PathCode;
  readonly clause: string;
  /** The rule in words: what a certificate that breaks it is told. */
  readonly rule: string;
  /** Whether the certificate keeps it. `isSelfSigned` costs a signature. */
  keeps(certificate: PathCertificate, isSelfSigned: () => boolean): boolean;
}

/** Every rule, in the order they are held against a certificate. */
export const conformanceRules: readonly ConformanceRule[] = [...fieldRules, ...extensionRules];

/**
 * The first rule of RFC 5280 section 4 that a certificate breaks, whatever its place in a path; undefined when it
 * keeps them all.
 *
 * @param verifiesItself whether the certificate's signature verifies under its own key; asked for only where a rule
 *   has an exemption for self-signed certificates
 */
export function conformanceFault(
  certificate: PathCertificate,
  verifiesItself: () => boolean
): Fault | undefined {
  const [malformed] = certificate.faults;
  if (malformed !== undefined) return malformed;
  const isSelfSigned = () => sameOctets(certificate.issuer.der, certificate.subject.der) && verifiesItself();
  const broken = conformanceRules.find(rule => !rule.keeps(certificate, isSelfSigned));
  return broken && fault(broken.code, broken.rule, { clause: `RFC 5280 ${broken.clause}` });
}
