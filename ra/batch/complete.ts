import type { AuditTicket } from '../../ops/kit/audit.js';
import type { RaContext } from '../deps.js';
import type { LeasedBatch } from './lease.js';
import { transit } from './states.js';

/**
 * Ends a batch of which every request has its outcome; from now on its results can be fetched, for as long as
 * `batch.results` says. False when something is still open, or the batch is another's: then nothing has changed.
 */
export async function completeBatch(deps: RaContext, batch: LeasedBatch): Promise<boolean> {
  const at = deps.clock.now();
  const ticket = await deps.database.transaction(async (trx): Promise<AuditTicket | undefined> => {
    const [counts] = await deps.sql.rows<{
      items: string;
      unsettled: string;
      issued: string;
      refused: string;
    }>(
      trx,
      'ra_batch_counts',
      `select coalesce(sum(items), 0) as items, count(*) filter (where state <> 'settled') as unsettled,
         coalesce(sum(issued), 0) as issued, coalesce(sum(refused), 0) as refused
       from ra.batch_group where batch_id = $1`,
      [batch.id]
    );
    if (Number(counts?.items) !== batch.requests || Number(counts?.unsettled) !== 0) return undefined;
    const event = await transit(
      trx,
      batch,
      'PROCESSING',
      'COMPLETED',
      deps.config.instance,
      { completed_at: at, available_until: availableUntil(deps, at) },
      { requests: batch.requests, issued: Number(counts?.issued), refused: Number(counts?.refused) }
    );
    return event && deps.audit.record(trx, [event]);
  });
  if (ticket === undefined) return false;
  await deps.audit.seal(ticket);
  return true;
}

/** Results, and the content of batches that were rejected, are kept for so long (SEC Appendix M 2.5). */
export function availableUntil(deps: RaContext, at: Date): Date {
  return new Date(at.getTime() + deps.policy.figures['batch.results'].value * 86_400_000);
}
