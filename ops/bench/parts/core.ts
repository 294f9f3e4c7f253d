import { generateKeyPairSync } from 'node:crypto';
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { migrations as caMigrations } from '../../../ca/index.js';
import type { Bench, BenchContext } from '../context.js';
import { sharesOf } from '../cpu-profile.js';
import type { Point } from '../result-file.js';
import { row } from '../row.js';
import { resultOf, together, type Round } from '../rounds.js';
import {
  connectAdmin,
  postgresCpuMicros,
  postgresPeakMiB,
  startBenchDatabase,
  storedOctets
} from '../stand/database.js';
import { signerPlace, type Stand } from '../stand/stand.js';
import type { CoreOptions, CoreRound } from '../worker/core.js';
import { packRequests } from '../worker/requests.js';
import { startWorker, type Worker } from '../worker/worker.js';

export const coreBench: Bench = {
  name: 'core',
  summary: 'requests in memory to linted, signed, checked and stored certificates, against the crypto limit',
  plan: context => {
    const counts = context.options.workers ?? (context.options.quick ? [2] : [1, 2, 4]);
    return counts.map(count => ({ key: `${count} workers`, measure: () => measure(context, count) }));
  }
};

/** DESIGN: what a batch is cut into; the CA takes at most 1,000 in one order. */
const group = 500;

/** CA processes on one database, each with its own signer, in turns with the crypto limit. */
async function measure(context: BenchContext, count: number): Promise<Point> {
  const { quick, requests: asked } = context.options;
  const stand = await context.stand();
  const limit = await context.limit();
  const folder = join(context.folder, `core-${count}`);
  const database = await startBenchDatabase(folder);
  const workers: Worker<'core'>[] = [];
  try {
    const prepared = await database.prepare({ ca: caMigrations });
    const shared = await coreOptions(context, stand, prepared.urls.get('ca') ?? '', join(folder, 'audit'));
    for (let n = 1; n <= count; n++)
      workers.push(
        await startWorker(
          'core',
          { ...shared, instance: `ca-${n}` },
          { env: stand.env, profile: context.options.profile }
        )
      );
    const admin = await connectAdmin(databaseUrl(database.adminUrl, prepared.database));
    try {
      const certificates = (asked?.[0] ?? (quick ? 4_000 : 50_000)) / count;
      const rounds: Round[] = [];
      const limits: Round[] = [];
      let profiled: readonly CoreRound[] = [];
      let parts = { ca: 0, signer: 0, postgres: 0 };
      let items = 0;
      const before = await storedOctets(admin);
      const turns = quick ? 3 : 5;
      // The first turn warms up, the last one is profiled: neither counts.
      for (let turn = 0; turn <= turns; turn++) {
        limits.push(await limit.measure(quick ? 1_000 : 3_000));
        const postgresBefore = postgresCpuMicros(database.pid);
        const ran = await Promise.all(
          workers.map(worker =>
            worker.run({ certificates: Math.ceil(certificates), group, profiled: turn === turns })
          )
        );
        const postgres = postgresCpuMicros(database.pid) - postgresBefore;
        if (turn === turns) profiled = ran;
        else if (turn > 0) {
          const sum = (of: (round: CoreRound) => number): number =>
            ran.reduce((total, one) => total + of(one), 0);
          const cost = { ca: sum(one => one.cpuMicros), signer: sum(one => one.signerCpuMicros), postgres };
          parts = {
            ca: parts.ca + cost.ca,
            signer: parts.signer + cost.signer,
            postgres: parts.postgres + postgres
          };
          const merged = together(ran);
          items += merged.items;
          rounds.push({ ...merged, cpuMicros: cost.ca + cost.signer + cost.postgres });
        }
      }
      const after = await storedOctets(admin);
      const all = items + 2 * Math.ceil(certificates) * count;
      const c = resultOf(limits);
      const core = resultOf(rounds);
      const rssMiB = Math.max(...profiled.flatMap(one => [one.rssMiB, one.signerRssMiB]));
      const facts = {
        limitPerSecond: c.perSecond,
        limitCpuMicros: c.cpuMicrosPerItem,
        caCpuMicros: parts.ca / items,
        signerCpuMicros: parts.signer / items,
        postgresCpuMicros: parts.postgres / items,
        costOfC: core.cpuMicrosPerItem / c.cpuMicrosPerItem,
        octetsPerCertificate: ((after.schemas['ca'] ?? 0) - (before.schemas['ca'] ?? 0)) / all,
        walPerCertificate: (after.wal - before.wal) / all,
        commitsPerCertificate: (after.commits - before.commits) / all,
        postgresPeakMiB: postgresPeakMiB(database.pid)
      };
      const stages: Record<string, number> = {
        'signer process': parts.signer / items,
        PostgreSQL: parts.postgres / items
      };
      const profiledMicros = profiled
        .flatMap(one => Object.values(one.stages ?? {}))
        .reduce((a, b) => a + b, 0);
      for (const one of profiled)
        for (const [stage, micros] of Object.entries(one.stages ?? {}))
          stages[stage] = (stages[stage] ?? 0) + (micros / profiledMicros) * (parts.ca / items);
      return {
        rows: [
          row(`core/crypto limit C, ${limit.processes} processes`, c),
          row(`core/${count === 1 ? '1 CA process' : `${count} CA processes`}`, {
            perSecond: core.perSecond,
            cpuMicrosPerItem: core.cpuMicrosPerItem,
            limitPerSecond: c.perSecond,
            rssMiB
          })
        ],
        facts,
        stages: sharesOf(stages)
      };
    } finally {
      await admin.end();
    }
  } finally {
    for (const worker of workers) await worker.close();
    await database.stop();
  }
}

async function coreOptions(
  context: BenchContext,
  stand: Stand,
  databaseUrl: string,
  auditDirectory: string
): Promise<Omit<CoreOptions, 'instance'>> {
  const { hierarchy } = stand;
  const issuers = (['oca', 'dca', 'ica'] as const).map(name => ({
    certificate: stand.certificate(`issuing-${name}`).der,
    root: stand.certificate(`root-${name}`).der,
    keyLabel: hierarchy.keyLabels[`issuing-${name}`]
  }));
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
  mkdirSync(auditDirectory, { recursive: true });
  return {
    ...{ databaseUrl, auditDirectory, issuers },
    signer: signerPlace(stand),
    initialCrls: Object.values(hierarchy.lists).map(file => new Uint8Array(readFileSync(file))),
    raKey: {
      pkcs8: privateKey.export({ type: 'pkcs8', format: 'der' }),
      spki: publicKey.export({ type: 'spki', format: 'der' })
    },
    requests: packRequests(await context.requests(0, context.options.quick ? 4_000 : 20_000))
  };
}

function databaseUrl(adminUrl: string, database: string): string {
  const url = new URL(adminUrl);
  url.pathname = `/${database}`;
  return url.href;
}
