import { expect } from 'chai';
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  realpathSync,
  statSync,
  writeFileSync
} from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  binariesIn,
  connect,
  embeddedBinaries,
  errorState,
  newPassword,
  startPostgres,
  type PostgresBinaries,
  type PostgresServer
} from '../../../ops/database/index.js';
import { rejected } from './rejected.js';

const debian = '/usr/lib/postgresql/15/bin';

async function settingsOf(server: PostgresServer): Promise<Record<string, string>> {
  const knex = connect(server.url, { applicationName: 'test-settings' });
  const { rows } = await knex.raw<{ rows: { name: string; setting: string }[] }>(
    'select name, setting from pg_settings'
  );
  await knex.destroy();
  return Object.fromEntries(rows.map(row => [row.name, row.setting]));
}

describe('ops/database: a PostgreSQL of our own', function () {
  this.timeout(60_000);
  let directory: string;
  let running: PostgresServer | undefined;

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'opensmki-own-'));
    chmodSync(directory, 0o711);
  });
  afterEach(async () => {
    await running?.stop();
    running = undefined;
    const cluster = join(directory, 'postgres');
    if (lstatSync(cluster, { throwIfNoEntry: false })?.isSymbolicLink() === true)
      await rm(realpathSync(cluster), { recursive: true, force: true });
    await rm(directory, { recursive: true, force: true });
  });

  const start = async (
    binaries: PostgresBinaries,
    password: string,
    port?: number
  ): Promise<PostgresServer> => {
    running = await startPostgres({
      binaries,
      directory: join(directory, 'postgres'),
      password,
      ...(port === undefined ? {} : { port })
    });
    return running;
  };

  const kinds: readonly [string, () => Promise<PostgresBinaries>, string][] = [
    ['the embedded 18', embeddedBinaries, '18'],
    ["Debian's 15", () => binariesIn(debian), '15']
  ];
  for (const [name, binaries, major] of kinds) {
    it(`starts ${name} durable and closed, and starts again on what it left`, async function () {
      if (major === '15' && !existsSync(debian)) this.skip();
      const password = newPassword();
      const first = await start(await binaries(), password);
      const settings = await settingsOf(first);
      expect(settings['server_version']?.split('.')[0]).to.equal(major);
      expect(settings).to.include({
        fsync: 'on',
        full_page_writes: 'on',
        data_checksums: 'on',
        listen_addresses: '127.0.0.1',
        unix_socket_directories: '',
        password_encryption: 'scram-sha-256',
        server_encoding: 'UTF8'
      });
      expect(statSync(first.dataDir).mode & 0o077).to.equal(0);
      if (process.getuid?.() === 0) expect(statSync(`/proc/${first.pid}`).uid).to.not.equal(0);
      expect(readFileSync(`/proc/${first.pid}/cmdline`, 'utf8')).to.not.contain(password);
      expect(readFileSync(`/proc/${first.pid}/environ`, 'utf8')).to.not.contain(password);

      const knex = connect(first.url, { applicationName: 'test-keep' });
      await knex.raw('create table kept (id integer)');
      await knex.destroy();
      await first.stop();
      const second = await start(await binaries(), password, first.port);
      expect(second.port).to.equal(first.port);
      const again = connect(second.url, { applicationName: 'test-keep' });
      expect(await again.table('kept')).to.deep.equal([]);
      await again.destroy();
    });
  }

  it('lets nobody in without the password', async () => {
    const server = await start(await embeddedBinaries(), newPassword());
    const url = new URL(server.url);
    url.password = 'wrong';
    const knex = connect(url.href, { applicationName: 'test-wrong' });
    expect(errorState(await rejected(knex.raw('select 1')))).to.equal('database/unavailable');
    await knex.destroy();
  });

  it('adopts a server that a killed parent left', async () => {
    const password = newPassword();
    const first = await start(await embeddedBinaries(), password);
    const second = await start(await embeddedBinaries(), password);
    expect(second).to.include({ pid: first.pid, port: first.port, adopted: true });
    await second.stop();
    expect(existsSync(`/proc/${first.pid}`)).to.equal(false);
  });

  it('starts over a postmaster.pid whose number is another process now', async () => {
    const password = newPassword();
    const first = await start(await embeddedBinaries(), password);
    const pidFile = join(first.dataDir, 'postmaster.pid');
    const lines = readFileSync(pidFile, 'utf8').split('\n');
    await first.stop();
    // Our own process: alive, and no PostgreSQL.
    lines[0] = String(process.pid);
    writeFileSync(pidFile, lines.join('\n'));
    const second = await start(await embeddedBinaries(), password);
    expect(second.adopted).to.equal(false);
  });

  it('comes back after a SIGKILL of the server', async () => {
    const password = newPassword();
    const first = await start(await embeddedBinaries(), password);
    process.kill(first.pid, 'SIGKILL');
    const second = await start(await embeddedBinaries(), password, first.port);
    expect(second.pid).to.not.equal(first.pid);
    await settingsOf(second);
  });

  it('makes the cluster anew when initdb was cut short', async () => {
    mkdirSync(join(directory, 'postgres', 'data.new'), { recursive: true });
    writeFileSync(join(directory, 'postgres', 'data.new', 'PG_VERSION'), '18\n');
    await settingsOf(await start(await embeddedBinaries(), newPassword()));
    expect(existsSync(join(directory, 'postgres', 'data.new'))).to.equal(false);
  });

  it('refuses the cluster of another major version, a taken port and a missing program, each by its code', async function () {
    const password = newPassword();
    const server = await start(await embeddedBinaries(), password);
    const other = await mkdtemp(join(tmpdir(), 'opensmki-own-'));
    chmodSync(other, 0o711);
    const taken = await rejected(
      startPostgres({
        binaries: await embeddedBinaries(),
        directory: join(other, 'postgres'),
        password,
        port: server.port,
        timeoutMs: 15_000
      })
    );
    await rm(other, { recursive: true, force: true });
    expect(errorState(taken)).to.equal('database/start');
    expect(errorState(await rejected(binariesIn('/nonexistent')))).to.equal('database/binaries');
    await server.stop();
    if (!existsSync(debian)) this.skip();
    expect(errorState(await rejected(start(await binariesIn(debian), password)))).to.equal(
      'database/version'
    );
  });

  it('puts the cluster where its user reaches it when the folder is closed', async function () {
    if (process.getuid?.() !== 0) this.skip();
    chmodSync(directory, 0o700);
    const password = newPassword();
    const first = await start(await embeddedBinaries(), password);
    const link = join(directory, 'postgres');
    expect(lstatSync(link).isSymbolicLink()).to.equal(true);
    expect(first.dataDir.startsWith(realpathSync(link))).to.equal(true);
    expect(first.dataDir.startsWith('/var/lib/opensmki/')).to.equal(true);
    await first.stop();
    expect((await start(await embeddedBinaries(), password)).dataDir).to.equal(first.dataDir);
  });
});
