import { sameOctets } from '../../der/octets.js';
import {
  profiles,
  validityRuleOf,
  type Policy,
  type Profile,
  type ProfileName,
  type ValidityRule
} from '../../profile/index.js';
import type { Certificate } from '../../x509/index.js';
import { judgeDates, judgeIssuerDates } from './dates.js';
import { judgeAlone, judgeAuthority, judgeRole } from './judge.js';
import { knownWay, rememberGood } from './known-issuers.js';
import { failure, type VerifyFailure, type VerifyResult } from './result.js';
import { verifyWithKnownKey, type PointVerifier } from '../signature/index.js';

export interface IssuedOptions {
  /** The moment of judgement. */
  readonly at: Date;
  /** The profile the certificate must have; the profiles of its issuers follow from the table. */
  readonly profile: ProfileName;
  readonly policy: Policy;
  /** Root certificates trusted by configuration. */
  readonly anchors: readonly Certificate[];
  /** The Remote Party Role (decimal) the subject must have; undefined asks for none. */
  readonly role?: number | undefined;
  /** A faster way to verify the certificate's own signature; issuers' are verified once and remembered. */
  readonly verifyPoint?: PointVerifier | undefined;
}

/**
 * Certificates of one name and key that are tried as an issuer: a CA's certificate may have been issued again.
 * A bound on signatures, so that a pile of look-alikes costs no time. With three levels at most, 72 in all.
 */
const maxCandidates = 8;

/**
 * Whether a certificate is one of its profile, issued under an anchor, through the issuers its profile names.
 * The target is the certificate handed in, whatever stands among `issuers`: those are candidates from anywhere,
 * in any order, trusted for nothing; `anchors` alone are.
 *
 * Checked from the target upwards: critical extensions, profile, policy, role, dates; then for each issuer name
 * (by octets), key identifier, signature over the octets received, authority (basic constraints, path length,
 * key usage), its own profile and policy, and its dates by the profile's validity rule. Where several issuers
 * were tried, the failure that got furthest up is told. Revocation is a question of its own
 * (`certificateStatus`), and this is no RFC 5280 section 6 validation of just any chain.
 *
 * Throws `policy/no-oid` when the environment has no policy OIDs to judge by.
 */
export function verifyIssued(
  certificate: Certificate,
  issuers: readonly Certificate[],
  options: IssuedOptions
): VerifyResult {
  const profile = profiles[options.profile];
  const failed = judgeAlone(certificate, profile, options.policy, 0) ?? judgeRole(certificate, options.role);
  if (failed) return failed;
  const way = findWay(certificate, profile, issuers, { ...options, rule: validityRuleOf(profile) });
  if ('ok' in way) return way;
  return judgeDates(certificate, options.at) ?? { ok: true };
}

export interface WayOptions extends Pick<IssuedOptions, 'at' | 'policy' | 'anchors' | 'verifyPoint'> {
  /** How the dates of the issuers are judged. */
  readonly rule: ValidityRule;
}

/**
 * The certificates above one that was judged by itself, its issuer first and an anchor last (none above a root that
 * is an anchor), or why no way leads there. The certificate's own dates are not judged.
 */
export function findWay(
  certificate: Certificate,
  profile: Profile,
  issuers: readonly Certificate[],
  { at, rule, policy, anchors, verifyPoint }: WayOptions
): readonly Certificate[] | VerifyFailure {
  return climb(certificate, profile, 0, {
    at,
    rule,
    policy,
    anchors,
    verifyPoint,
    issuers,
    target: certificate
  });
}

/** As `findWay`, through one issuer that `findIssuers` has named for the certificate. */
export function findWayThrough(
  issuer: Certificate,
  certificate: Certificate,
  profile: Profile,
  { at, rule, policy, anchors, verifyPoint }: WayOptions
): readonly Certificate[] | VerifyFailure {
  return climbThrough(issuer, certificate, profiles[profile.issuerProfile], 0, {
    at,
    rule,
    policy,
    anchors,
    verifyPoint,
    issuers: [issuer],
    target: certificate
  });
}

interface Climb extends WayOptions {
  readonly issuers: readonly Certificate[];
  readonly target: Certificate;
}

/** Goes from a certificate to an anchor; the certificates met on the way. */
function climb(
  certificate: Certificate,
  profile: Profile,
  depth: number,
  options: Climb
): readonly Certificate[] | VerifyFailure {
  if (profile.kind === 'root') return judgeRoot(certificate, depth, options) ?? [];
  const candidates = findIssuers(certificate, profile, depth, options);
  if ('ok' in candidates) return candidates;
  const issuerProfile = profiles[profile.issuerProfile];
  let furthest: VerifyFailure | undefined;
  for (const issuer of candidates) {
    const way = climbThrough(issuer, certificate, issuerProfile, depth, options);
    if (!('ok' in way)) return way;
    if (!furthest || way.depth > furthest.depth) furthest = way;
  }
  return furthest ?? failure('verify/no-chain', depth, 'the issuer is not known');
}

