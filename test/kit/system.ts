/**
 * The whole system for tests, in a temporary folder: real processes, tokens and database, started as `smki up`
 * starts them, with a hand on each of them. Embedded PostgreSQL by default; Debian's PostgreSQL 15 with
 * OPENSMKI_TEST_POSTGRES=15; the server of OPENSMKI_TEST_DATABASE where that is set, which nobody may kill.
 */
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtempSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { get, type IncomingMessage } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { json } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Knex } from 'knex';
import type { ReadConfig } from '../../ops/config/index.js';
import { connect, DatabaseUnavailable } from '../../ops/database/index.js';
import { sendAdHoc, subscriberClient, type AdHocAnswer } from '../../ops/launch/clients.js';
import type { ComponentProcess } from '../../ops/launch/component-process.js';
import { openDataDirectory, writePrivateFile } from '../../ops/launch/data-directory.js';
import { enrol, seedDemoParties, writeDemoInventory, type DemoParties } from '../../ops/launch/seed.js';
import { startSystem, type Component, type System } from '../../ops/launch/system.js';
import type { HttpClient } from '../../ops/http/index.js';
import { adHocPath } from '../../ra/adhoc/service.js';
import { compiled } from './compiled.js';
import { rolePasswords, startTestServer, type TestServer } from './database.js';
import { reconcile, type Reconciled } from './reconcile.js';
import { stageControl, type StageControl, type Stopped } from './stage-control.js';

const components = ['ca', 'ra', 'repository'] as const;

export interface TestSystemOptions {
  /** Processes of each component, one of each unless said otherwise: `ca-1`, `ca-2`, `ra-1`... */
  readonly instances?: Partial<Record<Component, number>>;
  /** Changes a configuration, after the short limits below. */
  readonly adjust?: { readonly [C in Component]?: (config: ReadConfig<C>) => ReadConfig<C> };
  /** `short` (the default): leases, sweeps and retries of a second or less. `production`: as delivered. */
  readonly limits?: 'short' | 'production';
}

export interface Health {
  readonly status: 'ok' | 'unavailable';
  readonly parts: Readonly<Record<string, { readonly ok: boolean; readonly reason?: string }>>;
}

export interface TestSystem {
  readonly system: System;
  readonly demo: DemoParties;
  /** What the launcher reported, line by line. */
  readonly reports: readonly string[];
  /** Names of all processes. */
  readonly instances: readonly string[];
  process(instance: string): ComponentProcess;
  /** Real URL of a listener; stays the same when the process is started again. */
  url(instance: string, listener: 'public' | 'internal'): string;

  /** Whatever in that process comes to the point stops there until `resume`: see `stage-control.ts`. */
  pauseAt(instance: string, point: string, occurrence?: number): void;
  waitPaused(instance: string, timeoutMs?: number): Promise<Stopped>;
  resume(instance: string): void;

  /** SIGKILL; resolves when the process is gone. Nobody starts it again. */
  kill(instance: string): Promise<void>;
  /** Starts a process that was killed; resolves when it serves. */
  start(instance: string): Promise<void>;
  /** What the process answers on its metrics socket. */
  health(instance: string): Promise<Health>;
  /** Process id of the signer process of that CA or RA. */
  signerPid(instance: string): number;
  /** SIGKILL; resolves when its supervisor has another one that can sign. */
  killSigner(instance: string): Promise<void>;
  /** SIGKILL of the postmaster; its children follow. Not on a server of the caller's. */
  killPostgres(): Promise<void>;
  startPostgres(): Promise<void>;
  /** Whether this run has a server of its own that may be killed. */
  readonly ownPostgres: boolean;

  /** Rows of one statement under the superuser; waits for a server that is coming back. */
  readonly sql: <T>(statement: string, bindings?: readonly unknown[]) => Promise<T[]>;
  /** A pool of the superuser, on the schema of a component. */
  readonly database: Knex;

