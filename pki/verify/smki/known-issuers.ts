import type { Policy, Profile } from '../../profile/index.js';
import type { Certificate } from '../../x509/index.js';

/** What an issuer was judged by. */
export interface IssuerQuestion {
  /** The profile the issuer must have. */
  readonly profile: Profile;
  readonly policy: Policy;
  readonly anchors: readonly Certificate[];
  /** The moment at which the certificates above it had to be valid. */
  readonly moment: Date;
}

interface KnownIssuer {
  readonly profile: Profile;
  readonly policy: Policy;
  readonly anchors: readonly Certificate[];
  /** The way that was found, from the issuer's issuer to the anchor. */
  readonly way: readonly Certificate[];
  /** Milliseconds since 1970, both inclusive. */
  readonly from: number;
  readonly until: number;
}

/**
 * Issuers whose own way to an anchor was found good, by the parsed certificate itself: a group of hundreds has one
 * chain. The answer holds for the same profile, policy and anchors, and for moments at which every certificate
 * that may stand above the issuer is valid; for all else it is asked for again. Lives as long as the issuer does.
 */
const known = new WeakMap<Certificate, KnownIssuer>();

/** The certificates above an issuer found good before; undefined where it has to be judged. */
export function knownWay(issuer: Certificate, question: IssuerQuestion): readonly Certificate[] | undefined {
  const answer = known.get(issuer);
  if (answer === undefined || answer.profile !== question.profile || answer.policy !== question.policy)
    return undefined;
  const moment = question.moment.getTime();
  if (!(moment >= answer.from && moment <= answer.until)) return undefined;
  const { anchors } = question;
  if (anchors.length !== answer.anchors.length) return undefined;
  for (let i = 0; i < anchors.length; i++) if (anchors[i] !== answer.anchors[i]) return undefined;
  return answer.way;
}

/**
 * @param way what was found above the issuer
 * @param above every certificate that may have been the issuer's issuer; none for a root
 */
export function rememberGood(
  issuer: Certificate,
  { profile, policy, anchors, moment }: IssuerQuestion,
  way: readonly Certificate[],
  above: readonly Certificate[]
): void {
  const from = Math.max(-Infinity, ...above.map(({ notBefore }) => notBefore.getTime()));
  const until = Math.min(Infinity, ...above.map(({ notAfter }) => notAfter.getTime()));
  if (!(moment.getTime() >= from && moment.getTime() <= until)) return;
  known.set(issuer, { profile, policy, anchors: [...anchors], way, from, until });
}