/** Through one issuer of the certificate's issuer name and key identifier. */
function climbThrough(
  issuer: Certificate,
  certificate: Certificate,
  issuerProfile: Profile,
  depth: number,
  options: Climb
): readonly Certificate[] | VerifyFailure {
  const outcome =
    judgeSignature(certificate, issuer, depth, options.verifyPoint) ??
    judgeIssuer(issuer, issuerProfile, depth + 1, options);
  if ('ok' in outcome) return outcome;
  const failed = judgeIssuerDates(issuer, depth + 1, options.rule, options.target, options.at);
  return failed ?? [issuer, ...outcome];
}

/** What is above an issuer, whatever it has signed, once its authority, its profile and its own way hold. */
function judgeIssuer(
  issuer: Certificate,
  profile: Profile,
  depth: number,
  options: Climb
): readonly Certificate[] | VerifyFailure {
  const { at, rule, anchors, policy, target } = options;
  const question = { profile, policy, anchors, moment: rule === 'all-valid-now' ? at : target.notBefore };
  const known = depth === 1 ? knownWay(issuer, question) : undefined;
  if (known !== undefined) return known;
  const failed = judgeAuthority(issuer, depth) ?? judgeAlone(issuer, profile, policy, depth);
  if (failed) return failed;
  const way = climb(issuer, profile, depth, options);
  if (depth === 1 && !('ok' in way)) {
    const above = profile.kind === 'root' ? [] : findIssuers(issuer, profile, depth, options);
    // An issuer under another issuing authority has a chain of its own in the middle: that is not remembered.
    if (!('ok' in above) && profiles[profile.issuerProfile].kind === 'root')
      rememberGood(issuer, question, way, above);
  }
  return way;
}

/** A root is trusted because it is configured; its own signature shows only that it is not damaged. */
function judgeRoot(root: Certificate, depth: number, { anchors }: Climb): VerifyFailure | undefined {
  if (!anchors.some(anchor => sameOctets(anchor.der, root.der)))
    return failure('verify/no-chain', depth, 'the root is not an anchor');
  return judgeSignature(root, root, depth);
}

/** Candidates with the issuer's name and key identifier, or why there is none. */
export function findIssuers(
  certificate: Certificate,
  profile: Profile,
  depth: number,
  { anchors, issuers }: Pick<Climb, 'anchors' | 'issuers'>
): readonly Certificate[] | VerifyFailure {
  const pool = profiles[profile.issuerProfile].kind === 'root' ? anchors : issuers;
  const keyId = certificate.authorityKeyIdentifier?.keyIdentifier;
  const hasKey = ({ subjectKeyIdentifier: own }: Certificate) =>
    own !== undefined && keyId !== undefined && sameOctets(own, keyId);
  const named = pool.filter(candidate => sameOctets(candidate.subject.der, certificate.issuer.der));
  const candidates = named.filter(hasKey).slice(0, maxCandidates);
  if (candidates.length > 0) return candidates;
  if (named.length > 0)
    return failure('verify/issuer-key', depth, 'no issuer of that name has the key identifier');
  if (pool.some(hasKey))
    return failure('verify/issuer-name', depth, 'the issuer with that key has another name');
  return failure('verify/no-chain', depth, 'the issuer is not known');
}

/**
 * Signatures on CA certificates that verified before, by the two parsed certificates themselves. What they are
 * does not change, and a group of hundreds has one chain: without this two of three verifications are the same.
 */
const verifiedIssuers = new WeakMap<Certificate, WeakSet<Certificate>>();

function judgeSignature(
  certificate: Certificate,
  issuer: Certificate,
  depth: number,
  verifyPoint?: PointVerifier
): VerifyFailure | undefined {
  if (depth > 0 && verifiedIssuers.get(certificate)?.has(issuer)) return undefined;
  const faster = depth === 0 ? verifyPoint : undefined;
  if (!verifyWithKnownKey(issuer.publicKey.spki, certificate.tbs, certificate.signature, 'der', faster))
    return failure('verify/signature', depth, 'does not verify');
  if (depth > 0) {
    const issuers = verifiedIssuers.get(certificate) ?? new WeakSet();
    verifiedIssuers.set(certificate, issuers.add(issuer));
  }
  return undefined;
}
