import type { Lane, SignedOrder } from '../../pki/messages/index.js';
import type { RaContext } from '../deps.js';
import type { RaStage } from '../stages.js';

interface OrderRow {
  bytes: Buffer;
  key_id: Buffer;
  signature: Buffer;
}

/**
 * Hands open orders of a lane to a CA, parties taking turns, so that one party's thousand orders do not stand
 * before another's one. Rows that another claim holds are skipped; an expired order is never handed out. The lease
 * is a hint: after it another CA may be handed the order, and the CA's database decides who signs.
 */
export async function claimOrders(deps: RaContext, lane: Lane, claimant: string): Promise<SignedOrder[]> {
  await deps.stage('ra:claim:before' satisfies RaStage);
  const now = deps.clock.now();
  const until = new Date(now.getTime() + deps.config.leaseMs);
  const { rows } = await deps.database.raw<{ rows: OrderRow[] }>(
    `with turns as materialized (
       select id, created_at, row_number() over (partition by party_id order by created_at) as turn
       from ra.orders
       where lane = :lane and expires_at > :now
         and (state = 'open' or (state = 'claimed' and claimed_until <= :now))
     ), picked as materialized (
       select o.id from ra.orders o join turns t on t.id = o.id
       where o.state = 'open' or (o.state = 'claimed' and o.claimed_until <= :now)
       order by t.turn, t.created_at
       limit :size
       for update of o skip locked
     )
     update ra.orders o set state = 'claimed', claimed_by = :claimant, claimed_until = :until
     from picked where o.id = picked.id
     returning o.bytes, o.key_id, o.signature`,
    { lane, now, until, claimant, size: deps.config.claimSize }
  );
  await deps.stage('ra:claim:after' satisfies RaStage);
  if (rows.length > 0) deps.measures.orders.inc({ event: 'claimed' }, rows.length);
  return rows.map(row => ({
    bytes: new Uint8Array(row.bytes),
    keyId: new Uint8Array(row.key_id),
    signature: new Uint8Array(row.signature)
  }));
}

/**
 * The long poll: answers as soon as there are orders, or with none after `ms`. Woken by this process's own
 * decisions; a look every `claimPollMs` finds the orders of other RAs.
 */
export async function awaitOrders(
  deps: RaContext,
  lane: Lane,
  claimant: string,
  ms: number,
  stop: AbortSignal
): Promise<SignedOrder[]> {
  const until = performance.now() + ms;
  for (;;) {
    if (stop.aborted || deps.stopping.aborted) return [];
    const orders = await claimOrders(deps, lane, claimant);
    const left = until - performance.now();
    if (orders.length > 0 || left <= 0) return orders;
    await deps.openOrders.wait(Math.min(left, deps.config.claimPollMs), stop, deps.stopping);
  }
}
