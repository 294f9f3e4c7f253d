import { setTimeout as sleep } from 'node:timers/promises';
import type { BenchContext } from '../context.js';
import { costPerItem, systemCost, systemPeaks } from '../system-cost.js';
import {
  approveBatch,
  batchClient,
  insist,
  publishedCount,
  whenCompleted,
  type BatchProgress
} from './batches.js';
import { connectAdmin, storedOctets } from './database.js';
import type { BenchSystem } from './system.js';

export interface BatchRunOptions {
  /** Requests of each batch. */
  readonly size: number;
  /** Batches, sent one after another and under way together; parties take turns. */
  readonly batches: number;
  readonly withinMs: number;
  /** Heard at every look at a batch, with the requests of all that are done. */
  readonly seen?: (progress: BatchProgress, done: number) => void;
}

export interface BatchRun {
  readonly certificates: number;
  /** From the first octet of the first upload until the last batch is completed and published. */
  readonly elapsedMs: number;
  /** From the first approval until then. */
  readonly fromApprovalMs: number;
  readonly uploadMs: number;
  /** Until the results of all were fetched, by then. */
  readonly resultsMs: number;
  readonly cost: ReturnType<typeof costPerItem>;
  readonly peaks: Readonly<Record<string, number>>;
  readonly octets: Readonly<Record<string, number>>;
  readonly walOctets: number;
  readonly commits: number;
  /** Share of the samples in which a busy backend waited for a lock. */
  readonly lockWaits: number;
  readonly statuses: Readonly<Record<string, number>>;
  /** Requests done over seconds from the first upload. */
  readonly progress: readonly (readonly [seconds: number, done: number])[];
  /** When each batch was completed, in milliseconds from the first upload. */
  readonly completedMs: readonly number[];
}

/**
 * Uploads, approves, waits until everything is completed and published, and fetches the results. Throws when any
 * request did not become a certificate: a benchmark of refusals is none.
 */
export async function runBatches(
  context: BenchContext,
  bench: BenchSystem,
  { size, batches, withinMs, seen }: BatchRunOptions
): Promise<BatchRun> {
  const total = size * batches;
  const requests = await context.requests(bench.take(total), total);
  const clients = bench.parties.map(party => batchClient(bench, party));
  const locks = await sampleLocks(bench.system.databaseUrl);
  try {
    // A connection is not part of what is measured, nor is an RA that still waits for a revocation list.
    for (const client of clients) await insist(() => client.find(''));
    const published = await publishedCount(bench);
    const octetsBefore = await storedOctets(bench.admin);
    const costBefore = await systemCost(bench);
    const began = performance.now();
    const since = (): number => performance.now() - began;
    const sent: { id: string; client: (typeof clients)[number] }[] = [];
    let approved: number | undefined;
    for (let n = 0; n < batches; n++) {
      const client = clients[n % clients.length] as (typeof clients)[number];
      const id = await client.submit(`bench-${n + 1}`, requests.slice(n * size, (n + 1) * size));
      approved ??= since();
      await approveBatch(bench, id);
      sent.push({ id, client });
    }
    const uploadMs = since();
    const done = new Map<string, number>();
    const progress: [number, number][] = [[0, 0]];
    const completedMs = await Promise.all(
      sent.map(async ({ id, client }) => {
        await whenCompleted(client, id, {
          everyMs: total > 5_000 ? 250 : 50,
          withinMs,
          seen: look => {
            done.set(id, look.done);
            const sum = [...done.values()].reduce((a, b) => a + b, 0);
            if (sum !== progress.at(-1)?.[1]) progress.push([since() / 1_000, sum]);
            seen?.(look, sum);
          }
        });
        return since();
      })
    );
    while ((await publishedCount(bench)) < published + total) {
      if (since() > withinMs) throw new Error('completed batches were not published in time');
      await sleep(50);
    }
    const elapsedMs = since();
    const cost = costPerItem(costBefore, await systemCost(bench), total);
    const octetsAfter = await storedOctets(bench.admin);
    const statuses: Record<string, number> = {};
    for (const { id, client } of sent)
      for (const [status, count] of Object.entries((await insist(() => client.results(id))).statuses))
        statuses[status] = (statuses[status] ?? 0) + count;
    if (statuses['SUCCESS'] !== total)
      throw new Error(`not every request was certified: ${JSON.stringify(statuses)}`);
    const perCertificate = (after: number, before: number): number => (after - before) / total;
    return {
      ...{ certificates: total, elapsedMs, uploadMs, cost, statuses, progress, completedMs },
      fromApprovalMs: elapsedMs - (approved ?? 0),
      resultsMs: since() - elapsedMs,
      peaks: systemPeaks(bench),
      octets: Object.fromEntries(
        Object.entries(octetsAfter.schemas).map(([schema, octets]) => [
          schema,
          perCertificate(octets, octetsBefore.schemas[schema] ?? 0)
        ])
      ),
      walOctets: perCertificate(octetsAfter.wal, octetsBefore.wal),
      commits: perCertificate(octetsAfter.commits, octetsBefore.commits),
      lockWaits: await locks.stop()
    };
  } finally {
    await locks.stop();
    for (const client of clients) client.close();
  }
}

/** Looks ten times a second what the busy backends of a database wait for. */
async function sampleLocks(databaseUrl: string): Promise<{ stop(): Promise<number> }> {
  const client = await connectAdmin(databaseUrl);
  let busy = 0;
  let locked = 0;
  let stopped = false;
  const loop = (async () => {
    while (!stopped) {
      const { rows } = await client.query<{ busy: number; locked: number }>(
        `select count(*)::int as busy, count(*) filter (where wait_event_type = 'Lock')::int as locked
         from pg_stat_activity
         where datname = current_database() and state = 'active' and pid <> pg_backend_pid()`
      );
      busy += rows[0]?.busy ?? 0;
      locked += rows[0]?.locked ?? 0;
      await sleep(100);
    }
    await client.end();
  })().catch(() => undefined);
  return {
    async stop() {
      stopped = true;
      await loop;
      return busy === 0 ? 0 : locked / busy;
    }
  };
}
