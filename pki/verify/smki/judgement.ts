import { profiles, ProfileError, validityRuleOf, type Policy, type Profile } from '../../profile/index.js';
import { formatName, type Certificate } from '../../x509/index.js';
import { acceptedOids } from './accepted-oids.js';
import { judgeDates } from './dates.js';
import type { SmkiFacts, Subject } from './facts.js';
import { formFault } from './form.js';
import { findIssuers, findWay, findWayThrough } from './issued.js';
import { judgeAlone } from './judge.js';
import type { ReadQuestion } from './question.js';
import { nearestProfile } from './recognise.js';
import { failure, type VerifyCode, type VerifyFailure } from './result.js';
import { statusOf } from './revocation.js';
import { judgeSubject } from './subject-questions.js';
import type { SmkiTrust } from './trust.js';
import { smkiCodes, type SmkiFailure, type SmkiResult, type SmkiRevocation } from './verdict.js';

/** One certificate, judged by one question. */
export interface Case {
  readonly target: Certificate;
  /** The profile it comes nearest to. */
  readonly profile: Profile;
  readonly subject: Subject;
  readonly trust: SmkiTrust;
  readonly question: ReadQuestion;
  readonly facts: SmkiFacts;
}

export function judgeCase(of: Case): SmkiResult {
  const { target, profile, trust } = of;
  const failed = judgeTarget(of);
  if (failed !== undefined) return refused(of, [target], failed);
  if (profile.kind === 'root') return judgeWay(of, undefined);
  const candidates = trust.issuersOf(target, profile);
  if ('ok' in candidates) return refused(of, [target], told(candidates, [target]));
  // Each by itself: an authority may have been certified twice, and one of the two been revoked.
  let furthest: SmkiResult | undefined;
  for (const candidate of candidates) {
    const result = judgeWay(of, candidate);
    if (result.valid) return result;
    if (furthest === undefined || depthOf(result) > depthOf(furthest)) furthest = result;
  }
  return furthest ?? refused(of, [target], told(failure('verify/no-chain', 0, 'no issuer'), [target]));
}

function depthOf(result: SmkiResult): number {
  return result.valid ? Infinity : result.failure.depth;
}

/** The certificate by itself, and whether it is the one asked for. */
function judgeTarget({ target, profile, subject, question, facts }: Case): SmkiFailure | undefined {
  const { policy } = question;
  try {
    acceptedOids(policy, profile.domain);
  } catch (error) {
    if (!(error instanceof ProfileError)) throw error;
    const message = `the ${policy.environment} environment has no policy OID for ${profile.domain}`;
    return { code: 'input/policy', message, depth: 0 };
  }
  if (facts.timeRule !== validityRuleOf(profile) && facts.timeRule !== 'all-valid-now')
    return { code: 'input/time-rule', message: `${facts.timeRule} is no rule for ${profile.name}`, depth: 0 };
  const alone = judgeAlone(target, profile, policy, 0);
  if (alone) return told(alone, [target]);
  const fault = formFault(target, profile, policy);
  if (fault !== undefined) return told(failure('verify/profile', 0, fault), [target]);
  const failed = judgeSubject(subject, profile, question);
  return failed && { ...failed, certificate: target.der };
}

/** Upwards through one issuer, of the target's name and key; through none from a root. */
function judgeWay(of: Case, issuer: Certificate | undefined): SmkiResult {
  const { target, profile, trust, question, facts } = of;
  const { at, policy, verifyPoint } = question;
  const { anchors } = trust;
  const options = { at, rule: facts.timeRule, policy, anchors, verifyPoint };
  const way =
    issuer === undefined
      ? findWay(target, profile, [], options)
      : findWayThrough(issuer, target, profile, options);
  if ('ok' in way) {
    const path = issuer === undefined ? [target] : [target, issuer, ...shownAbove(issuer, way.depth, trust)];
    return refused(of, path, told(way, path));
  }
  const path = [target, ...way];
  const failed = judgeForms(path, trust, policy) ?? judgeDates(target, at);
  return failed ? refused(of, path, told(failed, path)) : judgeStatus(of, path);
}

