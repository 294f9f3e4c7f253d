import type { ValidityRule } from '../../profile/index.js';
import type { Certificate } from '../../x509/index.js';
import { failure, type VerifyFailure } from './result.js';

/** Both ends are inclusive (RFC 5280 4.1.2.5). */
export function judgeDates(target: Certificate, at: Date): VerifyFailure | undefined {
  // Compared as numbers: as objects they cost as much as the rest of the judgement of dates.
  const moment = at.getTime();
  if (!(moment >= target.notBefore.getTime()))
    return failure('verify/not-yet-valid', 0, target.notBefore.toISOString());
  if (!(moment <= target.notAfter.getTime()))
    return failure('verify/expired', 0, target.notAfter.toISOString());
  return undefined;
}

export function judgeIssuerDates(
  issuer: Certificate,
  depth: number,
  rule: ValidityRule,
  target: Certificate,
  at: Date
): VerifyFailure | undefined {
  const moment = (rule === 'all-valid-now' ? at : target.notBefore).getTime();
  const early = !(moment >= issuer.notBefore.getTime());
  const late = !(moment <= issuer.notAfter.getTime());
  if (!early && !late) return undefined;
  const limit = (early ? issuer.notBefore : issuer.notAfter).toISOString();
  if (rule === 'issuer-valid-when-issued') return failure('verify/issuer-not-valid-at-issue', depth, limit);
  return failure(early ? 'verify/issuer-not-yet-valid' : 'verify/issuer-expired', depth, limit);
}
