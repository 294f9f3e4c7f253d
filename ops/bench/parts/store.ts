import { join } from 'node:path';
import type { Knex } from 'knex';
import type pg from 'pg';
import { migrations as caMigrations } from '../../../ca/index.js';
import { migrations as repositoryMigrations } from '../../../repository/index.js';
import { connect, createSql } from '../../database/index.js';
import type { Sql } from '../../kit/deps.js';
import type { Bench, BenchContext, PlannedPoint } from '../context.js';
import type { Plot, Point } from '../result-file.js';
import { number, row, type BenchRow } from '../row.js';
import { resultOf, type CaseResult, type Round } from '../rounds.js';
import { latencies } from '../statistics.js';
import {
  connectAdmin,
  postgresCpuMicros,
  startBenchDatabase,
  storedOctets,
  type BenchDatabase
} from '../stand/database.js';
import {
  createRows,
  groupTables,
  openWriter,
  type CertificateGroup,
  type GroupWriter,
  type Ledger
} from '../stand/rows.js';

export const storeBench: Bench = {
  name: 'store',
  summary: 'the tables of the CA and the repository as they grow, against a bare COPY of the same octets',
  plan(context): readonly PlannedPoint[] {
    const { tables, quick } = context.options;
    const sizes = tables ?? (quick ? [10_000, 30_000] : [1_000_000, 5_000_000, 10_000_000]);
    const opened = openOnce(context);
    const curve: Curve = new Map();
    return sizes.map(size => ({
      key: `${number(size)} certificates`,
      measure: async () => measure(context, await opened(), size, curve)
    }));
  }
};

const ledgers = ['ca', 'repository'] as const satisfies readonly Ledger[];

/** DESIGN: what a batch is cut into. */
const groupSize = 500;

/**
 * DESIGN: below the indexes of both ledgers at 2 million certificates, so that the larger sizes are measured with
 * indexes that do not fit.
 */
const sharedBuffers = '256MB';

interface Store {
  readonly database: BenchDatabase;
  readonly knex: Knex;
  readonly admin: pg.Client;
  readonly sql: Sql;
  readonly writers: Readonly<Record<Ledger, GroupWriter>>;
  /** Into a table with the columns of the repository's certificates and no index. */
  readonly bare: GroupWriter;
  readonly group: (size: number) => CertificateGroup;
  rows(): Promise<number>;
}

/** Series by label: certificates and what was measured at that size. */
type Curve = Map<string, (readonly [number, number])[]>;

async function measure(context: BenchContext, store: Store, size: number, curve: Curve): Promise<Point> {
  const { quick } = context.options;
  await fill(context, store, size);
  const inserts = await measureInserts(store, quick ? 8 : 60);
  const lookups = await measureLookups(store, quick ? 2_000 : 10_000);
  const rows = await store.rows();
  const octets = await storedOctets(store.admin);
  const bare = inserts.bare;
  const facts: Record<string, number> = { certificates: rows };
  const lines: BenchRow[] = [
    row(`store/bare COPY, ${number(size)} certificates`, {
      perSecond: bare.result.perSecond,
      cpuMicrosPerItem: bare.result.cpuMicrosPerItem
    })
  ];
  const add = (label: string, value: number): void => {
    curve.set(label, [...(curve.get(label) ?? []), [rows, value]]);
  };
  for (const ledger of ledgers) {
    const { result, wal } = inserts[ledger];
    lines.push(
      row(`store/${ledger} insert, groups of ${groupSize}, ${number(size)} certificates`, {
        ...{ perSecond: result.perSecond, limitPerSecond: bare.result.perSecond },
        ...latencies(result.latencies),
        cpuMicrosPerItem: result.cpuMicrosPerItem
      })
    );
    facts[`${ledger} insertPerSecond`] = result.perSecond;
    facts[`${ledger} insertCpuMicros`] = result.cpuMicrosPerItem;
    facts[`${ledger} walOctetsPerCertificate`] = wal;
    facts[`${ledger} octetsPerCertificate`] = (octets.schemas[ledger] ?? 0) / rows;
    add(`${ledger}: insert`, result.perSecond);
  }
  for (const [name, result] of Object.entries(lookups)) {
    lines.push(
      row(`store/look-up by ${name}, ${number(size)} certificates`, {
        perSecond: result.perSecond,
        ...latencies(result.latencies),
        cpuMicrosPerItem: result.cpuMicrosPerItem
      })
    );
    facts[`${name} lookupPerSecond`] = result.perSecond;
    facts[`${name} lookupCpuMicros`] = result.cpuMicrosPerItem;
    add(`look-up by ${name}`, result.perSecond);
  }
  const plot = (name: string, title: string, fits: (label: string) => boolean): Plot => ({
    ...{ name, title, x: 'certificates in the tables', y: 'per second' },
    series: [...curve].filter(([label]) => fits(label)).map(([label, points]) => ({ label, points }))
  });
  return {
    ...{ rows: lines, facts },
    plots: [
      plot('store-insert', 'Insert over table size', label => label.endsWith('insert')),
      plot('store-lookup', 'Look-up over table size', label => label.startsWith('look-up'))
    ]
  };
}

