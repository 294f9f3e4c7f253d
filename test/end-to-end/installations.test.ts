/** Other ways to run it: with servers and tokens of the operator's, as another user, and as a demonstration. */
import { expect } from 'chai';
import { spawn } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync
} from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import { binariesIn } from '../../ops/database/index.js';
import { startTestServer, type TestServer } from '../kit/database.js';
import { checkout, command, program, smki, succeed } from './command.js';
import { firstCertificate, hitsOf, newDeviceEui, query, searchByAltName, searchByName } from './clients.js';
import { alive, commandLine, family } from './processes.js';
import { eventually, newFolder, up, type Running } from './running.js';

const asRoot = process.getuid?.() === 0;

async function issuesAndPublishes(system: Running): Promise<void> {
  const endpoints = system.endpoints();
  const eui = newDeviceEui();
  const { serial } = await firstCertificate(endpoints, { eui });
  await eventually('the certificate in the repository', async () => {
    const { body } = await query(endpoints, 'certificatesearch', searchByAltName(eui));
    return hitsOf(body).some(hit => hit.serial === serial) ? true : undefined;
  });
}

describe('a system with what the operator brings', function () {
  this.timeout(180_000);
  const key = 'an-api-key-of-the-operators-own-0123456789';
  let server: TestServer;
  let system: Running;
  let folder: string;
  let module: string;

  before('start an external PostgreSQL 15, then the system', async function () {
    // A run on the embedded server alone may have been set up without it.
    if (!existsSync('/usr/lib/postgresql/15/bin/postgres')) this.skip();
    server = await startTestServer(await binariesIn('/usr/lib/postgresql/15/bin'));
    folder = newFolder('closed');
    mkdirSync(path.join(folder, 'vendor-softhsm'));
    module = path.join(folder, 'vendor-softhsm/libp11.so');
    symlinkSync('/usr/lib/softhsm/libsofthsm2.so', module);
    system = await up(path.join(folder, 'data'), {
      args: [
        ...['--database', server.url, '--pkcs11', module, '--token', 'operators'],
        ...['--repository-api-key', key]
      ]
    });
  });
  after(async () => {
    await system?.stop();
    await server?.stop();
  });

  it('serves from the PostgreSQL given, and starts none', async () => {
    const endpoints = system.endpoints();
    expect(endpoints.pids.postgres).to.deep.equal([]);
    expect(new URL(endpoints.database).port).to.equal(new URL(server.url).port);
    expect(existsSync(path.join(system.data, 'postgres'))).to.equal(false);
    const { out } = await succeed('psql', [
      ...[
        endpoints.database,
        '--no-psqlrc',
        '--tuples-only',
        '--no-align',
        '--command',
        'show server_version'
      ]
    ]);
    expect(out).to.match(/^15\./);
    await issuesAndPublishes(system);
  });

  it('signs with the module and the tokens given', async () => {
    const { hsm } = system.endpoints();
    expect(hsm.module).to.equal(module);
    const { out } = await succeed('softhsm2-util', ['--show-slots', '--module', hsm.module], {
      env: { SOFTHSM2_CONF: hsm.softhsmConf }
    });
    const labels = [...out.matchAll(/Label:\s+(\S+)/g)].map(([, label]) => label);
    expect(labels).to.have.members([
      'operators-root',
      'operators-issuing',
      'operators-statements',
      'operators-validation'
    ]);
  });

  it('takes the API key given, and no other', async () => {
    const endpoints = system.endpoints();
    expect(endpoints.repository.apiKey).to.equal(key);
    const search = searchByName(endpoints.demo.organisationEui);
    expect((await query(endpoints, 'certificatesearch', search)).status).to.equal(200);
    const other = await query(endpoints, 'certificatesearch', search, { apiKey: `${key}0` });
    expect(other.status).to.equal(403);
  });

  it('passes the API key and the URL on to nobody, and into no log', () => {
    for (const { pid, command: line } of family(system.pid)) {
      if (pid === system.pid) continue;
      expect(line).not.to.include(key);
      expect(line).not.to.include(new URL(server.url).password);
    }
    const logs = path.join(system.data, 'log');
    for (const name of readdirSync(logs)) {
      const text = readFileSync(path.join(logs, name), 'utf8');
      expect(text, name).not.to.include(key);
      expect(text, name).not.to.include(new URL(server.url).password);
    }
  });

  it('leaves the PostgreSQL given running', async () => {
    const members = family(system.pid);
    expect((await system.stop()).status).to.equal(0);
    expect(alive(members)).to.deep.equal([]);
    await succeed('psql', [server.url, '--no-psqlrc', '--command', 'select 1']);
  });

  it('is refused where something is not there', async () => {
    const missing = path.join(folder, 'none.so');
    const refused = await smki(['up', '--data', newFolder('closed'), '--pkcs11', missing]);
    expect(refused.status).to.equal(1);
    expect(refused.out).to.equal('');
    expect(refused.error).to.match(/launch\/missing/);
  });
});