  /** The demo supplier's connection to an RA (`ra-1`); closed at the end. */
  subscriber(instance?: string): HttpClient;
  /** The meter maker's. */
  maker(instance?: string): HttpClient;
  /** One ad hoc request. Throws where no answer came. */
  adHoc(csr: Uint8Array, client?: HttpClient): Promise<AdHocAnswer>;
  /** One certificate over the JSON API of the first RA, asked for until it is there. */
  enrol(kind: 'device' | 'organisation', csr: Uint8Array): Promise<Uint8Array>;
  /** These devices, beside the demo's own, are commissioned with the demo supplier; the RA reads it in a moment. */
  commission(deviceEuis: readonly string[]): Promise<void>;

  /** Waits until everything under way has come to its end, then checks every invariant: see `reconcile.ts`. */
  reconcile(timeoutMs?: number): Promise<Reconciled>;
  /** Ends and removes everything. */
  stop(): Promise<void>;
}

export async function startTestSystem(options: TestSystemOptions = {}): Promise<TestSystem> {
  const data = mkdtempSync(join(tmpdir(), 'opensmki-system-'));
  const reports: string[] = [];
  const undo: (() => Promise<void> | void)[] = [() => rm(data, { recursive: true, force: true })];
  const stop = async (): Promise<void> => {
    const failures: unknown[] = [];
    for (const step of undo.splice(0).reverse()) {
      try {
        await step();
      } catch (error) {
        failures.push(error);
      }
    }
    if (failures.length > 0) throw new AggregateError(failures, 'the test system did not end in order');
  };
  try {
    const reaper = startReaper(data);
    undo.push(() => reaper());
    const database = await databaseOf(data, undo);
    const entry = compiled('test/kit/component-process');
    const controls = new Map<string, StageControl>();
    const folder = (instance: string) => join(data, 'control', instance);
    const system = await startSystem({
      data,
      report: line => void reports.push(line),
      restart: false,
      ...(database.url === undefined ? {} : { databaseUrl: database.url }),
      ...(database.suffix === undefined ? {} : { databaseSuffix: database.suffix }),
      // Suites about it ask for it by number.
      instances: { validation: 0, ...options.instances },
      adjust: adjustments(options),
      command: (component, instance) => {
        controls.set(instance, stageControl(folder(instance)));
        return [process.execPath, entry, component, folder(instance)];
      }
    });
    const processes = new Map(
      [...components, 'validation' as const].flatMap(component =>
        system.processes[component].map(one => [one.instance, one] as const)
      )
    );
    // Before the processes are stopped in order: nobody may stand at a point, nor a signer be stopped.
    const release = () => {
      for (const control of controls.values()) control.resume();
      for (const one of processes.values())
        for (const pid of one.status()?.signerPids ?? []) signal(pid, 'SIGCONT');
    };
    undo.push(() => system.stop(), release);
    const urls = new Map(
      [...processes.values()].flatMap(one =>
        Object.entries(one.status()?.urls ?? {}).map(
          ([listener, url]) => [`${one.instance} ${listener}`, url] as const
        )
      )
    );
    const demo = await seedDemoParties(system, line => void reports.push(line));
    const superuser = connect(system.databaseUrl, { applicationName: 'test-system', poolMax: 4 });
    undo.push(() => superuser.destroy());

    const known = <T>(map: ReadonlyMap<string, T>, name: string): T => {
      const found = map.get(name);
      if (found === undefined) throw new RangeError(`there is no ${name}: ${[...map.keys()].join(', ')}`);
      return found;
    };
    const client = (instance: string, files: DemoParties['subscriber']): HttpClient => {
      const opened = subscriberClient(known(urls, `${instance} public`), files);
      undo.push(() => opened.close());
      return opened;
    };
    let usual: HttpClient | undefined;
    let requests = 0;

    const test: TestSystem = {
      ...{ system, demo, reports, database: superuser, stop },
      instances: [...processes.keys()],
      ownPostgres: database.kill !== undefined || database.url === undefined,
      process: instance => known(processes, instance),
      url: (instance, listener) => known(urls, `${instance} ${listener}`),
      pauseAt: (instance, point, occurrence) => known(controls, instance).pauseAt(point, occurrence),
      waitPaused: (instance, timeoutMs = 30_000) => known(controls, instance).paused(timeoutMs),
      resume: instance => known(controls, instance).resume(),
      async kill(instance) {
        const one = known(processes, instance);
        one.kill('SIGKILL');
        await eventually(`${instance} is gone`, 10_000, () => one.pid() === undefined);
        known(controls, instance).resume();
      },
      async start(instance) {
        const one = known(processes, instance);
        one.start();
        await one.ready(90_000);
      },
      async health(instance) {
        const socketPath = known(processes, instance).status()?.metrics;
        if (socketPath === undefined) throw new Error(`${instance} does not run`);
        const incoming = await new Promise<IncomingMessage>((resolve, reject) =>
          get({ socketPath, path: '/health/ready' }, resolve).once('error', reject)
        );
        return (await json(incoming)) as Health;
      },
      signerPid(instance) {
        const [pid] = known(processes, instance).status()?.signerPids ?? [];
        if (pid === undefined) throw new Error(`${instance} has no signer process`);
        return pid;
      },
      async killSigner(instance) {
        const killed = test.signerPid(instance);
        signal(killed, 'SIGKILL');
        await eventually(`${instance} has another signer`, 60_000, async () => {
          const [pid] = known(processes, instance).status()?.signerPids ?? [];
          if (pid === undefined || pid === killed) return false;
          return (await test.health(instance)).parts['signer']?.ok === true;
        });
      },
      async killPostgres() {
        if (!test.ownPostgres) throw new Error('the server of OPENSMKI_TEST_DATABASE is not ours to kill');
        const pid = database.pid?.() ?? system.postgres()?.pid;
        if (pid === undefined) throw new Error('no PostgreSQL runs');
        signal(pid, 'SIGKILL');
        await eventually('PostgreSQL is gone', 10_000, () => !signal(pid, 0));
      },
      startPostgres: () => database.start?.() ?? system.revivePostgres(),
      async sql<T>(statement: string, bindings: readonly unknown[] = []) {
        for (let waited = 0; ; waited += 100) {
          try {
            return (await superuser.raw<{ rows: T[] }>(statement, bindings as never)).rows;
          } catch (error) {
            if (!(error instanceof DatabaseUnavailable) || waited > 10_000) throw error;
            await sleep(100);
          }
        }
      },
      subscriber: (instance = 'ra-1') => client(instance, demo.subscriber),
      maker: (instance = 'ra-1') => client(instance, demo.maker),
      adHoc: (csr, given) =>
        sendAdHoc(given ?? (usual ??= test.subscriber()), adHocPath, `test-${++requests}`, csr),
      enrol: (kind, csr) => enrol(system, kind === 'device' ? demo.maker : demo.subscriber, kind, csr),
      commission: euis => writeDemoInventory(system, [demo.deviceEui, ...euis]),
      reconcile: (timeoutMs = 30_000) =>
        reconcile({ sql: test.sql, database: superuser, auditFolder: system.data.path('audit') }, timeoutMs)
    };
    return test;
  } catch (error) {
    await stop().catch((failure: unknown) => reports.push(String(failure)));
    throw error;
  }
}

