import type { ValidityRule } from '../../profile/index.js';
import type { Certificate } from '../../x509/index.js';
import { failure, type VerifyFailure } from './result.js';

/** Both ends are inclusive (RFC 5280 4.1.2.5). */
export function judgeDates(target: Certificate, at: Date): VerifyFailure | undefined {
  if (at < target.notBefore) return failure('verify/not-yet-valid', 0, target.notBefore.toISOString());
  if (at > target.notAfter) return failure('verify/expired', 0, target.notAfter.toISOString());
  return undefined;
}

export function judgeIssuerDates(
  issuer: Certificate,
  depth: number,
  rule: ValidityRule,
  target: Certificate,
  at: Date
): VerifyFailure | undefined {
  const moment = rule === 'all-valid-now' ? at : target.notBefore;
  const early = moment < issuer.notBefore;
  const late = moment > issuer.notAfter;
  if (!early && !late) return undefined;
  const limit = (early ? issuer.notBefore : issuer.notAfter).toISOString();
  if (rule === 'issuer-valid-when-issued') return failure('verify/issuer-not-valid-at-issue', depth, limit);
  return failure(early ? 'verify/issuer-not-yet-valid' : 'verify/issuer-expired', depth, limit);
}
