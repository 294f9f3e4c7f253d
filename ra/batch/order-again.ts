import type { AuditEvent, AuditTicket } from '../../ops/kit/audit.js';
import { decodeOrder } from '../../pki/messages/index.js';
import type { RaContext } from '../deps.js';
import { insertOrders, signOrder } from '../issuance/order.js';
import { LeaseLost } from './decide-group.js';
import { holdLease, type LeasedBatch } from './lease.js';
import { GroupFacts, itemStates } from './packed-group.js';
import { requestIdText } from './request-id.js';
import type { BatchStage } from './stages.js';

interface Row {
  facts: Buffer;
  states: Buffer;
  order_id: string;
  state: 'ordered' | 'again' | 'settled';
  order_state: 'open' | 'claimed' | 'cancelled' | 'finished';
  expires_at: Date;
  bytes: Buffer;
}

/**
 * Orders again what is open of a group: its order expired unclaimed, or was claimed and never reported, or the CA
 * could not do part of it. The same requests under the same identifiers: the CA certifies each once by whatever
 * orders, and answers with the certificate where there is one. False when there is nothing to order any more.
 */
export async function orderAgain(deps: RaContext, batch: LeasedBatch, group: string): Promise<boolean> {
  const [row] = await deps.sql.rows<Row>(
    deps.database,
    'ra_batch_group_again',
    `select g.facts, g.states, g.order_id, g.state, o.state as order_state, o.expires_at, o.bytes
     from ra.batch_group g join ra.orders o on o.id = g.order_id where g.id = $1`,
    [group]
  );
  if (row === undefined || !isDue(row, deps.clock.now())) return false;
  const order = await signOrder(deps, 'smki-device', 'batch', openItems(row));

  await deps.stage('ra:batch-group:before' satisfies BatchStage);
  const ticket = await deps.database.transaction(async (trx): Promise<AuditTicket | undefined> => {
    if (!(await holdLease(deps, trx, batch))) throw new LeaseLost();
    // Order before group, as a report locks them.
    const [before] = await deps.sql.rows<{ state: Row['order_state'] }>(
      trx,
      'ra_batch_order_lock',
      'select state from ra.orders where id = $1 for update',
      [row.order_id]
    );
    const [seen] = await deps.sql.rows<{ states: Buffer }>(
      trx,
      'ra_batch_group_lock',
      'select states from ra.batch_group where id = $1 and order_id = $2 and state = $3 for update',
      [group, row.order_id, row.state]
    );
    // A report came in between.
    if (before?.state !== row.order_state || seen?.states.equals(row.states) !== true) return undefined;
    const events: AuditEvent[] = [];
    if (before.state === 'open') {
      await trx('ra.orders')
        .where({ id: row.order_id })
        .update({ state: 'cancelled', finished_at: deps.clock.now() });
      events.push({
        type: 'ra.order.cancelled',
        actor: deps.config.instance,
        facts: { order: row.order_id }
      });
    }
    await insertOrders(deps, trx, [order], { partyId: batch.partyId, batchGroup: group });
    await deps.sql.rows(
      trx,
      'ra_batch_group_ordered_again',
      `update ra.batch_group set state = 'ordered', order_id = $2, order_expires_at = $3, retry_at = null,
         order_left = order_left or $4 where id = $1`,
      [group, order.id, order.expiresAt, before.state === 'claimed']
    );
    events.push({
      type: 'ra.batch.group-ordered-again',
      actor: deps.config.instance,
      facts: {
        batch: batch.id,
        group,
        order: order.id,
        replaces: row.order_id,
        expiresAt: order.expiresAt.toISOString()
      }
    });
    return deps.audit.record(trx, events);
  });
  if (ticket === undefined) return false;
  await deps.audit.seal(ticket);
  await deps.stage('ra:batch-group:after' satisfies BatchStage);
  deps.measures.orders.inc({ event: 'signed' });
  deps.openOrders.batch.wake();
  return true;
}

/** Released or refused in part; or expired, unclaimed or unreported. */
function isDue(row: Row, now: Date): boolean {
  if (row.state === 'again') return true;
  return row.state === 'ordered' && row.order_state !== 'finished' && row.expires_at <= now;
}

/** What is open, with the requests as the former order holds them. */
function openItems(row: Row): Parameters<typeof signOrder>[3] {
  const facts = new GroupFacts(row.facts);
  const open = new Set<string>();
  for (const [index, state] of row.states.entries())
    if (state === itemStates.open) open.add(requestIdText(facts.requestId(index)));
  const items = decodeOrder(row.bytes).items.map(({ requestId, profile, csr }) => ({
    requestId: requestIdText(requestId),
    profile,
    csr
  }));
  const left = items.filter(({ requestId }) => open.has(requestId)) as Parameters<typeof signOrder>[3];
  if (left.length !== open.size) throw new Error('an open request that its order does not hold');
  return left;
}
