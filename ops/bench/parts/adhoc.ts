import { eui64ToSigned } from '../../../pki/identifier/index.js';
import { adHocPath } from '../../../ra/adhoc/service.js';
import type { Bench, BenchContext, PlannedPoint } from '../context.js';
import type { Plot, Point } from '../result-file.js';
import { row } from '../row.js';
import { resultOf, type Round } from '../rounds.js';
import { latencies } from '../statistics.js';
import { startBenchSystem, type BenchSystem } from '../stand/system.js';
import { costFacts, costPerItem, systemCost, systemPeaks } from '../system-cost.js';
import type { AdHocRound } from '../worker/adhoc.js';
import { deviceOf, packRequests } from '../worker/requests.js';
import { startWorker, type Worker } from '../worker/worker.js';

export const adhocBench: Bench = {
  name: 'adhoc',
  summary: 'the ad hoc web service over mutual TLS, an answer a certificate, against the crypto limit',
  plan(context): readonly PlannedPoint[] {
    const { clients, quick } = context.options;
    const counts = clients ?? (quick ? [32] : [1, 2, 4, 8, 16, 32, 64, 128]);
    return [{ key: `${counts.join(', ')} connections`, measure: () => measure(context, counts) }];
  }
};

/** DESIGN: few connections send few requests a second; each point is to take some tens of seconds. */
function countOf(perRun: number, connections: number): number {
  return Math.ceil(perRun * Math.min(1, Math.max(connections / 32, 1 / 16)));
}

/** DESIGN: Appendix N's classes are per party, and nobody's clients are all of one party. */
const parties = 4;

async function measure(context: BenchContext, counts: readonly number[]): Promise<Point> {
  const limit = await context.limit();
  const { quick, requests: asked, profile } = context.options;
  const perRun = asked?.[0] ?? (quick ? 1_000 : 10_000);
  const load = await openAdHocLoad(
    context,
    await startBenchSystem(context, { name: 'adhoc', parties, profile }),
    perRun * (counts.length * 2 + 1)
  );
  const { bench } = load;
  try {
    // Connections, statements and code are warm before anything counts.
    await load.run({ connections: Math.max(...counts), count: Math.ceil(perRun / 2) });
    const rows = [];
    const facts: Record<string, number> = {};
    const limits: Round[] = [];
    const curve: [number, number][] = [];
    const p99: [number, number][] = [];
    for (const connections of counts) {
      limits.push(await limit.measure(quick ? 1_000 : 3_000));
      const count = countOf(perRun, connections);
      const before = await systemCost(bench);
      const full = await load.run({ connections, count });
      const cost = costPerItem(before, await systemCost(bench), full.items);
      const c = resultOf(limits);
      const perSecond = (full.items * 1_000) / full.elapsedMs;
      const half = await load.run({
        ...{ connections, perSecond: perSecond / 2 },
        // Half the requests at half the rate take as long.
        count: Math.ceil(count / 2)
      });
      const rssMiB = Math.max(...Object.values(systemPeaks(bench)));
      const name = `adhoc/${connections === 1 ? '1 connection' : `${connections} connections`}`;
      rows.push(
        row(name, {
          ...{ perSecond, limitPerSecond: c.perSecond, cpuMicrosPerItem: cost.total, rssMiB },
          ...latencies(full.latencies ?? [])
        }),
        row(`${name}, half load`, {
          perSecond: (half.items * 1_000) / half.elapsedMs,
          limitPerSecond: c.perSecond,
          ...latencies(half.latencies ?? [])
        })
      );
      curve.push([connections, perSecond]);
      p99.push([connections, latencies(full.latencies ?? []).p99Ms ?? 0]);
      for (const [fact, value] of Object.entries(costFacts(cost))) facts[`${connections}: ${fact}`] = value;
      facts[`${connections}: costOfC`] = cost.total / c.cpuMicrosPerItem;
      facts[`${connections}: clientCpuMicros`] = full.cpuMicros / full.items;
    }
    const plots: Plot[] = [
      plot('adhoc-clients', 'Ad hoc certificates over connections', 'per second', curve),
      plot('adhoc-p99', 'Ad hoc answers over connections: p99', 'ms', p99)
    ];
    const c = resultOf(limits);
    return { rows: [row('adhoc/crypto limit C', c), ...rows], facts, plots };
  } finally {
    await load.close();
  }
}

function plot(name: string, title: string, y: string, points: [number, number][]): Plot {
  return { name, title, x: 'connections', y, logX: true, series: [{ label: 'full load', points }] };
}

/** Ad hoc clients in a process of their own, with requests for devices that have had a certificate before. */
export interface AdHocLoad {
  readonly bench: BenchSystem;
  /** Sends the next `count` requests. Throws when one was not answered with a certificate. */
  run(load: {
    readonly connections: number;
    readonly count: number;
    readonly perSecond?: number;
  }): Promise<AdHocRound>;
  /** Ends the clients and the system. */
  close(): Promise<void>;
}

export async function openAdHocLoad(
  context: BenchContext,
  bench: BenchSystem,
  requests: number
): Promise<AdHocLoad> {
  let worker: Worker<'adhoc'> | undefined;
  const close = async (): Promise<void> => {
    await worker?.close();
    await bench.stop();
  };
  try {
    const first = bench.take(requests);
    await seedDevices(bench, first, requests);
    worker = await startWorker('adhoc', {
      url: bench.system.url('ra', 'public') + adHocPath,
      parties: bench.parties.map(({ files }) => files),
      requests: packRequests(await context.requests(first, requests))
    });
    const clients = worker;
    let sent = 0;
    return {
      bench,
      async run(load) {
        const round = await clients.run({ ...load, first: sent });
        sent += load.count;
        if (round.items !== load.count)
          throw new Error(
            `not every answer was a certificate: ${JSON.stringify({ ...round.statuses, ...round.codes })}`
          );
        return round;
      },
      close
    };
  } catch (error) {
    await close();
    throw error;
  }
}

/** The ad hoc service replaces (SEC Appendix M 2.4): the devices' first certificates are counted as issued before. */
async function seedDevices({ admin }: BenchSystem, first: number, count: number): Promise<void> {
  const devices = new Set(
    Array.from({ length: count }, (_, at) => eui64ToSigned(deviceOf(first + at)).toString())
  );
  await admin.query(
    'insert into ra.device_counter (eui, issued, reserved) select unnest($1::bigint[]), 1, 0 on conflict (eui) do nothing',
    [[...devices]]
  );
}
