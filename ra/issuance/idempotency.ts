import { createHash } from 'node:crypto';
import type { Knex } from 'knex';
import { codes, type RaCode } from '../codes.js';
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

export function idempotencyKey(partyId: string, key: string, path: string, body: Uint8Array): IdempotencyKey {
  const bodyHash = createHash('sha256').update(path).update('\0').update(body).digest();
  return { partyId, key, bodyHash: new Uint8Array(bodyHash) };
}

/** Throws `idempotency/reused` where the key was used with another body. */
export async function remembered(knex: Knex, key: IdempotencyKey): Promise<Remembered | undefined> {
  const row = (await knex('ra.idempotency')
    .select('body_hash', 'request_id', 'refusal', 'detail')
    .where({ party_id: key.partyId, key: key.key })
    .first()) as
    | { body_hash: Buffer; request_id: string | null; refusal: string | null; detail: string | null }
    | undefined;
  if (row === undefined) return undefined;
  if (!row.body_hash.equals(key.bodyHash)) throw new Refusal('idempotency/reused');
  if (row.request_id !== null) return { requestId: row.request_id };
  const code = row.refusal ?? '';
  if (!Object.hasOwn(codes, code)) throw new Error(`stored refusal ${code} has no entry`);
  return { refusal: new Refusal(code as RaCode, row.detail ?? undefined) };
}

/** In the transaction of the decision. Of two bodies under one key at once, the first stands. */
export async function rememberRequest(
  knex: Knex,
  key: IdempotencyKey,
  requestId: string,
  at: Date
): Promise<void> {
  await remember(knex, key, { request_id: requestId, created_at: at });
}

/** Only for refusals that sending again does not change: a fault must not be remembered. */
export async function rememberRefusal(
  knex: Knex,
  key: IdempotencyKey,
  refusal: Refusal,
  at: Date
): Promise<void> {
  await remember(knex, key, { refusal: refusal.code, detail: refusal.detail ?? null, created_at: at });
}

async function remember(knex: Knex, key: IdempotencyKey, what: Record<string, unknown>): Promise<void> {
  const inserted = (await knex('ra.idempotency')
    .insert({ party_id: key.partyId, key: key.key, body_hash: Buffer.from(key.bodyHash), ...what })
    .onConflict(['party_id', 'key'])
    .ignore()
    .returning('key')) as unknown[];
  // The same body at the same moment is the same creation; another body is refused here.
  if (inserted.length === 0) await remembered(knex, key);
}
