import { expect } from 'chai';
import { appendFile, mkdir, readFile, truncate, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { genesis, link, uuidv7, type Head } from '../../../ops/audit/entry.js';
import { codeOf, inFolder, smki } from './run.js';

const origin = { environment: 'test', component: 'ra', instance: 'ra-1' };

/** Writes a log of four events and answers its head. */
async function writeLog(folder: string): Promise<Head> {
  let head = genesis(origin);
  let lines = Buffer.alloc(0);
  const events = [
    { type: 'audit.log.created', facts: { ...origin, number: 7 } },
    ...['a', 'b', 'c'].map(name => ({ type: 'ra.test', facts: { name } }))
  ];
  for (const event of events) {
    const at = new Date(Date.UTC(2030, 0, 1));
    const linked = link(head, { ...event, id: uuidv7(at), at: at.toISOString(), actor: '-' });
    head = linked.head;
    lines = Buffer.concat([lines, linked.line]);
  }
  await mkdir(folder, { recursive: true });
  await writeFile(path.join(folder, 'ra-1.log'), lines);
  return head;
}

describe('smki audit', () => {
  const inLog = (work: (data: string, log: string, head: Head) => Promise<void>): Promise<void> =>
    inFolder(async data => {
      const head = await writeLog(path.join(data, 'audit'));
      await work(data, path.join(data, 'audit', 'ra-1.log'), head);
    });

  it('verify: a whole log is status 0', () =>
    inLog(async (data, _log, head) => {
      const done = await smki(['audit', 'verify', '--data', data, '--json']);
      expect(done.status).to.equal(0);
      expect(JSON.parse(done.out)).to.have.nested.property('[0].head.hash', head.hash);
    }));

  const damages: [string, string, (lines: string[]) => string[]][] = [
    [
      'a changed event',
      'audit/changed',
      lines => lines.map(line => line.replace('"name":"b"', '"name":"x"'))
    ],
    ['a removed event', 'audit/removed', lines => lines.filter((_, i) => i !== 2)],
    ['reordered events', 'audit/reordered', ([a, b, c, d]) => [a, c, b, d].map(line => line ?? '')]
  ];
  for (const [what, code, damage] of damages) {
    it(`verify: ${what} is status 1`, () =>
      inLog(async (data, log) => {
        const lines = (await readFile(log, 'utf8')).trimEnd().split('\n');
        await writeFile(log, `${damage(lines).join('\n')}\n`);
        const done = await smki(['audit', 'verify', '--data', data, '--json']);
        expect({ status: done.status, code: codeOf(done) }).to.deep.equal({ status: 1, code: 'cli/audit' });
        expect(JSON.parse(done.out)).to.have.nested.property('[0].findings[0].code', code);
      }));
  }

  it('verify: a log cut at the end of an event is found by a head known from elsewhere', () =>
    inLog(async (data, log, head) => {
      const lines = (await readFile(log, 'utf8')).trimEnd().split('\n');
      await writeFile(log, `${lines.slice(0, 3).join('\n')}\n`);
      const known = `ra-1=${head.seq}:${head.size}:${head.hash}`;
      const done = await smki(['audit', 'verify', '--data', data, '--head', known, '--json']);
      expect(done.status).to.equal(1);
      expect(JSON.parse(done.out)).to.have.nested.property('[0].findings[0].code', 'audit/truncated');
    }));

  it('verify: octets that are no event are found', () =>
    inLog(async (data, log) => {
      await appendFile(log, 'x\n');
      expect((await smki(['audit', 'verify', '--data', data])).status).to.equal(1);
      await truncate(log, 0);
      const known = `ra-1=4:900:${'0'.repeat(64)}`;
      expect((await smki(['audit', 'verify', '--data', data, '--head', known])).status).to.equal(1);
    }));

  it('verify: an emptied folder is no whole log', () =>
    inFolder(async folder => {
      const done = await smki(['audit', 'verify', folder]);
      expect({ status: done.status, code: codeOf(done) }).to.deep.equal({ status: 1, code: 'cli/audit' });
    }));

  it('verify: a log that a head is known of and that is gone is status 1', () =>
    inLog(async data => {
      const known = `ca-1=1:10:${'0'.repeat(64)}`;
      expect((await smki(['audit', 'verify', '--data', data, '--head', known])).status).to.equal(1);
    }));

  it('show: finds the event of a reference, and only that', () =>
    inLog(async data => {
      const done = await smki(['audit', 'show', '7-3', '--data', data, '--json']);
      expect(JSON.parse(done.out)).to.deep.include({ seq: 3, facts: { name: 'b' } });
      expect((await smki(['audit', 'show', '7-5', '--data', data])).status).to.equal(1);
      expect((await smki(['audit', 'show', '8-3', '--data', data])).status).to.equal(1);
    }));

  it('a folder that is not there is status 2', async () => {
    const done = await smki(['audit', 'verify', '/nonexistent/audit']);
    expect({ status: done.status, code: codeOf(done) }).to.deep.equal({ status: 2, code: 'cli/file' });
  });
});
