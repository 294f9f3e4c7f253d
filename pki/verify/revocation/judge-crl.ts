import { sameOctets } from '../../der/octets.js';
import type { SubjectPublicKey } from '../../x509/index.js';
import { allReasons } from '../path/distribution-point.js';
import type { RevocationEvidence, RevocationQuestion } from '../path/revocation.js';
import type { Crl } from './crl.js';
import { entryIn, isDeltaOf, isSameScope, newerDeltas } from './delta.js';
import type { RevocationFailure } from './error.js';
import { mostSpecific } from './rank.js';
import { reasonsText } from './reasons.js';
import { coverageOf, type ScopedCertificate } from './scope.js';
import { signerOf } from './signer.js';

/** What lists or responses say of a certificate. */
export type Status =
  | { readonly status: 'good'; readonly evidence: readonly RevocationEvidence[] }
  | {
      readonly status: 'revoked';
      readonly revokedAt: Date;
      readonly reason: number | undefined;
      /** Of the list that says so. */
      readonly number: bigint | undefined;
    }
  | { readonly status: 'unknown'; readonly failure: RevocationFailure };

/** What of a question the lists are asked. */
export type CrlQuestion = Pick<
  RevocationQuestion,
  'certificate' | 'depth' | 'issuer' | 'at' | 'signatures' | 'signers'
>;

/** A list about the certificate, signed by one who may. */
interface Authentic {
  readonly list: Crl;
  readonly key: SubjectPublicKey;
  /** The reasons it covers, as ReasonFlags bits. */
  readonly reasons: number;
}

/**
 * The status of a certificate by RFC 5280 6.3.3. Every list that speaks of the certificate is consulted, where the
 * standard stops at the first that covers all reasons: who adds a list can thereby only make more certificates
 * revoked. Of lists of one scope by one key the newest by number counts, with the delta lists made for it.
 */
export function statusByCrls(lists: readonly Crl[], question: CrlQuestion): Status {
  const { certificate } = question;
  const scoped: ScopedCertificate = {
    issuer: certificate.issuer,
    isCa: certificate.basicConstraints?.ca === true,
    points: certificate.distributionPoints ?? []
  };
  const failures: RevocationFailure[] = [];
  const authentic: Authentic[] = [];
  for (const list of [...lists].sort(laterFirst)) {
    const coverage = coverageOf(list, scoped);
    if (!coverage.covers) failures.push(coverage.failure);
    else if (list.baseNumber !== undefined) failures.push(noBase(list));
    // What was published after the moment asked about was not known then.
    else if (question.at < list.thisUpdate) failures.push(notYetValid(list));
    else if (!authentic.some(later => supersedes(later.list, list) && nameOneKey(later.list, list))) {
      const signer = signerOf(list, question);
      if (signer.found) authentic.push({ list, key: signer.key, reasons: coverage.reasons });
      else failures.push(signer.failure);
    }
  }

  let covered = 0;
  const evidence: RevocationEvidence[] = [];
  let revoked: Status | undefined;
  for (const one of authentic) {
    if (authentic.some(later => supersedes(later.list, one.list) && sameOctets(later.key.spki, one.key.spki)))
      continue;
    const answer = statusByList(one, lists, question);
    if (answer.status === 'unknown') failures.push(answer.failure);
    else if (answer.status === 'revoked') revoked ??= answer;
    else {
      covered |= one.reasons;
      evidence.push(...answer.evidence);
    }
  }
  if (revoked !== undefined) return revoked;
  if (covered === allReasons) return { status: 'good', evidence };
  if (covered !== 0)
    failures.push({
      code: 'revocation/reasons',
      message: 'the lists together do not cover every reason',
      facts: { missing: reasonsText(allReasons & ~covered) }
    });
  return { status: 'unknown', failure: mostSpecific(failures) };
}

function laterFirst(a: Crl, b: Crl): number {
  if (a.number !== b.number) return a.number > b.number ? -1 : 1;
  return b.thisUpdate.getTime() - a.thisUpdate.getTime();
}

/**
 * Whether a list takes the place of an older one of the same issuer and scope, by its number (RFC 5280 5.2.3), if both
 * are by one key. A list with the greater number and the earlier date is one doubt more: both count.
 */
function supersedes(newer: Crl, older: Crl): boolean {
  return newer.number > older.number && newer.thisUpdate >= older.thisUpdate && isSameScope(newer, older);
}

/** Whether two lists name the same key: the signature on a superseded one is then not asked for. */
function nameOneKey(a: Crl, b: Crl): boolean {
  const one = a.authorityKeyIdentifier?.keyIdentifier;
  const other = b.authorityKeyIdentifier?.keyIdentifier;
  return one !== undefined && other !== undefined && sameOctets(one, other);
}

function statusByList({ list, key }: Authentic, all: readonly Crl[], question: CrlQuestion): Status {
  const { at, certificate, depth, signatures } = question;
  const deltas = newerDeltas(list, all, at);
  const isAuthentic = (delta: Crl) => signatures.verify(delta, key) === true;
  const applied = deltas.find(
    delta => isDeltaOf(delta, list) && at <= delta.nextUpdate && isAuthentic(delta)
  );
  // RFC 5280 5.2.4: a current delta makes the list it is applied to as current as itself.
  if (at > list.nextUpdate && applied === undefined) return { status: 'unknown', failure: stale(list) };
  const found = entryIn(list, deltas, applied, isAuthentic, certificate);
  if (found !== undefined) {
    const { revokedAt, reason } = found.entry;
    return { status: 'revoked', revokedAt, reason, number: found.list.number };
  }
  const used = applied === undefined ? [list] : [list, applied];
  return { status: 'good', evidence: used.map(one => evidenceOf(one, depth)) };
}

function evidenceOf(list: Crl, depth: number): RevocationEvidence {
  return {
    depth,
    kind: list.baseNumber === undefined ? 'crl' : 'delta-crl',
    der: list.der,
    number: String(list.number),
    thisUpdate: list.thisUpdate,
    nextUpdate: list.nextUpdate
  };
}

function noBase({ number, baseNumber }: Crl): RevocationFailure {
  return {
    code: 'revocation/delta',
    message: 'a delta list says nothing without the complete list it was made for',
    facts: { number: String(number), baseNumber: String(baseNumber) }
  };
}

function stale({ number, nextUpdate }: Crl): RevocationFailure {
  return {
    code: 'revocation/stale',
    message: 'the list was to be replaced by a newer one before the moment asked about',
    facts: { number: String(number), nextUpdate: nextUpdate.toISOString() }
  };
}

function notYetValid({ number, thisUpdate }: Crl): RevocationFailure {
  return {
    code: 'revocation/not-yet-valid',
    message: 'the list was published after the moment asked about',
    facts: { number: String(number), thisUpdate: thisUpdate.toISOString() }
  };
}
