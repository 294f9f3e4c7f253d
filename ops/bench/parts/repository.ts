import { readFileSync } from 'node:fs';
import { eui64FromSigned, formatEui64 } from '../../../pki/identifier/index.js';
import { connect, createSql } from '../../database/index.js';
import type { Bench, BenchContext, PlannedPoint } from '../context.js';
import { cpuMicros, peakMiB } from '../process-cost.js';
import type { Point } from '../result-file.js';
import { number, row, type BenchRow } from '../row.js';
import { interleave, of, type Case } from '../rounds.js';
import { latencies } from '../statistics.js';
import { postgresCpuMicros } from '../stand/database.js';
import { createRows, groupTables, openWriter } from '../stand/rows.js';
import { readCertificate } from '../stand/stand.js';
import { startBenchSystem, type BenchSystem } from '../stand/system.js';
import { lookups, type LookupOptions, type Lookup } from '../worker/lookup.js';
import { startWorker, type Worker } from '../worker/worker.js';

export const repositoryBench: Bench = {
  name: 'repository',
  summary: 'look-ups over HTTP by serial number and EUI-64, against the bare indexed query',
  plan(context): readonly PlannedPoint[] {
    const { quick, clients, tables } = context.options;
    const counts = clients ?? (quick ? [32] : [1, 8, 32, 128]);
    const size = tables?.[0] ?? (quick ? 5_000 : 1_000_000);
    return [{ key: `${number(size)} certificates`, measure: () => measure(context, counts, size) }];
  }
};

/** What each look-up over HTTP is held against. Audited: its query stands in the audit log before the answer leaves. */
const against: Readonly<Partial<Record<Lookup, { readonly bare: Lookup; readonly title: string }>>> = {
  download: { bare: 'bare serial', title: 'by serial number, GET, audited' },
  retrieve: { bare: 'bare serial', title: 'by serial number, audited' },
  search: { bare: 'bare eui', title: 'by EUI-64, audited' },
  'retrieve unaudited': { bare: 'bare serial', title: 'by serial number, without audit' },
  'search unaudited': { bare: 'bare eui', title: 'by EUI-64, without audit' }
};

async function measure(context: BenchContext, counts: readonly number[], size: number): Promise<Point> {
  const bench = await startBenchSystem(context, { name: 'repository', profile: context.options.profile });
  let unaudited: Worker<'unaudited'> | undefined;
  let worker: Worker<'lookup'> | undefined;
  try {
    await fill(context, bench, size);
    const listener = await startWorker('unaudited', {
      databaseUrl: readFileSync(bench.system.data.path('secrets', 'repository.database-url'), 'utf8').trim(),
      anchors: (['root-oca', 'root-dca', 'root-ica'] as const).map(
        root => readCertificate(bench.system.hierarchy.certificates[root]).der
      )
    });
    unaudited = listener;
    const clients = await startWorker('lookup', await lookupOptions(bench, await listener.run(null)));
    worker = clients;
    const cost = (): number => serverCpu(bench) + listener.cpuMicros();
    const rows: BenchRow[] = [];
    const facts: Record<string, number> = { certificates: size };
    const curves = new Map<string, (readonly [number, number])[]>();
    for (const count of counts) {
      const cases = lookups.map((what): Case => ({
        name: what,
        async run(ms) {
          const before = cost();
          const round = await clients.run({ what, clients: count, ms });
          // The clients' own CPU is nobody's cost here, but for the bare query the driver is a part of it.
          const driver = what.startsWith('bare') ? round.cpuMicros : 0;
          return { ...round, cpuMicros: driver + cost() - before };
        }
      }));
      const { quick } = context.options;
      const results = await interleave(cases, quick ? { rounds: 3, ms: 700 } : { rounds: 5, ms: 3_000 });
      const rssMiB = Math.max(
        ...bench.system.processes.repository.map(process => peakMiB(process.pid() ?? 0))
      );
      const at = count === 1 ? '1 connection' : `${count} connections`;
      for (const what of lookups) {
        const { perSecond, cpuMicrosPerItem, latencies: times } = of(results, what);
        const limit = against[what];
        const title = limit?.title ?? what;
        rows.push(
          row(`repository/${title}, ${at}`, {
            ...{ perSecond, cpuMicrosPerItem, ...latencies(times) },
            ...(limit === undefined ? {} : { limitPerSecond: of(results, limit.bare).perSecond, rssMiB })
          })
        );
        facts[`${count}: ${what} perSecond`] = perSecond;
        facts[`${count}: ${what} cpuMicros`] = cpuMicrosPerItem;
        curves.set(title, [...(curves.get(title) ?? []), [count, perSecond]]);
      }
    }
    const series = [...curves].map(([label, points]) => ({ label, points }));
    const title = 'Look-ups over connections';
    return {
      ...{ rows, facts },
      plots: [{ name: 'repository-clients', title, x: 'connections', y: 'per second', logX: true, series }]
    };
  } finally {
    await worker?.close();
    await unaudited?.close();
    await bench.stop();
  }
}

function serverCpu({ system }: BenchSystem): number {
  const server = system.postgres();
  return (
    system.processes.repository.reduce((sum, process) => sum + cpuMicros(process.pid() ?? 0), 0) +
    (server === undefined ? 0 : postgresCpuMicros(server.pid))
  );
}

/** Certificates as publications leave them, written past the repository; it reads them as any others. */
async function fill(context: BenchContext, { system, admin }: BenchSystem, size: number): Promise<void> {
  const issuer = readCertificate(system.hierarchy.certificates['issuing-dca']);
  const { rows: issuers } = await admin.query<{ id: number }>(
    'select id from repository.issuer where name = $1',
    [Buffer.from(issuer.subject.der)]
  );
  const { rows: last } = await admin.query<{ last: string }>(
    'select coalesce(max(id), 0)::text as last from repository.publication'
  );
  const knex = connect(system.databaseUrl, { applicationName: 'bench', statementTimeoutMs: 600_000 });
  try {
    const writer = await openWriter(knex, createSql(), 'repository', groupTables.repository);
    const group = createRows({
      ...{ issuer, issuerNumber: issuers[0]?.id ?? 1, policy: system.policy },
      // Far above what the system's own publications will reach.
      after: BigInt(last[0]?.last ?? 0) + 1_000_000n
    });
    context.report(`  filling the repository with ${number(size)} certificates`);
    for (let written = 0; written < size; written += 500) await writer.write(group(500));
    await admin.query('vacuum analyze');
  } finally {
    await knex.destroy();
  }
}

/** DESIGN: enough that nothing is found because it was just asked for, few enough for a worker to hold. */
const keys = 20_000;

async function lookupOptions({ system, admin }: BenchSystem, unauditedUrl: string): Promise<LookupOptions> {
  const { rows } = await admin.query<{ serial: string; eui: string }>(
    `select serial::text, eui::text from repository.certificate where kind = 'device' order by random() limit ${keys}`
  );
  return {
    url: system.url('repository', 'public'),
    unauditedUrl,
    apiKey: system.repositoryApiKey,
    databaseUrl: system.databaseUrl,
    keys: rows.map(({ serial, eui }) => ({
      serial: serial.replaceAll('-', '').toUpperCase(),
      eui: formatEui64(eui64FromSigned(BigInt(eui))),
      signedEui: eui
    }))
  };
}
