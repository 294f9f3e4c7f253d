import { hash } from 'node:crypto';
import { eui64FromSigned, type Eui64, type ProfileName } from '../../pki/index.js';
import type { StoredStatus } from '../query/status.js';
import { LookUps } from './look-ups.js';
import { rows, type Connection } from './prepared.js';

export type CertificateKind = 'device' | 'organisation' | 'ca';

/** A certificate as the tables hold it, without its octets. */
export interface CertificateFacts {
  /** The number as the column holds it; see `serial.ts`. */
  readonly serial: string;
  readonly kind: CertificateKind;
  /** Null for certification authorities. */
  readonly eui: Eui64 | null;
  /** Remote party role, decimal; null for devices. */
  readonly role: number | null;
  readonly usage: 'DS' | 'KA' | null;
  readonly manufacturing: boolean;
  /** Subject of a certification authority as text; not read for others. */
  readonly subjectName?: string;
}

/** A row as it was found, with what its status is derived from. */
export interface StoredCertificate extends CertificateFacts {
  readonly id: string;
  readonly storedStatus: StoredStatus;
  readonly revoked: boolean;
  readonly notAfter: Date;
}

/** With the octets and what they must agree with: the tables are not trusted. */
export interface StoredBody extends StoredCertificate {
  readonly der: Buffer;
  readonly sha256: Buffer;
  /** When it was published. */
  readonly acceptedAt: Date;
}

interface Row {
  id: string;
  serial: string;
  kind: CertificateKind;
  eui: string | null;
  role: number | null;
  usage: 'DS' | 'KA' | null;
  not_after: Date;
  status: StoredStatus;
  manufacturing: boolean;
  revoked: boolean;
}

interface BodyRow extends Row {
  der: Buffer;
  sha256: Buffer;
  accepted_at: Date;
}

const columns = `c.id, c.serial, c.kind, c.eui, c.role, c.usage, c.not_after, s.status, s.manufacturing,
  exists (select from repository.revocation r where r.serial = c.serial and r.issuer = c.issuer) as revoked`;
const body = `${columns}, c.der, c.sha256, p.accepted_at`;
const source = `repository.certificate c join repository.certificate_status s on s.certificate = c.id`;
const bodySource = `${source} join repository.publication p on p.id = c.id / 1024`;

/**
 * DESIGN: 1,000. A device has at most some hundred certificates in its life and an organisation fewer; beyond it
 * an answer would no longer fit the second that clients wait.
 */
const maxHits = 1_000;

/** The statements of the look-ups; tests ask the server how it runs them. */
export const lookUpStatements = {
  'find-by-euis': `select hit.* from unnest($1::bigint[]) as asked (eui) cross join lateral (
      select ${columns} from ${source} where s.eui = asked.eui
      order by c.not_before desc, c.id desc limit ${maxHits}) hit`,
  'find-by-serials': `select ${body} from ${bodySource} where c.serial = any($1::uuid[])`,
  'find-by-sha1': `select ${body} from ${bodySource} where c.sha1_prefix = $1::bigint limit 64`,
  'find-by-sha256': `select ${body} from ${bodySource} where c.sha256 = $1 limit 1`,
  'find-authorities-by-subject': `select ${body} from ${bodySource}
    where c.kind = 'ca' and c.subject = $1 order by c.id desc limit 64`,
  'find-authority-by-profile': `select ${body} from ${bodySource}
    where c.kind = 'ca' and c.profile = $1 order by c.not_before desc, c.id desc limit 1`
} as const;

/** The two questions that relying parties ask all the time. */
export interface CertificateLookUps {
  /** By EUI-64, as `eui64ToSigned` makes it, in decimal: newest first, whatever kind they are. */
  readonly byEui: LookUps<StoredCertificate>;
  /** By serial number as the column holds it, without hyphens: one, unless two issuers gave the same number. */
  readonly bySerial: LookUps<StoredBody>;
}

export function certificateLookUps(connection: Connection): CertificateLookUps {
  return {
    byEui: new LookUps(async euis => {
      const found = await rows<Row>(connection, 'find-by-euis', lookUpStatements['find-by-euis'], [euis]);
      return grouped(found, row => row.eui ?? '', read);
    }),
    bySerial: new LookUps(async serials => {
      const statement = lookUpStatements['find-by-serials'];
      const found = await rows<BodyRow>(connection, 'find-by-serials', statement, [serials]);
      return grouped(found, row => row.serial.replaceAll('-', ''), readBody);
    })
  };
}

function grouped<From, To>(
  found: readonly From[],
  keyOf: (row: From) => string,
  readRow: (row: From) => To
): Map<string, To[]> {
  const groups = new Map<string, To[]>();
  for (const row of found) {
    const key = keyOf(row);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [readRow(row)]);
    else group.push(readRow(row));
  }
  return groups;
}

/** The certificate with a SHA-256 of its DER. */
export async function findBySha256(
  connection: Connection,
  sha256: Uint8Array
): Promise<StoredBody | undefined> {
  const statement = lookUpStatements['find-by-sha256'];
  return (await rows<BodyRow>(connection, 'find-by-sha256', statement, [sha256])).map(readBody)[0];
}

/** The certificate with a SHA-1 of its DER. The index knows its first octets only; the rest is compared here. */
export async function findBySha1(connection: Connection, sha1: Uint8Array): Promise<StoredBody | undefined> {
  const statement = lookUpStatements['find-by-sha1'];
  const found = await rows<BodyRow>(connection, 'find-by-sha1', statement, [hashPrefix(sha1)]);
  return found.map(readBody).find(({ der }) => hash('sha1', der, 'buffer').equals(sha1));
}

/** Certification authorities with a subject name: the candidates for an issuer. */
export async function findAuthoritiesBySubject(
  connection: Connection,
  subject: Uint8Array
): Promise<StoredBody[]> {
  const statement = lookUpStatements['find-authorities-by-subject'];
  const found = await rows<BodyRow>(connection, 'find-authorities-by-subject', statement, [subject]);
  return found.map(readBody);
}

/** The newest certification authority of a profile. */
export async function findAuthorityByProfile(
  connection: Connection,
  profile: ProfileName
): Promise<StoredBody | undefined> {
  const statement = lookUpStatements['find-authority-by-profile'];
  const found = await rows<BodyRow>(connection, 'find-authority-by-profile', statement, [profile]);
  return found.map(readBody)[0];
}

/** The first 8 octets of a hash as the columns hold them. */
export function hashPrefix(hash: Uint8Array): bigint {
  return Buffer.from(hash.buffer, hash.byteOffset, hash.length).readBigInt64BE();
}

function read(row: Row): StoredCertificate {
  return {
    id: row.id,
    serial: row.serial,
    kind: row.kind,
    eui: row.eui === null ? null : eui64FromSigned(BigInt(row.eui)),
    role: row.role,
    usage: row.usage,
    manufacturing: row.manufacturing,
    storedStatus: row.status,
    revoked: row.revoked,
    notAfter: row.not_after
  };
}

function readBody(row: BodyRow): StoredBody {
  // Not by a spread, to which V8 adds properties one by one: thirty times the price.
  return Object.assign(read(row), { der: row.der, sha256: row.sha256, acceptedAt: row.accepted_at });
}
