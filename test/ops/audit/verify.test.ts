import { expect } from 'chai';
import { createHash } from 'node:crypto';
import { readFileSync, rmSync, truncateSync, writeFileSync, statSync, appendFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import canonicalize from 'canonicalize';
import type { Knex } from 'knex';
import { findAuditEvent, verifyAudit } from '../../../ops/audit/index.js';
import { findRepeats } from '../../../ops/audit/repeats.js';
import { testDatabase, type TestDatabase } from '../../kit/database.js';
import { auditFolder, done, edit, findings, lines, open, recorded } from './kit.js';

interface Line {
  seq: number;
  id: string;
  prev: string;
  hash: string;
  facts: Record<string, unknown>;
}

describe('ops/audit: verification', function () {
  this.timeout(60_000);
  let database: TestDatabase;
  let knex: Knex;
  let ownerKnex: Knex;
  let directory: string;
  let file: string;
  let whole: string;
  let reference: string;

  before(async () => {
    database = await testDatabase();
    ({ knex, ownerKnex } = await database.component('ca'));
    directory = auditFolder();
    file = join(directory, 'ca-1.log');
    const audit = await open(knex, directory);
    for (let step = 1; step <= 4; step++)
      await audit.seal(await recorded(knex, audit, [done(step), done(step + 100)]));
    reference = await audit.append([{ type: 'ca.test.refused', actor: '-', facts: { code: 'ca/lint' } }]);
    await audit.close();
    whole = readFileSync(file, 'utf8');
  });
  afterEach(() => writeFileSync(file, whole));
  after(async () => {
    rmSync(dirname(directory), { recursive: true });
    await database.drop();
  });

  /** Makes a line hash to what it says again, as somebody would who rewrites the log. */
  const rehash = (text: string, prev?: string): string => {
    const line = JSON.parse(text) as Line;
    const { hash: _hash, ...unhashed } = { ...line, prev: prev ?? line.prev };
    const hash = createHash('sha256')
      .update(Buffer.from(unhashed.prev, 'hex'))
      .update(canonicalize(unhashed) ?? '')
      .digest('hex');
    return JSON.stringify({ ...unhashed, hash });
  };
  /** Links every line from `from` on anew. */
  const relink = (list: string[], from: number): string[] => {
    const result = [...list];
    for (let index = from; index < result.length; index++)
      result[index] = rehash(
        result[index] ?? '',
        index === 0 ? undefined : (JSON.parse(result[index - 1] ?? '') as Line).hash
      );
    return result;
  };
  const changed = (text: string): string => text.replace(/"step":2(?=[,}])/, '"step":7');

  it('finds a whole log whole, against file and database', async () => {
    const [report] = await verifyAudit(directory, { database: { knex, component: 'ca' } });
    expect(report?.findings).to.deep.equal([]);
    expect(report?.events).to.equal(10);
    expect(lines(file)).to.have.length(10);
  });

  it('finds an event by its reference', async () => {
    expect(reference).to.match(/^[1-9]\d*-a$/);
    expect(await findAuditEvent(directory, reference)).to.deep.include({ seq: 10, type: 'ca.test.refused' });
    const number = Number(reference.split('-')[0]);
    for (const other of [`${number + 1}-a`, `${number}-b`, `${number}-0`, `${number}-A`, 'x', '../1-a'])
      expect(await findAuditEvent(directory, other)).to.equal(undefined);
  });

  const cases: readonly [string, (list: string[]) => string[], [string, number]][] = [
    ['a changed event', list => list.map(changed), ['audit/changed', 4]],
    [
      'a changed event with its own hash made right',
      list => list.map(line => (changed(line) === line ? line : rehash(changed(line)))),
      ['audit/changed', 4]
    ],
    [
      'a changed event with the whole rest linked anew',
      list => relink(list.map(changed), 3),
      ['audit/head', 10]
    ],
    ['a removed event', list => list.filter((_line, index) => index !== 4), ['audit/removed', 5]],
    ['the first event removed', list => list.slice(1), ['audit/removed', 1]],
    [
      "two events in each other's place",
      list => [...list.slice(0, 4), list[5] ?? '', list[4] ?? '', ...list.slice(6)],
      ['audit/reordered', 5]
    ],
    [
      'an event that is there twice',
      list => [...list.slice(0, 5), list[4] ?? '', ...list.slice(5)],
      ['audit/inserted', 5]
    ],
    ['the last event removed', list => list.slice(0, -1), ['audit/truncated', 10]],
    ['everything removed', () => [], ['audit/truncated', 1]],
    [
      'a line that is no event',
      list => [...list.slice(0, 5), '{}', ...list.slice(5)],
      ['audit/malformed', 6]
    ],
    [
      'a key more in a line',
      list => list.map((line, index) => (index === 5 ? line.replace('{', '{"more":1,') : line)),
      ['audit/malformed', 6]
    ]
  ];
  for (const [name, change, expected] of cases)
    it(`finds ${name}`, async () => {
      edit(file, change);
      expect(await findings(directory)).to.deep.equal([expected]);
    });

  /** The id of one event put into another, with the hashes made right: what a writer that forgot would leave. */
  const withId = (list: string[], to: number, id: string): string[] =>
    relink(
      list.map((line, index) =>
        index === to - 1 ? JSON.stringify({ ...(JSON.parse(line) as Line), id }) : line
      ),
      to - 1
    );
  const idOf = (list: string[], seq: number): string => (JSON.parse(list[seq - 1] ?? '') as Line).id;
  /** The head file of what the log holds now. */
  const writeHead = (log: string): void => {
    const { seq, hash } = JSON.parse(lines(log).at(-1) ?? '') as Line;
    const name = log.replace(/log$/, 'head');
    const kept = JSON.parse(readFileSync(join(directory, 'ca-1.head'), 'utf8')) as object;
    writeFileSync(name, JSON.stringify({ ...kept, seq, size: statSync(log).size, hash }));
  };

  it('finds ids that are there twice in one log, each time but the first', async () => {
    const kept = readFileSync(join(directory, 'ca-1.head'), 'utf8');
    edit(file, list => withId(withId(list, 6, idOf(list, 3)), 9, idOf(list, 3)));
    writeHead(file);
    expect(await findings(directory)).to.deep.equal([
      ['audit/repeated', 6],
      ['audit/repeated', 9]
    ]);
    // Before a break they are told as well, behind it nothing is read.
    edit(file, list => list.filter((_line, index) => index !== 7));
    expect(await findings(directory)).to.deep.equal([
      ['audit/removed', 8],
      ['audit/repeated', 6]
    ]);
    writeFileSync(join(directory, 'ca-1.head'), kept);
  });

  it('finds an id that is there in two logs of a folder', async () => {
    const other = join(directory, 'ca-2.log');
    const list = lines(file);
    const unlike = list.reduce((all, _line, index) => withId(all, index + 1, `other-${index}`), list);
    writeFileSync(other, [...withId(unlike, 4, idOf(list, 7)), ''].join('\n'));
    writeHead(other);
    const reports = await verifyAudit(directory);
    expect(reports.map(report => report.findings.map(({ code, seq }) => [code, seq]))).to.deep.equal([
      [],
      [['audit/repeated', 4]]
    ]);
    // Each by itself is whole.
    for (const one of [file, other])
      expect((await verifyAudit(one)).flatMap(report => report.findings)).to.deep.equal([]);
    rmSync(other);
    rmSync(other.replace(/log$/, 'head'));
  });

  it('finds ids again that were forgotten meanwhile, also those of events that came late', async () => {
    const long = join(directory, 'long.log');
    const id = (number: number): string => String(number).padStart(8, '0');
    // Rising; every 10th is an old one that comes late, some of them are there already.
    const ids = Array.from({ length: 400 }, (_, at) => id(at % 10 === 9 ? (at * 7) % 200 : at + 1_000));
    ids[300] = id(1_000);
    ids[301] = id(1_000);
    ids[302] = id(1_295);
    const expected = ids.flatMap((one, at) => (ids.indexOf(one) < at ? [at + 1] : []));
    const [template = ''] = lines(file);
    const text = ids.map((one, at) =>
      JSON.stringify({ ...(JSON.parse(template) as Line), seq: at + 1, id: one })
    );
    writeFileSync(long, [...text, ''].join('\n'));
    const logs = [{ file: long, size: statSync(long).size }];
    for (const window of [1, 2, 16, 100, 1_000]) {
      const repeats = await findRepeats(logs, { window });
      expect(
        repeats.map(({ seq }) => seq).sort((a, b) => a - b),
        `${window} ids`
      ).to.deep.equal(expected);
      for (const { seq, before } of repeats) expect(ids[before.seq - 1], `${seq}`).to.equal(ids[seq - 1]);
    }
    expect(await findRepeats(logs, { most: 2 })).to.have.length(2);
    rmSync(long);
  });

  it('finds a log cut in the middle of a line', async () => {
    truncateSync(file, statSync(file).size - 10);
    expect(await findings(directory)).to.deep.equal([['audit/truncated', 10]]);
  });

  it('tells a torn line beyond the head from a cut', async () => {
    appendFileSync(file, '{"seq":11,');
    expect(await findings(directory)).to.deep.equal([['audit/torn', 11]]);
  });

  it('finds a cut whose head file was made to fit, by the head of the database', async () => {
    const headFile = join(directory, 'ca-1.head');
    const kept = readFileSync(headFile, 'utf8');
    edit(file, list => list.slice(0, -1));
    const last = JSON.parse(lines(file).at(-1) ?? '') as Line;
    writeFileSync(
      headFile,
      JSON.stringify({ ...JSON.parse(kept), seq: 9, size: statSync(file).size, hash: last.hash })
    );
    expect(await findings(directory)).to.deep.equal([]);
    const row = await knex.table('audit_head').first<{ seq: string; size: string; hash: Buffer }>();
    const heads = new Map([
      ['ca-1', { seq: Number(row.seq), size: Number(row.size), hash: row.hash.toString('hex') }]
    ]);
    expect(await findings(directory, { heads })).to.deep.equal([['audit/truncated', 10]]);
    writeFileSync(headFile, kept);
  });

  it('finds what differs between database and log, each way it can', async () => {
    const compared = () => findings(directory, { database: { knex, component: 'ca' } });
    await ownerKnex.raw(`update audit_event set facts = facts || '{"step": 9}' where facts->>'step' = '3'`);
    expect(await compared()).to.deep.equal([['audit/differs', 0]]);
    await ownerKnex.raw(`update audit_event set facts = facts || '{"step": 3}' where facts->>'step' = '9'`);
    await knex.raw(
      `insert into audit_event (id, instance, at, type, actor, facts)
       values (gen_random_uuid(), 'ca-1', now(), 'ca.test.done', '-', '{}')`
    );
    expect(await compared()).to.deep.equal([['audit/missing', 0]]);
  });
});
