/**
 * Step 10: orders of processes that were not heard of for a lease are taken over, whatever state they were left
 * in. Runs at start and periodically.
 */
import type { IssueContext } from './issue/context.js';
import { takeOver } from './issue/execute.js';
import { event } from './audit-events.js';
import { OrderRefused } from './errors.js';
import { staleIntents } from './ledger/intent.js';

/** DESIGN: as many as the signer is given at a time beside its current work. */
const ordersAtOnce = 32;

export interface Reconciler {
  /** Answers how many orders it took over. */
  reconcile(): Promise<number>;
}

export function createReconciler(ctx: IssueContext): Reconciler {
  /** Orders whose evidence no longer verifies: one alarm each, a person must look. */
  const damaged = new Set<string>();

  async function reconcileOne(stale: { orderId: string; epoch: number; holder: string }): Promise<number> {
    const { orderId } = stale;
    if (ctx.inHand.has(orderId) || damaged.has(orderId)) return 0;
    await ctx.stage('ca:10:before');
    try {
      await takeOver(orderId, stale, ctx);
    } catch (error) {
      if (!(error instanceof OrderRefused)) {
        ctx.log.error({ err: error, orderId }, 'take-over failed, tried again later');
        return 0;
      }
      ctx.log.fatal({ err: error, orderId }, 'a kept order no longer verifies');
      await ctx.audit.append([event('ca.alarm.evidence', ctx, { order: orderId, code: error.code })]);
      damaged.add(orderId);
      return 0;
    }
    await ctx.stage('ca:10:after');
    return 1;
  }

  return {
    async reconcile() {
      // Each is tried once a sweep: those that cannot be taken over now do not stand before the others.
      const looked = new Set([...damaged, ...ctx.inHand]);
      let taken = 0;
      for (let going = true; going && !ctx.stopping.aborted;) {
        const stale = await staleIntents(ctx.database, ctx.config.limits.leaseMs, ordersAtOnce, [...looked]);
        for (const { orderId } of stale) looked.add(orderId);
        const done = await Promise.all(stale.map(reconcileOne));
        taken += done.reduce((sum, one) => sum + one, 0);
        going = stale.length === ordersAtOnce;
      }
      return taken;
    }
  };
}
