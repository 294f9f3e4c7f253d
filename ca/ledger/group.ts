/**
 * Groups in the ledger as they nearly always are: new orders whose requests nobody holds, and attempts whose every
 * item became a certificate or was refused. Each begins and ends with one statement for all orders of a commit.
 * Whatever else there may be changes nothing here: the caller rolls back and does the orders one by one, by the
 * statements of `order.ts`, `intent.ts` and `ra-key.ts`.
 */
import type { Lane, SignedOrder } from '../../pki/messages/index.js';
import type { Sql, Transaction } from '../../ops/kit/deps.js';
import { hourOf } from './ra-key.js';

export interface NewGroup {
  /** uuid text. */
  readonly orderId: string;
  readonly signed: SignedOrder;
  readonly domain: string;
  readonly lane: Lane;
  /** uuid texts of the requests that are about to be certified. */
  readonly requestIds: readonly string[];
}

export interface GroupKey {
  readonly keyId: Uint8Array;
  readonly certificatesPerHour: number;
  /** See `countCertificates`. */
  readonly shard: string;
  readonly at: Date;
}

/**
 * Stores new orders of one RA key as evidence, opens their intents, holds their requests and counts them against
 * the key's hour. False when an order is there already, a request is held by another, the key is stopped or would
 * pass its limit: the caller rolls back.
 *
 * Every two commits take what they lock in one order: orders by identifier, then requests by identifier, then the
 * count, each part only when the one before is done (a `where` on its count).
 */
export async function openGroups(
  sql: Sql,
  trx: Transaction,
  groups: readonly NewGroup[],
  holder: string,
  key: GroupKey
): Promise<boolean> {
  const orders = [...groups].sort((a, b) => (a.orderId < b.orderId ? -1 : 1));
  const requests = groups
    .flatMap(({ orderId, requestIds }) => requestIds.map(requestId => ({ requestId, orderId })))
    .sort((a, b) => (a.requestId < b.requestId ? -1 : 1));
  // An id that stands in two orders of this commit cannot be held by both.
  if (requests.some(({ requestId }, index) => requestId === requests[index - 1]?.requestId)) return false;
  const [row] = await sql.rows<{ orders: number; requests: number; counted: number; stopped: boolean }>(
    trx,
    'ca open groups',
    `with stored as (
       insert into ca.signed_order (order_id, bytes, key_id, signature)
       select id, bytes, $4, signature
         from unnest($1::uuid[], $2::bytea[], $3::bytea[]) as given (id, bytes, signature)
       on conflict (order_id) do nothing returning order_id
     ), opened as (
       insert into ca.intent (order_id, epoch, holder, state, domain, lane)
       select id, 1, $5, 'open', domain, lane
         from unnest($1::uuid[], $6::text[], $7::text[]) as given (id, domain, lane)
        where (select count(*) from stored) = cardinality($1)
     ), held as (
       insert into ca.request (request_id, order_id)
       select id, by from unnest($8::uuid[], $9::uuid[]) as wanted (id, by)
        where (select count(*) from stored) = cardinality($1)
       on conflict (request_id) do nothing returning 1
     ), others as (
       select coalesce(sum(certificates), 0) as certificates from ca.ra_key_hour
        where key_id = $4 and hour = $10 and shard <> $11
     ), counted as (
       insert into ca.ra_key_hour (key_id, hour, shard, certificates)
       select $4, $10, $11, cardinality($8) from others
        where (select count(*) from held) = cardinality($8) and others.certificates + cardinality($8) <= $12::int
       on conflict (key_id, hour, shard) do update set certificates = ra_key_hour.certificates + excluded.certificates
         where (select certificates from others) + ra_key_hour.certificates + excluded.certificates <= $12::int
       returning 1
     )
     select (select count(*)::int from stored) as orders, (select count(*)::int from held) as requests,
            (select count(*)::int from counted) as counted,
            exists (select from ca.ra_key_stop s left join ca.ra_key_release r using (stop_id)
                     where s.key_id = $4 and r.stop_id is null) as stopped`,
    [
      orders.map(({ orderId }) => orderId),
      orders.map(({ signed }) => signed.bytes),
      orders.map(({ signed }) => signed.signature),
      key.keyId,
      holder,
      orders.map(({ domain }) => domain),
      orders.map(({ lane }) => lane),
      requests.map(({ requestId }) => requestId),
      requests.map(({ orderId }) => orderId),
      hourOf(key.at),
      key.shard,
      key.certificatesPerHour
    ]
  );
  return (
    row?.orders === groups.length && row.requests === requests.length && row.counted === 1 && !row.stopped
  );
}

export interface FinishedGroup {
  readonly orderId: string;
  readonly epoch: number;
  /** Name of the peer the order came from. */
  readonly ra: string;
  /** Whether certificates go to the repository. */
  readonly publish: boolean;
}

/**
 * Closes intents of this process and puts their orders into the outbox. False when one of them is no longer this
 * process's own: the caller rolls back.
 */
export async function closeGroups(
  sql: Sql,
  trx: Transaction,
  groups: readonly FinishedGroup[],
  holder: string,
  graceMs: number
): Promise<boolean> {
  const [row] = await sql.rows<{ closed: number }>(
    trx,
    'ca close groups',
    `with given as (
       select * from unnest($1::uuid[], $2::int[], $3::text[], $4::bool[]) as given (id, attempt, ra, publish)
     ), closed as (
       update ca.intent set heartbeat = clock_timestamp(), state = 'closed', closed_at = clock_timestamp()
         from given where order_id = id and epoch = attempt and holder = $5 and state = 'open'
       returning order_id
     ), told as (
       insert into ca.outbox (order_id, ra, published_at, next_attempt_at)
       select id, ra, case when publish then null else clock_timestamp() end,
              clock_timestamp() + $6::int * interval '1 millisecond'
         from given where (select count(*) from closed) = cardinality($1)
     )
     select count(*)::int as closed from closed`,
    [
      groups.map(({ orderId }) => orderId),
      groups.map(({ epoch }) => epoch),
      groups.map(({ ra }) => ra),
      groups.map(({ publish }) => publish),
      holder,
      graceMs
    ]
  );
  return row?.closed === groups.length;
}
