import { execFile, execFileSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmdirSync,
  rmSync,
  symlinkSync,
  writeFileSync
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { link, parseEntry, type Head } from '../../ops/audit/entry.js';
import type { AuditReport } from '../../ops/audit/index.js';
import { newDeviceRequest } from '../../ops/launch/new-request.js';
import { demoHwType } from '../../ops/launch/seed.js';
import { parseCertificate } from '../../pki/index.js';
import { eventually, startTestSystem, type TestSystem } from '../kit/system.js';
import {
  type Answer,
  newDeviceId,
  relyingParty,
  type Retrieved,
  sendAdHoc,
  sendEnrolment,
  show,
  untilIssued
} from './talk.js';

type Component = 'ca' | 'ra' | 'repository';
const everyone: readonly Component[] = ['ca', 'ra', 'repository'];

/** A way in which the store stops taking events, also for a writer that is root. */
interface Fault {
  readonly name: string;
  readonly whose: readonly Component[];
  begin(store: string): void;
  end(store: string): void;
}

/** The log's name leads to another file: what is written through the open one would not be found again. */
function replacedLog(component: Component): Fault {
  const log = (store: string) => join(store, `${component}-1.log`);
  return {
    name: `the log of the ${component} replaced by an empty file`,
    whose: [component],
    begin(store) {
      renameSync(log(store), `${log(store)}.away`);
      writeFileSync(log(store), '', { mode: 0o600 });
    },
    end: store => renameSync(`${log(store)}.away`, log(store))
  };
}

const faults: readonly Fault[] = [
  ...everyone.map(replacedLog),
  {
    name: 'the folder moved away',
    whose: everyone,
    begin: store => renameSync(store, `${store}.away`),
    end: store => renameSync(`${store}.away`, store)
  },
  {
    name: 'the folder moved away and an empty one in its place',
    whose: everyone,
    begin(store) {
      renameSync(store, `${store}.away`);
      mkdirSync(store, { mode: 0o700 });
    },
    end(store) {
      rmSync(store, { recursive: true });
      renameSync(`${store}.away`, store);
    }
  }
];

const fullDisk: Fault = {
  name: 'no space left on the device',
  whose: everyone,
  begin(store) {
    const filler = join(store, '..', 'filler');
    for (let octets = 65_536; octets >= 1; octets = Math.floor(octets / 2)) {
      try {
        for (;;) writeFileSync(filler, Buffer.alloc(octets), { flag: 'a' });
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
      }
    }
  },
  end: store => rmSync(join(store, '..', 'filler'))
};

describe('the audit store of a whole system', function () {
  this.timeout(240_000);
  const folder = mkdtempSync(join(tmpdir(), 'opensmki-audit-store-'));
  /** A file system of its own where the test may mount one, so that it can be full. */
  const disk = join(folder, 'disk');
  const store = join(disk, 'audit');
  let mounted = false;
  let test: TestSystem;

  before('start', async () => {
    mkdirSync(disk);
    mounted = mount(disk);
    // A claimed order is waited for to its deadline: shorter here, so that the test is.
    const changed = { audit: { directory: store }, policy: { 'deadline.order': { value: 5 } } };
    test = await startTestSystem({
      adjust: {
        ca: config => ({ ...config, ...changed }),
        repository: config => ({ ...config, ...changed }),
        ra: config => ({ ...config, ...changed, settings: { ...config.settings, jsonWaitMs: 1_500 } })
      }
    });
    // Where `smki` and the other readers look.
    const usual = test.system.data.path('audit');
    rmdirSync(usual);
    symlinkSync(store, usual);
  });
  after('stop', async () => {
    try {
      await test?.stop();
    } finally {
      if (mounted) execFileSync('umount', ['-l', disk]);
      rmSync(folder, { recursive: true, force: true });
    }
  });

  describe('while it cannot be written no answer says success, and service returns by itself', () => {
    const device = newDeviceId();
    const request = (eui = device) => newDeviceRequest(eui, 'DS', demoHwType).csr;
    let serial = '';
    before('a certificate to ask for', async () => {
      const first = await untilIssued(() => sendEnrolment(test.maker(), 'device', request()));
      serial = parseCertificate(first).serialHex;
    });

    for (const fault of [...faults, fullDisk])
      it(fault.name, async function () {
        if (fault === fullDisk && !mounted) this.skip();
        const hit = (component: Component): boolean => fault.whose.includes(component);
        const [supplier, maker, reader] = [test.subscriber(), test.maker(), relyingParty(test)];
        const good = { adhoc: request(), json: request(newDeviceId()) };
        const altered = Uint8Array.from(request());
        altered[altered.length - 1]! ^= 1;
        const before = await known(test);
        const askForFile = () =>
          reader.client.send({
            method: 'GET',
            path: `/certificates/${serial}?apikey=${encodeURIComponent(test.system.repositoryApiKey)}`,
            timeoutMs: 10_000
          });

        fault.begin(store);
        let answers: { adhoc: Answer; json: Answer; refused: Answer; found: Retrieved; file: number };
        try {
          // The last block of a log has room for some events yet: those are on record, and their answers stand.
          if (fault === fullDisk)
            await eventually('the last blocks of the logs are full', 30_000, async () => {
              const refused = await sendAdHoc(supplier, altered);
              const found = [(await reader.retrieve(serial)).http, (await askForFile()).status];
              return refused.kind === 'refused' && refused.code === 'CA:AU1' && found.every(s => s === 503);
            });
          const [adhoc, json, refused, found, file] = await Promise.all([
            sendAdHoc(supplier, good.adhoc),
            sendEnrolment(maker, 'device', good.json),
            sendAdHoc(supplier, altered),
            reader.retrieve(serial),
            askForFile()
          ]);
          answers = { adhoc, json, refused, found, file: file.status };
          const meanwhile = await known(test);
          expect(meanwhile.issued).to.equal(before.issued);
          // A repository that cannot record may hold more than before; it answers nothing.
          if (!hit('repository')) expect(meanwhile.published).to.equal(before.published);
        } finally {
          fault.end(store);
        }
        if (hit('ra')) {
          expect(answers.adhoc).to.include({ http: 200, status: 'CA_ERROR', code: 'CA:AU1' });
          expect(answers.json).to.include({ http: 503, code: 'audit/unavailable' });
          expect(answers.json).to.have.property('retryAfter').that.is.a('string');
          // A refusal that is not on record is not told either.
          expect(answers.refused).to.include({ http: 200, status: 'CA_ERROR', code: 'CA:AU1' });
        } else {
          expect(answers.adhoc).to.include({ http: 200, status: 'CA_ERROR', code: 'CA:CA2' });
          // On record at the RA, whose own log is well: to be asked for later.
          expect(answers.json.kind).to.equal('accepted');
          expect(answers.refused).to.include({ http: 200, status: 'CSR_ERROR', code: 'CR:R4' });
        }
        expect([answers.found.http, answers.file]).to.deep.equal(hit('repository') ? [503, 503] : [200, 200]);
        expect(answers.found.certificate === undefined).to.equal(hit('repository'));
        expect(answers.found.auditReference === undefined).to.equal(hit('repository'));

        // Nobody is told that the store is back.
        const since = performance.now();
        const later = await Promise.all([
          untilIssued(() => sendAdHoc(supplier, good.adhoc), 30_000),
          untilIssued(() => sendEnrolment(maker, 'device', good.json), 30_000)
        ]);
        show(`both certificates ${Math.round(performance.now() - since)} ms after the return`);
        for (const der of later) {
          const found = await reader.retrieve(parseCertificate(der).serialHex);
          expect(Buffer.from(found.certificate ?? []).equals(der)).to.equal(true);
        }
        reader.close();
        // Orders, certificates and every log, event by event against the database.
        await test.reconcile();
      });
  });

  describe('smki audit verify, on the logs of a system that was stopped', () => {
    before('stop the components', async () => {
      for (const instance of test.instances) await test.process(instance).stop(10_000);
    });

    it('finds whole logs whole', async () => {
      const { status, reports } = await verify(store);
      expect(status).to.equal(0);
      expect(reports.map(({ file, findings }) => [file, findings])).to.deep.equal(
        everyone.map(component => [join(store, `${component}-1.log`), []])
      );
      for (const { events } of reports) expect(events).to.be.greaterThan(10);
    });

    /** What somebody does to the lines of a log, the finding that comes of it, and the event it names. */
    const damages: readonly [string, string, (lines: string[]) => string[], number | 'last'][] = [
      ['a changed event', 'audit/changed', lines => changeLine(lines, 5), 5],
      ['a changed event that hashes to its new hash', 'audit/changed', lines => rehashLine(lines, 5), 5],
      ['a removed event', 'audit/removed', lines => lines.filter((_, at) => at !== 4), 5],
      ['reordered events', 'audit/reordered', lines => swapLines(lines, 5), 5],
      ['an event that is there twice', 'audit/inserted', ([first, ...rest]) => [first!, first!, ...rest], 1],
      ['truncated events', 'audit/truncated', lines => lines.slice(0, -2), 'last']
    ];
    for (const [name, code, damage, seq] of damages)
      it(`finds ${name}, in each log`, async () => {
        const copy = copyOf(store, folder);
        const lengths = everyone.map(component => {
          const log = join(copy, `${component}-1.log`);
          const lines = readFileSync(log, 'utf8').trimEnd().split('\n');
          writeFileSync(log, `${damage(lines).join('\n')}\n`);
          return lines.length;
        });
        const { status, reports } = await verify(copy);
        expect(status).to.equal(1);
        expect(
          reports.map(({ findings }) => findings.map(finding => [finding.code, finding.seq]))
        ).to.deep.equal(lengths.map(length => [[code, seq === 'last' ? length - 1 : seq]]));
      });

    it('finds a log cut in the middle of an event', async () => {
      const copy = copyOf(store, folder);
      for (const component of everyone) {
        const log = join(copy, `${component}-1.log`);
        writeFileSync(log, readFileSync(log).subarray(0, -20));
      }
      const { status, reports } = await verify(copy);
      expect(status).to.equal(1);
      expect(reports.map(({ findings }) => findings[0]?.code)).to.deep.equal(
        everyone.map(() => 'audit/truncated')
      );
    });

    it('finds a missing log by the head that was kept elsewhere', async () => {
      const copy = copyOf(store, folder);
      const { seq, size, hash } = JSON.parse(readFileSync(join(copy, 'ra-1.head'), 'utf8')) as Head;
      for (const name of readdirSync(copy)) if (name.startsWith('ra-1.')) rmSync(join(copy, name));
      const { status, error } = await verify(copy, '--head', `ra-1=${seq}:${size}:${hash}`);
      expect(status).to.equal(1);
      expect(error).to.match(/^cli\/audit: .*ra-1/);
    });

    for (const [name, keep] of [
      ['cut short with its head', (lines: string[]) => lines.slice(0, -3)],
      [
        'rewritten whole, every hash and the head made right',
        (lines: string[]) => lines.filter((_, at) => at !== 5)
      ]
    ] as const)
      it(`finds by the database a log ${name}`, async () => {
        const copy = copyOf(store, folder);
        for (const component of everyone) rewrite(copy, component, keep);
        const alone = await verify(copy);
        expect(alone.status, 'their files alone cannot show it').to.equal(0);
        for (const component of everyone) {
          const log = join(copy, `${component}-1.log`);
          const url = test.system.data.path('secrets', `${component}.database-url`);
          const { status, reports } = await verify(log, '--database-file', url, '--component', component);
          expect(status, component).to.equal(1);
          expect(reports[0]?.findings.map(({ code }) => code)).to.include('audit/missing');
        }
      });
  });
});

/** False where this process may not mount. */
function mount(directory: string): boolean {
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=8m,mode=0700', 'tmpfs', directory], {
      stdio: 'ignore'
    });
    return true;
  } catch {
    return false;
  }
}

