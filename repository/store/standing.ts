import { rows, type Connection } from './prepared.js';
import type { CertificateIdentity } from './publications.js';

/** What the tables say about groups that are to be published. */
export interface Standing {
  /** Rows under any of the serial numbers, of whatever issuer. */
  readonly stored: readonly (CertificateIdentity & { readonly sha256: Buffer })[];
  /** Device usages, as `usageKey` writes them, that have a certificate in use. */
  readonly inUse: ReadonlySet<string>;
  /** Revoked certificates among the issuers. */
  readonly revoked: readonly CertificateIdentity[];
  /** Groups that are here, in hexadecimal. */
  readonly groups: ReadonlySet<string>;
  /** Ids for the publications, one a group. */
  readonly ids: readonly bigint[];
}

interface StandingRow {
  what: 'stored' | 'in-use' | 'revoked' | 'group' | 'id';
  serial: string | null;
  issuer: number | null;
  sha256: Buffer | null;
  number: string | null;
  usage: 'DS' | 'KA' | null;
}

/** One question for all that a transaction of groups must know, and one answer. */
export const standingStatement = `
  select 'stored' as what, serial, issuer, sha256, null::bigint as number, null::text as usage
    from repository.certificate where serial = any($1::uuid[])
  union all select 'in-use', null, null, null, eui, usage
    from repository.certificate_status where status = 'I' and device and eui = any($2::bigint[])
  union all select 'revoked', serial, issuer, null, null, null
    from repository.revocation where serial = any($3::uuid[])
  union all select 'group', group_id, null, null, null, null
    from repository.publication where group_id = any($4::uuid[])
  union all select 'id', null, null, null, nextval('repository.publication_id_seq'), null
    from generate_series(1, $5::integer)`;

export async function findStanding(
  connection: Connection,
  asked: {
    readonly serials: readonly string[];
    /** As signed 64-bit numbers. */
    readonly euis: readonly bigint[];
    readonly issuerSerials: readonly string[];
    readonly groups: readonly string[];
  }
): Promise<Standing> {
  const found = await rows<StandingRow>(connection, 'find-standing', standingStatement, [
    asked.serials,
    asked.euis,
    asked.issuerSerials,
    asked.groups,
    asked.groups.length
  ]);
  const of = (what: StandingRow['what']) => found.filter(row => row.what === what);
  const identity = (row: StandingRow) => ({
    serial: undashed(row.serial),
    issuerName: row.issuer ?? 0,
    sha256: row.sha256 ?? Buffer.alloc(0)
  });
  return {
    stored: of('stored').map(identity),
    inUse: new Set(of('in-use').map(row => usageKey(row.number ?? '', row.usage))),
    revoked: of('revoked').map(identity),
    groups: new Set(of('group').map(row => undashed(row.serial))),
    ids: of('id').map(row => BigInt(row.number ?? 0))
  };
}

/** A device's usage as a key of sets; the EUI-64 as the columns hold it, in decimal. */
export function usageKey(signedEui: bigint | string, usage: 'DS' | 'KA' | null): string {
  return `${signedEui}/${usage ?? ''}`;
}

/** What is stored under any of these serial numbers, of whatever issuer, with the issuer's name. */
export async function findIdentities(
  connection: Connection,
  serials: readonly string[]
): Promise<{ readonly serial: string; readonly issuer: Buffer; readonly sha256: Buffer }[]> {
  const found = await rows<{ serial: string; issuer: Buffer; sha256: Buffer }>(
    connection,
    'find-identities',
    `select c.serial, i.name as issuer, c.sha256 from repository.certificate c
     join repository.issuer i on i.id = c.issuer where c.serial = any($1::uuid[])`,
    [serials]
  );
  return found.map(row => ({ ...row, serial: undashed(row.serial) }));
}

function undashed(uuid: string | null): string {
  return (uuid ?? '').replaceAll('-', '');
}
