import { expect } from 'chai';
import fc from 'fast-check';
import type { Knex } from 'knex';
import { connect, createSql, DatabaseUnavailable, errorState } from '../../../ops/database/index.js';
import type { SqlColumn, SqlValue } from '../../../ops/kit/deps.js';
import { startTestServer, testDatabase, type TestComponent, type TestDatabase } from '../../kit/database.js';
import { rejected } from './rejected.js';

const sql = createSql();

const columns: readonly SqlColumn[] = [
  { name: 'c_int2', type: 'int2' },
  { name: 'c_int4', type: 'int4' },
  { name: 'c_int8', type: 'int8' },
  { name: 'c_text', type: 'text' },
  { name: 'c_uuid', type: 'uuid' },
  { name: 'c_bytea', type: 'bytea' },
  { name: 'c_timestamptz', type: 'timestamptz' },
  { name: 'c_bool', type: 'bool' }
];

/** What the driver answers where it differs from what was written. */
type Read = Record<string, unknown>;

function asRead(row: readonly SqlValue[], number: number): Read {
  const read: Read = { number };
  for (const [index, { name }] of columns.entries()) {
    const value = row[index];
    read[name] =
      typeof value === 'bigint' ? String(value) : value instanceof Uint8Array ? Buffer.from(value) : value;
  }
  return read;
}

const text = fc.string({ unit: 'binary' }).map(string => string.replaceAll('\0', ''));
const scalars: readonly fc.Arbitrary<SqlValue>[] = [
  fc.integer({ min: -(2 ** 15), max: 2 ** 15 - 1 }),
  fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }),
  fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
  text,
  fc.uuid(),
  fc.uint8Array({ maxLength: 300 }),
  fc.date({ min: new Date(0), max: new Date('9999-12-31T23:59:59.999Z'), noInvalidDate: true }),
  fc.boolean()
];
const rowOf: fc.Arbitrary<SqlValue[]> = fc.tuple(...scalars.map(scalar => fc.option(scalar)));

const numbered: readonly SqlColumn[] = [{ name: 'number', type: 'int4' }, ...columns];

async function makeTables({ ownerKnex }: TestComponent): Promise<void> {
  await ownerKnex.raw(
    `create table copied (number integer unique, ${columns
      .map(({ name, type }) => `${name} ${type}`)
      .join(', ')})`
  );
  await ownerKnex.raw('grant select, insert on copied to opensmki_ca');
}

