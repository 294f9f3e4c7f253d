import type { Lane, SignedOrder } from '../../pki/messages/index.js';
import type { RaContext } from '../deps.js';
import type { RaStage } from '../stages.js';

interface OrderRow {
  bytes: Buffer;
  key_id: Buffer;
  signature: Buffer;
}

/**
 * DESIGN: an order of a batch is some 150 KiB; more in one answer would be held by a CA that does not get to them, while
 * another has nothing to do.
 */
const maxBatchOrders = 8;

/**
 * Hands open orders of a lane to a CA, parties taking turns, so that one party's thousand orders do not stand
 * before another's one; orders that hold the requests of several parties are served as they came. Rows that another
 * claim holds are skipped; an expired order is never handed out. The lease is a hint: after it another CA may be handed
 * the order, and the CA's database decides who signs.
 */
export async function claimOrders(deps: RaContext, lane: Lane, claimant: string): Promise<SignedOrder[]> {
  await deps.stage('ra:claim:before' satisfies RaStage);
  const now = deps.clock.now();
  const until = new Date(now.getTime() + deps.config.leaseMs);
  const rows = await deps.sql.rows<OrderRow>(
    deps.database,
    'ra_claim_orders',
    `with turns as materialized (
       select id, created_at, row_number() over (partition by party_id order by created_at) as turn
       from ra.orders
       where lane = $1 and state in ('open', 'claimed') and expires_at > $2
         and (state = 'open' or claimed_until <= $2)
     ), picked as materialized (
       select o.id from ra.orders o join turns t on t.id = o.id
       where o.state = 'open' or (o.state = 'claimed' and o.claimed_until <= $2)
       order by t.turn, t.created_at
       limit $3
       for update of o skip locked
     )
     update ra.orders o set state = 'claimed', claimed_by = $4, claimed_until = $5
     from picked where o.id = picked.id
     returning o.bytes, o.key_id, o.signature`,
    [lane, now, claimable(deps, lane), claimant, until]
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
 * decisions, once a group; a look every `claimPollMs` finds the orders of other RAs.
 */
export async function awaitOrders(
  deps: RaContext,
  lane: Lane,
  claimant: string,
  ms: number,
  stop: AbortSignal
): Promise<SignedOrder[]> {
  const until = performance.now() + ms;
  const open = deps.openOrders[lane];
  const { claimPollMs } = deps.config;
  for (;;) {
    if (stop.aborted || deps.stopping.aborted) return [];
    const begun = performance.now();
    // A CA that was just handed all there was asks on at once: that there is nothing else needs no look.
    let pause = open.emptyFor(claimPollMs, begun);
    if (pause <= 0 || begun >= until) {
      const { news } = open;
      const orders = await claimOrders(deps, lane, claimant);
      if (orders.length < claimable(deps, lane)) open.foundEmpty(news, begun);
      if (orders.length > 0 || performance.now() >= until) return orders;
      pause = open.emptyFor(claimPollMs, begun);
    }
    await open.wait(Math.min(pause, until - performance.now()), stop, deps.stopping);
  }
}

/** The most orders of one claim. */
function claimable({ config }: RaContext, lane: Lane): number {
  return lane === 'batch' ? Math.min(config.claimSize, maxBatchOrders) : config.claimSize;
}