/** Resolves when the condition holds. */
export async function eventually(
  what: string,
  timeoutMs: number,
  holds: () => boolean | Promise<boolean>
): Promise<void> {
  const deadline = performance.now() + timeoutMs;
  while (!(await holds())) {
    if (performance.now() > deadline) throw new Error(`not within ${timeoutMs} ms: ${what}`);
    await sleep(20);
  }
}

/** False when there is no such process. */
function signal(pid: number, name: NodeJS.Signals | 0): boolean {
  try {
    process.kill(pid, name);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return false;
    throw error;
  }
}

/**
 * A test that kills a process waits for leases and retries: these are short, and still several times what one
 * request takes on a busy machine.
 */
const shortCaLimits = {
  ...{ leaseMs: 2_000, heartbeatMs: 400, sweepMs: 200, crlCheckMs: 300, claimWaitMs: 2_000 },
  ...{ retryMs: 100, maxRetryMs: 1_000, stopDeadlineMs: 2_000 }
};
const shortRaSettings = { leaseMs: 1_500, sweepMs: 500, hardRatePerSecond: 10_000 };
const shortBatchSettings = { leaseMs: 1_500, pollMs: 100, caRetryMs: 500 };

function adjustments(options: TestSystemOptions): NonNullable<TestSystemOptions['adjust']> {
  const { adjust = {}, limits = 'short' } = options;
  if (limits === 'production') return adjust;
  const same = <T>(config: T): T => config;
  return {
    ca: config => (adjust.ca ?? same)({ ...config, limits: { ...config.limits, ...shortCaLimits } }),
    ra: config =>
      (adjust.ra ?? same)({
        ...config,
        settings: {
          ...config.settings,
          ...shortRaSettings,
          batches: { ...config.settings.batches, ...shortBatchSettings }
        }
      }),
    repository: config => (adjust.repository ?? same)(config),
    validation: config => (adjust.validation ?? same)(config)
  };
}