describe('ops/database: statements of the hot path', function () {
  this.timeout(60_000);
  let database: TestDatabase;
  let component: TestComponent;
  let knex: Knex;
  before(async () => {
    database = await testDatabase();
    component = await database.component('ca');
    ({ knex } = component);
    await makeTables(component);
  });
  after(() => database.drop());

  /** Runs in a transaction of which nothing stays. */
  async function undone<T>(work: (trx: Knex.Transaction) => Promise<T>): Promise<T> {
    const trx = await knex.transaction();
    try {
      return await work(trx);
    } finally {
      await trx.rollback();
    }
  }

  it('copies rows of every type so that they read as they were', () =>
    fc.assert(
      fc.asyncProperty(fc.array(rowOf, { maxLength: 20 }), rows =>
        undone(async trx => {
          await sql.copy(
            trx,
            'ca.copied',
            numbered,
            rows.map((row, number) => [number, ...row])
          );
          const read = await sql.rows<Read>(trx, 'copied', 'select * from copied order by number', []);
          expect(read).to.deep.equal(rows.map(asRead));
        })
      ),
      { numRuns: 100 }
    ));

  it('binds scalars and arrays of every type so that they read as they were', () =>
    fc.assert(
      fc.asyncProperty(fc.array(rowOf, { maxLength: 10 }), rowOf, async (rows, single) => {
        const lists = columns.map((_, index) => rows.map(row => row[index] as string));
        const unnested = await sql.rows<Read>(
          knex,
          'unnested',
          `select (number - 1)::int4 as number, ${columns.map(({ name }) => name).join(', ')}
           from unnest(${columns.map(({ type }, index) => `$${index + 1}::${type}[]`).join(', ')})
           with ordinality as u(${columns.map(({ name }) => name).join(', ')}, number)`,
          lists
        );
        expect(unnested).to.deep.equal(rows.map(asRead));
        const [read] = await sql.rows<Read>(
          knex,
          'single',
          `select 0::int4 as number, ${columns
            .map(({ name, type }, index) => `$${index + 1}::${type} as ${name}`)
            .join(', ')}`,
          single
        );
        expect(read).to.deep.equal(asRead(single, 0));
      }),
      { numRuns: 100 }
    ));

  it('copies more than fits into one piece, from rows made as they go', async () => {
    const count = 40_000;
    function* rows(): Generator<SqlValue[]> {
      for (let number = 0; number < count; number++)
        yield [number, 1, 2, 3n, 'x', null, new Uint8Array(400).fill(number & 0xff), null, true];
    }
    await undone(async trx => {
      await sql.copy(trx, 'ca.copied', numbered, rows());
      const [sum] = await sql.rows<{ n: number; octets: number }>(
        trx,
        'summed',
        `select count(*)::int4 as n, sum(length(c_bytea))::int4 as octets from copied
         where get_byte(c_bytea, 7) = number & 255`,
        []
      );
      expect(sum).to.deep.equal({ n: count, octets: count * 400 });
    });
  });

  const misfits: readonly [string, readonly SqlColumn[], SqlValue[]][] = [
    ['an int2 too large', [{ name: 'c_int2', type: 'int2' }], [32_768]],
    ['an int4 with a fraction', [{ name: 'c_int4', type: 'int4' }], [1.5]],
    ['an int4 of text', [{ name: 'c_int4', type: 'int4' }], ['1']],
    ['an int8 beyond 63 bits', [{ name: 'c_int8', type: 'int8' }], [2n ** 63n]],
    ['an int8 of words', [{ name: 'c_int8', type: 'int8' }], ['a-secret-value']],
    ['an int8 that is unsafe', [{ name: 'c_int8', type: 'int8' }], [2 ** 53]],
    ['a uuid cut short', [{ name: 'c_uuid', type: 'uuid' }], ['0190-a-secret-value']],
    ['octets of text', [{ name: 'c_bytea', type: 'bytea' }], ['a-secret-value']],
    ['an invalid date', [{ name: 'c_timestamptz', type: 'timestamptz' }], [new Date(NaN)]],
    ['a row too long', [{ name: 'c_bool', type: 'bool' }], [true, false]]
  ];
  for (const [what, [column], values] of misfits)
    it(`refuses ${what}, first row or last, and leaves the connection usable`, async () => {
      const good: SqlValue[] = [null];
      const one = { ...(column as SqlColumn) };
      for (const before of [0, 2_000]) {
        const wide = [{ name: 'c_text', type: 'text' }, one] as const;
        const filler = 'x'.repeat(200);
        const rows = [
          ...Array.from({ length: before }, (): SqlValue[] => [filler, ...good]),
          ['a', ...values] as SqlValue[]
        ];
        const failure = (await rejected(
          knex.transaction(trx => sql.copy(trx, 'ca.copied', wide, rows))
        )) as Error;
        expect(errorState(failure)).to.equal('database/value');
        expect(failure.message).to.not.contain('a-secret-value');
        const [answer] = await sql.rows<{ n: number }>(knex, 'alive', 'select 1::int4 as n', []);
        expect(answer).to.deep.equal({ n: 1 });
      }
      const { pool } = knex.client as { pool: { numUsed(): number } };
      expect(pool.numUsed()).to.equal(0);
    });

  it('answers a refusal of the server by its state, in the first piece and in a later one', async () => {
    for (const count of [2, 20_000]) {
      const rows = Array.from({ length: count }, (_, index): SqlValue[] => [
        index % (count - 1),
        'x'.repeat(99)
      ]);
      const failure = await rejected(
        knex.transaction(trx =>
          sql.copy(trx, 'ca.copied', [numbered[0] as SqlColumn, { name: 'c_text', type: 'text' }], rows)
        )
      );
      expect(errorState(failure)).to.equal('23505');
    }
    const noTable = await rejected(
      knex.transaction(trx => sql.copy(trx, 'ca.no_such_table', numbered.slice(0, 1), [[1]]))
    );
    expect(errorState(noTable)).to.equal('42P01');
    expect(await sql.rows(knex, 'alive', 'select 1::int4 as n', [])).to.deep.equal([{ n: 1 }]);
  });

  it('looks up by index after the table grew under the plan of an empty one', async () => {
    const { ownerKnex, url } = component;
    await ownerKnex.raw('create table grown (id uuid primary key, n bigint not null)');
    await ownerKnex.raw('create index grown_n on grown (n)');
    await ownerKnex.raw('grant select, insert on grown to opensmki_ca');
    const single = connect(url, { schema: 'ca', applicationName: 'test-plans', poolMax: 1 });
    try {
      const statement = 'select id from grown where n = any($1::bigint[])';
      // Beyond the five plans of its own that a prepared statement gets.
      for (let times = 0; times < 10; times++) await sql.rows(single, 'grown', statement, [[times]]);
      const rows = Array.from({ length: 20_000 }, (_, n): SqlValue[] => [
        `00000000-0000-4000-8000-${String(n).padStart(12, '0')}`,
        n
      ]);
      await single.transaction(trx =>
        sql.copy(
          trx,
          'ca.grown',
          [
            { name: 'id', type: 'uuid' },
            { name: 'n', type: 'int8' }
          ],
          rows
        )
      );
      expect(await sql.rows(single, 'grown', statement, [[5, 19_999]])).to.have.length(2);
      const plan = await single.raw<{ rows: Record<string, string>[] }>(
        `explain (costs off) execute grown('{1,2}')`
      );
      const lines = plan.rows.map(row => row['QUERY PLAN']).join('\n');
      expect(lines).to.match(/grown_n/);
      expect(lines).to.not.match(/Seq Scan/);
    } finally {
      await single.destroy();
    }
  });

  it('ends a copy that takes too long, as unavailability', async () => {
    const { url, ownerKnex } = component;
    const slow = connect(url, { schema: 'ca', applicationName: 'test-slow', statementTimeoutMs: 300 });
    const blocker = await ownerKnex.transaction();
    try {
      await blocker.raw('lock table copied in exclusive mode');
      const failure = await rejected(
        slow.transaction(trx => sql.copy(trx, 'ca.copied', numbered.slice(0, 1), [[1]]))
      );
      expect(failure).to.be.instanceOf(DatabaseUnavailable);
      await blocker.rollback();
      expect(await sql.rows(slow, 'alive', 'select 1::int4 as n', [])).to.deep.equal([{ n: 1 }]);
    } finally {
      if (!blocker.isCompleted()) await blocker.rollback();
      await slow.destroy();
    }
  });
});

