/**
 * The CA dials out: one loop per RA process and lane asks for orders, so that a batch never stands in front of a
 * single request. A claimed order runs by itself; the loop asks on while there is room.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Lane } from '../pki/messages/index.js';
import type { IssueContext } from './issue/context.js';
import { executeOrder } from './issue/execute.js';
import type { RaPeer } from './peers.js';

export interface ClaimLoop {
  readonly ra: string;
  readonly lane: Lane;
  /** The last claim failed. */
  readonly failing: boolean;
  /** When the RA last answered a claim, or the loop began. */
  readonly lastAnswer: Date;
  /** Resolves when the loop has ended and every order in hand is done. Abort `ctx.stopping` first. */
  readonly ended: Promise<void>;
}

export function startClaimLoop(ra: RaPeer, lane: Lane, ctx: IssueContext): ClaimLoop {
  const running = new Set<Promise<void>>();
  const { retryMs, claimWaitMs, inFlight } = ctx.config.limits;
  const { stopping } = ctx;
  let lastAnswer = ctx.clock.now();
  let failing = false;

  async function roomFor(ofLane: Lane): Promise<void> {
    while (running.size >= inFlight[ofLane]) await Promise.race(running);
  }

  async function loop(): Promise<void> {
    while (!stopping.aborted) {
      await roomFor(lane);
      try {
        const asked = performance.now();
        const orders = await ra.claim(lane, claimWaitMs, stopping, inFlight[lane] - running.size);
        lastAnswer = ctx.clock.now();
        if (failing) ctx.log.info({ ra: ra.name, lane }, 'the RA answers again');
        failing = false;
        // An RA that is stopping ends its long polls at once: asking again at once would keep both busy.
        if (orders.length === 0 && performance.now() - asked < retryMs)
          await sleep(retryMs, undefined, { signal: stopping }).catch(() => undefined);
        for (const signed of orders) {
          // An RA may hand over more than there is room for.
          await roomFor(lane);
          const execution = executeOrder(signed, ra, ctx)
            .catch((error: unknown) => {
              // The intent, if there is one, is still there: the reconciler goes on with it.
              ctx.log.error({ err: error, ra: ra.name }, 'an order was left to the reconciler');
            })
            .finally(() => running.delete(execution));
          running.add(execution);
        }
      } catch (error) {
        if (stopping.aborted) break;
        ctx.metrics.claimFailures.inc({ ra: ra.name });
        // One line when it begins to fail, not one a second.
        if (!failing) ctx.log.warn({ err: error, ra: ra.name, lane }, 'the RA does not answer');
        failing = true;
        await sleep(retryMs, undefined, { signal: stopping }).catch(() => undefined);
      }
    }
    await Promise.all(running);
  }

  const ended = loop();
  return {
    ra: ra.name,
    lane,
    ended,
    get failing() {
      return failing;
    },
    get lastAnswer() {
      return lastAnswer;
    }
  };
}
