import { ProfileError } from './errors.js';
import type { Policy } from './policy.js';
import type { Profile } from './profiles.js';

export interface Validity {
  readonly notBefore: Date;
  readonly notAfter: Date;
}

/** The notAfter of a certificate without a well-defined expiration, RFC 5280 4.1.2.5 and GBCS 12. */
export const noExpiry = new Date(Date.UTC(9999, 11, 31, 23, 59, 59));

/** The validity of a certificate of this profile issued at `at`, whole seconds, by the profile's style. */
export function validityOf(profile: Profile, policy: Policy, at: Date): Validity {
  const seconds = Math.floor(at.getTime() / 1000) * 1000;
  const midnight = Date.UTC(at.getUTCFullYear(), at.getUTCMonth(), at.getUTCDate());
  const notBefore = new Date(profile.validity === 'seconds' ? seconds : midnight);
  if (profile.validity === 'days-unlimited') return { notBefore, notAfter: noExpiry };
  if (profile.lifetime === undefined)
    throw new ProfileError('profile/validity', profile.name, 'a profile that expires names its lifetime');
  const notAfter = new Date(notBefore);
  notAfter.setUTCFullYear(notAfter.getUTCFullYear() + policy.figures[profile.lifetime].value);
  notAfter.setTime(notAfter.getTime() - 1000);
  return { notBefore, notAfter };
}

/**
 * How the dates of a chain are judged. Device certificates never expire and outlive their issuers by design
 * (notAfter 9999): "everything valid now" would in time refuse every one of them, so for these the issuers must
 * have been valid at the certificate's notBefore.
 */
export type ValidityRule = 'all-valid-now' | 'issuer-valid-when-issued';

export function validityRuleOf(profile: Profile): ValidityRule {
  return profile.validity === 'days-unlimited' ? 'issuer-valid-when-issued' : 'all-valid-now';
}
