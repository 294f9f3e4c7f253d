import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import pg from 'pg';
import { auditMigrations } from '../../audit/index.js';
import {
  embeddedBinaries,
  newPassword,
  prepareDatabase,
  startPostgres,
  type PreparedDatabase
} from '../../database/index.js';
import type { Migration } from '../../kit/deps.js';
import { writePrivateFile } from '../../launch/data-directory.js';
import { childrenOf, cpuMicros, cpuMicrosWithEnded, peakMiB } from '../process-cost.js';

/** A PostgreSQL of the benchmarks' own, durable as the product's. */
export interface BenchDatabase {
  readonly pid: number;
  /** Superuser's URL of the database `postgres`. */
  readonly adminUrl: string;
  /** Makes the schemas of components with their tables. */
  prepare(components: Readonly<Record<string, readonly Migration[]>>): Promise<PreparedDatabase>;
  stop(): Promise<void>;
}

export async function startBenchDatabase(
  folder: string,
  settings: Readonly<Record<string, string>> = {}
): Promise<BenchDatabase> {
  // Kept with the folder: a table of millions of rows is used again by the next run.
  const password = secretOf(folder);
  const server = await startPostgres({
    binaries: await embeddedBinaries(),
    directory: join(folder, 'postgres'),
    password,
    settings
  });
  return {
    pid: server.pid,
    adminUrl: server.url,
    prepare: components =>
      prepareDatabase({
        adminUrl: server.url,
        environment: 'test',
        components: Object.entries(components).map(([component, migrations]) => ({
          component,
          migrations: [...auditMigrations(component), ...migrations],
          ownerPassword: newPassword(),
          runtimePassword: newPassword()
        }))
      }),
    stop: () => server.stop()
  };
}

function secretOf(folder: string): string {
  mkdirSync(folder, { recursive: true, mode: 0o711 });
  const file = join(folder, 'postgres.password');
  if (!existsSync(file)) writePrivateFile(file, newPassword());
  return readFileSync(file, 'utf8').trim();
}

/** A superuser's connection to one database of a server, for what no component may see. */
export async function connectAdmin(url: string): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: url, application_name: 'bench' });
  // A server that is killed on purpose ends its connections.
  client.on('error', () => undefined);
  await client.connect();
  return client;
}

/** What a PostgreSQL has used: its CPU with all backends that are and were, in microseconds. */
export function postgresCpuMicros(pid: number): number {
  return childrenOf(pid).reduce((sum, child) => sum + cpuMicros(child), cpuMicrosWithEnded(pid));
}

/** Peak of the largest of its processes. */
export function postgresPeakMiB(pid: number): number {
  return Math.max(...[pid, ...childrenOf(pid)].map(peakMiB));
}

export interface StoredOctets {
  /** Tables with indexes and TOAST, by schema. */
  readonly schemas: Readonly<Record<string, number>>;
  /** Position of the write-ahead log. */
  readonly wal: number;
  /** Transactions committed so far. */
  readonly commits: number;
}

/** Octets stored in a database, as the server counts them. */
export async function storedOctets(client: pg.Client): Promise<StoredOctets> {
  const { rows } = await client.query<{ schema: string; octets: string }>(
    `select n.nspname as schema, sum(pg_total_relation_size(c.oid))::text as octets
     from pg_class c join pg_namespace n on n.oid = c.relnamespace
     where c.relkind in ('r', 'p') and n.nspname in ('ca', 'ra', 'repository') group by n.nspname`
  );
  const { rows: server } = await client.query<{ wal: string; commits: string }>(
    `select (pg_current_wal_lsn() - '0/0')::text as wal,
       (select xact_commit::text from pg_stat_database where datname = current_database()) as commits`
  );
  return {
    schemas: Object.fromEntries(rows.map(({ schema, octets }) => [schema, Number(octets)])),
    wal: Number(server[0]?.wal ?? 0),
    commits: Number(server[0]?.commits ?? 0)
  };
}
