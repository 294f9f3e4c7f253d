import type { Profile } from '../../profile/index.js';
import type { Certificate, CertificateList } from '../../x509/index.js';
import type { RevokedCertificate } from './crl.js';
import type { VerifyFailure } from './result.js';
import type { JudgedList, SmkiTrust } from './trust.js';
import type { NotRevocable, SmkiFailure, SmkiRevocation } from './verdict.js';

/** A certificate of a path whose signatures, profiles and dates hold. */
export interface StatusQuestion {
  readonly certificate: Certificate;
  readonly profile: Profile;
  readonly depth: number;
  /** undefined for the anchor itself. */
  readonly issuer: Certificate | undefined;
  readonly at: Date;
}

/** RFC 5280 5.3.1. */
const reasonNames: Readonly<Record<number, string>> = {
  0: 'unspecified',
  1: 'keyCompromise',
  2: 'cACompromise',
  3: 'affiliationChanged',
  4: 'superseded',
  5: 'cessationOfOperation',
  6: 'certificateHold',
  8: 'removeFromCRL',
  9: 'privilegeWithdrawn',
  10: 'aACompromise'
};

/**
 * The status of one certificate by the lists handed in, which the certificate's own validated issuer must have
 * signed. Listed is revoked, whatever the date of the entry and by whichever of the lists that had begun: in SMKI
 * nothing is suspended, so no entry is ever taken back. Not listed is good only by a list in force. A status that is
 * not known is a failure; only where the certificate policies have no list (devices, their authorities) the
 * answer says so by name.
 */
export function statusOf(question: StatusQuestion, trust: SmkiTrust): SmkiRevocation | SmkiFailure {
  const { certificate, profile, depth, issuer, at } = question;
  if (issuer === undefined) return { depth, kind: 'none', reason: 'anchor' };
  let inForce: JudgedList | undefined;
  let told: SmkiFailure | undefined;
  for (const judged of trust.listsOf(issuer)) {
    const { list, result } = judged;
    if (!result.ok) {
      told ??= refused(result, list, question);
      continue;
    }
    if (at.getTime() < list.thisUpdate.getTime()) {
      told ??= outOfForce('revocation/not-yet-valid', list, question);
      continue;
    }
    const entry = result.crl.entry(certificate.serialHex);
    if (entry !== undefined) return revoked(entry, list, question);
    if (!result.crl.isCurrent(at)) told ??= outOfForce('revocation/stale', list, question);
    else inForce ??= judged;
  }
  if (inForce !== undefined) {
    const { der, thisUpdate, nextUpdate } = inForce.list;
    return {
      ...{ depth, kind: 'crl', der: trust.shown(der), number: inForce.number },
      ...{ thisUpdate: new Date(thisUpdate), nextUpdate: new Date(nextUpdate) }
    };
  }
  if (told !== undefined) return told;
  const reason = withoutList(profile);
  if (reason !== undefined) return { depth, kind: 'none', reason };
  const message = `no revocation list of the issuer of ${who(depth)} was handed in`;
  return { code: 'revocation/unknown', message, depth, certificate: certificate.der };
}

/** Why there need be no list: SMKI publishes none over devices and, as far as is known, none over their authorities. */
function withoutList({ domain, kind }: Profile): NotRevocable | undefined {
  if (domain !== 'smki-device') return undefined;
  return kind === 'end-entity' ? 'device-certificate' : 'no-list-published';
}

function who(depth: number): string {
  return depth === 0 ? 'the certificate' : `the authority ${depth} above it`;
}

function revoked(
  { date, reason }: RevokedCertificate,
  list: CertificateList,
  { certificate, depth }: StatusQuestion
): SmkiFailure {
  const why = reason === undefined ? undefined : (reasonNames[reason] ?? String(reason));
  return {
    code: 'revocation/revoked',
    message: `${who(depth)} was revoked on ${date.toISOString()}${why === undefined ? '' : `: ${why}`}`,
    depth,
    certificate: certificate.der,
    facts: {
      serial: certificate.serialHex,
      revocationDate: date.toISOString(),
      ...(why !== undefined && { reason: why }),
      ...factsOfList(list)
    }
  };
}

function outOfForce(
  code: 'revocation/stale' | 'revocation/not-yet-valid',
  list: CertificateList,
  { certificate, depth, at }: StatusQuestion
): SmkiFailure {
  const limit =
    code === 'revocation/stale'
      ? `had its nextUpdate on ${list.nextUpdate.toISOString()}`
      : `begins on ${list.thisUpdate.toISOString()}`;
  return {
    code,
    message: `list ${list.number} over ${who(depth)} ${limit}`,
    depth,
    certificate: certificate.der,
    facts: { at: at.toISOString(), ...factsOfList(list) }
  };
}

function refused(
  { code, detail }: VerifyFailure,
  list: CertificateList,
  { certificate, depth }: StatusQuestion
): SmkiFailure {
  const isAuthority = code === 'verify/issuer-authority';
  const isScope = code === 'verify/critical-extension';
  return {
    code: isAuthority ? 'revocation/signer' : isScope ? 'revocation/scope' : 'revocation/signature',
    message: `a list over ${who(depth)} is refused: ${detail}`,
    depth,
    certificate: certificate.der,
    facts: factsOfList(list)
  };
}

function factsOfList({ number, thisUpdate, nextUpdate }: CertificateList): Record<string, string> {
  return {
    crlNumber: number.toString(),
    thisUpdate: thisUpdate.toISOString(),
    nextUpdate: nextUpdate.toISOString()
  };
}
