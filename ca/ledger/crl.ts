/** Revocation lists, their numbers, and what belongs on them. */
import type { Knex } from 'knex';
import { query } from './query.js';

export interface StoredCrl {
  readonly number: bigint;
  readonly der: Uint8Array;
}

export interface CrlNumbers {
  /** The last list; undefined before the first. */
  readonly last: StoredCrl | undefined;
  /** The highest number that may have gone to the token: the list's own, or one that was given up since. */
  readonly lastNumber: bigint;
  /** A number was recorded less than a lease ago and has no list yet: somebody is at it. */
  readonly underWay: boolean;
}

export async function crlNumbers(database: Knex, issuer: string, leaseMs: number): Promise<CrlNumbers> {
  const [last] = await query<{ number: string; der: Buffer }>(
    database,
    `select number, der from ca.crl where issuer = ? order by number desc limit 1`,
    [issuer]
  );
  const [intent] = await query<{ number: string; fresh: boolean }>(
    database,
    `select number, recorded_at > clock_timestamp() - ? * interval '1 millisecond' as fresh
       from ca.crl_intent where issuer = ? order by number desc limit 1`,
    [leaseMs, issuer]
  );
  const number = last === undefined ? 0n : BigInt(last.number);
  const intended = intent === undefined ? 0n : BigInt(intent.number);
  return {
    last: last === undefined ? undefined : { number, der: last.der },
    lastNumber: intended > number ? intended : number,
    underWay: intended > number && intent?.fresh === true
  };
}

/** Spends a number. False when another process was first. */
export async function insertCrlIntent(
  trx: Knex.Transaction,
  row: { issuer: string; number: bigint; holder: string; tbsSha256: Uint8Array }
): Promise<boolean> {
  const rows = await query(
    trx,
    `insert into ca.crl_intent (issuer, number, holder, tbs_sha256) values (?, ?, ?, ?)
     on conflict (issuer, number) do nothing returning number`,
    [row.issuer, row.number.toString(), row.holder, Buffer.from(row.tbsSha256)]
  );
  return rows.length === 1;
}

export async function insertCrl(
  trx: Knex.Transaction,
  row: {
    issuer: string;
    number: bigint;
    der: Uint8Array;
    thisUpdate: Date;
    nextUpdate: Date;
    graceMs: number;
  }
): Promise<void> {
  const number = row.number.toString();
  await query(
    trx,
    `insert into ca.crl (issuer, number, der, this_update, next_update) values (?, ?, ?, ?, ?)`,
    [row.issuer, number, Buffer.from(row.der), row.thisUpdate.toISOString(), row.nextUpdate.toISOString()]
  );
  await query(
    trx,
    `insert into ca.crl_outbox (issuer, number, next_attempt_at)
     values (?, ?, clock_timestamp() + ? * interval '1 millisecond')`,
    [row.issuer, number, row.graceMs]
  );
}

export interface CrlOutboxRow {
  readonly issuer: string;
  readonly number: string;
  readonly der: Buffer;
}

/**
 * The newest list of each issuer that is due and not acknowledged, taken in hand for `graceMs`. Acknowledging it
 * acknowledges those before it: it says all they said.
 */
export async function takeDueCrls(database: Knex, graceMs: number): Promise<CrlOutboxRow[]> {
  return query<CrlOutboxRow>(
    database,
    `with due as (
       update ca.crl_outbox set attempts = attempts + 1,
          next_attempt_at = clock_timestamp() + ? * interval '1 millisecond'
        where (issuer, number) in (
          select issuer, number from ca.crl_outbox
           where published_at is null and next_attempt_at <= clock_timestamp()
           for update skip locked)
        returning issuer, number)
     select distinct on (issuer) issuer, number, der from due join ca.crl using (issuer, number)
      order by issuer, number desc`,
    [graceMs]
  );
}

export async function acknowledgeCrl(database: Knex, issuer: string, number: string): Promise<void> {
  await query(
    database,
    `update ca.crl_outbox set published_at = clock_timestamp()
      where issuer = ? and number <= ? and published_at is null`,
    [issuer, number]
  );
}

/** Tries again after `retryMs`. */
export async function postponeCrl(
  database: Knex,
  issuer: string,
  number: string,
  retryMs: number
): Promise<void> {
  await query(
    database,
    `update ca.crl_outbox set next_attempt_at = clock_timestamp() + ? * interval '1 millisecond'
      where issuer = ? and number = ?`,
    [retryMs, issuer, number]
  );
}

/** Serials that may exist as certificates nobody accounts for: they belong on the list of their issuer. */
export async function strayedSerials(
  database: Knex,
  issuer: string
): Promise<{ serial: string; abandonedAt: Date; notAfter: Date }[]> {
  return query(
    database,
    `select serial, abandoned_at as "abandonedAt", not_after as "notAfter" from ca.abandoned_serial
      where issuer = ? and may_exist order by serial`,
    [issuer]
  );
}

/** notAfter of certificates of this issuer, by serial (uuid text). */
export async function notAfterOf(
  database: Knex,
  issuer: string,
  serials: readonly string[]
): Promise<Map<string, Date>> {
  const rows = await query<{ serial: string; notAfter: Date }>(
    database,
    `select serial, not_after as "notAfter" from ca.intent_item
      where issuer = (select number from ca.issuer where name = ?) and serial = any(?::uuid[])`,
    [issuer, serials]
  );
  return new Map(rows.map(row => [row.serial, row.notAfter]));
}

/** nextUpdate of the latest list of each issuer. */
export async function latestCrls(
  database: Knex
): Promise<{ issuer: string; number: string; nextUpdate: Date; published: boolean }[]> {
  return query(
    database,
    `select distinct on (issuer) issuer, number, next_update as "nextUpdate", published_at is not null as published
       from ca.crl join ca.crl_outbox using (issuer, number) order by issuer, number desc`
  );
}
