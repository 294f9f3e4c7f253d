/**
 * What is still to be told: one row per finished order. Selected by "not acknowledged", never by "id greater than
 * last", so that nothing is passed over.
 */
import type { Knex } from 'knex';
import type { Sql } from '../../ops/kit/deps.js';
import { query } from './query.js';

export interface OutboxRow {
  readonly orderId: string;
  /** Name of the peer the order came from. */
  readonly ra: string;
  readonly sealed: boolean;
  readonly published: boolean;
  readonly reported: boolean;
  readonly attempts: number;
}

const columns = `order_id as "orderId", ra, sealed_at is not null as sealed,
  published_at is not null as published, reported_at is not null as reported, attempts`;

/** The process that closed the order delivers first; others look only after `graceMs`. */
export async function insertOutbox(
  trx: Knex.Transaction,
  row: { orderId: string; ra: string; publish: boolean; graceMs: number }
): Promise<void> {
  await query(
    trx,
    `insert into ca.outbox (order_id, ra, published_at, next_attempt_at)
     values (?, ?, case when ? then null else clock_timestamp() end,
             clock_timestamp() + ? * interval '1 millisecond')`,
    [row.orderId, row.ra, row.publish, row.graceMs]
  );
}

const told = `update ca.outbox set sealed_at = coalesce(sealed_at, clock_timestamp()),
    published_at = coalesce(published_at, clock_timestamp()),
    reported_at = coalesce(reported_at, clock_timestamp())`;

/**
 * All that were told: sealed, published and reported.
 *
 * An order by itself has a statement of its own: one over an array of few is planned anew each time (the plan that fits
 * any number looks dearer to the server), which costs more than running it.
 */
export async function acknowledgeTold(sql: Sql, database: Knex, orderIds: readonly string[]): Promise<void> {
  const alone = orderIds.length === 1 ? orderIds[0] : undefined;
  if (alone !== undefined)
    await sql.rows(database, 'ca outbox told one', `${told} where order_id = $1::uuid`, [alone]);
  else
    await sql.rows(
      database,
      'ca outbox told',
      `${told} where order_id in
         (select order_id from ca.outbox where order_id = any($1::uuid[]) order by order_id for update)`,
      [orderIds]
    );
}

export async function findOutbox(database: Knex, orderId: string): Promise<OutboxRow | undefined> {
  const rows = await query<OutboxRow>(database, `select ${columns} from ca.outbox where order_id = ?`, [
    orderId
  ]);
  return rows[0];
}

/**
 * Takes due rows in hand for `graceMs`: two processes do not deliver the same row at once, and if they do, both
 * deliveries are idempotent.
 */
export async function takeDueOutbox(database: Knex, limit: number, graceMs: number): Promise<OutboxRow[]> {
  const rows = await query<OutboxRow>(
    database,
    `update ca.outbox set attempts = attempts + 1,
        next_attempt_at = clock_timestamp() + ? * interval '1 millisecond'
      where order_id in (
        select order_id from ca.outbox
         where (published_at is null or reported_at is null) and next_attempt_at <= clock_timestamp()
         order by next_attempt_at limit ? for update skip locked)
      returning ${columns}`,
    [graceMs, limit]
  );
  return rows;
}

/** Records what has been achieved; what was recorded before stays. */
export async function acknowledgeOutbox(
  database: Knex,
  orderId: string,
  done: { sealed: boolean; published: boolean; reported: boolean },
  retryMs: number
): Promise<void> {
  await query(
    database,
    `update ca.outbox set
        sealed_at = coalesce(sealed_at, case when ? then clock_timestamp() end),
        published_at = coalesce(published_at, case when ? then clock_timestamp() end),
        reported_at = coalesce(reported_at, case when ? then clock_timestamp() end),
        next_attempt_at = clock_timestamp() + ? * interval '1 millisecond'
      where order_id = ?`,
    [done.sealed, done.published, done.reported, retryMs, orderId]
  );
}

/** Finished orders not yet acknowledged, and how long the oldest has waited, in seconds. */
export async function outboxLag(database: Knex): Promise<{ waiting: number; oldestSeconds: number }> {
  const rows = await query<{ waiting: number; oldestSeconds: number }>(
    database,
    `select count(*)::int as waiting,
            coalesce(extract(epoch from clock_timestamp() - min(o.received_at)), 0)::float8 as "oldestSeconds"
       from ca.outbox b join ca.signed_order o using (order_id)
      where b.published_at is null or b.reported_at is null`
  );
  return rows[0] ?? { waiting: 0, oldestSeconds: 0 };
}