/** Certificates that the RA could hand out, and that the repository could show. */
async function known(test: TestSystem): Promise<{ issued: number; published: number }> {
  const [row] = await test.sql<{ issued: number; published: number }>(`select
    (select count(*)::int from ra.request where state = 'issued') as issued,
    (select count(*)::int from repository.certificate) as published`);
  if (row === undefined) throw new Error('nothing was counted');
  return row;
}

interface Verified {
  readonly status: number;
  readonly reports: readonly AuditReport[];
  readonly error: string;
}

/** The command as an auditor runs it, in a process of its own. */
function verify(place: string, ...more: readonly string[]): Promise<Verified> {
  const smki = fileURLToPath(new URL('../../ops/smki.ts', import.meta.url));
  const args = ['--import', import.meta.resolve('tsx'), smki, 'audit', 'verify', place, '--json', ...more];
  return new Promise(resolve => {
    const child = execFile(process.execPath, args, (_error, out, error) =>
      resolve({
        status: child.exitCode ?? -1,
        reports: out === '' ? [] : (JSON.parse(out) as AuditReport[]),
        error
      })
    );
  });
}

let copies = 0;
function copyOf(store: string, folder: string): string {
  const copy = join(folder, `copy-${++copies}`);
  cpSync(store, copy, { recursive: true });
  return copy;
}

