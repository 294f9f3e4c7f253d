import type { Sql, SqlColumn, SqlScalar, Transaction } from '../../ops/kit/deps.js';
import { eui64ToSigned, type Certificate, type ProfileName } from '../../pki/index.js';
import { hashPrefix, type CertificateKind } from './certificates.js';
import { rows, type Connection } from './prepared.js';

/** Serial number, and number of the issuer's name: the identity of a certificate in the tables. */
export interface CertificateIdentity {
  readonly serial: string;
  readonly issuerName: number;
}

/** A certificate that was checked, with what the columns hold of it. */
export interface CheckedCertificate {
  readonly certificate: Certificate;
  /** The certificate whose key signed it; undefined for an anchor. */
  readonly issuer: CertificateIdentity | undefined;
  /** The number of its issuer's name. */
  readonly issuerName: number;
  readonly profile: ProfileName;
  readonly kind: CertificateKind;
  readonly serial: string;
  readonly eui: bigint | null;
  readonly role: number | null;
  readonly usage: 'DS' | 'KA' | null;
  readonly ski: Uint8Array;
  /** SHA-256 of the SPKI. */
  readonly publicKeyHash: Uint8Array;
  readonly sha1: Uint8Array;
  readonly sha256: Buffer;
}

/** A certificate with its row's id and the status it begins with. */
export interface PlacedCertificate {
  readonly id: bigint;
  readonly checked: CheckedCertificate;
  readonly status: 'I' | 'P';
  /** When its group came. */
  readonly at: Date;
}

/** Numbers are given to publications in blocks this long: no message carries more certificates than 1,000. */
const idsOfPublication = 1_024n;

/** The id of the certificate at a place (from 0) of a publication. */
export function certificateId(publication: bigint, place: number): bigint {
  return publication * idsOfPublication + BigInt(place);
}

const certificateColumns: readonly SqlColumn[] = [
  { name: 'id', type: 'int8' },
  { name: 'serial', type: 'uuid' },
  { name: 'issuer', type: 'int4' },
  { name: 'role', type: 'int2' },
  { name: 'kind', type: 'text' },
  { name: 'usage', type: 'text' },
  { name: 'eui', type: 'int8' },
  { name: 'sha1_prefix', type: 'int8' },
  { name: 'public_key_prefix', type: 'int8' },
  { name: 'not_before', type: 'timestamptz' },
  { name: 'not_after', type: 'timestamptz' },
  { name: 'profile', type: 'text' },
  { name: 'subject', type: 'bytea' },
  { name: 'ski', type: 'bytea' },
  { name: 'sha256', type: 'bytea' },
  { name: 'der', type: 'bytea' }
];

const statusColumns: readonly SqlColumn[] = [
  { name: 'certificate', type: 'int8' },
  { name: 'eui', type: 'int8' },
  { name: 'stated_at', type: 'timestamptz' },
  { name: 'device', type: 'bool' },
  { name: 'manufacturing', type: 'bool' },
  { name: 'status', type: 'text' },
  { name: 'usage', type: 'text' }
];

/**
 * DESIGN: rows from which on a COPY is cheaper than an INSERT, which travels with the statements behind it: a COPY has
 * a round trip of its own, an array costs the server more a row.
 */
const copyFrom = 32;

/** Appends rows, few or many. */
async function append(
  sql: Sql,
  trx: Transaction,
  table: string,
  columns: readonly SqlColumn[],
  values: readonly (readonly SqlScalar[])[]
): Promise<void> {
  if (values.length >= copyFrom) return sql.copy(trx, table, columns, values);
  const names = columns.map(({ name }) => name).join(', ');
  const arrays = columns.map(({ type }, index) => `$${index + 1}::${type}[]`).join(', ');
  await sql.also(
    trx,
    `append ${table}`,
    `insert into ${table} (${names}) overriding system value select * from unnest(${arrays})`,
    columns.map((_, column) => values.map(row => row[column] ?? null))
  );
}

