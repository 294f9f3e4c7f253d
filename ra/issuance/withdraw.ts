import type { AuditTicket } from '../../ops/kit/audit.js';
import { releaseBatchGroups } from '../batch/settle.js';
import type { RaContext } from '../deps.js';
import type { RaStage } from '../stages.js';
import { settleDevices } from './device-count.js';
import { outcomeColumns, outcomeOf, type OutcomeRow, type RequestOutcome } from './requests.js';

interface ClosedRow extends OutcomeRow {
  eui: string | null;
  kind: string;
}

/**
 * Withdraws the order of a request if no CA has claimed it, and closes its requests as failed, those that were ordered
 * together with this one too; the places held for devices are given back, the keys stay the requests' own. False when
 * the order is claimed or finished: then a certificate may come and everything stays reserved.
 */
export async function withdraw(deps: RaContext, requestId: string): Promise<boolean> {
  await deps.stage('ra:cancel:before' satisfies RaStage);
  const withdrawn = await withdrawOrders(
    deps,
    'ra_lock_order_of_request',
    `select id, batch_group from ra.orders
     where state = 'open' and id = (select order_id from ra.request where id = $1::uuid and state = 'open')
     for update skip locked`,
    requestId
  );
  await deps.stage('ra:cancel:after' satisfies RaStage);
  return withdrawn > 0;
}

/** Withdraws orders that expired without having been claimed; answers how many. Any RA may do it. */
export async function withdrawExpired(deps: RaContext): Promise<number> {
  return withdrawOrders(
    deps,
    'ra_lock_expired_orders',
    `select id, batch_group from ra.orders where state = 'open' and expires_at <= $1
     order by created_at limit 200 for update skip locked`,
    deps.clock.now()
  );
}

async function withdrawOrders(
  deps: RaContext,
  name: string,
  locking: string,
  value: string | Date
): Promise<number> {
  const outcomes = new Map<string, RequestOutcome>();
  const ticket = await deps.database.transaction(async (trx): Promise<AuditTicket | undefined> => {
    const orders = await deps.sql.rows<{ id: string; batch_group: string | null }>(trx, name, locking, [
      value
    ]);
    if (orders.length === 0) return undefined;
    const ids = orders.map(({ id }) => id);
    const now = deps.clock.now();
    await deps.sql.rows(
      trx,
      'ra_cancel_orders',
      `update ra.orders set state = 'cancelled', finished_at = $2 where id = any($1::uuid[])`,
      [ids, now]
    );
    const closed = await deps.sql.rows<ClosedRow>(
      trx,
      'ra_fail_requests',
      `with locked as materialized (
         select id from ra.request where order_id = any($1::uuid[]) and state = 'open' order by id for update
       )
       update ra.request r set state = 'failed', outcome = 'ca/not-claimed' from locked where locked.id = r.id
       returning ${outcomeColumns}, r.eui, r.kind`,
      [ids]
    );
    for (const row of closed) outcomes.set(row.id, outcomeOf(row));
    const settled = new Map<bigint, { released: number; issued: number }>();
    for (const { eui, kind } of closed) {
      if (kind !== 'device' || eui === null) continue;
      settled.set(BigInt(eui), { released: (settled.get(BigInt(eui))?.released ?? 0) + 1, issued: 0 });
    }
    await settleDevices(deps, trx, settled, now);
    const groups = orders.flatMap(({ batch_group: group }) => group ?? []);
    if (groups.length > 0) await releaseBatchGroups(deps, trx, groups);
    return deps.audit.record(
      trx,
      ids.map(order => ({ type: 'ra.order.cancelled', actor: deps.config.instance, facts: { order } }))
    );
  });
  if (ticket === undefined) return 0;
  const sealed = deps.sealing.seal(ticket);
  deps.outcomes.announce(outcomes, sealed);
  await sealed;
  deps.measures.orders.inc({ event: 'cancelled' }, ticket.ids.length);
  return ticket.ids.length;
}
