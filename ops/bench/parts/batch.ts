import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Bench, BenchContext, PlannedPoint } from '../context.js';
import { readProfiles, sharesOf } from '../cpu-profile.js';
import type { Plot, Point } from '../result-file.js';
import { number, row } from '../row.js';
import { resultOf } from '../rounds.js';
import { runBatches, type BatchRun } from '../stand/batch-run.js';
import { components, startBenchSystem, type BenchSystem, type BenchSystemOptions } from '../stand/system.js';
import { costFacts } from '../system-cost.js';

export const batchBench: Bench = {
  name: 'batch',
  summary:
    'upload of batches to published certificates and results through the real services, against the crypto limit',
  plan(context): readonly PlannedPoint[] {
    const { quick, requests, inFlight, workers, night } = context.options;
    const sizes = requests ?? (quick ? [2_000] : [100, 1_000, 10_000, 50_000]);
    const together = inFlight ?? (quick ? [] : [1, 2, 4, 8]);
    const counts = workers ?? (quick ? [] : [1, 2, 3]);
    const largest = Math.max(...sizes);
    const systems = oneSystemAtATime(context);
    return [
      ...sizes.map(size => ({
        key: `${number(size)} requests`,
        measure: async () =>
          measure(context, await systems.use({ name: 'batch', parties: 2 }), { size, batches: 1 })
      })),
      ...together.map(batches => ({
        key: `${batches} in flight`,
        measure: async () =>
          measure(context, await systems.use({ name: 'batch', parties: 2 }), {
            size: Math.min(10_000, largest),
            batches
          })
      })),
      ...counts.map(count => ({
        key: `${count} CA processes`,
        measure: async () =>
          measure(
            context,
            await systems.use({ name: `batch-${count}-ca`, parties: 2, instances: { ca: count } }),
            {
              size: largest,
              batches: 1
            }
          )
      })),
      ...(quick
        ? []
        : [{ key: 'stages', measure: () => measureStages(context, systems, Math.min(20_000, largest)) }]),
      ...(night === true
        ? [{ key: 'night', measure: () => measureNight(context, systems, Math.min(nightRequests, largest)) }]
        : [])
    ];
  }
};

/** DESIGN: ten times what the target allows for one certificate, and a minute for whatever waits at the start. */
function patience(certificates: number): number {
  return 60_000 + certificates * 10;
}

async function measure(
  context: BenchContext,
  bench: BenchSystem,
  { size, batches }: { readonly size: number; readonly batches: number }
): Promise<Point> {
  const { quick } = context.options;
  const limit = await context.limit();
  const limitMs = quick ? 1_000 : 5_000;
  if (bench.take(0) === 0) {
    context.report('  a batch to warm up');
    await runBatches(context, bench, { size: Math.min(1_000, size), batches: 1, withinMs: patience(1_000) });
  }
  const limits = [await limit.measure(limitMs)];
  const run = await runBatches(context, bench, { size, batches, withinMs: patience(size * batches) });
  limits.push(await limit.measure(limitMs), await limit.measure(limitMs));
  const c = resultOf(limits);
  const instances = bench.system.processes.ca.length;
  const name = `batch/${batches === 1 ? '' : `${batches} batches of `}${number(size)} requests${instances === 1 ? '' : `, ${instances} CA processes`}`;
  const rate = (ms: number): number => (run.certificates * 1_000) / ms;
  const rssMiB = Math.max(...Object.values(run.peaks));
  const shared = { limitPerSecond: c.perSecond, cpuMicrosPerItem: run.cost.total, rssMiB };
  return {
    rows: [
      row(`${name}, crypto limit C`, c),
      row(`${name}, from upload`, { ...shared, perSecond: rate(run.elapsedMs) }),
      row(`${name}, from approval`, { ...shared, perSecond: rate(run.fromApprovalMs) })
    ],
    facts: {
      limitPerSecond: c.perSecond,
      limitCpuMicros: c.cpuMicrosPerItem,
      costOfC: run.cost.total / c.cpuMicrosPerItem,
      ...runFacts(run)
    },
    plots: [progressPlot(`batch-${instances}-ca-${batches}x${size}`, name, run)]
  };
}

function runFacts(run: BatchRun): Record<string, number> {
  const facts: Record<string, number> = {
    certificates: run.certificates,
    elapsedMs: run.elapsedMs,
    fromApprovalMs: run.fromApprovalMs,
    uploadMs: run.uploadMs,
    resultsMs: run.resultsMs,
    walOctetsPerCertificate: run.walOctets,
    commitsPerCertificate: run.commits,
    lockWaits: run.lockWaits,
    ...costFacts(run.cost)
  };
  for (const [schema, octets] of Object.entries(run.octets)) facts[`octetsPerCertificate ${schema}`] = octets;
  for (const [process, peak] of Object.entries(run.peaks)) facts[`peakMiB ${process}`] = peak;
  for (const [status, count] of Object.entries(run.statuses)) facts[`status ${status}`] = count;
  return facts;
}

