import type { Policy, ProfileName } from '../../pki/index.js';
import { CaError } from '../errors.js';

/** When lists of a profile's CAs are issued and how long they are good. */
export interface CrlSchedule {
  readonly intervalMs: number;
  readonly lifetimeMs: number;
}

const hourMs = 3_600_000;

/** Issuing CAs issue CRLs by themselves; roots issue ARLs in ceremonies; device CAs have neither. */
const figures = {
  'issuing-oca': { interval: 'crl.organisation.interval', lifetime: 'crl.organisation.lifetime' },
  'issuing-ica': { interval: 'crl.iki.interval', lifetime: 'crl.iki.lifetime' }
} as const satisfies Partial<Record<ProfileName, object>>;

export function hasCrlSchedule(profile: ProfileName): profile is keyof typeof figures {
  return Object.hasOwn(figures, profile);
}

export function crlSchedule(profile: ProfileName, policy: Policy): CrlSchedule {
  if (!hasCrlSchedule(profile)) throw new CaError('ca/configuration', `${profile} has no CRL`);
  const { interval, lifetime } = figures[profile];
  return {
    intervalMs: policy.figures[interval].value * hourMs,
    lifetimeMs: policy.figures[lifetime].value * hourMs
  };
}

/** Lifetime of an ARL issued at `at`, which figures give in months. */
export function arlNextUpdate(profile: 'root-oca' | 'root-ica', policy: Policy, at: Date): Date {
  const figure = profile === 'root-oca' ? 'arl.organisation.lifetime' : 'arl.iki.lifetime';
  const end = new Date(at);
  end.setUTCMonth(end.getUTCMonth() + policy.figures[figure].value);
  return end;
}
