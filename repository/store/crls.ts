import type { CertificateList, ProfileName } from '../../pki/index.js';
import { rows, type Connection } from './prepared.js';

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
export async function latestCrlByKey(
  connection: Connection,
  authorityKey: Uint8Array
): Promise<CrlHead | undefined> {
  const found = await rows<Row>(
    connection,
    'latest-crl-by-key',
    `select ${columns} from repository.crl where authority_key = $1 order by this_update desc, number desc limit 1`,
    [authorityKey]
  );
  return found.map(read)[0];
}

/** The newest list of any authority of a profile: one list while one key of that profile signs. */
export async function latestCrlByProfile(
  connection: Connection,
  profile: ProfileName
): Promise<CrlHead | undefined> {
  const found = await rows<Row>(
    connection,
    'latest-crl-by-profile',
    `select ${columns} from repository.crl where profile = $1 order by this_update desc, number desc limit 1`,
    [profile]
  );
  return found.map(read)[0];
}

export async function readCrl(connection: Connection, id: string): Promise<Buffer | undefined> {
  const [row] = await rows<{ der: Buffer }>(
    connection,
    'read-crl',
    'select der from repository.crl where id = $1::bigint',
    [id]
  );
  return row?.der;
}

/** Number and hash of the greatest list of an issuer, and whether these very octets are stored. */
export async function compareCrl(
  connection: Connection,
  issuer: Uint8Array,
  authorityKey: Uint8Array,
  sha256: Uint8Array
): Promise<{ readonly greatest: bigint | undefined; readonly stored: boolean }> {
  const [row] = await rows<{ greatest: string | null; stored: boolean | null }>(
    connection,
    'compare-crl',
    `select max(number) as greatest, bool_or(sha256 = $1) as stored from repository.crl
     where authority_key = $2 and issuer = $3`,
    [sha256, authorityKey, issuer]
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
  connection: Connection,
  publication: bigint,
  checked: CheckedCrl,
  /** The number of the issuer's name. */
  issuerName: number
): Promise<void> {
  const { crl, revoked } = checked;
  const [row] = await rows<{ id: string }>(
    connection,
    'insert-crl',
    `insert into repository.crl (issuer, authority_key, profile, number, this_update, next_update, sha256,
       publication, der) values ($1, $2, $3, $4, $5, $6, $7, $8::bigint, $9) returning id`,
    [
      crl.issuer.der,
      checked.authorityKey,
      checked.profile,
      checked.number.toString(),
      crl.thisUpdate,
      checked.nextUpdate,
      checked.sha256,
      publication,
      crl.der
    ]
  );
  if (row === undefined) throw new Error('the insertion answered no row');
  await rows(
    connection,
    'insert-revocations',
    `insert into repository.revocation (serial, issuer, revoked_at, reason, crl)
     select new.serial, $1::integer, new.revoked_at, new.reason, $2::bigint
     from unnest($3::uuid[], $4::timestamptz[], $5::smallint[]) as new (serial, revoked_at, reason)
     on conflict do nothing`,
    [
      issuerName,
      row.id,
      revoked.map(entry => entry.serial),
      revoked.map(entry => entry.date),
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
