import type { Knex } from 'knex';
import { formatEui64 } from '../../pki/index.js';
import type { RequestFacts } from '../../pki/request/index.js';
import { octetsToUuid } from '../uuid.js';

export interface RegisteredKey {
  readonly subject: string;
  readonly usage: 'DS' | 'KA';
  readonly requestId: string;
}

/** The owner of a public key, by the SHA-256 of its SubjectPublicKeyInfo; 16 octets of it decide. */
export async function registeredKey(
  knex: Knex,
  publicKeyHash: Uint8Array
): Promise<RegisteredKey | undefined> {
  const row = (await knex('ra.key_registry')
    .select('subject', 'usage', 'request_id')
    .where('key_hash', octetsToUuid(publicKeyHash))
    .first()) as { subject: string; usage: 'DS' | 'KA'; request_id: string } | undefined;
  return row && { subject: row.subject, usage: row.usage, requestId: row.request_id };
}

/** Registers keys in the order of their hashes; false when one of them is registered already. */
export async function reserveKeys(
  trx: Knex.Transaction,
  keys: readonly { publicKeyHash: Uint8Array; owner: RegisteredKey }[]
): Promise<boolean> {
  const rows = keys
    .map(({ publicKeyHash, owner }) => ({
      key_hash: octetsToUuid(publicKeyHash),
      subject: owner.subject,
      usage: owner.usage,
      request_id: owner.requestId
    }))
    .sort((a, b) => (a.key_hash < b.key_hash ? -1 : 1));
  const inserted = (await trx('ra.key_registry')
    .insert(rows)
    .onConflict('key_hash')
    .ignore()
    .returning('key_hash')) as unknown[];
  return inserted.length === rows.length;
}

/** Who a request's key belongs to, in one line: kind, and identifier or name. */
export function keySubject(facts: RequestFacts): string {
  if (facts.kind === 'iki-client')
    return `system:${JSON.stringify([facts.organisation, facts.organisationalUnit, facts.commonName])}`;
  if (facts.eui === undefined) throw new Error('device and organisation requests have an identifier');
  const role = facts.role === undefined ? '' : `:${facts.role}`;
  return `${facts.kind}:${formatEui64(facts.eui)}${role}`;
}
