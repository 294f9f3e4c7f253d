/** Issued certificates and given-up serials: rows that never change. */
import type { Knex } from 'knex';
import type { Sql, Transaction } from '../../ops/kit/deps.js';
import { append, type AppendTable } from './append.js';
import { query } from './query.js';

export interface CertificateRow {
  /** uuid text. */
  readonly orderId: string;
  readonly item: number;
  /** uuid text. */
  readonly requestId: string;
  /** Number of the issuer. */
  readonly issuer: number;
  /** uuid text, or 32 hexadecimal digits. */
  readonly serial: string;
  readonly profile: string;
  /** SHA-256 of the SubjectPublicKeyInfo, first 16 octets. */
  readonly publicKey: Uint8Array;
  readonly der: Uint8Array;
}

export type AbandonReason = 'outcome-unknown' | 'wrong-signature' | 'taken-over' | 'not-signed';

export interface AbandonedSerial {
  /** RFC 4514 name. */
  readonly issuer: string;
  readonly serial: string;
  readonly item: number;
  readonly reason: AbandonReason;
  readonly notAfter: Date;
}

const certificateTable: AppendTable = {
  name: 'ca.certificate',
  columns: [
    { name: 'order_id', type: 'uuid' },
    { name: 'request_id', type: 'uuid' },
    { name: 'serial', type: 'uuid' },
    { name: 'item', type: 'int4' },
    { name: 'issuer', type: 'int4' },
    { name: 'profile', type: 'text' },
    { name: 'public_key', type: 'bytea' },
    { name: 'der', type: 'bytea' }
  ]
};

export async function insertCertificates(
  sql: Sql,
  trx: Transaction,
  rows: readonly CertificateRow[]
): Promise<void> {
  await append(
    sql,
    trx,
    certificateTable,
    rows.map(row => [
      row.orderId,
      row.requestId,
      row.serial,
      row.item,
      row.issuer,
      row.profile,
      row.publicKey,
      row.der
    ])
  );
}

export interface StoredCertificate {
  readonly requestId: string;
  readonly orderId: string;
  readonly profile: string;
  readonly der: Buffer;
  readonly publicKey: Buffer;
}

/** Certificates of these requests, whichever orders they came by. */
export async function certificatesOfRequests(
  database: Knex,
  requestIds: readonly string[]
): Promise<Map<string, StoredCertificate>> {
  const rows = await query<StoredCertificate>(
    database,
    `select request_id as "requestId", order_id as "orderId", profile, der, public_key as "publicKey"
       from ca.certificate where request_id = any(?::uuid[])`,
    [requestIds]
  );
  return new Map(rows.map(row => [row.requestId, row]));
}

/** Certificates of one order, in the order of its items. */
export async function certificatesOfOrder(
  database: Knex,
  orderId: string
): Promise<{ item: number; profile: string; der: Buffer }[]> {
  const rows = await query<{ item: number; profile: string; der: Buffer }>(
    database,
    `select item, profile, der from ca.certificate where order_id = ? order by item`,
    [orderId]
  );
  return rows;
}

/** Gives serials up; one that was given up before, by whoever took the order over, stays as it is. */
export async function insertAbandoned(
  trx: Knex.Transaction,
  orderId: string,
  epoch: number,
  serials: readonly AbandonedSerial[]
): Promise<void> {
  if (serials.length === 0) return;
  await query(
    trx,
    `insert into ca.abandoned_serial (order_id, epoch, issuer, serial, item, reason, may_exist, not_after)
     select ?, ?, issuer, serial, item, reason, reason <> 'not-signed', not_after
       from unnest(?::text[], ?::uuid[], ?::int[], ?::text[], ?::timestamptz[])
         as given (issuer, serial, item, reason, not_after)
     on conflict (issuer, serial) do nothing`,
    [
      orderId,
      epoch,
      serials.map(serial => serial.issuer),
      serials.map(serial => serial.serial),
      serials.map(serial => serial.item),
      serials.map(serial => serial.reason),
      serials.map(serial => serial.notAfter.toISOString())
    ]
  );
}

/** Gives up every serial of an order's earlier attempts that became no certificate. Answers the serials. */
export async function abandonEarlierAttempts(
  trx: Knex.Transaction,
  orderId: string,
  beforeEpoch: number
): Promise<string[]> {
  const rows = await query<{ serial: string }>(
    trx,
    `insert into ca.abandoned_serial (order_id, epoch, issuer, serial, item, reason, may_exist, not_after)
     select i.order_id, i.epoch, n.name, i.serial, i.item, 'taken-over', true, i.not_after
       from ca.intent_item i join ca.issuer n on n.number = i.issuer
      where i.order_id = ? and i.epoch < ?
        and not exists (select from ca.certificate c
                         where c.order_id = i.order_id and c.item = i.item and c.serial = i.serial)
     on conflict (issuer, serial) do nothing
     returning serial`,
    [orderId, beforeEpoch]
  );
  return rows.map(row => row.serial);
}

/** How often each item of an order was signed without a known outcome: bounds the attempts across restarts. */
export async function uncertainAttempts(database: Knex, orderId: string): Promise<Map<number, number>> {
  const rows = await query<{ item: number; attempts: number }>(
    database,
    `select item, count(*)::int as attempts from ca.abandoned_serial
      where order_id = ? and may_exist group by item`,
    [orderId]
  );
  return new Map(rows.map(row => [row.item, row.attempts]));
}

/** A row of `smki ca abandoned`. */
export interface AbandonedRow {
  readonly issuer: string;
  readonly serial: string;
  readonly orderId: string;
  readonly attempt: number;
  readonly item: number;
  readonly reason: AbandonReason;
  /** A certificate with this serial may exist outside. */
  readonly mayExist: boolean;
  readonly abandonedAt: Date;
}

/** Every serial that was given up, newest first. */
export async function listAbandoned(database: Knex, limit = 1_000): Promise<AbandonedRow[]> {
  const rows = await query<AbandonedRow>(
    database,
    `select issuer, upper(replace(serial::text, '-', '')) as serial, order_id as "orderId", epoch as attempt, item,
            reason, may_exist as "mayExist", abandoned_at as "abandonedAt"
       from ca.abandoned_serial order by abandoned_at desc limit ?`,
    [limit]
  );
  return rows;
}
