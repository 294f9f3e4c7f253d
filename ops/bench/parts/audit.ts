import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { judgeByOpenssl } from '../audit/openssl.js';
import { judgeProfiles, type AuditedItem } from '../audit/profile.js';
import { judgeBooks, judgeDownloads, judgeLedgers, judgeLogs } from '../audit/records.js';
import type { Bench, BenchContext, PlannedPoint } from '../context.js';
import type { Point } from '../result-file.js';
import { number, row } from '../row.js';
import { approveBatch, batchClient, insist, publishedCount, whenCompleted } from '../stand/batches.js';
import { readCertificate } from '../stand/stand.js';
import { components, startBenchSystem, type BenchSystem } from '../stand/system.js';
import { deviceOf } from '../worker/requests.js';

export const auditBench: Bench = {
  name: 'audit',
  summary:
    'every certificate of a batch, judged by OpenSSL, profile, ledgers, repository and audit logs; 1 on any finding',
  plan(context): readonly PlannedPoint[] {
    const { quick, requests } = context.options;
    return (requests ?? [quick ? 500 : 50_000]).map(size => ({
      key: `${number(size)} requests`,
      measure: () => measure(context, size)
    }));
  }
};

/** DESIGN: what relying parties get is asked of so many; all are compared in the repository's table. */
const downloaded = 1_000;
/** More of one kind says nothing new. */
const maxTold = 20;

async function measure(context: BenchContext, size: number): Promise<Point> {
  const bench = await startBenchSystem(context, { name: 'audit' });
  try {
    const began = performance.now();
    const { batchId, items, findings } = await certify(context, bench, size);
    let wrong = findings.length;
    const issuedMs = performance.now() - began;
    const facts: Record<string, number> = { requests: size, certificates: items.length };
    const judge = async (
      what: string,
      judged: number,
      work: () => Promise<string[]> | string[]
    ): Promise<void> => {
      context.report(`  ${what}: ${number(judged)}`);
      const found = await work();
      facts[`judged ${what}`] = judged;
      facts[`findings ${what}`] = found.length;
      findings.push(...found.slice(0, maxTold));
      wrong += found.length;
    };
    facts['findings results'] = findings.length;
    const { system, admin } = bench;
    const { certificates } = system.hierarchy;
    const issuer = readCertificate(certificates['issuing-dca']);
    const { policy } = system;
    await judge('profile', items.length, () => judgeProfiles(items, { issuer, policy, at: new Date() }));
    await judge('ledgers', items.length, () => judgeLedgers(admin, items));
    const step = Math.max(1, Math.floor(items.length / downloaded));
    const sample = items.filter((_, at) => at % step === 0).slice(0, downloaded);
    await judge('downloads', sample.length, () => judgeDownloads(system, sample));
    await judge('books', items.length, () => judgeBooks(bench, { batchId, requests: size, items }));
    await judge('logs', components.length, () => judgeLogs(system));
    await judge('OpenSSL', items.length, () => judgePairs(context, bench, items));
    return {
      rows: [
        row(`audit/${number(size)} requests, every certificate judged`, {
          perSecond: (size * 1_000) / issuedMs
        })
      ],
      facts: { ...facts, findings: wrong, auditedMs: performance.now() - began - issuedMs },
      ...(findings.length === 0 ? {} : { findings })
    };
  } finally {
    await bench.stop();
  }
}

interface Certified {
  readonly batchId: string;
  readonly items: readonly AuditedItem[];
  readonly findings: string[];
}

/** Runs a batch to its end; the results have each request once, in the order of the upload. */
async function certify(context: BenchContext, bench: BenchSystem, size: number): Promise<Certified> {
  const first = bench.take(size);
  const requests = await context.requests(first, size);
  const client = batchClient(bench, bench.parties[0]!);
  try {
    await insist(() => client.find(''));
    const published = await publishedCount(bench);
    const batchId = await client.submit('audit', requests);
    await approveBatch(bench, batchId);
    const withinMs = 120_000 + size * 20;
    await whenCompleted(client, batchId, { everyMs: 250, withinMs });
    for (const until = Date.now() + withinMs; (await publishedCount(bench)) < published + size;) {
      if (Date.now() > until) break;
      await sleep(50);
    }
    const outcomes = await client.outcomes(batchId);
    const findings: string[] = [];
    if (outcomes.length !== size) findings.push(`${outcomes.length} results of ${size} requests`);
    const items = requests.flatMap((request, at): AuditedItem[] => {
      const outcome = outcomes[at];
      if (outcome?.id !== `r${at}` || outcome.status !== 'SUCCESS' || outcome.certificate.length === 0) {
        findings.push(
          `r${at}: the results have ${outcome?.id ?? 'nothing'} ${outcome?.status ?? ''} in its place`
        );
        return [];
      }
      const { id, certificate } = outcome;
      const [eui, usage] = [deviceOf(first + at), (first + at) % 2 === 0 ? 'DS' : 'KA'] as const;
      return [{ id, eui, usage, request, certificate }];
    });
    return { batchId, items, findings };
  } finally {
    client.close();
  }
}

async function judgePairs(
  context: BenchContext,
  { system }: BenchSystem,
  items: readonly AuditedItem[]
): Promise<string[]> {
  const folder = join(context.folder, 'audit');
  mkdirSync(folder, { recursive: true });
  const { certificates } = system.hierarchy;
  let told = 0;
  return judgeByOpenssl(
    folder,
    items,
    {
      root: certificates['root-dca'],
      issuing: certificates['issuing-dca'],
      policyOid: system.policy.figures['oid.smki-device'].value[0] ?? ''
    },
    done => {
      if (done - told < 5_000 && done < items.length) return;
      told = done;
      context.report(`    ${number(done)} by OpenSSL`);
    }
  );
}