interface Inserted {
  readonly result: CaseResult;
  /** Octets of write-ahead log a certificate. */
  readonly wal: number;
}

/** Groups in turns into the bare table and into each ledger, each committed durably; making them is not timed. */
async function measureInserts(store: Store, groups: number): Promise<Record<'bare' | Ledger, Inserted>> {
  const { database, admin, writers, bare } = store;
  const names = ['bare', ...ledgers] as const;
  const rounds: Record<string, Round[]> = {};
  const wal: Record<string, number> = {};
  const perTurn = 4;
  for (let turn = 0; turn < groups / perTurn; turn++)
    for (const name of names) {
      const made = Array.from({ length: perTurn }, () => store.group(groupSize));
      const walBefore = (await storedOctets(admin)).wal;
      const cpuBefore = postgresCpuMicros(database.pid);
      const times: number[] = [];
      const began = performance.now();
      for (const group of made) {
        const before = performance.now();
        await (name === 'bare' ? bare : writers[name]).write(group);
        times.push(performance.now() - before);
      }
      const elapsedMs = performance.now() - began;
      (rounds[name] ??= []).push({
        items: perTurn * groupSize,
        ...{ elapsedMs, latencies: times },
        cpuMicros: postgresCpuMicros(database.pid) - cpuBefore
      });
      wal[name] = (wal[name] ?? 0) + (await storedOctets(admin)).wal - walBefore;
    }
  await admin.query('truncate bench.certificate');
  const of = (name: string): Inserted => {
    const done = rounds[name] ?? [];
    const items = done.reduce((sum, round) => sum + round.items, 0);
    return { result: overAll(done), wal: (wal[name] ?? 0) / items };
  };
  return { bare: of('bare'), ca: of('ca'), repository: of('repository') };
}

/** Ten milliseconds is the server's clock: the CPU of all rounds together is exact, that of one is not. */
function overAll(rounds: readonly Round[]): CaseResult {
  const items = rounds.reduce((sum, round) => sum + round.items, 0);
  const cpu = rounds.reduce((sum, round) => sum + round.cpuMicros, 0);
  return { ...resultOf(rounds), cpuMicrosPerItem: cpu / items };
}

const statements = {
  'serial number': 'select der from repository.certificate where serial = $1::uuid',
  'EUI-64':
    'select c.der from repository.certificate_status s join repository.certificate c on c.id = s.certificate where s.eui = $1::bigint'
} as const;

