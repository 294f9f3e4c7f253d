/**
 * A real PostgreSQL for tests. One server a process, started when first asked for: the embedded binaries, or
 * Debian's PostgreSQL 15 with OPENSMKI_TEST_POSTGRES=15, or the server of OPENSMKI_TEST_DATABASE (a superuser's
 * URL). Every `testDatabase()` is a database of its own. At the end of the run pools are closed, databases
 * dropped, the server stopped and its files removed; a reaper does the same when the run is killed.
 */
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chmodSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Knex } from 'knex';
import { auditMigrations } from '../../ops/audit/tables.js';
import {
  binariesIn,
  connect,
  embeddedBinaries,
  newPassword,
  prepareDatabase,
  startPostgres,
  type PostgresBinaries,
  type PostgresServer
} from '../../ops/database/index.js';
import type { Migration } from '../../ops/kit/deps.js';

export interface TestComponent {
  /** Under the least-privileged runtime role. */
  readonly knex: Knex;
  /** The runtime role's URL, for a second pool or a child process. */
  readonly url: string;
  /** Under the owner role, to look and to damage. */
  readonly ownerKnex: Knex;
}

export interface TestDatabase {
  readonly adminUrl: string;
  /** Makes the schema, roles, audit tables and the component's own tables. */
  component(name: string, migrations?: readonly Migration[]): Promise<TestComponent>;
  /** Closes the pools handed out and drops the database. */
  drop(): Promise<void>;
}

export interface TestServer extends PostgresServer {
  /** Starts the same cluster again on the same port after a stop or a kill. */
  restart(): Promise<TestServer>;
}

/** Binaries the run uses: see the head of this file. */
export async function testBinaries(): Promise<PostgresBinaries> {
  return process.env['OPENSMKI_TEST_POSTGRES'] === '15'
    ? binariesIn('/usr/lib/postgresql/15/bin')
    : embeddedBinaries();
}

/** A server of its own, for tests that kill it. The caller stops it. */
export async function startTestServer(binaries?: PostgresBinaries): Promise<TestServer> {
  const directory = await mkdtemp(join(tmpdir(), 'opensmki-pg-'));
  chmodSync(directory, 0o711);
  const reaper = startReaper(directory);
  const options = {
    binaries: binaries ?? (await testBinaries()),
    directory: join(directory, 'postgres'),
    password: newPassword(),
    // A killed server loses nothing by this, only a machine that loses power does.
    settings: { fsync: 'off', full_page_writes: 'off', shared_buffers: '64MB', max_connections: '200' }
  };
  const wrap = (server: PostgresServer): TestServer => ({
    ...server,
    restart: async () => wrap(await startPostgres({ ...options, port: server.port })),
    async stop() {
      await server.stop();
      await rm(directory, { recursive: true, force: true });
      reaper.kill();
    }
  });
  return wrap(await startPostgres(options));
}

/**
 * Ends the server and removes its files when this process goes, however it goes: the shell's input closes with
 * us.
 */
function startReaper(directory: string): { kill(): void } {
  const script =
    'trap "" INT TERM; cat >/dev/null; for p in "$1"/postgres/data/postmaster.pid; do ' +
    '[ -f "$p" ] && kill -QUIT "$(head -n1 "$p")" && sleep 1; done; rm -rf "$1"';
  const child = spawn('/bin/sh', ['-c', script, 'sh', directory], {
    stdio: ['pipe', 'ignore', 'ignore'],
    detached: true
  });
  child.unref();
  (child.stdin as unknown as { unref(): void }).unref();
  return { kill: () => void child.kill('SIGKILL') };
}

let server: Promise<{ adminUrl: string; stop(): Promise<void> }> | undefined;
const open = new Set<TestDatabase>();
// Roles belong to the server, so all databases of a run share their passwords.
const passwords = new Map<string, { owner: string; runtime: string }>();

/** Passwords of a component's two roles, the same for every database of this run. */
export function rolePasswords(component: string): { owner: string; runtime: string } {
  const known = passwords.get(component) ?? { owner: newPassword(), runtime: newPassword() };
  passwords.set(component, known);
  return known;
}

function sharedServer(): Promise<{ adminUrl: string; stop(): Promise<void> }> {
  const external = process.env['OPENSMKI_TEST_DATABASE'];
  if (external !== undefined) return Promise.resolve({ adminUrl: external, stop: async () => undefined });
  return startTestServer().then(started => ({ adminUrl: started.url, stop: () => started.stop() }));
}

export async function testDatabase(): Promise<TestDatabase> {
  server ??= sharedServer();
  const { adminUrl } = await server;
  const suffix = randomBytes(6).toString('hex');
  const pools: Knex[] = [];
  const database: TestDatabase = {
    adminUrl,
    async component(name, migrations = []) {
      const known = rolePasswords(name);
      const prepared = await prepareDatabase({
        adminUrl,
        environment: 'test',
        suffix,
        components: [
          {
            component: name,
            migrations: [...auditMigrations(name), ...migrations],
            ownerPassword: known.owner,
            runtimePassword: known.runtime
          }
        ]
      });
      const url = prepared.urls.get(name) ?? '';
      const knex = connect(url, { schema: name, applicationName: `test-${name}` });
      const ownerKnex = connect(prepared.ownerUrls.get(name) ?? '', {
        schema: name,
        applicationName: `test-${name}-owner`,
        poolMax: 2
      });
      pools.push(knex, ownerKnex);
      return { knex, url, ownerKnex };
    },
    async drop() {
      open.delete(database);
      await Promise.all(pools.splice(0).map(pool => pool.destroy()));
      const admin = connect(adminUrl, { applicationName: 'test-drop', poolMax: 1 });
      try {
        await admin.raw(`drop database if exists opensmki_test_${suffix} with (force)`);
      } finally {
        await admin.destroy();
      }
    }
  };
  open.add(database);
  return database;
}

/** Ends what this file started; mocha runs it after the last test, other programs call it themselves. */
export async function stopTestDatabases(): Promise<void> {
  for (const database of [...open]) await database.drop().catch(() => undefined);
  const running = await server?.catch(() => undefined);
  server = undefined;
  await running?.stop();
}

// Imported at the top of a test file, outside any suite: a hook of the whole run.
if (typeof after === 'function')
  after('stop the test database', async function () {
    this.timeout(60_000);
    await stopTestDatabases();
  });
