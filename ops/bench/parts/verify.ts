import { loadPointVerifier } from '../../native/point-verifier.js';
import type { Bench, BenchContext } from '../context.js';
import type { Point } from '../result-file.js';
import { row } from '../row.js';
import { interleave, of, together, type Case, type Round } from '../rounds.js';
import { checkSamples } from '../stand/check-samples.js';
import { latencies } from '../statistics.js';
import { checkNames, isNative, type CheckName } from '../worker/checks.js';
import { hasThreads, startThread, startWorker, type Worker } from '../worker/worker.js';

export const verifyBench: Bench = {
  name: 'verify',
  summary:
    'proof of possession, verification of certificates and paths, building and lint, against one bare verification and one signature',
  plan: context => [
    { key: 'checks', measure: () => measureChecks(context) },
    { key: 'cores', measure: () => measureCores(context) }
  ]
};

/** Each check against the bare operation it stands on, on one process. */
async function measureChecks(context: BenchContext): Promise<Point> {
  const limit = await context.limit();
  const worker = await startWorker('checks', await checkSamples(context), {
    profile: context.options.profile
  });
  try {
    const native = loadPointVerifier() !== undefined;
    const measured = checkNames.filter(name => native || !isNative(name));
    const cases: Case[] = [
      ...measured.map(what => ({ name: what, run: (ms: number) => worker.run({ what, ms }) })),
      { name: 'token signature', run: ms => limit.measure(ms, 'sign', 1) }
    ];
    const results = await interleave(
      cases,
      context.options.quick ? { rounds: 3, ms: 300 } : { rounds: 9, ms: 1_000 }
    );
    const bare = of(results, 'bare');
    const signature = of(results, 'token signature');
    const limitOf: Readonly<Record<CheckName, typeof bare>> = {
      bare,
      possession: bare,
      request: bare,
      signature: bare,
      issued: bare,
      'parse-and-issued': bare,
      device: bare,
      organisation: bare,
      path: bare,
      'path with lists': bare,
      template: signature,
      lint: signature,
      'possession, native': bare,
      'signature, native': bare,
      'issued, native': bare,
      'device, native': bare,
      'organisation, native': bare
    };
    const facts: Record<string, number> = { tokenSignatureCpuMicros: signature.cpuMicrosPerItem };
    const rows = measured.map(name => {
      const { perSecond, cpuMicrosPerItem } = of(results, name);
      // By CPU and not by time: that holds on a machine that does other things as well.
      facts[`${name}Cost`] = cpuMicrosPerItem / limitOf[name].cpuMicrosPerItem;
      facts[`${name}CpuMicros`] = cpuMicrosPerItem;
      return row(`verify/${name}`, {
        ...{ perSecond, cpuMicrosPerItem },
        limitPerSecond: limitOf[name].perSecond,
        rssMiB: worker.peakMiB()
      });
    });
    rows.push(
      row('verify/token signature, bare', {
        perSecond: signature.perSecond,
        cpuMicrosPerItem: signature.cpuMicrosPerItem
      })
    );
    return { rows, facts };
  } finally {
    await worker.close();
  }
}

const spread: readonly CheckName[] = ['bare', 'possession', 'issued', 'device', 'organisation'];

/**
 * One and two processes, one and two threads: what contends shows here. Each call is timed, and each case is held
 * against the bare one on as many.
 */
async function measureCores(context: BenchContext): Promise<Point> {
  const options = await checkSamples(context);
  const kinds = hasThreads ? (['process', 'thread'] as const) : (['process'] as const);
  const workers: Record<(typeof kinds)[number], Worker<'checks'>[]> = { process: [], thread: [] };
  const name = (what: string, kind: string, count: number): string => `${what}, ${plural(count, kind)}`;
  try {
    for (let n = 0; n < 2; n++)
      for (const kind of kinds)
        workers[kind].push(await (kind === 'process' ? startWorker : startThread)('checks', options));
    const cases = spread.flatMap(what =>
      kinds.flatMap(kind =>
        [1, 2].map((count): Case => ({
          name: name(what, kind, count),
          run: async ms => {
            const rounds = await Promise.all(
              workers[kind].slice(0, count).map(worker => worker.run({ what, ms, timed: true }))
            );
            return kind === 'process' ? together(rounds) : inOneProcess(rounds);
          }
        }))
      )
    );
    const { quick } = context.options;
    const results = await interleave(cases, quick ? { rounds: 3, ms: 200 } : { rounds: 7, ms: 1_000 });
    const facts: Record<string, number> = {};
    const rows = spread.flatMap(what => {
      const alone = of(results, name(what, 'process', 1)).perSecond;
      return kinds.flatMap(kind =>
        [1, 2].map(count => {
          const measured = of(results, name(what, kind, count));
          const { perSecond, cpuMicrosPerItem } = measured;
          const bare = of(results, name('bare', kind, count));
          facts[`${name(what, kind, count)} speed-up`] = perSecond / alone;
          facts[`${name(what, kind, count)} cost`] = cpuMicrosPerItem / bare.cpuMicrosPerItem;
          return row(`verify/${name(what, kind, count)}`, {
            ...{ perSecond, cpuMicrosPerItem, ...latencies(measured.latencies) },
            limitPerSecond: bare.perSecond
          });
        })
      );
    });
    const series = spread.flatMap(what =>
      kinds.map(kind => ({
        label: `${what}, ${plural(2, kind)}`,
        points: [1, 2].map(count => [count, of(results, name(what, kind, count)).perSecond] as const)
      }))
    );
    const title = 'Verification over processes and threads';
    return {
      ...{ rows, facts },
      plots: [{ name: 'verify-cores', title, x: 'processes or threads', y: 'per second', series }]
    };
  } finally {
    for (const worker of Object.values(workers).flat()) await worker.close();
  }
}

function plural(count: number, one: string): string {
  if (count === 1) return `1 ${one}`;
  return `${count} ${one === 'process' ? 'processes' : `${one}s`}`;
}

/** Each thread sees the CPU of the whole process. */
function inOneProcess(rounds: readonly Round[]): Round {
  return { ...together(rounds), cpuMicros: Math.max(...rounds.map(({ cpuMicros }) => cpuMicros)) };
}
