import { setTimeout as sleep } from 'node:timers/promises';
import type { Bench, BenchContext, PlannedPoint } from '../context.js';
import { childrenOf, residentMiB } from '../process-cost.js';
import type { Plot, Point } from '../result-file.js';
import { number, row } from '../row.js';
import { drift, latencies } from '../statistics.js';
import { runBatches } from '../stand/batch-run.js';
import { approveBatch, batchClient, insist, whenCompleted, type BatchClient } from '../stand/batches.js';
import { checkBooks, readBooks, readLags, type Books } from '../stand/books.js';
import { connectAdmin } from '../stand/database.js';
import { components, startBenchSystem, type BenchSystem } from '../stand/system.js';

export const soakBench: Bench = {
  name: 'soak',
  summary:
    'batches at a share of the measured rate for long, on request with processes killed; memory, latency, counts',
  plan(context): readonly PlannedPoint[] {
    const { quick, minutes, killEverySeconds, rateShare } = context.options;
    const length = minutes ?? (quick ? 0.25 : 60);
    if (killEverySeconds !== undefined)
      return [{ key: 'killed', measure: () => measureKilled(context, length, killEverySeconds) }];
    return [{ key: 'soak', measure: () => measureSoak(context, length, rateShare ?? 0.7) }];
  }
};

function batchSize(context: BenchContext): number {
  return context.options.requests?.[0] ?? (context.options.quick ? 1_000 : 10_000);
}

/** The rate that this system reaches undisturbed, warmed up. */
async function undisturbed(context: BenchContext, bench: BenchSystem, size: number): Promise<number> {
  const run = { size, batches: 1, withinMs: 120_000 + size * 20 };
  await runBatches(context, bench, run);
  const { elapsedMs } = await runBatches(context, bench, run);
  return (size * 1_000) / elapsedMs;
}

async function measureSoak(context: BenchContext, minutes: number, rateShare: number): Promise<Point> {
  const size = batchSize(context);
  const bench = await startBenchSystem(context, { name: 'soak', parties: 3, restart: true });
  try {
    const full = await undisturbed(context, bench, size);
    const before = await readBooks(bench.admin);
    const everyMs = (size * 1_000) / (full * rateShare);
    context.report(
      `  ${number(full)} a second undisturbed; a batch of ${number(size)} every ${number(everyMs / 1_000)} s`
    );
    // Made before the clock starts: the keys are the devices' own cost, and would be load beside the load.
    const first = await makeAhead(context, bench, Math.ceil((minutes * 60_000) / everyMs) * size);
    const watch = watchSystem(bench, Math.min(10_000, (minutes * 60_000) / 20));
    const began = performance.now();
    const times = await everySoOften(minutes, everyMs, at =>
      oneBatch(context, bench, { at, first: first + at * size, size })
    ).catch(async (error: unknown) => {
      await watch.stop().catch(() => undefined);
      throw error;
    });
    const elapsedMs = performance.now() - began;
    const { memory, lags } = await watch.stop();
    const certified = times.length * size;
    checkBooks(before, await readBooks(bench.admin), certified);
    const curve = times.map((ms, at): [number, number] => [(at * everyMs) / 60_000, ms / 1_000]);
    const facts: Record<string, number> = {
      undisturbedPerSecond: full,
      certified,
      // Of the second half: what a process takes once, at its start, is no leak.
      latencyDrift: drift(curve.slice(Math.floor(curve.length / 2)))
    };
    for (const [process, points] of memory)
      facts[`memoryDrift ${process}`] = drift(points.slice(Math.floor(points.length / 2)));
    const rssMiB = Math.max(...[...memory.values()].flat().map(([, mebibytes]) => mebibytes));
    return {
      rows: [
        row(`soak/${number(minutes)} minutes at ${rateShare} of the rate`, {
          ...{ perSecond: (certified * 1_000) / elapsedMs, limitPerSecond: full, rssMiB },
          ...latencies(times)
        })
      ],
      facts,
      plots: [
        plot('soak-memory', 'Resident memory', 'MiB', memory),
        plot('soak-latency', 'A batch from upload to completion', 's', new Map([['batch', curve]])),
        plot('soak-lag', 'Work put off', 'orders, events', lags)
      ]
    };
  } finally {
    await bench.stop();
  }
}

