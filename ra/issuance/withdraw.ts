import type { Knex } from 'knex';
import type { RaContext } from '../deps.js';
import type { RaStage } from '../stages.js';
import { settleDevices } from './device-count.js';

interface ClosedRow {
  id: string;
  eui: string | null;
  kind: string;
}

/**
 * Withdraws the order of a request if no CA has claimed it, and closes the request as failed; the place held for
 * the device is given back, the key stays the request's own. False when the order is claimed or finished: then a
 * certificate may come and everything stays reserved.
 */
export async function withdraw(deps: RaContext, requestId: string): Promise<boolean> {
  await deps.stage('ra:cancel:before' satisfies RaStage);
  const withdrawn = await withdrawWhere(deps, (trx, query) =>
    query.whereIn('o.id', trx('ra.request').select('order_id').where({ id: requestId, state: 'open' }))
  );
  await deps.stage('ra:cancel:after' satisfies RaStage);
  return withdrawn > 0;
}

/** Withdraws orders that expired without having been claimed; answers how many. Any RA may do it. */
export async function withdrawExpired(deps: RaContext): Promise<number> {
  const now = deps.clock.now();
  return withdrawWhere(deps, (_trx, query) => query.where('o.expires_at', '<=', now).limit(200));
}

async function withdrawWhere(
  deps: RaContext,
  narrow: (trx: Knex.Transaction, query: Knex.QueryBuilder) => Knex.QueryBuilder
): Promise<number> {
  const closed: ClosedRow[] = [];
  const ticket = await deps.database.transaction(async trx => {
    const query = narrow(trx, trx<{ id: string }>('ra.orders as o').select('o.id').where('o.state', 'open'));
    const locked = (await query.forUpdate('o').skipLocked()) as { id: string }[];
    if (locked.length === 0) return undefined;
    const ids = locked.map(({ id }) => id);
    await trx('ra.orders').whereIn('id', ids).update({ state: 'cancelled', finished_at: deps.clock.now() });
    const rows: ClosedRow[] = await trx('ra.request')
      .whereIn('order_id', ids)
      .where('state', 'open')
      .update({ state: 'failed', outcome: 'ca/not-claimed' })
      .returning(['id', 'eui', 'kind']);
    closed.push(...rows);
    const settled = new Map<bigint, { released: number; issued: number }>();
    for (const { eui, kind } of closed) {
      if (kind !== 'device' || eui === null) continue;
      const entry = settled.get(BigInt(eui)) ?? { released: 0, issued: 0 };
      settled.set(BigInt(eui), { ...entry, released: entry.released + 1 });
    }
    await settleDevices(trx, settled, deps.clock.now());
    return deps.audit.record(
      trx,
      ids.map(order => ({ type: 'ra.order.cancelled', actor: deps.config.instance, facts: { order } }))
    );
  });
  if (ticket === undefined) return 0;
  await deps.audit.seal(ticket);
  deps.measures.orders.inc({ event: 'cancelled' }, ticket.ids.length);
  deps.outcomes.announce(closed.map(({ id }) => id));
  return ticket.ids.length;
}
