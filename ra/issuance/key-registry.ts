import type { Transaction } from '../../ops/kit/deps.js';
import type { Knex } from 'knex';
import { formatEui64 } from '../../pki/index.js';
import type { RequestFacts } from '../../pki/request/index.js';
import type { RaContext } from '../deps.js';
import { octetsToUuid } from '../uuid.js';

export interface RegisteredKey {
  readonly subject: string;
  readonly usage: 'DS' | 'KA';
  readonly requestId: string;
}

/** What decides about a key: 16 octets of the SHA-256 of its SubjectPublicKeyInfo, as a UUID. */
export function keyHash(publicKeyHash: Uint8Array): string {
  return octetsToUuid(publicKeyHash);
}

/** The owners of those of the keys that are registered, by `keyHash`. */
export async function registeredKeys(
  deps: RaContext,
  database: Pick<Knex, 'client'>,
  hashes: readonly string[]
): Promise<ReadonlyMap<string, RegisteredKey>> {
  const rows = await deps.sql.rows<{
    key_hash: string;
    subject: string;
    usage: 'DS' | 'KA';
    request_id: string;
  }>(
    database,
    'ra_registered_keys',
    'select key_hash, subject, usage, request_id from ra.key_registry where key_hash = any($1::uuid[])',
    [hashes]
  );
  return new Map(
    rows.map(row => [row.key_hash, { subject: row.subject, usage: row.usage, requestId: row.request_id }])
  );
}

/** Registers keys in the order of their hashes, each once in `keys`; answers the hashes that were free. */
export async function insertKeys(
  deps: RaContext,
  trx: Transaction,
  keys: ReadonlyMap<string, RegisteredKey>
): Promise<ReadonlySet<string>> {
  const entries = [...keys].sort(([a], [b]) => (a < b ? -1 : 1));
  const rows = await deps.sql.rows<{ key_hash: string }>(
    trx,
    'ra_register_keys',
    `insert into ra.key_registry (key_hash, subject, usage, request_id)
     select * from unnest($1::uuid[], $2::text[], $3::text[], $4::uuid[])
     on conflict (key_hash) do nothing returning key_hash`,
    [
      entries.map(([hash]) => hash),
      entries.map(([, { subject }]) => subject),
      entries.map(([, { usage }]) => usage),
      entries.map(([, { requestId }]) => requestId)
    ]
  );
  return new Set(rows.map(row => row.key_hash));
}

/** Hands keys from one request to another of the same subject and usage; answers the hashes that moved. */
export async function moveKeys(
  deps: RaContext,
  trx: Transaction,
  moves: readonly { hash: string; from: string; to: string }[]
): Promise<ReadonlySet<string>> {
  const sorted = [...moves].sort((a, b) => (a.hash < b.hash ? -1 : 1));
  const rows = await deps.sql.rows<{ key_hash: string }>(
    trx,
    'ra_move_keys',
    `update ra.key_registry k set request_id = m.taker
     from unnest($1::uuid[], $2::uuid[], $3::uuid[]) as m (key_hash, owner, taker)
     where k.key_hash = m.key_hash and k.request_id = m.owner returning k.key_hash`,
    [sorted.map(({ hash }) => hash), sorted.map(({ from }) => from), sorted.map(({ to }) => to)]
  );
  return new Set(rows.map(row => row.key_hash));
}

/** Who a request's key belongs to, in one line: kind, and identifier or name. */
export function keySubject(facts: RequestFacts): string {
  if (facts.kind === 'iki-client')
    return `system:${JSON.stringify([facts.organisation, facts.organisationalUnit, facts.commonName])}`;
  if (facts.eui === undefined) throw new Error('device and organisation requests have an identifier');
  const role = facts.role === undefined ? '' : `:${facts.role}`;
  return `${facts.kind}:${formatEui64(facts.eui)}${role}`;
}