/** Prepared single look-ups of certificates drawn at random, sixteen under way. */
async function measureLookups(store: Store, count: number): Promise<Record<string, CaseResult>> {
  const { admin, database, knex, sql } = store;
  const rows = await store.rows();
  // Pages drawn at random, so that what is asked for lies all over the table.
  const share = Math.min(100, Math.max(0.05, (count * 400) / rows));
  const { rows: keys } = await admin.query<{ serial: string; eui: string }>(
    `select serial, eui from repository.certificate tablesample system (${share}) where kind = 'device' order by random() limit ${count}`
  );
  const results: Record<string, CaseResult> = {};
  for (const [name, statement] of Object.entries(statements)) {
    const rounds: Round[] = [];
    const of = (key: (typeof keys)[number]): string => (name === 'EUI-64' ? key.eui : key.serial);
    for (let turn = 0; turn < 5; turn++) {
      const times: number[] = [];
      const cpuBefore = postgresCpuMicros(database.pid);
      const began = performance.now();
      let next = 0;
      await Promise.all(
        Array.from({ length: 16 }, async () => {
          for (let key = keys[next++]; key !== undefined; key = keys[next++]) {
            const before = performance.now();
            const found = await sql.rows(knex, `bench ${name}`, statement, [of(key)]);
            times.push(performance.now() - before);
            if (found.length === 0) throw new Error(`nothing found by ${name}`);
          }
        })
      );
      rounds.push({
        items: keys.length,
        elapsedMs: performance.now() - began,
        cpuMicros: postgresCpuMicros(database.pid) - cpuBefore,
        latencies: times
      });
    }
    // The first turn fetches from the disk what the others find in memory; both are part of the truth.
    results[name] = overAll(rounds);
  }
  return results;
}

/** Brings both ledgers to a number of certificates. */
async function fill(context: BenchContext, store: Store, size: number): Promise<void> {
  let rows = await store.rows();
  const began = Date.now();
  let said = Date.now();
  while (rows < size) {
    const group = store.group(groupSize);
    await Promise.all(ledgers.map(ledger => store.writers[ledger].write(group)));
    rows += groupSize;
    if (Date.now() - said < 15_000) continue;
    said = Date.now();
    context.report(
      `  ${number(rows)} of ${number(size)} certificates, ${Math.round((said - began) / 1_000)} s`
    );
  }
  await store.admin.query('vacuum analyze');
}

function openOnce(context: BenchContext): () => Promise<Store> {
  let store: Promise<Store> | undefined;
  return () => (store ??= open(context));
}

async function open(context: BenchContext): Promise<Store> {
  const stand = await context.stand();
  const settings = context.options.quick ? {} : { shared_buffers: sharedBuffers, max_wal_size: '4GB' };
  const database = await startBenchDatabase(join(context.folder, 'store'), settings);
  context.onClose(() => database.stop());
  const prepared = await database.prepare({ ca: caMigrations, repository: repositoryMigrations });
  const url = new URL(database.adminUrl);
  url.pathname = `/${prepared.database}`;
  const admin = await connectAdmin(url.href);
  context.onClose(() => admin.end());
  const knex = connect(url.href, { applicationName: 'bench', statementTimeoutMs: 600_000 });
  context.onClose(() => knex.destroy());
  await admin.query('create schema if not exists bench');
  await admin.query('create table if not exists bench.certificate (like repository.certificate)');
  await admin.query('truncate bench.certificate');
  const sql = createSql();
  const { rows } = await admin.query<{ last: string }>(
    'select coalesce(max(id), 0)::text as last from repository.publication'
  );
  return {
    ...{ database, knex, admin, sql },
    writers: {
      ca: await openWriter(knex, sql, 'ca', groupTables.ca),
      repository: await openWriter(knex, sql, 'repository', groupTables.repository)
    },
    bare: await openWriter(knex, sql, 'bench', { group: [], each: ['certificate'] }),
    group: createRows({
      ...{ issuer: stand.certificate('issuing-dca'), issuerNumber: 1, policy: stand.policy },
      after: BigInt(rows[0]?.last ?? 0)
    }),
    async rows() {
      const counted = await admin.query<{ n: string }>(
        'select count(*)::text as n from repository.certificate'
      );
      return Number(counted.rows[0]?.n ?? 0);
    }
  };
}
