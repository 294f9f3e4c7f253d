/**
 * Step 10: orders of processes that were not heard of for a lease are taken over, whatever state they were left
 * in. Runs at start and periodically.
 */
import type { IssueContext } from './issue/context.js';
import { takeOver } from './issue/execute.js';
import { event } from './audit-events.js';
import { OrderRefused } from './errors.js';
import { staleIntents } from './ledger/intent.js';

/** DESIGN: as many as one sweep gives the signer beside its current work. */
const ordersPerSweep = 32;

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
      const stale = await staleIntents(ctx.database, ctx.config.limits.leaseMs, ordersPerSweep);
      const taken = await Promise.all(stale.map(reconcileOne));
      return taken.reduce((sum, one) => sum + one, 0);
    }
  };
}
