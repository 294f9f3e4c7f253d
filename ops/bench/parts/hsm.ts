import { randomBytes } from 'node:crypto';
import { mintPermit, type SignRequest } from '../../../hsm/index.js';
import type { Bench, BenchContext, PlannedPoint } from '../context.js';
import { childrenOf, cpuMicros, peakMiB } from '../process-cost.js';
import type { Point } from '../result-file.js';
import { row } from '../row.js';
import { interleave, of, type Case, type Round } from '../rounds.js';
import { latencies, median } from '../statistics.js';
import { signerPlace, startStandSigner, type StandSigner } from '../stand/stand.js';

export const hsmBench: Bench = {
  name: 'hsm',
  summary: 'the signer (permits, queue, descriptor, a process of its own) against the module driven bare',
  plan(context): readonly PlannedPoint[] {
    const counts = context.options.workers ?? [1, 2];
    return [
      ...counts.map(count => ({
        key: `${count} processes`,
        measure: () => measureProcesses(context, count)
      })),
      { key: 'latency', measure: () => measureLatency(context) }
    ];
  }
};

const groups = [1, 64, 500] as const;

/** As many octets as a to-be-signed device certificate has, about. Permits differ, what is signed need not. */
const data = randomBytes(330);

async function measureProcesses(context: BenchContext, processes: number): Promise<Point> {
  const stand = await context.stand();
  const limit = await context.limit();
  const sessions = context.options.quick ? [2] : [1, 2, 4];
  const signers: { sessions: number; opened: StandSigner }[] = [];
  try {
    for (const count of sessions) {
      const opened = await startStandSigner(signerPlace(stand), { processes, sessions: count });
      signers.push({ sessions: count, opened });
    }
    const clientCases = signers.flatMap(({ sessions: count, opened }) =>
      groups.map((group): Case => ({
        name: caseName(processes, count, group),
        run: ms => signFor(opened, stand.deviceKey.keyLabel, { ms, group, processes })
      }))
    );
    const bare: Case = {
      name: 'bare',
      run: ms => limit.measure(ms, 'sign', Math.min(processes, limit.processes))
    };
    const results = await interleave(
      [bare, ...clientCases],
      context.options.quick ? { rounds: 3, ms: 500 } : { rounds: 7, ms: 2_000 }
    );
    const limitPerSecond = of(results, 'bare').perSecond;
    const facts: Record<string, number> = {
      barePerSecond: limitPerSecond,
      bareCpuMicros: of(results, 'bare').cpuMicrosPerItem
    };
    const rss = Math.max(...childrenOf(process.pid).map(peakMiB));
    const rows = clientCases.map(({ name }) => {
      const result = of(results, name);
      facts[`${name} cost`] = result.cpuMicrosPerItem / of(results, 'bare').cpuMicrosPerItem;
      return row(`hsm/${name}`, {
        ...{ perSecond: result.perSecond, limitPerSecond, rssMiB: rss },
        ...latencies(result.latencies),
        cpuMicrosPerItem: result.cpuMicrosPerItem
      });
    });
    const { perSecond, cpuMicrosPerItem } = of(results, 'bare');
    return { rows: [row(`hsm/bare, ${count(processes)}`, { perSecond, cpuMicrosPerItem }), ...rows], facts };
  } finally {
    for (const { opened } of signers) await opened.signer.close();
  }
}

/** One call at a time on an idle signer: what the way to the token and back adds to it. */
async function measureLatency(context: BenchContext): Promise<Point> {
  const stand = await context.stand();
  const limit = await context.limit();
  const opened = await startStandSigner(signerPlace(stand), { processes: 1 });
  try {
    const key = stand.deviceKey.keyLabel;
    const results = await interleave(
      [
        { name: 'bare', run: ms => limit.timed(ms, 'sign') },
        { name: 'client', run: ms => signFor(opened, key, { ms, group: 1, processes: 1, inFlight: 1 }) }
      ],
      context.options.quick ? { rounds: 3, ms: 300 } : { rounds: 9, ms: 1_000 }
    );
    const bare = of(results, 'bare');
    const client = of(results, 'client');
    const added = median(client.latencies) - median(bare.latencies);
    return {
      rows: [
        row('hsm/bare, one call at a time', { ...bare, ...latencies(bare.latencies) }),
        row('hsm/client, one call at a time', {
          ...client,
          limitPerSecond: bare.perSecond,
          ...latencies(client.latencies)
        })
      ],
      facts: { addedMs: added },
      notes: [
        `one call through the signer takes ${(added * 1_000).toFixed(0)} us more than the module driven bare`
      ]
    };
  } finally {
    await opened.signer.close();
  }
}

/** Keeps the signer busy with groups for so long: each call is one `signMany`, its time that of a group. */
async function signFor(
  { signer, permitSecret }: StandSigner,
  key: string,
  load: {
    readonly ms: number;
    readonly group: number;
    readonly processes: number;
    readonly inFlight?: number;
  }
): Promise<Round> {
  const children = childrenOf(process.pid);
  const cpuBefore = children.map(cpuMicros);
  const cpu = process.cpuUsage();
  const times: number[] = [];
  const began = performance.now();
  let items = 0;
  const caller = async (): Promise<void> => {
    while (performance.now() - began < load.ms) {
      const requests = Array.from({ length: load.group }, () => request(permitSecret, key));
      const before = performance.now();
      const outcomes = await signer.signMany(requests);
      times.push(performance.now() - before);
      for (const outcome of outcomes) if (!outcome.ok) throw outcome.error;
      items += outcomes.length;
    }
  };
  // DESIGN: enough calls that no process waits for the next: 256 single ones, or three groups for each.
  const callers = load.inFlight ?? (load.group === 1 ? 256 : 3 * load.processes);
  await Promise.all(Array.from({ length: callers }, caller));
  const { user, system } = process.cpuUsage(cpu);
  const inChildren = children.reduce((sum, pid, at) => sum + cpuMicros(pid) - (cpuBefore[at] ?? 0), 0);
  return {
    items,
    elapsedMs: performance.now() - began,
    cpuMicros: user + system + inChildren,
    latencies: times
  };
}

function request(permitSecret: Uint8Array, key: string): SignRequest {
  return {
    ...{ key, data, purpose: 'certificate' },
    permit: mintPermit(permitSecret, key, 'certificate', data, permitId())
  };
}

const origin = randomBytes(12);
let issued = 0;

/** Of an origin and a count, as the CA's are of an intent and an item: not drawn for each signature. */
function permitId(): Uint8Array {
  const id = Buffer.allocUnsafe(16);
  id.set(origin);
  id.writeUInt32BE(++issued, 12);
  return id;
}

function caseName(processes: number, sessions: number, group: number): string {
  const opened = sessions === 1 ? '1 session' : `${sessions} sessions`;
  return `client, ${count(processes)}, ${opened}, groups of ${group}`;
}

function count(processes: number): string {
  return processes === 1 ? '1 process' : `${processes} processes`;
}
