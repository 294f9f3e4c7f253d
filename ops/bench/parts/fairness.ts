import type { Bench, BenchContext, PlannedPoint } from '../context.js';
import type { Plot, Point } from '../result-file.js';
import { number, row } from '../row.js';
import { latencies } from '../statistics.js';
import { approveBatch, batchClient, whenCompleted } from '../stand/batches.js';
import { startBenchSystem, type BenchSystem } from '../stand/system.js';
import type { AdHocRound } from '../worker/adhoc.js';
import { openAdHocLoad, type AdHocLoad } from './adhoc.js';

export const fairnessBench: Bench = {
  name: 'fairness',
  summary: 'ad hoc requests while a batch runs; the batches of two parties side by side',
  plan(context): readonly PlannedPoint[] {
    const { quick, requests, clients } = context.options;
    const size = requests?.[0] ?? (quick ? 2_000 : 50_000);
    return [
      { key: 'ad hoc beside a batch', measure: () => measureAdHoc(context, size, clients?.[0] ?? 8) },
      { key: 'two parties', measure: () => measureParties(context, Math.ceil(size / 2)) }
    ];
  }
};

/** DESIGN: of each second's worth, so that a batch's first and last moments are seen by themselves. */
const slices = 10;

/** The same ad hoc load without a batch and while one runs: requests come at a steady rate whatever happens. */
async function measureAdHoc(context: BenchContext, size: number, connections: number): Promise<Point> {
  const perSecond = context.options.quick ? 20 : 100;
  const aloneCount = perSecond * (context.options.quick ? 5 : 30);
  // While the batch runs the load goes on in slices of a second until it is completed.
  const reserve = aloneCount + perSecond * (60 + size / 100);
  const load = await openAdHocLoad(
    context,
    await startBenchSystem(context, { name: 'fairness', parties: 2, profile: context.options.profile }),
    Math.ceil(reserve)
  );
  const { bench } = load;
  const client = batchClient(bench, bench.parties[0]!);
  try {
    await load.run({ connections, count: Math.ceil(aloneCount / 5) });
    const alone = await load.run({ connections, count: aloneCount, perSecond });
    const requests = await context.requests(bench.take(size), size);
    const began = performance.now();
    const id = await client.submit('fairness', requests);
    await approveBatch(bench, id);
    const { beside, completedMs } = await loadUntil(load, { connections, perSecond }, () =>
      whenCompleted(client, id, { everyMs: 250, withinMs: 60_000 + size * 10 })
    );
    const batchPerSecond = (size * 1_000) / (completedMs - began);
    const times = beside.flatMap(round => round.latencies ?? []);
    const without = latencies(alone.latencies ?? []);
    const during = latencies(times);
    const curve = beside.map((round, at): [number, number] => [
      at + 1,
      latencies(round.latencies ?? []).p99Ms ?? 0
    ]);
    const plot: Plot = {
      name: 'fairness-adhoc',
      title: 'Ad hoc p99 while a batch runs',
      x: 'seconds from the start of the batch',
      y: 'ms',
      series: [{ label: 'beside a batch', points: curve }]
    };
    return {
      rows: [
        row(`fairness/ad hoc, ${perSecond} a second, alone`, {
          ...{ perSecond: (alone.items * 1_000) / alone.elapsedMs },
          ...without
        }),
        row(`fairness/ad hoc, ${perSecond} a second, beside a batch of ${number(size)}`, {
          perSecond: (times.length * 1_000) / beside.reduce((sum, { elapsedMs }) => sum + elapsedMs, 0),
          ...during
        }),
        row(`fairness/batch of ${number(size)} beside ad hoc`, { perSecond: batchPerSecond })
      ],
      facts: { p99WithoutMs: without.p99Ms ?? 0, p99DuringMs: during.p99Ms ?? 0 },
      plots: [plot]
    };
  } finally {
    client.close();
    await load.close();
  }
}

/** Keeps the load up, a second's worth at a time, until the work is done. */
async function loadUntil(
  load: AdHocLoad,
  { connections, perSecond }: { readonly connections: number; readonly perSecond: number },
  work: () => Promise<unknown>
): Promise<{ beside: AdHocRound[]; completedMs: number }> {
  let completedMs = 0;
  const working = work().finally(() => (completedMs = performance.now()));
  // Heard at once, answered for below: a rejection nobody waits for would end the program.
  working.catch(() => undefined);
  const beside: AdHocRound[] = [];
  while (completedMs === 0) beside.push(await load.run({ connections, count: perSecond, perSecond }));
  await working;
  return { beside, completedMs };
}

/** Two parties upload at once; how far each has come is looked at until both are done. */
async function measureParties(context: BenchContext, size: number): Promise<Point> {
  const bench = await startBenchSystem(context, { name: 'fairness-parties', parties: 2 });
  try {
    const parties = bench.parties.slice(0, 2).map(party => batchClient(bench, party));
    try {
      return await race(context, bench, parties, size);
    } finally {
      for (const client of parties) client.close();
    }
  } finally {
    await bench.stop();
  }
}

async function race(
  context: BenchContext,
  bench: BenchSystem,
  clients: readonly ReturnType<typeof batchClient>[],
  size: number
): Promise<Point> {
  const uploads = await Promise.all(
    clients.map(async (client, at) => {
      const requests = await context.requests(bench.take(size), size);
      return { client, id: await client.submit(`party-${at + 1}`, requests) };
    })
  );
  const began = performance.now();
  for (const { id } of uploads) await approveBatch(bench, id);
  const curves = uploads.map((): [number, number][] => [[0, 0]]);
  const ends = await Promise.all(
    uploads.map(async ({ client, id }, at) => {
      await whenCompleted(client, id, {
        everyMs: Math.max(50, size / slices / 10),
        withinMs: 60_000 + size * 20,
        seen: ({ done }) => void curves[at]?.push([(performance.now() - began) / 1_000, done])
      });
      return performance.now() - began;
    })
  );
  const [first = 1, last = 1] = [...ends].sort((a, b) => a - b);
  return {
    rows: ends.map((end, at) =>
      row(`fairness/party ${at + 1} of 2, ${number(size)} requests`, { perSecond: (size * 1_000) / end })
    ),
    // 1 where both end together; 0.5 where one waited for the other.
    facts: { firstOverLast: first / last },
    plots: [
      {
        name: 'fairness-parties',
        title: 'Two parties side by side',
        x: 'seconds from approval',
        y: 'requests done',
        series: curves.map((points, at) => ({ label: `party ${at + 1}`, points }))
      }
    ]
  };
}
