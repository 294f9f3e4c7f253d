import type { Knex } from 'knex';
import { eui64ToSigned, type Certificate, type ProfileName } from '../../pki/index.js';
import type { CertificateKind } from './certificates.js';
import { rows } from './prepared.js';

/** A certificate that was checked, with what the columns hold of it. */
export interface CheckedCertificate {
  readonly certificate: Certificate;
  readonly profile: ProfileName;
  readonly kind: CertificateKind;
  readonly serial: string;
  readonly eui: bigint | null;
  readonly role: number | null;
  readonly usage: 'DS' | 'KA' | null;
  readonly ski: Uint8Array;
  readonly publicKeyHash: Uint8Array;
  readonly sha1: Uint8Array;
  readonly sha256: Uint8Array;
}

/** Issuer and serial number, the identity of a certificate, with the hash of its octets. */
export interface StoredIdentity {
  readonly serial: string;
  readonly issuer: Buffer;
  readonly sha256: Buffer;
}

/** What is stored under any of these serial numbers (of whatever issuer). */
export async function findIdentities(database: Knex, serials: readonly string[]): Promise<StoredIdentity[]> {
  const found = await rows<StoredIdentity>(
    database,
    'find-identities',
    'select serial, issuer, sha256 from repository.certificate where serial = any(?::uuid[])',
    [serials]
  );
  return found.map(row => ({ ...row, serial: row.serial.replaceAll('-', '') }));
}

/**
 * Enters a publication and answers its id; undefined when its group is already here. Waits for a transaction
 * that is entering the same group.
 */
export async function insertPublication(
  trx: Knex.Transaction,
  publication: {
    readonly kind: 'certificates' | 'crl';
    readonly groupId: string | null;
    readonly peer: string;
    readonly items: number;
    readonly acceptedAt: Date;
  }
): Promise<string | undefined> {
  const [row] = await rows<{ id: string }>(
    trx,
    'insert-publication',
    `insert into repository.publication (kind, group_id, peer, items, accepted_at) values (?, ?::uuid, ?, ?, ?)
     on conflict (group_id) do nothing returning id`,
    [
      publication.kind,
      publication.groupId,
      publication.peer,
      publication.items,
      publication.acceptedAt.toISOString()
    ]
  );
  return row?.id;
}

/** Locks the feed until the transaction ends: publications after this one wait. Taken as late as possible. */
export async function lockFeed(trx: Knex.Transaction): Promise<void> {
  await rows(trx, 'lock-feed', 'select last from repository.feed_head for update', []);
}

/** Gives a publication the next number of the feed, without a gap. The last write of a transaction. */
export async function appendToFeed(trx: Knex.Transaction, publication: string): Promise<string> {
  const [row] = await rows<{ sequence: string }>(
    trx,
    'append-to-feed',
    `with next as (update repository.feed_head set last = last + 1 returning last)
     insert into repository.feed (sequence, publication) select last, ?::bigint from next returning sequence`,
    [publication]
  );
  if (row === undefined) throw new Error('the feed has no head');
  return row.sequence;
}

/**
 * Inserts certificates and their statuses. A certificate whose issuer and serial number are already here is left
 * out; the answer is the serial numbers that were inserted. Rows go in sorted, so that two groups that meet wait
 * for each other instead of locking each other out.
 */
export async function insertCertificates(
  trx: Knex.Transaction,
  publication: string,
  certificates: readonly CheckedCertificate[],
  at: Date
): Promise<Set<string>> {
  const sorted = [...certificates].sort((a, b) => compare(a.serial, b.serial));
  const inserted = await rows<{ id: string; serial: string }>(
    trx,
    'insert-certificates',
    `insert into repository.certificate (serial, issuer, subject, profile, kind, eui, role, usage, ski,
       public_key_hash, not_before, not_after, sha1, sha256, der, publication)
     select new.*, ?::bigint from unnest(?::uuid[], ?::bytea[], ?::bytea[], ?::text[], ?::text[], ?::bigint[],
       ?::smallint[], ?::text[], ?::bytea[], ?::bytea[], ?::timestamptz[], ?::timestamptz[], ?::bytea[],
       ?::bytea[], ?::bytea[]) as new
     on conflict (serial, issuer) do nothing returning id, serial`,
    [
      publication,
      sorted.map(row => row.serial),
      sorted.map(row => Buffer.from(row.certificate.issuer.der)),
      sorted.map(row => Buffer.from(row.certificate.subject.der)),
      sorted.map(row => row.profile),
      sorted.map(row => row.kind),
      sorted.map(row => (row.eui === null ? null : eui64ToSigned(row.eui).toString())),
      sorted.map(row => row.role),
      sorted.map(row => row.usage),
      sorted.map(row => Buffer.from(row.ski)),
      sorted.map(row => Buffer.from(row.publicKeyHash)),
      sorted.map(row => row.certificate.notBefore.toISOString()),
      sorted.map(row => row.certificate.notAfter.toISOString()),
      sorted.map(row => Buffer.from(row.sha1)),
      sorted.map(row => Buffer.from(row.sha256)),
      sorted.map(row => Buffer.from(row.certificate.der))
    ]
  );
  if (inserted.length > 0)
    await insertStatuses(
      trx,
      inserted.map(row => row.id),
      at
    );
  return new Set(inserted.map(row => row.serial.replaceAll('-', '')));
}

/**
 * The first certificate of a device and usage is the one put in at manufacture, in use from the start; a later
 * one is pending until it is stated to be in use. Which is first, the unique index decides, also between two
 * repositories. Certificates of organisations and authorities are in use from the start.
 */
async function insertStatuses(trx: Knex.Transaction, ids: readonly string[], at: Date): Promise<void> {
  await rows(
    trx,
    'insert-statuses-in-use',
    `insert into repository.certificate_status (certificate, eui, usage, device, status, manufacturing, stated_at)
     select id, eui, usage, kind = 'device', 'I', kind = 'device', ? from repository.certificate
     where id = any(?::bigint[]) order by eui, usage, not_before, id on conflict do nothing`,
    [at.toISOString(), ids]
  );
  await rows(
    trx,
    'insert-statuses-pending',
    `insert into repository.certificate_status (certificate, eui, usage, device, status, manufacturing, stated_at)
     select c.id, c.eui, c.usage, true, 'P', false, ? from repository.certificate c
     where c.id = any(?::bigint[])
       and not exists (select from repository.certificate_status s where s.certificate = c.id)`,
    [at.toISOString(), ids]
  );
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
