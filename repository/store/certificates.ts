import type { Knex } from 'knex';
import { eui64FromSigned, eui64ToSigned, type Eui64, type ProfileName } from '../../pki/index.js';
import type { StoredStatus } from '../query/status.js';
import { rows } from './prepared.js';

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
  readonly profile: string;
  readonly storedStatus: StoredStatus;
  readonly revoked: boolean;
  readonly notAfter: Date;
}

/** With the octets and what they must agree with: the tables are not trusted. */
export interface StoredBody extends StoredCertificate {
  readonly der: Buffer;
  readonly sha256: Buffer;
  readonly acceptedAt: Date;
}

interface Row {
  id: string;
  serial: string;
  profile: string;
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

const columns = `c.id, c.serial, c.profile, c.kind, c.eui, c.role, c.usage, c.not_after, s.status, s.manufacturing,
  exists (select from repository.revocation r where r.serial = c.serial and r.issuer = c.issuer) as revoked`;
const source = `repository.certificate c join repository.certificate_status s on s.certificate = c.id`;

/**
 * DESIGN: 1,000. A device has at most some hundred certificates in its life and an organisation fewer; beyond it
 * an answer would no longer fit the second that clients wait.
 */
const maxHits = 1_000;

/** The certificates of an EUI-64 as device or as organisation, newest first. */
export async function findByEui(
  database: Knex,
  kind: 'device' | 'organisation',
  eui: Eui64
): Promise<StoredCertificate[]> {
  const found = await rows<Row>(
    database,
    'find-by-eui',
    `select ${columns} from ${source} where c.eui = ? and c.kind = ? order by c.not_before desc, c.id desc limit ${maxHits}`,
    [eui64ToSigned(eui).toString(), kind]
  );
  return found.map(read);
}

/** The certificates with a serial number: one, unless two issuers gave the same number. */
export async function findBySerial(database: Knex, serial: string): Promise<StoredBody[]> {
  const found = await rows<BodyRow>(
    database,
    'find-by-serial',
    `select ${columns}, c.der, c.sha256, p.accepted_at from ${source}
     join repository.publication p on p.id = c.publication where c.serial = ?::uuid order by c.id limit 8`,
    [serial]
  );
  return found.map(readBody);
}

/** Certification authorities with a subject name: the candidates for an issuer. */
export async function findAuthoritiesBySubject(database: Knex, subject: Uint8Array): Promise<StoredBody[]> {
  const found = await rows<BodyRow>(
    database,
    'find-authorities-by-subject',
    `select ${columns}, c.der, c.sha256, p.accepted_at from ${source}
     join repository.publication p on p.id = c.publication
     where c.kind = 'ca' and c.subject = ? order by c.id desc limit 64`,
    [Buffer.from(subject)]
  );
  return found.map(readBody);
}

/** The newest certification authority of a profile. */
export async function findAuthorityByProfile(
  database: Knex,
  profile: ProfileName
): Promise<StoredBody | undefined> {
  const found = await rows<BodyRow>(
    database,
    'find-authority-by-profile',
    `select ${columns}, c.der, c.sha256, p.accepted_at from ${source}
     join repository.publication p on p.id = c.publication
     where c.kind = 'ca' and c.profile = ? order by c.not_before desc, c.id desc limit 1`,
    [profile]
  );
  return found.map(readBody)[0];
}

export async function isRevoked(database: Knex, serial: string, issuer: Uint8Array): Promise<boolean> {
  const found = await rows(
    database,
    'is-revoked',
    'select from repository.revocation where serial = ?::uuid and issuer = ?',
    [serial, Buffer.from(issuer)]
  );
  return found.length > 0;
}

function read(row: Row): StoredCertificate {
  return {
    id: row.id,
    serial: row.serial,
    profile: row.profile,
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
  return { ...read(row), der: row.der, sha256: row.sha256, acceptedAt: row.accepted_at };
}
