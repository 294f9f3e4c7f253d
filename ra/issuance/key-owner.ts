import type { Transaction } from '../../ops/kit/deps.js';
import type { Knex } from 'knex';
import { batchItemOutcomes } from '../batch/lookup.js';
import { batchItemOf } from '../batch/request-id.js';
import type { RaContext } from '../deps.js';

/**
 * Of requests those that have ended without a certificate for good, so that another may have their key: refused, or
 * withdrawn before any CA had the order. One that was ordered again keeps its key: of its older orders a CA may still
 * report a certificate. `lock` keeps the answer true until the transaction ends; what is said of a request of a batch
 * stays true by itself.
 */
export async function endedWithoutCertificate(
  deps: RaContext,
  database: Knex | Transaction,
  requestIds: readonly string[],
  how: 'look' | 'lock'
): Promise<ReadonlySet<string>> {
  const ended = new Set<string>();
  const inBatches: string[] = [];
  const single: string[] = [];
  for (const id of new Set(requestIds)) (batchItemOf(id) === undefined ? single : inBatches).push(id);
  if (single.length > 0)
    for (const { id } of await deps.sql.rows<{ id: string }>(
      database,
      `ra_ended_requests_${how}`,
      endedOf(how),
      [single]
    ))
      ended.add(id);
  if (inBatches.length > 0)
    for (const [id, { state }] of await batchItemOutcomes(deps, database, inBatches))
      if (state === 'refused' || state === 'failed') ended.add(id);
  return ended;
}

function endedOf(how: 'look' | 'lock'): string {
  return `select id from ra.request
    where id = any($1::uuid[]) and state in ('refused', 'failed') and not ordered_again
    order by id${how === 'lock' ? ' for update' : ''}`;
}