/**
 * Writes certificates and their statuses. Rows go in sorted by what must be unique, so that two repositories that
 * meet wait for each other instead of locking each other out; a unique violation (23505) says that another one was
 * first.
 */
export async function copyCertificates(
  sql: Sql,
  trx: Transaction,
  placed: readonly PlacedCertificate[]
): Promise<void> {
  const bySerial = [...placed].sort((a, b) => compare(a.checked.serial, b.checked.serial));
  await append(
    sql,
    trx,
    'repository.certificate',
    certificateColumns,
    bySerial.map(({ id, checked }) => [
      id,
      checked.serial,
      checked.issuerName,
      checked.role,
      checked.kind,
      checked.usage,
      signed(checked.eui),
      hashPrefix(checked.sha1),
      hashPrefix(checked.publicKeyHash),
      checked.certificate.notBefore,
      checked.certificate.notAfter,
      checked.profile,
      checked.certificate.subject.der,
      checked.ski,
      checked.sha256,
      checked.certificate.der
    ])
  );
  const byUsage = [...placed].sort(
    (a, b) =>
      compare(a.checked.eui ?? 0n, b.checked.eui ?? 0n) ||
      compare(a.checked.usage ?? '', b.checked.usage ?? '')
  );
  await append(
    sql,
    trx,
    'repository.certificate_status',
    statusColumns,
    byUsage.map(({ id, checked, status, at }) => {
      const device = checked.kind === 'device';
      return [id, signed(checked.eui), at, device, device && status === 'I', status, checked.usage];
    })
  );
}

/** A publication as it is entered. */
export interface NewPublication {
  readonly id: bigint;
  readonly kind: 'certificates' | 'crl';
  /** Hexadecimal; null for revocation lists. */
  readonly groupId: string | null;
  readonly peer: string;
  readonly items: number;
  readonly acceptedAt: Date;
}

/**
 * Enters publications and gives each the next number of the feed, without a gap. The last statement before the
 * commit: whoever enters others waits for this transaction from here on. Answers the numbers in the order given.
 */
export async function enterPublications(
  connection: Connection,
  publications: readonly NewPublication[]
): Promise<string[]> {
  const entered = await rows<{ id: string; sequence: string }>(
    connection,
    'enter-publications',
    `with head as (update repository.feed_head set last = last + $1::integer returning last)
     insert into repository.publication (id, sequence, kind, group_id, peer, items, accepted_at)
     overriding system value
     select new.id, head.last - $1::integer + new.place, new.kind, new.group_id, new.peer, new.items, new.accepted_at
     from head, unnest($2::bigint[], $3::text[], $4::uuid[], $5::text[], $6::integer[], $7::timestamptz[])
       with ordinality as new (id, kind, group_id, peer, items, accepted_at, place)
     returning id, sequence`,
    [
      publications.length,
      publications.map(one => one.id),
      publications.map(one => one.kind),
      publications.map(one => one.groupId),
      publications.map(one => one.peer),
      publications.map(one => one.items),
      publications.map(one => one.acceptedAt)
    ]
  );
  const sequences = new Map(entered.map(row => [BigInt(row.id), row.sequence]));
  return publications.map(({ id }) => {
    const sequence = sequences.get(id);
    if (sequence === undefined) throw new Error('the feed has no head');
    return sequence;
  });
}

/** An id for a publication that is entered alone. */
export async function newPublicationId(connection: Connection): Promise<bigint> {
  const [row] = await rows<{ id: string }>(
    connection,
    'new-publication-id',
    "select nextval('repository.publication_id_seq') as id",
    []
  );
  if (row === undefined) throw new Error('a sequence answers a number');
  return BigInt(row.id);
}

/** Locks the feed until the transaction ends: publications after this one wait. For lists, which are few. */
export async function lockFeed(connection: Connection): Promise<void> {
  await rows(connection, 'lock-feed', 'select last from repository.feed_head for update', []);
}

function signed(eui: bigint | null): bigint | null {
  return eui === null ? null : eui64ToSigned(eui);
}

function compare<T extends string | bigint>(a: T, b: T): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