function judgeForms(
  path: readonly Certificate[],
  trust: SmkiTrust,
  policy: Policy
): VerifyFailure | undefined {
  for (let depth = 1; depth < path.length; depth++) {
    const fault = trust.faultOf(path[depth] as Certificate, policy);
    if (fault !== undefined) return failure('verify/profile', depth, fault);
  }
  return undefined;
}

function judgeStatus(of: Case, path: readonly Certificate[]): SmkiResult {
  const { trust, question, facts } = of;
  const { at, revocation: asked } = question;
  const revocation: SmkiRevocation[] = [];
  let { profile } = of;
  for (let depth = 0; depth < path.length; depth++) {
    const certificate = path[depth] as Certificate;
    const issuer = path[depth + 1];
    // The anchor's status is asked for only where it is the certificate in question.
    if (asked === 'none' || (depth > 0 && (asked === 'leaf' || issuer === undefined))) break;
    const status = statusOf({ certificate, profile, depth, issuer, at }, trust);
    if ('code' in status) return refused(of, path, status);
    revocation.push(status);
    profile = profiles[profile.issuerProfile];
  }
  return { valid: true, path: shownPath(path, trust), policies: facts.policies, revocation, facts };
}

/** For showing the path of a failure: the anchor above the issuer that was tried, believed for nothing here. */
function shownAbove(issuer: Certificate, depth: number, { anchors }: SmkiTrust): readonly Certificate[] {
  if (depth === 0) return [];
  const found = findIssuers(issuer, nearestProfile(issuer), 1, { anchors, issuers: [] });
  return 'ok' in found ? [] : found.slice(0, 1);
}

const sentences: Readonly<Record<VerifyCode, string>> = {
  'verify/no-chain': 'no way to an anchor',
  'verify/critical-extension': 'a critical extension that is not understood',
  'verify/profile': 'not of its profile',
  'verify/role': 'of another role',
  'verify/issuer-name': 'no issuer',
  'verify/issuer-key': 'no issuer',
  'verify/signature': 'the signature of its issuer',
  'verify/issuer-authority': 'it may not have issued the one below',
  'verify/policy': 'not under a policy of the environment',
  'verify/not-yet-valid': 'not valid before',
  'verify/expired': 'expired, not valid after',
  'verify/issuer-not-valid-at-issue': 'not valid when the certificate was issued; limit',
  'verify/issuer-expired': 'the issuer expired, not valid after',
  'verify/issuer-not-yet-valid': 'the issuer is not valid before',
  'verify/crl-not-yet-valid': 'a list that begins',
  'verify/crl-stale': 'a list that ended',
  'verify/crl-scope': 'no list over it'
};

function told({ code, depth, detail }: VerifyFailure, path: readonly Certificate[]): SmkiFailure {
  const at = path[depth];
  return {
    code: smkiCodes[code],
    message: `${sentences[code]}: ${detail}`,
    depth,
    ...(at && { certificate: at.der, facts: placeOf(at) })
  };
}

function placeOf(certificate: Certificate): Record<string, string> {
  const { subject, serialHex, notBefore, notAfter } = certificate;
  return {
    profile: nearestProfile(certificate).name,
    subject: formatName(subject),
    serial: serialHex,
    notBefore: notBefore.toISOString(),
    notAfter: notAfter.toISOString()
  };
}

function refused({ trust, facts }: Case, path: readonly Certificate[], reason: SmkiFailure): SmkiResult {
  const { leftOut } = trust;
  return {
    valid: false,
    path: shownPath(path, trust),
    failure: {
      ...reason,
      ...(reason.certificate && { certificate: trust.shown(reason.certificate) }),
      ...(leftOut.length > 0 && { others: leftOut })
    },
    facts
  };
}

function shownPath(path: readonly Certificate[], trust: SmkiTrust): Uint8Array[] {
  return path.map(({ der }) => trust.shown(der));
}
