/**
 * Rows as issuance leaves them, written past issuance: tables of millions are filled in minutes. Certificates are by
 * the product's template, with a signature that nobody checks. Which columns a table has is read from
 * the database, so that a migration that leaves one out is followed and one that adds one is noticed.
 */
import { createHash, generateKeyPairSync, randomBytes, randomInt } from 'node:crypto';
import type { Knex } from 'knex';
import {
  assembleCertificate,
  compileTemplate,
  eui64ToSigned,
  keyAlgorithmOf,
  newSerial,
  profiles,
  type Certificate,
  type Policy
} from '../../../pki/index.js';
import type { Sql, SqlColumn, SqlValue } from '../../kit/deps.js';
import { demoHwType } from '../../launch/seed.js';

/** One certificate with what any of the tables may hold of it, by column name. */
export type CertificateValues = Readonly<Record<string, SqlValue>>;

export interface CertificateGroup {
  /** Of the order or publication. */
  readonly values: CertificateValues;
  readonly certificates: readonly CertificateValues[];
}

/** Tables that get one row a group, then those that get one a certificate, in the order they are written. */
export const groupTables = {
  ca: { group: ['signed_order', 'intent'], each: ['intent_item', 'request', 'certificate'] },
  repository: { group: ['publication'], each: ['certificate', 'certificate_status'] }
} as const;
export type Ledger = keyof typeof groupTables;

/** Keys are real points, since readers look; made for each certificate they would be most of the time to fill a table. */
const differentKeys = 256;
/** An ECDSA-Sig-Value of two 32-octet numbers. */
const signatureOctets = 64;

export interface RowsOptions {
  readonly issuer: Certificate;
  /** The number that stands for the issuer's name in the tables. */
  readonly issuerNumber: number;
  readonly policy: Policy;
  /** Number of the group before the first: certificates are numbered 1,024 a group from there on. */
  readonly after: bigint;
}

export function createRows({
  issuer,
  issuerNumber,
  policy,
  after
}: RowsOptions): (size: number) => CertificateGroup {
  const templates = (['device-ds', 'device-ka'] as const).map(profile =>
    compileTemplate(profile, { issuer, policy })
  );
  const algorithm = keyAlgorithmOf(profiles['issuing-dca'], policy);
  const keys = Array.from({ length: differentKeys }, () =>
    generateKeyPairSync('ec', { namedCurve: 'prime256v1' }).publicKey.export({ type: 'spki', format: 'der' })
  );
  let publication = after;

  return size => {
    const at = new Date();
    publication += 1n;
    const groupId = uuid(randomBytes(16));
    const certificates = Array.from({ length: size }, (_, place): CertificateValues => {
      const template = templates[place % 2] as (typeof templates)[number];
      const spki = keys[randomInt(differentKeys)] as Buffer;
      const eui = randomBytes(8).readBigUInt64BE() & 0x00ff_ffff_ffff_ffffn;
      const serial = newSerial(octets => randomBytes(octets));
      const validity = template.validity(at);
      const tbs = template.tbs({ serial, ...validity, spki, subject: { eui, hwType: demoHwType } });
      const der = assembleCertificate(tbs, algorithm, lowSignature());
      const sha256 = hash('sha256', der);
      // Of a key that nobody else has, as the index meets them.
      const publicKeyHash = randomBytes(32);
      const id = publication * 1_024n + BigInt(place);
      return {
        ...{ id, der, sha256, profile: template.profile.name, item: place, epoch: 1, issuer: issuerNumber },
        ...{ order_id: groupId, request_id: uuid(randomBytes(16)), serial: uuid(serial) },
        ...{ tbs_sha256: hash('sha256', tbs), public_key: publicKeyHash.subarray(0, 16) },
        ...{ public_key_hash: publicKeyHash, public_key_prefix: publicKeyHash.readBigInt64BE(0) },
        ...{ sha1: hash('sha1', der), sha1_prefix: hash('sha1', der).readBigInt64BE(0) },
        ...{ not_before: validity.notBefore, not_after: validity.notAfter },
        ...{ kind: 'device', usage: place % 2 === 0 ? 'DS' : 'KA', role: null, eui: eui64ToSigned(eui) },
        ...{ subject: Buffer.from('3000', 'hex'), ski: hash('sha1', spki.subarray(26)) },
        ...{ certificate: id, stated_at: at, device: true, manufacturing: true, status: 'I', publication }
      };
    });
    return {
      certificates,
      values: {
        ...{ id: publication, sequence: publication, kind: 'certificates', group_id: groupId, peer: 'bench' },
        ...{
          items: size,
          accepted_at: at,
          order_id: groupId,
          key_id: randomBytes(32),
          signature: randomBytes(64)
        },
        ...{ bytes: randomBytes(size * 300), epoch: 1, holder: 'bench', state: 'closed', lane: 'batch' },
        ...{ domain: 'smki-device', profile: 'device-ds', closed_at: at }
      }
    };
  };
}