describe('ops/database: transactions of the hot path', function () {
  this.timeout(60_000);
  let database: TestDatabase;
  let knex: Knex;
  before(async () => {
    database = await testDatabase();
    const component = await database.component('ca');
    ({ knex } = component);
    await component.ownerKnex.raw('create table entered (n int4 unique, c text)');
    await component.ownerKnex.raw('grant select, insert on entered to opensmki_ca');
  });
  after(() => database.drop());

  const enter = 'insert into ca.entered (n) values ($1)';
  const entered = async (): Promise<number[]> =>
    (await sql.rows<{ n: number }>(knex, 'entered', 'select n from ca.entered order by n', [])).map(
      ({ n }) => n
    );

  it('keeps all of one that ends well, in the order of its statements', async () => {
    const answer = await sql.transaction(knex, async trx => {
      await sql.also(trx, 'enter', enter, [1]);
      const [seen, same] = await Promise.all([
        sql.rows<{ n: number }>(trx, 'entered', 'select n from ca.entered order by n', []),
        sql.rows<{ n: number }>(trx, 'entered', 'select n from ca.entered order by n', [])
      ]);
      expect(seen).to.deep.equal([{ n: 1 }]);
      expect(same).to.deep.equal(seen);
      await sql.copy(trx, 'ca.entered', [{ name: 'n', type: 'int4' }], [[2]]);
      await sql.also(trx, 'enter', enter, [3]);
      return 'done';
    });
    expect(answer).to.equal('done');
    expect(await entered()).to.deep.equal([1, 2, 3]);
  });

  it('keeps nothing of one that throws, and the connection serves the next', async () => {
    const thrown = new Error('not after all');
    let settled: Promise<unknown> = Promise.resolve();
    const failure = await rejected(
      sql.transaction(knex, async trx => {
        settled = trx.executionPromise;
        await sql.rows(trx, 'enter', enter, [10]);
        await sql.also(trx, 'enter', enter, [11]);
        throw thrown;
      })
    );
    expect(failure).to.equal(thrown);
    expect(await rejected(settled)).to.equal(thrown);
    expect(await entered()).to.deep.equal([1, 2, 3]);
  });

  it('fails with the fault of a statement that nobody waited for', async () => {
    for (const behind of ['nothing', 'a statement', 'a statement of the next turn', 'a copy']) {
      const failure = await rejected(
        sql.transaction(knex, async trx => {
          await sql.also(trx, 'enter', enter, [20]);
          await sql.also(trx, 'enter', enter, [1]);
          if (behind === 'a copy') await sql.copy(trx, 'ca.entered', [{ name: 'n', type: 'int4' }], [[21]]);
          else if (behind !== 'nothing') await sql.rows(trx, 'enter', enter, [21]).catch(() => undefined);
          if (behind === 'a statement of the next turn') await sql.rows(trx, 'enter', enter, [22]);
        })
      );
      expect(errorState(failure), behind).to.equal('23505');
      expect(await entered(), behind).to.deep.equal([1, 2, 3]);
    }
  });

  it('lets a statement fail that the connection has not seen before, and takes it later', async () => {
    const named = 'select $1::int4 / $2::int4 as n';
    const failure = await rejected(sql.transaction(knex, trx => sql.rows(trx, 'divided', named, [1, 0])));
    expect(errorState(failure)).to.equal('22012');
    expect(await sql.rows(knex, 'divided', named, [4, 2])).to.deep.equal([{ n: 2 }]);
    expect(await sql.rows(knex, 'divided', named, [9, 3])).to.deep.equal([{ n: 3 }]);
  });

  it('asks several questions of one connection at once', async () => {
    const answers = await sql.together(knex, connection =>
      Promise.all([1, 2, 3].map(n => sql.rows(connection, 'same', 'select $1::int4 as n', [n])))
    );
    expect(answers).to.deep.equal([[{ n: 1 }], [{ n: 2 }], [{ n: 3 }]]);
  });
});

