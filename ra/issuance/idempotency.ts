import type { Transaction } from '../../ops/kit/deps.js';
import { createHash } from 'node:crypto';
import type { Knex } from 'knex';
import { codes, type RaCode } from '../codes.js';
import type { RaContext } from '../deps.js';
import type { Intake } from '../intake/intake.js';
import { Refusal } from '../refusal.js';

/** A client's name for one creation: the same key with the same body is the same creation. */
export interface IdempotencyKey {
  readonly partyId: string;
  /** 1 to 128 visible ASCII characters, as sent in `Idempotency-Key`. */
  readonly key: string;
  /** SHA-256 of the method, the path and the body. */
  readonly bodyHash: Uint8Array;
}

/** What came of a creation: a request, or a refusal that will not change. */
export type Remembered = { readonly requestId: string } | { readonly refusal: Refusal };

/** A request that is about to be recorded under a client's key. */
export interface Creation {
  readonly intake: Intake;
  readonly key: IdempotencyKey;
  readonly requestId: string;
  readonly at: Date;
}

export function idempotencyKey(partyId: string, key: string, path: string, body: Uint8Array): IdempotencyKey {
  const bodyHash = createHash('sha256').update(path).update('\0').update(body).digest();
  return { partyId, key, bodyHash: new Uint8Array(bodyHash) };
}

/** Throws `idempotency/reused` where the key was used with another body. */
export async function remembered(deps: RaContext, key: IdempotencyKey): Promise<Remembered | undefined> {
  const [row] = await read(deps, deps.database, [key]);
  if (row === undefined) return undefined;
  if (!row.body_hash.equals(key.bodyHash)) throw new Refusal('idempotency/reused');
  if (row.request_id !== null) return { requestId: row.request_id };
  const code = row.refusal ?? '';
  if (!Object.hasOwn(codes, code)) throw new Error(`stored refusal ${code} has no entry`);
  return { refusal: new Refusal(code as RaCode, row.detail ?? undefined) };
}

/**
 * In the transaction of the decision. Of two bodies under one key the first stands; the members with another one are
 * answered with their refusal.
 */
export async function rememberRequests(
  deps: RaContext,
  trx: Transaction,
  creations: readonly Creation[]
): Promise<ReadonlyMap<Intake, Refusal>> {
  const refused = new Map<Intake, Refusal>();
  if (creations.length === 0) return refused;
  const sorted = [...creations].sort((a, b) => (nameOf(a.key) < nameOf(b.key) ? -1 : 1));
  const inserted = await insert(
    deps,
    trx,
    sorted.map(({ key, requestId, at }) => ({ key, requestId, at }))
  );
  const missing = sorted.filter(({ requestId }) => !inserted.has(requestId));
  if (missing.length === 0) return refused;
  const rows = await read(
    deps,
    trx,
    missing.map(({ key }) => key)
  );
  const bodies = new Map(rows.map(row => [nameOf({ partyId: row.party_id, key: row.key }), row.body_hash]));
  for (const { intake, key } of missing)
    // The same body at the same moment is the same creation.
    if (bodies.get(nameOf(key))?.equals(key.bodyHash) !== true)
      refused.set(intake, new Refusal('idempotency/reused'));
  return refused;
}

/** Takes back, in the same transaction, what was remembered of requests that are not recorded after all. */
export async function forgetRequests(
  deps: RaContext,
  trx: Transaction,
  creations: readonly Creation[]
): Promise<void> {
  if (creations.length === 0) return;
  await deps.sql.rows(
    trx,
    'ra_forget_creations',
    `delete from ra.idempotency i using unnest($1::uuid[], $2::text[], $3::uuid[]) as c (party_id, key, request_id)
     where i.party_id = c.party_id and i.key = c.key and i.request_id = c.request_id`,
    [
      creations.map(({ key }) => key.partyId),
      creations.map(({ key }) => key.key),
      creations.map(({ requestId }) => requestId)
    ]
  );
}

/** A creation that is joined to a request on record. Throws `idempotency/reused`. */
export async function rememberRequest(
  deps: RaContext,
  key: IdempotencyKey,
  requestId: string,
  at: Date
): Promise<void> {
  const inserted = await insert(deps, deps.database, [{ key, requestId, at }]);
  if (inserted.size === 0) await remembered(deps, key);
}

/** Only for refusals that sending again does not change: a fault must not be remembered. */
export async function rememberRefusal(
  deps: RaContext,
  key: IdempotencyKey,
  refusal: Refusal,
  at: Date
): Promise<void> {
  const inserted = await deps.sql.rows(
    deps.database,
    'ra_remember_refusal',
    `insert into ra.idempotency (party_id, key, body_hash, refusal, detail, created_at)
     values ($1, $2, $3, $4, $5, $6) on conflict (party_id, key) do nothing returning key`,
    [key.partyId, key.key, key.bodyHash, refusal.code, refusal.detail ?? null, at]
  );
  if (inserted.length === 0) await remembered(deps, key);
}

/**
 * DESIGN: a week, far beyond any client's retries; below the life of a client's outage a creation that is sent again
 * would be a new one, above it the table grows without use. By then the public key itself tells a repeated request.
 */
const keptForMs = 7 * 86_400_000;
/** Rows of one turn of the upkeep; a backlog goes in steps. */
const trimmed = 5_000;

/** Forgets creations that are older than a week; answers how many. */
export async function trimCreations(deps: RaContext): Promise<number> {
  const rows = await deps.sql.rows(
    deps.database,
    'ra_trim_creations',
    `delete from ra.idempotency where (party_id, key) in (
       select party_id, key from ra.idempotency where created_at < $1 order by created_at limit $2
     ) returning 1`,
    [new Date(deps.clock.now().getTime() - keptForMs), trimmed]
  );
  return rows.length;
}

interface Row {
  party_id: string;
  key: string;
  body_hash: Buffer;
  request_id: string | null;
  refusal: string | null;
  detail: string | null;
}

function read(
  deps: RaContext,
  database: Knex | Transaction,
  keys: readonly IdempotencyKey[]
): Promise<Row[]> {
  return deps.sql.rows<Row>(
    database,
    'ra_remembered',
    `select i.party_id, i.key, i.body_hash, i.request_id, i.refusal, i.detail
     from unnest($1::uuid[], $2::text[]) as k (party_id, key)
     join ra.idempotency i on i.party_id = k.party_id and i.key = k.key`,
    [keys.map(({ partyId }) => partyId), keys.map(({ key }) => key)]
  );
}

/** Answers the requests whose keys were free. */
async function insert(
  deps: RaContext,
  database: Knex | Transaction,
  creations: readonly { key: IdempotencyKey; requestId: string; at: Date }[]
): Promise<ReadonlySet<string>> {
  const rows = await deps.sql.rows<{ request_id: string }>(
    database,
    'ra_remember_creations',
    `insert into ra.idempotency (party_id, key, body_hash, request_id, created_at)
     select * from unnest($1::uuid[], $2::text[], $3::bytea[], $4::uuid[], $5::timestamptz[])
     on conflict (party_id, key) do nothing returning request_id`,
    [
      creations.map(({ key }) => key.partyId),
      creations.map(({ key }) => key.key),
      creations.map(({ key }) => key.bodyHash),
      creations.map(({ requestId }) => requestId),
      creations.map(({ at }) => at)
    ]
  );
  return new Set(rows.map(row => row.request_id));
}

function nameOf({ partyId, key }: { partyId: string; key: string }): string {
  return `${partyId} ${key}`;
}