interface TestServerOfSystem {
  /** Undefined: the embedded server that the system itself starts. */
  readonly url?: string;
  readonly suffix?: string;
  readonly kill?: true;
  pid?(): number;
  start?(): Promise<void>;
}

async function databaseOf(data: string, undo: (() => Promise<void> | void)[]): Promise<TestServerOfSystem> {
  const external = process.env['OPENSMKI_TEST_DATABASE'];
  if (external !== undefined) {
    const suffix = randomBytes(6).toString('hex');
    // Roles belong to the server: other databases of this run must stay reachable.
    const directory = openDataDirectory(data, 'test', new Date());
    for (const component of components) {
      const { owner, runtime } = rolePasswords(component);
      writePrivateFile(directory.path('secrets', `${component}-owner.password`), owner);
      writePrivateFile(directory.path('secrets', `${component}.password`), runtime);
    }
    directory.release();
    undo.push(async () => {
      const admin = connect(external, { applicationName: 'test-drop', poolMax: 1 });
      await admin.raw(`drop database if exists opensmki_test_${suffix} with (force)`);
      await admin.destroy();
    });
    return { url: external, suffix };
  }
  if (process.env['OPENSMKI_TEST_POSTGRES'] !== '15') return {};
  let server: TestServer = await startTestServer();
  undo.push(() => server.stop());
  return {
    url: server.url,
    kill: true,
    pid: () => server.pid,
    async start() {
      server = await server.restart();
    }
  };
}

/**
 * When this process goes without having stopped the system: components see it themselves; a stopped signer, the
 * database server and the folder are left to a shell whose input closes with us.
 */
function startReaper(data: string): () => void {
  const script =
    'trap "" INT TERM; cat >/dev/null; sleep 1; ' +
    'for p in $(sed -n \'s/.*"signerPids":\\[\\([0-9,]*\\)\\].*/\\1/p\' "$1"/run/*.json 2>/dev/null | tr , " "); ' +
    'do kill -KILL "$p" 2>/dev/null; done; ' +
    'f="$1"/postgres/data/postmaster.pid; [ -f "$f" ] && kill -QUIT "$(head -n1 "$f")" && sleep 1; rm -rf "$1"';
  const child = spawn('/bin/sh', ['-c', script, 'sh', data], {
    stdio: ['pipe', 'ignore', 'ignore'],
    detached: true
  });
  child.unref();
  (child.stdin as unknown as { unref(): void }).unref();
  return () => void child.kill('SIGKILL');
}