describe('ops/database: the hot path on a server that goes away', function () {
  this.timeout(60_000);

  it('is unavailability in the middle of a copy, and passes', async () => {
    let server = await startTestServer();
    const knex = connect(server.url, { applicationName: 'test-away', acquireTimeoutMs: 2_000 });
    try {
      await knex.raw('create table gone (n int8, c text)');
      function* rows(): Generator<SqlValue[]> {
        for (let n = 0; n < 400_000; n++) {
          if (n === 100_000) process.kill(server.pid, 'SIGKILL');
          yield [n, 'x'.repeat(100)];
        }
      }
      const failure = await rejected(
        knex.transaction(trx =>
          sql.copy(
            trx,
            'gone',
            [
              { name: 'n', type: 'int8' },
              { name: 'c', type: 'text' }
            ],
            rows()
          )
        )
      );
      expect(failure).to.be.instanceOf(DatabaseUnavailable);
      server = await server.restart();
      expect(await sql.rows(knex, 'counted', 'select count(*)::int4 as n from gone', [])).to.deep.equal([
        { n: 0 }
      ]);
    } finally {
      await knex.destroy();
      await server.stop();
    }
  });

  it('does not wait a second time on a connection whose answer is overdue', async () => {
    const server = await startTestServer();
    // The driver gives up five seconds after the server should have.
    const knex = connect(server.url, {
      applicationName: 'test-stopped',
      poolMax: 1,
      statementTimeoutMs: 500
    });
    try {
      const [backend] = await sql.rows<{ pid: number }>(knex, 'pid', 'select pg_backend_pid() as pid', []);
      const pid = backend?.pid ?? 0;
      process.kill(pid, 'SIGSTOP');
      try {
        expect(await rejected(sql.rows(knex, 'alive', 'select 1::int4 as n', []))).to.be.instanceOf(
          DatabaseUnavailable
        );
        const [other] = await sql.rows<{ pid: number }>(knex, 'pid', 'select pg_backend_pid() as pid', []);
        expect(other?.pid).to.not.equal(pid);
      } finally {
        process.kill(pid, 'SIGCONT');
      }
    } finally {
      await knex.destroy();
      await server.stop();
    }
  });
});