describe('a system of a user without privileges', function () {
  this.timeout(180_000);
  const user = 'opensmki-e2e';
  let system: Running | undefined;
  let made = false;

  before('start it as that user', async function () {
    // Only root can become somebody else; and the checkout must be open to that user.
    if (!asRoot) this.skip();
    if ((await command('id', [user])).status !== 0) {
      await succeed('useradd', [
        '--system',
        '--user-group',
        '--no-create-home',
        '--shell',
        '/usr/sbin/nologin',
        user
      ]);
      made = true;
    }
    const as = ['setpriv', '--reuid', user, '--regid', user, '--clear-groups'];
    const [first, ...rest] = as;
    if ((await command(first!, [...rest, 'test', '-r', program])).status !== 0) this.skip();
    const folder = newFolder('open');
    const [uid, gid] = await Promise.all(
      ['-u', '-g'].map(async option => Number((await succeed('id', [option, user])).out))
    );
    mkdirSync(path.join(folder, 'own'), { mode: 0o700 });
    chmodSync(path.join(folder, 'own'), 0o700);
    chownSync(path.join(folder, 'own'), uid!, gid!);
    system = await up(path.join(folder, 'own/data'), {
      program: [...as, process.execPath, program, 'up'],
      env: { PATH: process.env['PATH'], HOME: path.join(folder, 'own') }
    });
  });
  after(async () => {
    await system?.stop();
    if (made) await command('userdel', [user]);
  });

  it('serves, with every process and file that user’s', async () => {
    await issuesAndPublishes(system!);
    const { uid } = statSync(path.join(system!.data, 'endpoints.json'));
    expect(uid).not.to.equal(0);
    for (const { pid } of family(system!.pid)) {
      expect(statSync(`/proc/${pid}`).uid, commandLine(pid)).to.equal(uid);
    }
    expect(statSync(system!.data).mode & 0o777).to.equal(0o700);
    expect(lstatSync(path.join(system!.data, 'postgres')).isSymbolicLink()).to.equal(false);
  });

  it('ends in order', async () => {
    const members = family(system!.pid);
    expect((await system!.stop()).status).to.equal(0);
    expect(alive(members)).to.deep.equal([]);
  });
});

describe('two launchers on one new folder at once', function () {
  this.timeout(60_000);

  it('one is refused; the other, told to stop while it starts, stops with status 0 and leaves nothing', async () => {
    const data = path.join(newFolder('open'), 'data');
    const launchers = [1, 2].map(() => {
      const child = spawn(process.execPath, [program, 'up', '--data', data], {
        stdio: ['ignore', 'pipe', 'pipe']
      });
      let out = '';
      let error = '';
      child.stdout.on('data', (part: Buffer) => (out += part.toString('utf8')));
      child.stderr.on('data', (part: Buffer) => (error += part.toString('utf8')));
      const ended = new Promise<{ status: number | null; out: string; error: string }>(resolve =>
        child.once('close', status => resolve({ status, out, error }))
      );
      return { child, ended };
    });
    const refused = await Promise.race(launchers.map(({ ended }) => ended));
    expect(refused).to.include({ status: 1, out: '' });
    expect(refused.error).to.match(/launch\/in-use/);
    const winner = launchers.find(({ child }) => child.exitCode === null)!;
    const members = family(winner.child.pid!);
    winner.child.kill('SIGTERM');
    expect(await winner.ended).to.include({ status: 0, out: '' });
    expect(alive(members)).to.deep.equal([]);
    expect(family(process.pid).filter(({ command: line }) => line.includes(data))).to.deep.equal([]);
  });
});

describe('ops/demo', function () {
  this.timeout(180_000);

  it('shows all its steps, ends with status 0 and leaves nothing behind', async () => {
    const temporary = newFolder('open');
    const ended = await command(path.join(checkout, 'ops/demo'), [], {
      env: { TMPDIR: temporary, HOME: process.env['HOME'] }
    });
    expect(ended.status, ended.error).to.equal(0);
    const [, last] = /^\[1\/(\d+)\]/m.exec(ended.out) ?? [];
    expect(ended.out).to.match(new RegExp(`^\\[${last}/${last}\\]`, 'm'));
    expect(ended.out).to.match(/SUCCESS/);
    expect(readdirSync(temporary)).to.deep.equal([]);
  });
});
