/** Signed orders as evidence, refusals, and which order holds which request. */
import type { Knex } from 'knex';
import type { Sql } from '../../ops/kit/deps.js';
import { query } from './query.js';
import type { SignedOrder } from '../../pki/messages/index.js';
import type { RefusalCode } from '../errors.js';

export interface Refusal {
  readonly item: number;
  /** uuid text. */
  readonly requestId: string;
  readonly code: RefusalCode;
  readonly detail: string;
}

/** False when an order with this identifier is there already, from whichever process. */
export async function insertOrder(
  trx: Knex.Transaction,
  orderId: string,
  signed: SignedOrder
): Promise<boolean> {
  const rows = await query<unknown>(
    trx,
    `insert into ca.signed_order (order_id, bytes, key_id, signature) values (?, ?, ?, ?)
     on conflict (order_id) do nothing returning order_id`,
    [orderId, Buffer.from(signed.bytes), Buffer.from(signed.keyId), Buffer.from(signed.signature)]
  );
  return rows.length === 1;
}

/** Whether an order with this identifier is there, whatever its bytes. */
export async function isKnown(
  { sql, database }: { readonly sql: Sql; readonly database: Knex },
  orderId: string
): Promise<boolean> {
  const statement = `select from ca.signed_order where order_id = $1::uuid`;
  return (await sql.rows(database, 'ca order known', statement, [orderId])).length > 0;
}

/** The evidence of an order. The caller verifies the signature again: nothing read here is signed on trust. */
export async function findOrder(database: Knex, orderId: string): Promise<SignedOrder | undefined> {
  const rows = await query<{ bytes: Buffer; keyId: Buffer; signature: Buffer }>(
    database,
    `select bytes, key_id as "keyId", signature from ca.signed_order where order_id = ?`,
    [orderId]
  );
  return rows[0];
}

export async function insertRefusals(
  trx: Knex.Transaction,
  orderId: string,
  refusals: readonly Refusal[]
): Promise<void> {
  if (refusals.length === 0) return;
  await query(
    trx,
    `insert into ca.refusal (order_id, item, request_id, code, detail)
     select ?, * from unnest(?::int[], ?::uuid[], ?::text[], ?::text[])`,
    [
      orderId,
      refusals.map(refusal => refusal.item),
      refusals.map(refusal => refusal.requestId),
      refusals.map(refusal => refusal.code),
      refusals.map(refusal => refusal.detail)
    ]
  );
}

export async function findRefusals(database: Knex, orderId: string): Promise<Refusal[]> {
  const rows = await query<Refusal>(
    database,
    `select item, request_id as "requestId", code, detail from ca.refusal where order_id = ?`,
    [orderId]
  );
  return rows;
}

/**
 * Reserves requests for an order, by insert-on-conflict: a request held by an order that refused it may be
 * ordered again, any other may not. Answers the requests this order now holds.
 */
export async function holdRequests(
  trx: Knex.Transaction,
  orderId: string,
  requestIds: readonly string[]
): Promise<Set<string>> {
  if (requestIds.length === 0) return new Set();
  const rows = await query<{ requestId: string }>(
    trx,
    `insert into ca.request (request_id, order_id)
     select id, ? from unnest(?::uuid[]) as id
     on conflict (request_id) do update set order_id = excluded.order_id
       where exists (select from ca.refusal
                      where refusal.request_id = request.request_id and refusal.order_id = request.order_id)
     returning request_id as "requestId"`,
    // Sorted, so that two orders with the same requests wait for each other instead of deadlocking.
    [orderId, [...requestIds].sort()]
  );
  return new Set(rows.map(row => row.requestId));
}

/** Which of these requests an order holds. */
export async function heldRequests(
  database: Knex,
  orderId: string,
  requestIds: readonly string[]
): Promise<Set<string>> {
  const rows = await query<{ requestId: string }>(
    database,
    `select request_id as "requestId" from ca.request where order_id = ? and request_id = any(?::uuid[])`,
    [orderId, requestIds]
  );
  return new Set(rows.map(row => row.requestId));
}
