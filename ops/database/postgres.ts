import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chown, mkdtemp, open, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { totalmem } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import pg from 'pg';
import { isAlive } from '../process/running.js';
import { reachableBinaries, type PostgresBinaries } from './binaries.js';
import { DatabaseError } from './errors.js';
import { placeCluster } from './placement.js';
import { readPostmaster, runningPostmaster } from './postmaster.js';
import { serverUser, type SystemUser } from './system-user.js';
import { tuning } from './tuning.js';

export interface PostgresOptions {
  readonly binaries: PostgresBinaries;
  /**
   * Folder of this server, made when missing: the cluster lies in `data`, the server's log in `postgres.log`.
   * May turn out a link, see `placeCluster`.
   */
  readonly directory: string;
  /** Of the superuser `opensmki_admin`; used at the first start to make the cluster, later to log in. */
  readonly password: string;
  /** A free one is taken when not given. */
  readonly port?: number;
  /** Added to the server's settings, such as `fsync: 'off'` in tests. */
  readonly settings?: Readonly<Record<string, string>>;
  /** For initdb and for the start, each. DESIGN: 60 s, a crash recovery included. */
  readonly timeoutMs?: number;
}

export interface PostgresServer {
  /** Of the database `postgres` as superuser, password included: a secret. */
  readonly url: string;
  readonly port: number;
  readonly pid: number;
  /** True when the server was there already, left over by a killed parent. */
  readonly adopted: boolean;
  /** Where the cluster really is. */
  readonly dataDir: string;
  /** Fast shutdown: open transactions are rolled back, data is flushed. */
  stop(): Promise<void>;
}

const run = promisify(execFile);
const admin = 'opensmki_admin';

/**
 * Starts a PostgreSQL of our own on 127.0.0.1, makes its cluster when there is none, and adopts the server when
 * it runs already. It listens on TCP only (no Unix socket), asks for scram-sha-256, keeps checksums and fsync.
 * The server outlives a killed parent on purpose: a CA that dies takes no database along.
 */
export async function startPostgres(options: PostgresOptions): Promise<PostgresServer> {
  const timeoutMs = options.timeoutMs ?? 60_000;
  const user = await serverUser();
  const binaries = await reachableBinaries(options.binaries, user);
  const directory = await placeCluster(options.directory, user);
  const dataDir = join(directory, 'data');
  const running = await runningPostmaster(dataDir);
  if (running === undefined) await makeCluster(binaries, dataDir, user, options.password, timeoutMs);
  await checkVersion(binaries, dataDir);
  const deadline = Date.now() + timeoutMs;
  const log = join(directory, 'postgres.log');
  if (running !== undefined) {
    const port = await whenReady(dataDir, running.pid, deadline, log);
    return adopt(options, dataDir, running.pid, port, undefined, deadline);
  }
  for (;;) {
    const child = await launch(options, binaries, dataDir, user, log);
    const pid = child.pid;
    if (pid === undefined) throw new DatabaseError('database/start', 'postgres could not be executed');
    try {
      const port = await whenReady(dataDir, pid, deadline, log);
      return await adopt(options, dataDir, pid, port, child, deadline);
    } catch (error) {
      // The port was taken between our look and its bind, or children of a killed server still hold its memory.
      const transient = error instanceof DatabaseError && /in use/.test(error.message);
      if (child.exitCode === null && child.signalCode === null) child.kill('SIGQUIT');
      if (
        !transient ||
        (options.port !== undefined && /Address already in use/.test(String(error))) ||
        Date.now() > deadline
      )
        throw error;
      await sleep(200);
    }
  }
}

async function makeCluster(
  binaries: PostgresBinaries,
  dataDir: string,
  user: SystemUser | undefined,
  password: string,
  timeoutMs: number
): Promise<void> {
  if ((await stat(dataDir).catch(() => undefined)) !== undefined) return;
  const fresh = `${dataDir}.new`;
  await rm(fresh, { recursive: true, force: true });
  // initdb reads the password as its own user, from a folder nobody else enters.
  const secrets = await mkdtemp(join(dirname(dataDir), 'init-'));
  try {
    const passwordFile = join(secrets, 'password');
    await writeFile(passwordFile, `${password}\n`, { mode: 0o600 });
    if (user !== undefined) for (const path of [secrets, passwordFile]) await chown(path, user.uid, user.gid);
    await run(
      join(binaries.directory, 'initdb'),
      [
        ...['--pgdata', fresh, '--username', admin, '--pwfile', passwordFile],
        ...['--auth', 'scram-sha-256', '--encoding', 'UTF8', '--locale', 'C.UTF-8'],
        ...['--data-checksums', '--no-instructions']
      ],
      { cwd: '/', env: environment(), timeout: timeoutMs, killSignal: 'SIGKILL', ...identity(user) }
    );
    // An initdb that was cut short leaves `data.new`, never half a cluster.
    await rename(fresh, dataDir);
  } catch (cause) {
    const stderr = (cause as { stderr?: string }).stderr?.trim() ?? '';
    throw new DatabaseError('database/init', `initdb failed: ${stderr.split('\n').slice(-3).join(' | ')}`, {
      cause
    });
  } finally {
    await rm(secrets, { recursive: true, force: true });
  }
}

