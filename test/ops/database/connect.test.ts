import { expect } from 'chai';
import { connect, DatabaseUnavailable, errorState } from '../../../ops/database/index.js';
import { startTestServer, testDatabase, type TestDatabase, type TestServer } from '../../kit/database.js';
import { rejected } from './rejected.js';

describe('ops/database: connections', function () {
  this.timeout(60_000);
  let database: TestDatabase;
  before(async () => {
    database = await testDatabase();
  });
  after(() => database.drop());

  it('ends a statement that takes too long, as unavailability', async () => {
    const { url } = await database.component('ca');
    const knex = connect(url, { applicationName: 'test-slow', statementTimeoutMs: 200 });
    const failure = await rejected(knex.raw('select pg_sleep(5)'));
    expect(failure).to.be.instanceOf(DatabaseUnavailable);
    expect((failure as DatabaseUnavailable).sqlState).to.equal('57014');
    await knex.destroy();
  });

  it('does not quote values in the errors of statements', async () => {
    const { knex } = await database.component('ca');
    const failure = (await rejected(knex.raw('select ?::integer', ['a-secret-value']))) as Error;
    expect(errorState(failure)).to.equal('22P02');
    expect(failure.message.split(' - ')[0]).to.not.contain('a-secret-value');
  });
});

describe('ops/database: a server that goes away', function () {
  this.timeout(60_000);
  let server: TestServer;
  before(async () => {
    server = await startTestServer();
  });
  after(() => server.stop());

  it('is unavailability for whoever asks, until it is back on the same port', async () => {
    const knex = connect(server.url, { applicationName: 'test-away', acquireTimeoutMs: 1_000 });
    await knex.raw('select 1');
    const waiting = rejected(knex.raw('select pg_sleep(10)'));
    const transaction = rejected(
      knex.transaction(async trx => {
        await trx.raw('select 1');
        process.kill(server.pid, 'SIGKILL');
        await trx.raw('select pg_sleep(10)');
      })
    );
    for (const failure of [await waiting, await transaction, await rejected(knex.raw('select 1'))])
      expect(failure).to.be.instanceOf(DatabaseUnavailable);
    const before = server.port;
    server = await server.restart();
    expect(server.port).to.equal(before);
    expect(server.adopted).to.equal(false);
    await knex.raw('select 1');
    await knex.destroy();
  });
});