/** Answers the number of the first request. */
async function makeAhead(context: BenchContext, bench: BenchSystem, count: number): Promise<number> {
  const first = bench.take(count);
  // DESIGN: a share that fits into memory while it is read back.
  const share = 200_000;
  for (let made = 0; made < count; made += share)
    await context.requests(first + made, Math.min(share, count - made));
  return first;
}

/** Begins work on time, whatever is still under way; ends when all has ended, or with the first failure. */
async function everySoOften(
  minutes: number,
  everyMs: number,
  work: (at: number) => Promise<number>
): Promise<number[]> {
  const began = performance.now();
  const under: Promise<number>[] = [];
  let failed = false;
  while (!failed && under.length * everyMs < minutes * 60_000) {
    const due = began + under.length * everyMs;
    if (due > performance.now()) await sleep(due - performance.now());
    const one = work(under.length);
    one.catch(() => (failed = true));
    under.push(one);
  }
  return Promise.all(under);
}

/** Uploads, approves, waits; answers how long it took. Everything must become a certificate. */
async function oneBatch(
  context: BenchContext,
  bench: BenchSystem,
  { at, first, size }: { readonly at: number; readonly first: number; readonly size: number }
): Promise<number> {
  const requests = await context.requests(first, size);
  const client = batchClient(bench, bench.parties[at % bench.parties.length]!);
  try {
    const began = performance.now();
    const id = await submitOnce(client, `soak-${at}`, requests);
    await insist(() => approveBatch(bench, id));
    await whenCompleted(client, id, { everyMs: 500, withinMs: 600_000 });
    const elapsedMs = performance.now() - began;
    const { statuses } = await insist(() => client.results(id));
    if (statuses['SUCCESS'] !== size || Object.keys(statuses).length !== 1)
      throw new Error(`batch ${id}: ${JSON.stringify(statuses)} of ${size} requests`);
    return elapsedMs;
  } finally {
    client.close();
  }
}

/**
 * An upload whose answer was lost may have been taken: it is looked for by its name before it is sent again, as
 * subscribers should.
 */
async function submitOnce(
  client: BatchClient,
  name: string,
  requests: readonly Uint8Array[]
): Promise<string> {
  // DESIGN: a process is back within seconds; what is refused as busy for minutes is a system that cannot keep up.
  for (const until = Date.now() + 300_000; ;) {
    try {
      return await client.submit(name, requests);
    } catch (error) {
      if (Date.now() > until) throw error;
      await sleep(1_000);
      const taken = await insist(() => client.find(name));
      if (taken !== undefined) return taken;
    }
  }
}

