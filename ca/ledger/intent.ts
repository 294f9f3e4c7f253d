/**
 * The intent: which process executes which order in which attempt, and every serial it may have sent to the
 * token. The database decides; whoever changed no row here signs nothing and records nothing.
 */
import type { Knex } from 'knex';
import type { Sql, Transaction } from '../../ops/kit/deps.js';
import { append, type AppendTable } from './append.js';
import { query } from './query.js';

/** A to-be-signed certificate about to be recorded. */
export interface IntentItem {
  readonly item: number;
  /** RFC 4514 name of the issuer. */
  readonly issuer: string;
  readonly issuerNumber: number;
  /** uuid text, or 32 hexadecimal digits. */
  readonly serial: string;
  readonly tbsSha256: Uint8Array;
  readonly notAfter: Date;
}

export interface IntentState {
  readonly epoch: number;
  readonly holder: string;
  readonly state: 'open' | 'closed';
  /** The holder has not been heard of for longer than the lease. */
  readonly stale: boolean;
}

/** Reads an intent; the database's clock alone judges leases, so that processes need not agree on the time. */
export async function findIntent(
  database: Knex,
  orderId: string,
  leaseMs: number
): Promise<IntentState | undefined> {
  const rows = await query<IntentState>(
    database,
    `select epoch, holder, state, heartbeat < clock_timestamp() - ? * interval '1 millisecond' as stale
       from ca.intent where order_id = ?`,
    [leaseMs, orderId]
  );
  return rows[0];
}

/** Opens the first attempt. The caller has inserted the signed order in the same transaction. */
export async function openIntent(
  trx: Knex.Transaction,
  intent: { orderId: string; holder: string; domain: string; lane: string }
): Promise<void> {
  await query(
    trx,
    `insert into ca.intent (order_id, epoch, holder, state, domain, lane) values (?, 1, ?, 'open', ?, ?)`,
    [intent.orderId, intent.holder, intent.domain, intent.lane]
  );
}

/**
 * Begins this process's own next attempt: epoch to epoch + 1 while it still holds the order. False when another
 * process has taken the order over.
 */
export async function continueIntent(
  trx: Knex.Transaction,
  orderId: string,
  epoch: number,
  holder: string
): Promise<boolean> {
  const rows = await query<unknown>(
    trx,
    `update ca.intent set epoch = epoch + 1, heartbeat = clock_timestamp()
      where order_id = ? and epoch = ? and holder = ? and state = 'open' returning epoch`,
    [orderId, epoch, holder]
  );
  return rows.length === 1;
}

/** Takes an order over from a holder that has not been heard of: compare-and-set epoch + 1. */
export async function takeOverIntent(
  trx: Knex.Transaction,
  orderId: string,
  epoch: number,
  holder: string,
  leaseMs: number
): Promise<boolean> {
  const rows = await query<unknown>(
    trx,
    `update ca.intent set epoch = epoch + 1, holder = ?, heartbeat = clock_timestamp()
      where order_id = ? and epoch = ? and state = 'open'
        and heartbeat < clock_timestamp() - ? * interval '1 millisecond' returning epoch`,
    [holder, orderId, epoch, leaseMs]
  );
  return rows.length === 1;
}

/**
 * Locks the intent for recording results: true only while the epoch is the caller's own. Every writer of results
 * comes through here, so a late one finds another epoch or a closed intent and discards.
 */
export async function holdIntent(
  trx: Knex.Transaction,
  orderId: string,
  epoch: number,
  holder: string,
  state: 'open' | 'closed'
): Promise<boolean> {
  const rows = await query<unknown>(
    trx,
    `update ca.intent set heartbeat = clock_timestamp(), state = ?,
        closed_at = case when ? = 'closed' then clock_timestamp() end
      where order_id = ? and epoch = ? and holder = ? and state = 'open' returning epoch`,
    [state, state, orderId, epoch, holder]
  );
  return rows.length === 1;
}

const itemTable: AppendTable = {
  name: 'ca.intent_item',
  columns: [
    { name: 'order_id', type: 'uuid' },
    { name: 'serial', type: 'uuid' },
    { name: 'epoch', type: 'int4' },
    { name: 'item', type: 'int4' },
    { name: 'issuer', type: 'int4' },
    { name: 'not_after', type: 'timestamptz' },
    { name: 'tbs_sha256', type: 'bytea' }
  ]
};

/** Items of any number of orders. */
export async function insertIntentItems(
  sql: Sql,
  trx: Transaction,
  attempts: readonly {
    readonly orderId: string;
    readonly epoch: number;
    readonly items: readonly IntentItem[];
  }[]
): Promise<void> {
  await append(
    sql,
    trx,
    itemTable,
    attempts.flatMap(({ orderId, epoch, items }) =>
      items.map(item => [
        orderId,
        item.serial,
        epoch,
        item.item,
        item.issuerNumber,
        item.notAfter,
        item.tbsSha256
      ])
    )
  );
}

/** Says "still here" for the orders in hand, one statement for all of them. */
export async function beat(database: Knex, orderIds: readonly string[], holder: string): Promise<void> {
  if (orderIds.length === 0) return;
  await query(
    database,
    // A row that is locked is being closed by this process: waiting for it could be waiting in a circle.
    `update ca.intent set heartbeat = clock_timestamp() where order_id in (
       select order_id from ca.intent where order_id = any(?::uuid[]) and holder = ? and state = 'open'
       for update skip locked)`,
    [orderIds, holder]
  );
}

/** Open orders whose holder has not been heard of for longer than the lease, oldest first, but for those named. */
export async function staleIntents(
  database: Knex,
  leaseMs: number,
  limit: number,
  except: readonly string[]
): Promise<{ orderId: string; epoch: number; holder: string }[]> {
  const rows = await query<{ orderId: string; epoch: number; holder: string }>(
    database,
    `select order_id as "orderId", epoch, holder from ca.intent
      where state = 'open' and heartbeat < clock_timestamp() - ? * interval '1 millisecond'
        and order_id <> all(?::uuid[])
      order by heartbeat limit ?`,
    [leaseMs, except, limit]
  );
  return rows;
}

/** On a good end: what this process leaves open may be taken over at once. */
export async function releaseIntents(database: Knex, holder: string, leaseMs: number): Promise<void> {
  await query(
    database,
    `update ca.intent set heartbeat = clock_timestamp() - 2 * ? * interval '1 millisecond' where order_id in (
       select order_id from ca.intent where holder = ? and state = 'open' for update skip locked)`,
    [leaseMs, holder]
  );
}

export async function countOpenIntents(database: Knex): Promise<number> {
  const [row] = await query<{ open: number }>(
    database,
    `select count(*)::int as open from ca.intent where state = 'open'`
  );
  return row?.open ?? 0;
}