/** Writes groups into the tables of a ledger, a transaction each. */
export interface GroupWriter {
  write(group: CertificateGroup): Promise<void>;
}

/** @param database with the right to write the tables */
export async function openWriter(
  database: Knex,
  sql: Sql,
  schema: string,
  tables: { readonly group: readonly string[]; readonly each: readonly string[] }
): Promise<GroupWriter> {
  const columns = new Map<string, readonly SqlColumn[]>();
  for (const table of [...tables.group, ...tables.each])
    columns.set(table, await columnsOf(database, schema, table));
  const rowOf = (table: string, values: CertificateValues): SqlValue[] =>
    (columns.get(table) ?? []).map(({ name }) => values[name] ?? null);
  return {
    write: group =>
      database.transaction(async trx => {
        for (const table of tables.group)
          await sql.copy(trx, `${schema}.${table}`, columns.get(table) ?? [], [rowOf(table, group.values)]);
        for (const table of tables.each)
          await sql.copy(
            trx,
            `${schema}.${table}`,
            columns.get(table) ?? [],
            group.certificates.map(values => rowOf(table, values))
          );
      })
  };
}

const sqlTypes: Readonly<Record<string, SqlColumn['type']>> = {
  int2: 'int2',
  int4: 'int4',
  int8: 'int8',
  text: 'text',
  uuid: 'uuid',
  bytea: 'bytea',
  timestamptz: 'timestamptz',
  bool: 'bool'
};

const probe = createNames();

/** The columns of a table that these rows have. Throws where the table demands one that they have not. */
async function columnsOf(database: Knex, schema: string, table: string): Promise<SqlColumn[]> {
  const { rows } = await database.raw<{
    rows: { name: string; type: string; demanded: boolean }[];
  }>(
    `select column_name as name, udt_name as type,
       is_nullable = 'NO' and column_default is null as demanded
     from information_schema.columns where table_schema = ? and table_name = ? order by ordinal_position`,
    [schema, table]
  );
  if (rows.length === 0) throw new RangeError(`there is no table ${schema}.${table}`);
  return rows.flatMap(({ name, type, demanded }) => {
    const known = sqlTypes[type];
    if (probe.has(name) && known !== undefined) return [{ name, type: known }];
    if (demanded) throw new RangeError(`no value for ${schema}.${table}.${name}`);
    return [];
  });
}

/** Every column name that a group or a certificate has a value for. */
function createNames(): ReadonlySet<string> {
  return new Set(
    (
      'id der sha256 profile item epoch issuer order_id request_id serial tbs_sha256 public_key public_key_hash ' +
      'public_key_prefix sha1 sha1_prefix not_before not_after kind usage role eui subject ski certificate stated_at ' +
      'device manufacturing status publication sequence group_id peer items accepted_at key_id signature bytes holder ' +
      'state lane domain closed_at'
    ).split(' ')
  );
}

function lowSignature(): Uint8Array {
  const raw = randomBytes(signatureOctets);
  // Both numbers positive and without a leading zero, so that every certificate has the same length.
  raw[0] = ((raw[0] ?? 0) & 0x7f) | 0x40;
  raw[32] = ((raw[32] ?? 0) & 0x7f) | 0x40;
  return raw;
}

function hash(algorithm: 'sha1' | 'sha256', octets: Uint8Array): Buffer {
  return createHash(algorithm).update(octets).digest();
}

function uuid(octets: Uint8Array): string {
  return Buffer.from(octets).toString('hex');
}
