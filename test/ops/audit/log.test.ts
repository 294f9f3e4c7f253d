import { expect } from 'chai';
import { execFileSync, spawn } from 'node:child_process';
import {
  appendFileSync,
  existsSync,
  copyFileSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync
} from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Knex } from 'knex';
import { AuditUnavailable } from '../../../ops/kit/audit.js';
import { connect, errorState, newPassword, prepareDatabase } from '../../../ops/database/index.js';
import { auditMigrations, type OpenAuditLog } from '../../../ops/audit/index.js';
import { startTestServer, testDatabase, type TestDatabase } from '../../kit/database.js';
import { rejected } from '../database/rejected.js';
import { auditFolder, done, edit, findings, lines, open, recorded } from './kit.js';

interface Line {
  seq: number;
  id: string;
  type: string;
  facts: Record<string, unknown>;
}
const parsed = (file: string): Line[] => lines(file).map(line => JSON.parse(line) as Line);

async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  for (let wait = 0; wait < 200 && !(await condition()); wait++) await sleep(25);
}

describe('ops/audit: the log of a process', function () {
  this.timeout(60_000);
  let database: TestDatabase;
  let knex: Knex;
  let url: string;
  let directory: string;
  let file: string;
  let audit: OpenAuditLog;

  beforeEach(async () => {
    database = await testDatabase();
    ({ knex, url } = await database.component('ca'));
    directory = auditFolder();
    file = join(directory, 'ca-1.log');
    audit = await open(knex, directory);
  });
  afterEach(async () => {
    await audit.close();
    rmSync(dirname(directory), { recursive: true, force: true });
    await database.drop();
  });
  const compared = () => findings(directory, { database: { knex, component: 'ca' } });
  const reopen = async (): Promise<OpenAuditLog> => (audit = await open(knex, directory));

  it('keeps its files to its owner', () => {
    expect(statSync(directory).mode & 0o777).to.equal(0o700);
    for (const name of ['ca-1.log', 'ca-1.head', 'ca-1.lock'])
      expect(statSync(join(directory, name)).mode & 0o777).to.equal(0o600);
  });

  it('places recorded events once, whoever seals them how often', async () => {
    const ticket = await recorded(knex, audit, [done(1), done(2)]);
    expect(lines(file)).to.have.length(1);
    await Promise.all([audit.seal(ticket), audit.seal(ticket)]);
    await audit.seal(ticket);
    expect(parsed(file).map(line => line.type)).to.deep.equal([
      'audit.log.created',
      'ca.test.done',
      'ca.test.done'
    ]);
    expect(
      parsed(file)
        .slice(1)
        .map(line => line.id)
    ).to.deep.equal(ticket.ids);
    expect(await compared()).to.deep.equal([]);
  });

  it('records nothing of an act that was rolled back', async () => {
    await rejected(
      knex.transaction(async trx => {
        await audit.record(trx, [done(1)]);
        throw new Error('the act failed');
      })
    );
    await audit.close();
    await reopen();
    expect(lines(file)).to.have.length(1);
    expect(await knex.table('audit_event')).to.deep.equal([]);
  });

  it('answers many callers of one moment with few writes, each with its own reference', async () => {
    const references = await Promise.all(
      Array.from({ length: 500 }, (_, step) => audit.append([done(step)]))
    );
    expect(new Set(references).size).to.equal(500);
    const order = parsed(file)
      .slice(1)
      .map(line => line.facts['step']);
    expect(order).to.deep.equal([...Array(500).keys()]);
    expect(references[255]).to.equal(`${audit.instanceNumber}-101`);
    // Queries are not held up by the database; it learns the head a moment later.
    await until(async () => (await knex.table('audit_head').first<{ seq: string }>('seq')).seq === '501');
    expect(await findings(directory)).to.deep.equal([]);
  });

  it('refuses event types outside the table, and facts that have no place in a log', async () => {
    const refusedBy = async (type: string, facts: Record<string, string>) =>
      errorState(await rejected(audit.append([{ type, actor: '-', facts }])));
    expect(await refusedBy('ca.test.unknown', {})).to.equal('audit/unknown-type');
    expect(await refusedBy('toString', {})).to.equal('audit/unknown-type');
    for (const key of ['name', 'Email', 'PIN', 'privateKey', 'address', 'apikey'])
      expect(await refusedBy('ca.test.done', { [key]: 'x' })).to.equal('audit/facts');
    expect(await refusedBy('ca.test.done', { csr: 'x'.repeat(70_000) })).to.equal('audit/facts');
    await audit.append([done(1)]);
    expect(await findings(directory)).to.deep.equal([]);
  });

  it('has one writer', async () => {
    expect(errorState(await rejected(open(knex, directory)))).to.equal('audit/locked');
    const script = `
      import { openAudit } from './ops/audit/index.js';
      import { connect } from './ops/database/index.js';
      import { pino } from 'pino';
      const database = connect(process.env.URL, { applicationName: 'second' });
      await openAudit({ database, environment: 'test', component: 'ca', instance: 'ca-1', directory: process.env.AUDIT,
        events: {}, clock: { now: () => new Date() }, log: pino({ level: 'silent' }) })
        .then(() => console.log('opened'), error => console.log(error.code));
      process.exit();`;
    const output = execFileSync(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', script], {
      env: { PATH: process.env['PATH'], URL: url, AUDIT: directory },
      encoding: 'utf8'
    });
    expect(output.trim()).to.equal('audit/locked');
  });

  it('fences out the earlier writer when another takes the instance over from elsewhere', async () => {
    await audit.append([done(1)]);
    const elsewhere = auditFolder();
    mkdirSync(elsewhere, { mode: 0o700 });
    copyFileSync(file, join(elsewhere, 'ca-1.log'));
    const second = await open(knex, elsewhere);
    // The database's word that we are the writer holds for a moment.
    await sleep(20);
    for (const attempt of [1, 2]) {
      const failure = await rejected(audit.append([done(attempt)]));
      expect(failure).to.be.instanceOf(AuditUnavailable);
      expect(audit.health().reason).to.equal('audit/fenced');
    }
    await second.append([done(3)]);
    await second.close();
    rmSync(dirname(elsewhere), { recursive: true });
  });

  it('places at the next start what was recorded and not sealed', async () => {
    await audit.seal(await recorded(knex, audit, [done(1)]));
    const ticket = await recorded(knex, audit, [done(2), done(3)]);
    await audit.close();
    expect((await compared()).map(([code]) => code)).to.deep.equal(['audit/missing', 'audit/missing']);
    await reopen();
    expect(
      parsed(file)
        .slice(-2)
        .map(line => line.id)
    ).to.deep.equal(ticket.ids);
    await audit.close();
    await reopen();
    expect(lines(file)).to.have.length(4);
    expect(await compared()).to.deep.equal([]);
  });

  it('places them while it runs, also those of transactions that commit late', async () => {
    await audit.close();
    audit = await open(knex, directory, { sweepMs: 50 });
    const late = await knex.transaction();
    await audit.record(late, [done(1)]);
    for (let step = 2; step < 5; step++) {
      await audit.seal(await recorded(knex, audit, [done(step)]));
      await sleep(120);
    }
    await recorded(knex, audit, [done(5)]);
    await late.commit();
    for (let wait = 0; wait < 100 && lines(file).length < 6; wait++) await sleep(50);
    expect(
      parsed(file)
        .slice(1)
        .map(line => line.facts['step'])
        .sort()
    ).to.deep.equal([1, 2, 3, 4, 5]);
    await sleep(300);
    // The mark has moved, and the next start reads from there.
    const { settled_size: settled } = await knex
      .table('audit_head')
      .first<{ settled_size: string }>('settled_size');
    expect(Number(settled)).to.be.greaterThan(0);
    await audit.close();
    await reopen();
    expect(lines(file)).to.have.length(6);
    expect(await compared()).to.deep.equal([]);
  });

  it('places an event once, however late its ticket is sealed', async () => {
    await audit.close();
    audit = await open(knex, directory, { sweepMs: 20 });
    const ticket = await recorded(knex, audit, [done(1), done(2)]);
    // The sweeper places it; then many of its periods pass, each with something new to settle.
    for (let step = 3; step < 13; step++) {
      await audit.seal(await recorded(knex, audit, [done(step)]));
      await sleep(60);
    }
    await audit.seal(ticket);
    await audit.seal(ticket);
    const steps = parsed(file)
      .slice(1)
      .map(line => line.facts['step']);
    expect([...steps].sort((a, b) => Number(a) - Number(b))).to.deep.equal(
      Array.from({ length: 12 }, (_, at) => at + 1)
    );
    expect(await compared()).to.deep.equal([]);
  });

  describe('when the store fails', () => {
    const fails = async (): Promise<void> => {
      const [one, two] = await Promise.all([
        rejected(audit.append([done(90)])),
        recorded(knex, audit, [done(91)]).then(ticket => rejected(audit.seal(ticket)))
      ]);
      expect(one).to.be.instanceOf(AuditUnavailable);
      expect(two).to.be.instanceOf(AuditUnavailable);
      expect(audit.health().state).to.equal('failed');
    };
    const works = async (): Promise<void> => {
      await audit.seal(await recorded(knex, audit, [done(1)]));
      await audit.append([done(2)]);
      expect(audit.health().state).to.equal('ready');
    };
    const faults: readonly [string, () => () => void][] = [
      [
        'the folder is moved away and comes back',
        () => {
          renameSync(directory, `${directory}.away`);
          return () => renameSync(`${directory}.away`, directory);
        }
      ],
      [
        'another folder stands in its place',
        () => {
          renameSync(directory, `${directory}.away`);
          mkdirSync(directory);
          return () => {
            rmSync(directory, { recursive: true });
            renameSync(`${directory}.away`, directory);
          };
        }
      ],
      [
        'the file is replaced by a shorter copy',
        () => {
          renameSync(file, `${file}.away`);
          writeFileSync(file, `${lines(`${file}.away`)[0] ?? ''}\n`);
          return () => renameSync(`${file}.away`, file);
        }
      ],
      [
        'the file is cut short',
        () => {
          const whole = readFileSync(file);
          truncateSync(file, whole.length - 5);
          return () => {
            truncateSync(file, whole.length - 5);
            appendFileSync(file, whole.subarray(whole.length - 5));
          };
        }
      ]
    ];
    for (const [name, damage] of faults)
      it(`says no while ${name}, and recovers by itself`, async () => {
        await works();
        const repair = damage();
        await fails();
        await fails();
        repair();
        await works();
        expect(parsed(file).some(line => line.type === 'audit.log.recovered')).to.equal(true);
        // Nothing is placed twice, whatever of the failed writes had reached the disk.
        const ids = parsed(file).map(line => line.id);
        expect(new Set(ids).size).to.equal(ids.length);
        await audit.close();
        await reopen();
        expect(await compared()).to.deep.equal([]);
      });

    it('says no when the disk is full, and recovers when there is room', async function () {
      const small = join(dirname(directory), 'small');
      mkdirSync(small);
      try {
        execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'none', small], { stdio: 'ignore' });
      } catch {
        return this.skip();
      }
      try {
        const other = await open(knex, join(small, 'audit'), { instance: 'ca-2' });
        const ballast = { ...done(1), facts: { octets: 'x'.repeat(10_000) } };
        let failure: unknown;
        for (let step = 0; step < 20 && failure === undefined; step++)
          failure = await other.append([ballast]).then(
            () => undefined,
            (error: unknown) => error
          );
        expect(failure).to.be.instanceOf(AuditUnavailable);
        expect(other.health().reason).to.equal('ENOSPC');
        await rejected(other.append([ballast]));
        execFileSync('mount', ['-o', 'remount,size=256k', small]);
        await other.append([ballast]);
        await other.close();
        expect(await findings(join(small, 'audit', 'ca-2.log'))).to.deep.equal([]);
      } finally {
        execFileSync('umount', [small]);
      }
    });

    it('says no to acts and yes to queries while the head cannot be recorded', async () => {
      const server = await startTestServer();
      // A database of its own, which can be killed.
      const passwords = { ownerPassword: newPassword(), runtimePassword: newPassword() };
      const prepared = await prepareDatabase({
        adminUrl: server.url,
        environment: 'test',
        components: [{ component: 'ca', migrations: auditMigrations('ca'), ...passwords }]
      });
      const pool = connect(prepared.urls.get('ca') ?? '', {
        applicationName: 'test-head',
        acquireTimeoutMs: 1_000
      });
      const other = auditFolder();
      const log = await open(pool, other);
      const ticket = await recorded(pool, log, [done(1)]);
      // Immediate shutdown: the backends go, too, where SIGKILL would leave them answering for a while.
      process.kill(server.pid, 'SIGQUIT');
      await until(() => !existsSync(`/proc/${server.pid}`));
      expect(await rejected(log.seal(ticket))).to.be.instanceOf(AuditUnavailable);
      await log.append([done(2)]);
      const again = await server.restart();
      await log.seal(ticket);
      expect(parsed(join(other, 'ca-1.log')).map(line => line.facts['step'])).to.deep.equal([
        undefined,
        1,
        2
      ]);
      expect(await findings(other, { database: { knex: pool, component: 'ca' } })).to.deep.equal([]);
      await log.close();
      await pool.destroy();
      await again.stop();
      rmSync(dirname(other), { recursive: true });
    });
  });

  describe('at its start', () => {
    beforeEach(async () => {
      for (let step = 0; step < 3; step++) await audit.seal(await recorded(knex, audit, [done(step)]));
      await audit.close();
    });
    const refused = async (): Promise<string | undefined> =>
      errorState(await rejected(open(knex, directory)));

    it('refuses a log shorter than its head', async () => {
      edit(file, list => list.slice(0, -1));
      expect(await refused()).to.equal('audit/truncated');
    });
    it('refuses when the log is gone', async () => {
      rmSync(directory, { recursive: true });
      expect(await refused()).to.equal('audit/truncated');
    });
    it('refuses another log of the same length', async () => {
      edit(file, list => list.map(line => line.replace('"step":2', '"step":7')));
      expect(await refused()).to.equal('audit/head');
    });
    it('refuses a log rolled back together with the head file', async () => {
      const old = readFileSync(join(directory, 'ca-1.head'));
      const text = readFileSync(file);
      await reopen();
      await audit.append([done(9)]);
      await audit.close();
      writeFileSync(join(directory, 'ca-1.head'), old);
      writeFileSync(file, text);
      expect(await refused()).to.equal('audit/truncated');
    });
    it('refuses a log rolled back together with the database, by the head file', async () => {
      const text = readFileSync(file);
      const row = await knex.table('audit_head').first<Record<string, unknown>>();
      await reopen();
      await audit.append([done(9)]);
      await audit.close();
      const { seq, size, hash } = row;
      await knex.table('audit_head').update({ seq, size, hash });
      writeFileSync(file, text);
      expect(await refused()).to.equal('audit/truncated');
    });
    it('refuses events behind the head that do not continue the chain', async () => {
      edit(file, list => [...list, list.at(-1) ?? '']);
      expect(await refused()).to.equal('audit/changed');
    });
    it('refuses a log this database has never seen', async () => {
      const other = await testDatabase();
      const component = await other.component('ca');
      expect(errorState(await rejected(open(component.knex, directory)))).to.equal('audit/unknown-log');
      await other.drop();
    });
    it('cuts a torn last line off and says so', async () => {
      appendFileSync(file, '{"seq":5,"at":"20');
      await reopen();
      expect(parsed(file).at(-1)).to.deep.include({ type: 'audit.log.repaired', facts: { octets: 17 } });
      await audit.append([done(9)]);
      expect(await compared()).to.deep.equal([]);
    });
    it('takes up a log that got further than the database was told', async () => {
      const row = await knex.table('audit_head').first<Record<string, unknown>>();
      await reopen();
      await audit.append([done(9)]);
      await audit.close();
      await knex.table('audit_head').update({ seq: row['seq'], size: row['size'], hash: row['hash'] });
      await reopen();
      const now = await knex.table('audit_head').first<{ seq: string }>('seq');
      expect(Number(now.seq)).to.equal(lines(file).length);
    });
    it('takes the lock of a process that was killed', async () => {
      const child = spawn('sleep', ['60'], { stdio: 'ignore' });
      writeFileSync(join(directory, 'ca-1.lock'), JSON.stringify({ pid: child.pid, started: '1' }));
      // The number is alive and belongs to somebody who started at another time.
      await reopen();
      child.kill();
    });
    it('refuses an instance name that leaves the folder', async () => {
      expect(errorState(await rejected(open(knex, directory, { instance: '../ca-1' })))).to.equal(
        'audit/instance'
      );
    });
  });
});