function changeLine(lines: string[], seq: number): string[] {
  return lines.map((line, at) =>
    at === seq - 1 ? line.replace(/"actor":"[^"]*"/, '"actor":"somebody"') : line
  );
}

/** The hash follows the change, and the chain behind it no longer fits. */
function rehashLine(lines: string[], seq: number): string[] {
  const changed = changeLine(lines, seq);
  const entry = parseEntry(Buffer.from(changed[seq - 1]!));
  if (entry === undefined) throw new Error('not an event');
  const head = { seq: seq - 1, size: 0, hash: entry.prev };
  return changed.map((line, at) =>
    at === seq - 1 ? link(head, entry).line.toString('utf8').trimEnd() : line
  );
}

function swapLines(lines: string[], seq: number): string[] {
  const swapped = [...lines];
  [swapped[seq - 1], swapped[seq]] = [swapped[seq]!, swapped[seq - 1]!];
  return swapped;
}

/** What somebody can do who holds the log and its head file and knows the format. */
function rewrite(copy: string, component: Component, keep: (lines: string[]) => string[]): void {
  const log = join(copy, `${component}-1.log`);
  const headFile = join(copy, `${component}-1.head`);
  const lines = keep(readFileSync(log, 'utf8').trimEnd().split('\n'));
  const first = parseEntry(Buffer.from(lines[0]!));
  if (first === undefined || !existsSync(headFile)) throw new Error('no log to rewrite');
  let head: Head = { seq: 0, size: 0, hash: first.prev };
  const written = lines.map(line => {
    const entry = parseEntry(Buffer.from(line));
    if (entry === undefined) throw new Error('not an event');
    const linked = link(head, entry);
    head = linked.head;
    return linked.line;
  });
  writeFileSync(log, Buffer.concat(written));
  const known = JSON.parse(readFileSync(headFile, 'utf8')) as object;
  writeFileSync(headFile, JSON.stringify({ ...known, ...head }));
}
