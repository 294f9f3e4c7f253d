import { DerError } from '../der/index.js';
import { X509Error } from '../x509/index.js';
import { profileNames, profiles, type ProfileName } from '../profile/index.js';
import type { Finding, Lint, LintContext, RuleContext } from './lint.js';
import { derFault, l14 } from './l14-der.js';
import { lints } from './lints.js';
import { certificateSubject, tbsSubject, type LintSubject } from './subject.js';

/** The rules of each profile, without L14: that one has been asked before the others are. */
const lintsOf: ReadonlyMap<ProfileName, readonly Lint[]> = new Map(
  profileNames.map(name => [
    name,
    lints.filter(({ appliesTo, id }) => id !== l14.id && (appliesTo === 'all' || appliesTo.includes(name)))
  ])
);

/**
 * Judges the exact octets of a TBSCertificate before they are signed. What a rule reads outside the TBS is not
 * judged. No finding means that every rule of the profile was asked and found nothing; findings of severity
 * `error` keep the octets from being signed. Throws only `policy/no-oid`.
 */
export function lintTbs(tbs: Uint8Array, context: LintContext): Finding[] {
  return judge(tbs, tbsSubject, context);
}

/** Judges a whole certificate of any origin. */
export function lintCertificate(der: Uint8Array, context: LintContext): Finding[] {
  return judge(der, certificateSubject, context);
}

function judge(
  der: Uint8Array,
  take: (der: Uint8Array) => LintSubject,
  { profile, ...context }: LintContext
): Finding[] {
  const fault = derFault(der);
  if (fault !== undefined) return [{ lint: l14.id, severity: 'error', detail: fault }];
  let subject: LintSubject;
  try {
    subject = take(der);
  } catch (error) {
    if (!(error instanceof DerError || error instanceof X509Error)) throw error;
    return [{ lint: l14.id, severity: 'error', detail: `not the outline of a certificate: ${error.what}` }];
  }
  const row = profiles[profile];
  const rule: RuleContext = { ...context, profile: row };
  const begins = subject.notBefore.moment;
  const findings: Finding[] = [];
  for (const lint of lintsOf.get(profile) ?? []) {
    if (begins && begins < lint.effective) continue;
    for (const found of lint.check(subject, rule))
      findings.push(
        typeof found === 'string'
          ? { lint: lint.id, severity: 'error', detail: found }
          : { lint: lint.id, severity: 'warning', detail: found.warning }
      );
  }
  return findings;
}
