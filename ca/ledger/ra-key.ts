/** What each RA key has had, and which are stopped. */
import { randomUUID } from 'node:crypto';
import type { Knex } from 'knex';
import { CaError } from '../errors.js';
import { query } from './query.js';

/**
 * DESIGN: certificates of the orders that go into one commit, some 2 MB. Fewer and a batch pays for more commits;
 * more and the limit of an RA key can be passed by more.
 */
export const certificatesPerCommit = 2_000;

/** The beginning of the hour an instant lies in. */
export function hourOf(at: Date): Date {
  return new Date(at.getTime() - (at.getTime() % 3_600_000));
}

/**
 * Counts certificates against the key's hour in the transaction of the intent, limit check and increment in one
 * statement. False when they do not fit; nothing is counted then.
 *
 * Each lane of each process counts in a row of its own, its shard, so that no transaction waits for another's. What
 * transactions of other shards have not committed at this moment is not seen: the limit is passed by at most what
 * one commit of each other shard holds (`certificatesPerCommit`, 2,000), and the order after that stops the key.
 */
export async function countCertificates(
  trx: Knex.Transaction,
  keyId: Uint8Array,
  at: Date,
  shard: string,
  certificates: number,
  perHour: number
): Promise<boolean> {
  const bindings = {
    ...{ shard, certificates, perHour },
    keyId: Buffer.from(keyId),
    hour: hourOf(at).toISOString()
  };
  const { rows } = await trx.raw<{ rows: unknown[] }>(
    `with others as (
       select coalesce(sum(certificates), 0) as certificates from ca.ra_key_hour
        where key_id = :keyId and hour = :hour and shard <> :shard)
     insert into ca.ra_key_hour (key_id, hour, shard, certificates)
     select :keyId, :hour, :shard, :certificates from others where others.certificates + :certificates <= :perHour
     on conflict (key_id, hour, shard) do update set certificates = ra_key_hour.certificates + excluded.certificates
       where (select certificates from others) + ra_key_hour.certificates + excluded.certificates <= :perHour
     returning certificates`,
    bindings
  );
  return rows.length === 1;
}

/** Stops a key until a person releases it. Stopping a stopped key changes nothing. */
export async function stopRaKey(trx: Knex.Transaction, keyId: Uint8Array, reason: string): Promise<void> {
  if (await isStopped(trx, keyId)) return;
  await query(trx, `insert into ca.ra_key_stop (stop_id, key_id, reason) values (?, ?, ?)`, [
    randomUUID(),
    Buffer.from(keyId),
    reason
  ]);
}

export async function isStopped(database: Knex, keyId: Uint8Array): Promise<boolean> {
  const rows = await query<unknown>(
    database,
    `select from ca.ra_key_stop s left join ca.ra_key_release r using (stop_id)
      where s.key_id = ? and r.stop_id is null limit 1`,
    [Buffer.from(keyId)]
  );
  return rows.length > 0;
}

export interface StoppedRaKey {
  /** SHA-256 of the key's SubjectPublicKeyInfo, hexadecimal. */
  readonly keyId: string;
  readonly reason: string;
  readonly stoppedAt: Date;
}

export async function stoppedRaKeys(database: Knex): Promise<StoppedRaKey[]> {
  const rows = await query<StoppedRaKey>(
    database,
    `select encode(s.key_id, 'hex') as "keyId", s.reason, s.stopped_at as "stoppedAt"
       from ca.ra_key_stop s left join ca.ra_key_release r using (stop_id)
      where r.stop_id is null order by s.stopped_at`
  );
  return rows;
}

/**
 * Two persons' act, with the owner role: the running CA has no right to it. Answers how many stops were released.
 * The hour's count stands: within the same hour the key may be stopped again. The names are what the two say they
 * are until officers sign.
 */
export async function releaseRaKey(
  database: Knex,
  keyId: string,
  actors: readonly [string, string]
): Promise<number> {
  if (actors[0].trim().toLowerCase() === actors[1].trim().toLowerCase())
    throw new CaError('ca/two-persons', 'the two who release a key must be two');
  const rows = await query<unknown>(
    database,
    `insert into ca.ra_key_release (stop_id, actor)
     select s.stop_id, ? from ca.ra_key_stop s left join ca.ra_key_release r using (stop_id)
      where s.key_id = decode(?, 'hex') and r.stop_id is null
     returning stop_id`,
    [actors.join(' and '), keyId]
  );
  return rows.length;
}

/** Marks releases that no process has put into its audit log yet, for the caller to do so in this transaction. */
export async function noteReleases(trx: Knex.Transaction): Promise<{ keyId: string; actor: string }[]> {
  return query(
    trx,
    `with noted as (
       insert into ca.ra_key_release_noted (stop_id)
       select stop_id from ca.ra_key_release where stop_id not in (select stop_id from ca.ra_key_release_noted)
       on conflict (stop_id) do nothing returning stop_id)
     select encode(s.key_id, 'hex') as "keyId", r.actor
       from noted join ca.ra_key_release r using (stop_id) join ca.ra_key_stop s using (stop_id)`
  );
}
