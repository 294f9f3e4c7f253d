import { DerError } from '../der/index.js';
import { X509Error } from '../x509/index.js';
import { profileNames, profiles, type ProfileName } from '../profile/index.js';
import type { Finding, Lint, LintContext, RuleContext, Tell } from './lint.js';
import { derFault, l14 } from './l14-der.js';
import { lints } from './lints.js';
import { knownDeviceSubject, rememberDeviceSubject } from './known-device.js';
import { certificateSubject, tbsSubject, type LintSubject } from './subject.js';

/** The rules of each profile, without L14: that one has been asked before the others are. */
const lintsOf: ReadonlyMap<ProfileName, readonly DatedLint[]> = new Map(
  profileNames.map(name => [
    name,
    lints
      .filter(({ appliesTo, id }) => id !== l14.id && (appliesTo === 'all' || appliesTo.includes(name)))
      .map(lint => ({ lint, effective: lint.effective.getTime() }))
  ])
);

interface DatedLint {
  readonly lint: Lint;
  /** Milliseconds since 1970. */
  readonly effective: number;
}

/**
 * Judges the exact octets of a TBSCertificate before they are signed. What a rule reads outside the TBS is not
 * judged. No finding means that every rule of the profile was asked and found nothing; findings of severity
 * `error` keep the octets from being signed. Throws only `policy/no-oid`.
 */
export function lintTbs(tbs: Uint8Array, context: LintContext): Finding[] {
  return judge(tbs, false, context);
}

/** Judges a whole certificate of any origin. */
export function lintCertificate(der: Uint8Array, context: LintContext): Finding[] {
  return judge(der, true, context);
}

function judge(der: Uint8Array, isCertificate: boolean, context: LintContext): Finding[] {
  const known = knownDeviceSubject(der, isCertificate);
  if (known !== undefined) return ask(known, context);
  const subject = readSubject(der, isCertificate);
  if (typeof subject === 'string') return [{ lint: l14.id, severity: 'error', detail: subject }];
  rememberDeviceSubject(subject, isCertificate);
  return ask(subject, context);
}

/** Passes the octets through the DER gate and takes them apart; in words, why they cannot be. */
export function readSubject(der: Uint8Array, isCertificate: boolean): LintSubject | string {
  const fault = derFault(der);
  if (fault !== undefined) return fault;
  try {
    return isCertificate ? certificateSubject(der) : tbsSubject(der);
  } catch (error) {
    if (!(error instanceof DerError || error instanceof X509Error)) throw error;
    return `not the outline of a certificate: ${error.what}`;
  }
}

/** Asks every rule of the profile about octets that are taken apart. */
export function ask(subject: LintSubject, { profile, policy, issuer, at }: LintContext): Finding[] {
  const rule: RuleContext = { profile: profiles[profile], policy, issuer, at };
  const begins = subject.notBefore.moment?.getTime() ?? Infinity;
  const findings: Finding[] = [];
  let asked: Lint = l14;
  const tell: Tell = fault =>
    findings.push(
      typeof fault === 'string'
        ? { lint: asked.id, severity: 'error', detail: fault }
        : { lint: asked.id, severity: 'warning', detail: fault.warning }
    );
  for (const { lint, effective } of lintsOf.get(profile) ?? []) {
    if (begins < effective) continue;
    asked = lint;
    lint.check(tell, subject, rule);
  }
  return findings;
}