/** Batches one after another while a process drawn at random is killed again and again; then the books are read. */
async function measureKilled(context: BenchContext, minutes: number, everySeconds: number): Promise<Point> {
  const size = batchSize(context);
  const bench = await startBenchSystem(context, { name: 'killed', parties: 2, restart: true });
  try {
    const full = await undisturbed(context, bench, size);
    const before = await readBooks(bench.admin);
    const killed: string[] = [];
    let done = false;
    const killer = (async () => {
      for (let next = everySeconds; !done; next -= 0.2) {
        await sleep(200);
        if (next > 0) continue;
        next = everySeconds;
        const name = killOne(bench);
        if (name === undefined) continue;
        killed.push(name);
        context.report(`  killed ${name}`);
      }
    })();
    const began = performance.now();
    const times: number[] = [];
    while (times.length === 0 || performance.now() - began < minutes * 60_000)
      times.push(await oneBatch(context, bench, { at: times.length, first: bench.take(size), size }));
    const elapsedMs = performance.now() - began;
    done = true;
    await killer;
    const certified = times.length * size;
    await whenPublished(bench, before.published + certified);
    checkBooks(before, await readBooksAnew(bench), certified);
    const perSecond = (certified * 1_000) / elapsedMs;
    return {
      rows: [
        row(`soak/a process killed every ${everySeconds} s`, {
          ...{ perSecond, limitPerSecond: full },
          ...latencies(times)
        })
      ],
      facts: { undisturbedPerSecond: full, kills: killed.length, certified, lost: 1 - perSecond / full },
      notes: [
        `killed: ${killed.join(', ') || 'none'}`,
        `${number(certified)} requests, each one certificate, in CA and repository; no serial number twice`
      ]
    };
  } finally {
    await bench.stop();
  }
}

/**
 * SIGKILL for a component, a signer or PostgreSQL, all of which the system starts again; its name, or undefined where
 * none runs at the moment.
 */
function killOne({ system }: BenchSystem): string | undefined {
  const candidates = components.flatMap(component =>
    system.processes[component].flatMap(process => {
      const pid = process.pid();
      if (pid === undefined) return [];
      const own = [{ name: process.instance, pid }];
      return component === 'repository'
        ? own
        : [...own, ...childrenOf(pid).map(child => ({ name: `signer of ${process.instance}`, pid: child }))];
    })
  );
  const server = system.postgres();
  if (server !== undefined) candidates.push({ name: 'PostgreSQL', pid: server.pid });
  const drawn = candidates[Math.floor(Math.random() * candidates.length)];
  if (drawn === undefined) return undefined;
  try {
    process.kill(drawn.pid, 'SIGKILL');
    return drawn.name;
  } catch {
    return undefined;
  }
}

async function whenPublished(bench: BenchSystem, expected: number): Promise<void> {
  for (const until = Date.now() + 120_000; Date.now() < until; await sleep(1_000))
    if ((await readBooksAnew(bench)).published >= expected) return;
}

/** Over a connection of its own: PostgreSQL may have been killed since the first one, or a moment ago. */
function readBooksAnew({ system }: BenchSystem): Promise<Books> {
  return insist(async () => {
    const admin = await connectAdmin(system.databaseUrl);
    try {
      return await readBooks(admin);
    } finally {
      await admin.end().catch(() => undefined);
    }
  });
}

type Curves = Map<string, [number, number][]>;

/** Resident memory of every process and the work put off, over minutes. */
function watchSystem(
  bench: BenchSystem,
  everyMs: number
): { stop(): Promise<{ memory: Curves; lags: Curves }> } {
  const memory: Curves = new Map();
  const lags: Curves = new Map();
  const began = performance.now();
  const add = (curves: Curves, name: string, value: number): void => {
    curves.set(name, [...(curves.get(name) ?? []), [(performance.now() - began) / 60_000, value]]);
  };
  let stopped = false;
  const loop = (async () => {
    while (!stopped) {
      for (const component of components)
        for (const process of bench.system.processes[component]) {
          const pid = process.pid();
          if (pid === undefined) continue;
          add(memory, process.instance, residentMiB(pid));
          for (const child of childrenOf(pid))
            add(memory, `signer of ${process.instance}`, residentMiB(child));
        }
      const { publication, audit } = await readLags(bench.admin);
      add(lags, 'orders not published', publication);
      add(lags, 'audit events not settled', audit);
      await sleep(everyMs);
    }
  })();
  return {
    async stop() {
      stopped = true;
      await loop;
      return { memory, lags };
    }
  };
}

function plot(name: string, title: string, y: string, curves: Curves): Plot {
  const series = [...curves].map(([label, points]) => ({ label, points }));
  return { name, title, x: 'minutes', y, series };
}