function progressPlot(name: string, title: string, run: BatchRun): Plot {
  const rates = run.progress.slice(1).map(([seconds, done], at): [number, number] => {
    const [before, had] = run.progress[at] ?? [0, 0];
    return [seconds, (done - had) / Math.max(0.001, seconds - before)];
  });
  return {
    ...{ name, title: `${title}: certificates per second over time` },
    x: 'seconds from upload',
    y: 'per second',
    series: [{ label: 'settled', points: rates }]
  };
}

/** Where the CPU goes: every process profiled for one batch, the token's and the database's parts by their processes. */
async function measureStages(context: BenchContext, systems: Systems, size: number): Promise<Point> {
  const folder = context.options.profile ?? join(context.folder, 'profiles');
  const bench = await systems.use({ name: 'batch-stages', profile: folder });
  await runBatches(context, bench, { size: 1_000, batches: 1, withinMs: patience(1_000) });
  const { cost } = await runBatches(context, bench, { size, batches: 1, withinMs: patience(size) });
  const instances = components.flatMap(component =>
    bench.system.processes[component].map(({ instance }) => ({ component, instance }))
  );
  // A process writes its profile when it ends.
  await systems.close();
  const postgres = costFacts(cost)['postgresCpuMicros'] ?? 0;
  const parts: Record<string, number> = { 'signer processes': cost.signers, PostgreSQL: postgres };
  for (const component of components) {
    const profiles = instances
      .filter(one => one.component === component)
      .map(({ instance }) => readProfiles(join(folder, instance)));
    const all = profiles.flatMap(profile => Object.values(profile)).reduce((a, b) => a + b, 0);
    for (const profile of profiles)
      for (const [stage, micros] of Object.entries(profile)) {
        const name = `${component}: ${stage}`;
        parts[name] = (parts[name] ?? 0) + (micros / all) * cost[component];
      }
  }
  return { rows: [], facts: { profiledCpuMicros: cost.total }, stages: sharesOf(parts) };
}

/** Appendix N's night of 375,000 requests, in equal batches. */
const nightBatches = 15;
const nightRequests = 25_000;

/** The window opens, closes in the middle of the work and opens again: told by the clock, which the file moves. */
async function measureNight(context: BenchContext, systems: Systems, size: number): Promise<Point> {
  const clockFile = join(context.folder, 'clock');
  let aheadMs = 0;
  const setHour = (hour: number): void => {
    // Forwards only, by a day where the hour has passed: no clock of a running system goes back.
    let until = msUntilHour(hour);
    while (until < aheadMs) until += 24 * 3_600_000;
    aheadMs = until;
    writeFileSync(clockFile, String(aheadMs));
  };
  // TLS goes by the machine's clock: the clients get their certificates before the components' clock is moved.
  writeFileSync(clockFile, '0');
  const bench = await systems.use({ name: 'batch-night', parties: 4, clockFile });
  setHour(21);
  let pausedAt: number | undefined;
  let pausedMs = 0;
  const run = await runBatches(context, bench, {
    size,
    batches: nightBatches,
    withinMs: patience(size * nightBatches),
    seen({ state }, done) {
      if (pausedAt === undefined && done > (size * nightBatches) / 2) {
        pausedAt = performance.now();
        setHour(9);
      } else if (state === 'PAUSED' && pausedAt !== undefined && pausedMs === 0) {
        pausedMs = performance.now() - pausedAt;
        setHour(21);
      }
    }
  });
  return {
    rows: [
      row(`batch/night of ${number(size * nightBatches)} requests, one pause`, {
        perSecond: (run.certificates * 1_000) / run.elapsedMs,
        cpuMicrosPerItem: run.cost.total,
        rssMiB: Math.max(...Object.values(run.peaks))
      })
    ],
    facts: { pausedMs, ...runFacts(run) },
    plots: [progressPlot('batch-night', `A night of ${number(size * nightBatches)} requests`, run)],
    notes: pausedMs === 0 ? ['no batch was seen PAUSED'] : []
  };
}

/** Milliseconds to the next full hour of that number, local time of the policy's figures. */
function msUntilHour(hour: number): number {
  const now = new Date();
  const london = new Date(now.toLocaleString('en-US', { timeZone: 'Europe/London' }));
  const hours = (hour - london.getHours() + 24) % 24;
  return hours * 3_600_000;
}

interface Systems {
  use(options: BenchSystemOptions): Promise<BenchSystem>;
  close(): Promise<void>;
}

/** Two systems at once would share the cores that one is measured on. */
function oneSystemAtATime(context: BenchContext): Systems {
  let current: { name: string; bench: BenchSystem } | undefined;
  const close = async (): Promise<void> => {
    const running = current;
    current = undefined;
    await running?.bench.stop();
  };
  context.onClose(close);
  return {
    close,
    async use(options) {
      if (current?.name === options.name) return current.bench;
      await close();
      const profile = options.profile ?? context.options.profile;
      current = {
        name: options.name,
        bench: await startBenchSystem(context, { ...options, profile })
      };
      return current.bench;
    }
  };
}
