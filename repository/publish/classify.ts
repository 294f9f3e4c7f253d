import { eui64ToSigned, type Certificate } from '../../pki/index.js';
import { RepositoryError } from '../errors.js';
import { certificateId, type CheckedCertificate, type PlacedCertificate } from '../store/publications.js';
import { usageKey, type Standing } from '../store/standing.js';
import { sameOctets } from './authorities.js';

/** A group that was checked, on its way into the tables. */
export interface CheckedGroup {
  /** Hexadecimal. */
  readonly groupId: string;
  readonly peer: string;
  readonly at: Date;
  readonly checked: readonly CheckedCertificate[];
}

/** What becomes of a group. */
export type Verdict =
  /** Everything in it is here already. */
  | { readonly outcome: 'repeated' }
  | { readonly outcome: 'refused'; readonly error: RepositoryError }
  | {
      readonly outcome: 'published';
      readonly publication: bigint;
      readonly placed: readonly PlacedCertificate[];
    };

/**
 * Decides about groups that go into one transaction, in the order they came, each as if those before it were in
 * the tables. A group that is refused leaves no trace in the decisions about the others.
 */
export function classify(groups: readonly CheckedGroup[], standing: Standing): Verdict[] {
  const stored = new Map(
    standing.stored.map(row => [identity(row.serial, row.issuerName), row.sha256] as const)
  );
  const revoked = new Set(standing.revoked.map(row => identity(row.serial, row.issuerName)));
  const inUse = new Set(standing.inUse);
  const groupsHere = new Set(standing.groups);

  return groups.map((group, index): Verdict => {
    const fresh = new Map<string, CheckedCertificate>();
    for (const one of group.checked) {
      const key = identity(one.serial, one.issuerName);
      const known = fresh.get(key)?.sha256 ?? stored.get(key);
      if (known === undefined) fresh.set(key, one);
      else if (!sameOctets(known, one.sha256))
        return { outcome: 'refused', error: certificateConflict(one.certificate, one.sha256, known) };
    }
    if (fresh.size === 0) return { outcome: 'repeated' };
    if (groupsHere.has(group.groupId)) {
      const error = new RepositoryError(
        'repository/group-conflict',
        'the group is here with other certificates',
        { group: group.groupId }
      );
      return { outcome: 'refused', error };
    }
    for (const { issuer, certificate } of fresh.values()) {
      if (issuer === undefined || !revoked.has(identity(issuer.serial, issuer.issuerName))) continue;
      const facts = { serial: certificate.serialHex };
      const error = new RepositoryError('repository/issuer-revoked', 'the issuer is revoked', facts);
      return { outcome: 'refused', error };
    }
    groupsHere.add(group.groupId);
    for (const [key, one] of fresh) stored.set(key, one.sha256);
    const publication = standing.ids[index];
    if (publication === undefined) throw new Error('each group has an id');
    return {
      outcome: 'published',
      publication,
      placed: place(publication, group.at, [...fresh.values()], inUse)
    };
  });
}

/**
 * The first certificate of a device and usage is the one put in at manufacture, in use from the start; a later one
 * is pending until it is stated to be in use. Certificates of organisations and authorities are in use from the
 * start. Within a group the earliest notBefore counts as first.
 */
function place(
  publication: bigint,
  at: Date,
  fresh: readonly CheckedCertificate[],
  inUse: Set<string>
): PlacedCertificate[] {
  const first = new Map<string, CheckedCertificate>();
  for (const one of fresh) {
    const key = deviceUsage(one);
    if (key === undefined || inUse.has(key)) continue;
    const earliest = first.get(key);
    if (earliest === undefined || one.certificate.notBefore < earliest.certificate.notBefore)
      first.set(key, one);
  }
  for (const key of first.keys()) inUse.add(key);
  return fresh.map((checked, index) => {
    const key = deviceUsage(checked);
    const inUseNow = key === undefined || first.get(key) === checked;
    return { id: certificateId(publication, index), checked, status: inUseNow ? 'I' : 'P', at };
  });
}

function deviceUsage({ kind, eui, usage }: CheckedCertificate): string | undefined {
  return kind === 'device' && eui !== null ? usageKey(eui64ToSigned(eui), usage) : undefined;
}

/** The refusal, and the alarm, that other octets under one identity are. */
export function certificateConflict(
  { serialHex }: Certificate,
  offered: Buffer,
  stored: Buffer
): RepositoryError {
  return new RepositoryError(
    'repository/certificate-conflict',
    'another certificate is here under this issuer and serial number',
    { serial: serialHex, offered: offered.toString('hex'), stored: stored.toString('hex') }
  );
}

function identity(serial: string, issuerName: number): string {
  return `${serial}/${issuerName}`;
}
