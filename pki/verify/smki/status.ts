import { sameOctets } from '../../der/octets.js';
import type { Certificate } from '../../x509/index.js';
import { isVerified, type RevokedCertificate, type VerifiedCrl } from './crl.js';
import { failure, type VerifyFailure } from './result.js';

export type CertificateStatus =
  | { readonly ok: true; readonly status: 'good' }
  | ({ readonly ok: true; readonly status: 'revoked' } & RevokedCertificate)
  | VerifyFailure;

/**
 * Whether a certificate is on its issuer's list. An unknown status is a failure with its reason and never
 * `good`: a list of another issuer or key (`verify/crl-scope`), or one no longer current at `at`
 * (`verify/crl-not-yet-valid`, `verify/crl-stale`). What to do about it is the caller's, by name.
 */
export function certificateStatus(certificate: Certificate, crl: VerifiedCrl, at: Date): CertificateStatus {
  const { list, issuer } = crl;
  const keyId = certificate.authorityKeyIdentifier?.keyIdentifier;
  const own = issuer.subjectKeyIdentifier;
  const inScope =
    isVerified(crl) &&
    sameOctets(certificate.issuer.der, list.issuer.der) &&
    keyId !== undefined &&
    own !== undefined &&
    sameOctets(keyId, own);
  if (!inScope) return failure('verify/crl-scope', 0, 'not a list over this certificate');
  if (!crl.isCurrent(at)) {
    const early = at < list.thisUpdate;
    const limit = early ? list.thisUpdate : list.nextUpdate;
    return failure(early ? 'verify/crl-not-yet-valid' : 'verify/crl-stale', 0, limit.toISOString());
  }
  const entry = crl.entry(certificate.serialHex);
  return entry ? { ok: true, status: 'revoked', ...entry } : { ok: true, status: 'good' };
}
