import type { Knex } from 'knex';
import type { CertificateList, ProfileName } from '../../pki/index.js';
import { rows } from './prepared.js';

/** A revocation list as it is served, without its octets. */
export interface CrlHead {
  readonly id: string;
  readonly number: bigint;
  readonly thisUpdate: Date;
  readonly nextUpdate: Date;
  readonly sha256: Buffer;
  /** Length of the DER. */
  readonly octets: number;
}

interface Row {
  id: string;
  number: string;
  this_update: Date;
  next_update: Date;
  sha256: Buffer;
  octets: number;
}

const columns = 'id, number, this_update, next_update, sha256, octet_length(der) as octets';

/** The newest list of the authority whose key has this identifier. */
export async function latestCrlByKey(database: Knex, authorityKey: Uint8Array): Promise<CrlHead | undefined> {
  const found = await rows<Row>(
    database,
    'latest-crl-by-key',
    `select ${columns} from repository.crl where authority_key = ? order by this_update desc, number desc limit 1`,
    [Buffer.from(authorityKey)]
  );
  return found.map(read)[0];
}

/** The newest list of any authority of a profile: one list while one key of that profile signs. */
export async function latestCrlByProfile(database: Knex, profile: ProfileName): Promise<CrlHead | undefined> {
  const found = await rows<Row>(
    database,
    'latest-crl-by-profile',
    `select ${columns} from repository.crl where profile = ? order by this_update desc, number desc limit 1`,
    [profile]
  );
  return found.map(read)[0];
}

export async function readCrl(database: Knex, id: string): Promise<Buffer | undefined> {
  const [row] = await rows<{ der: Buffer }>(
    database,
    'read-crl',
    'select der from repository.crl where id = ?::bigint',
    [id]
  );
  return row?.der;
}

/** Number and hash of the greatest list of an issuer, and whether these very octets are stored. */
export async function compareCrl(
  database: Knex,
  issuer: Uint8Array,
  authorityKey: Uint8Array,
  sha256: Uint8Array
): Promise<{ readonly greatest: bigint | undefined; readonly stored: boolean }> {
  const [row] = await rows<{ greatest: string | null; stored: boolean | null }>(
    database,
    'compare-crl',
    `select max(number) as greatest, bool_or(sha256 = ?) as stored from repository.crl
     where authority_key = ? and issuer = ?`,
    [Buffer.from(sha256), Buffer.from(authorityKey), Buffer.from(issuer)]
  );
  const greatest = row?.greatest ?? null;
  return { greatest: greatest === null ? undefined : BigInt(greatest), stored: row?.stored ?? false };
}

/** A list that was checked. */
export interface CheckedCrl {
  readonly crl: CertificateList;
  readonly number: bigint;
  readonly nextUpdate: Date;
  readonly profile: ProfileName;
  readonly authorityKey: Uint8Array;
  readonly sha256: Uint8Array;
  readonly revoked: readonly {
    readonly serial: string;
    readonly date: Date;
    readonly reason: number | null;
  }[];
}

export async function insertCrl(
  trx: Knex.Transaction,
  publication: string,
  checked: CheckedCrl
): Promise<void> {
  const { crl, revoked } = checked;
  const [row] = await rows<{ id: string }>(
    trx,
    'insert-crl',
    `insert into repository.crl (issuer, authority_key, profile, number, this_update, next_update, sha256,
       publication, der) values (?, ?, ?, ?, ?, ?, ?, ?::bigint, ?) returning id`,
    [
      Buffer.from(crl.issuer.der),
      Buffer.from(checked.authorityKey),
      checked.profile,
      checked.number.toString(),
      crl.thisUpdate.toISOString(),
      checked.nextUpdate.toISOString(),
      Buffer.from(checked.sha256),
      publication,
      Buffer.from(crl.der)
    ]
  );
  if (row === undefined) throw new Error('the insertion answered no row');
  await rows(
    trx,
    'insert-revocations',
    `insert into repository.revocation (serial, issuer, revoked_at, reason, crl)
     select new.serial, ?, new.revoked_at, new.reason, ?::bigint
     from unnest(?::uuid[], ?::timestamptz[], ?::smallint[]) as new (serial, revoked_at, reason)
     on conflict do nothing`,
    [
      Buffer.from(crl.issuer.der),
      row.id,
      revoked.map(entry => entry.serial),
      revoked.map(entry => entry.date.toISOString()),
      revoked.map(entry => entry.reason)
    ]
  );
}

function read(row: Row): CrlHead {
  return {
    id: row.id,
    number: BigInt(row.number),
    thisUpdate: row.this_update,
    nextUpdate: row.next_update,
    sha256: row.sha256,
    octets: row.octets
  };
}