async function checkVersion(binaries: PostgresBinaries, dataDir: string): Promise<void> {
  const cluster = (await readFile(join(dataDir, 'PG_VERSION'), 'utf8')).trim();
  const major = binaries.version.split('.')[0];
  if (cluster !== major)
    throw new DatabaseError(
      'database/version',
      `the cluster in ${dataDir} is of PostgreSQL ${cluster}, the binaries are ${binaries.version}`
    );
}

async function launch(
  options: PostgresOptions,
  binaries: PostgresBinaries,
  dataDir: string,
  user: SystemUser | undefined,
  logFile: string
): Promise<ChildProcess> {
  const settings: Record<string, string> = {
    listen_addresses: '127.0.0.1',
    port: String(options.port ?? (await freePort())),
    unix_socket_directories: '',
    password_encryption: 'scram-sha-256',
    timezone: 'UTC',
    log_timezone: 'UTC',
    // A statement in the server's log would carry what the statement carries.
    log_min_error_statement: 'panic',
    ...tuning(totalmem()),
    ...options.settings
  };
  const log = await open(logFile, 'a', 0o600);
  try {
    const child = spawn(
      join(binaries.directory, 'postgres'),
      ['-D', dataDir, ...Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`])],
      {
        cwd: '/',
        env: environment(),
        stdio: ['ignore', log.fd, log.fd],
        // A process group of its own: Ctrl-C at the terminal reaches us, and we stop it in order.
        detached: true,
        ...identity(user)
      }
    );
    child.on('error', () => undefined);
    child.unref();
    return child;
  } finally {
    await log.close();
  }
}

/** Waits for the word `ready` in postmaster.pid; answers the port. */
async function whenReady(dataDir: string, pid: number, deadline: number, log: string): Promise<number> {
  for (;;) {
    const postmaster = await readPostmaster(dataDir);
    if (postmaster?.pid === pid && postmaster.ready && postmaster.port !== undefined) return postmaster.port;
    // A child that ended is a zombie until Node reaps it, soon: isAlive() is late, never wrong for good.
    if (!isAlive(pid)) throw new DatabaseError('database/start', `PostgreSQL ended: ${await lastLines(log)}`);
    if (Date.now() > deadline)
      throw new DatabaseError('database/start', `PostgreSQL is not ready in time: ${await lastLines(log)}`);
    await sleep(20);
  }
}

async function adopt(
  options: PostgresOptions,
  dataDir: string,
  pid: number,
  port: number,
  child: ChildProcess | undefined,
  deadline: number
): Promise<PostgresServer> {
  const url = `postgres://${admin}:${encodeURIComponent(options.password)}@127.0.0.1:${port}/postgres`;
  for (;;) {
    const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 5_000 });
    client.on('error', () => undefined);
    try {
      await client.connect();
      await client.end();
      break;
    } catch (cause) {
      await client.end().catch(() => undefined);
      const wrongPassword = (cause as { code?: string }).code === '28P01';
      if (wrongPassword || Date.now() > deadline)
        throw new DatabaseError('database/start', 'PostgreSQL runs but does not let us in', { cause });
      await sleep(50);
    }
  }
  return {
    url,
    port,
    pid,
    adopted: child === undefined,
    dataDir,
    async stop() {
      if (!isAlive(pid)) return;
      process.kill(pid, 'SIGINT');
      const end = Date.now() + 30_000;
      while (isAlive(pid)) {
        if (Date.now() > end)
          throw new DatabaseError('database/stop', `PostgreSQL (pid ${pid}) does not stop`);
        await sleep(20);
      }
    }
  };
}

async function freePort(): Promise<number> {
  const probe = createServer();
  await new Promise<void>((resolve, reject) => probe.once('error', reject).listen(0, '127.0.0.1', resolve));
  const { port } = probe.address() as AddressInfo;
  await new Promise(resolve => probe.close(resolve));
  return port;
}

async function lastLines(log: string): Promise<string> {
  const text = await readFile(log, 'utf8').catch(() => '');
  return text.trimEnd().split('\n').slice(-4).join(' | ');
}

/** Nothing of our own environment reaches the server but the path. */
function environment(): NodeJS.ProcessEnv {
  return { PATH: process.env['PATH'], LC_ALL: 'C.UTF-8', TZ: 'UTC' };
}

function identity(user: SystemUser | undefined): { uid?: number; gid?: number } {
  return user === undefined ? {} : { uid: user.uid, gid: user.gid };
}

/** A password for `startPostgres` or a role: 24 random octets, base64url. */
export function newPassword(): string {
  return randomBytes(24).toString('base64url');
}
