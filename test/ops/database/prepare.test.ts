import { expect } from 'chai';
import {
  connect,
  errorState,
  prepareDatabase,
  migrate,
  checkEnvironment,
  checkMigrated,
  otherComponents
} from '../../../ops/database/index.js';
import type { Migration } from '../../../ops/kit/deps.js';
import { testDatabase, type TestDatabase } from '../../kit/database.js';
import { rejected } from './rejected.js';

const things: Migration = {
  name: '0001-things',
  async up(knex) {
    await knex.schema.createTable('thing', table => {
      table.bigInteger('id').primary();
      table.text('text');
    });
    await knex.raw('grant select, insert on thing to opensmki_ca');
  }
};
const broken: Migration = {
  name: '0002-broken',
  async up(knex) {
    await knex.schema.createTable('half', table => table.integer('id'));
    await knex.raw('select * from nothing_of_this_name');
  }
};

describe('ops/database: schemas, roles and migrations', function () {
  this.timeout(60_000);
  let database: TestDatabase;
  before(async () => {
    database = await testDatabase();
  });
  after(() => database.drop());

  it('gives the runtime role what the migrations grant and nothing else', async () => {
    const { knex } = await database.component('ca', [things]);
    await knex.table('thing').insert({ id: '9007199254740993', text: 'kept' });
    // int8 as text: a double would have made an even number of it.
    expect(await knex.table('thing').first('id')).to.deep.equal({ id: '9007199254740993' });
    for (const forbidden of [
      () => knex.table('thing').update({ text: 'changed' }),
      () => knex.table('thing').delete(),
      () => knex.schema.createTable('own', table => table.integer('id')),
      () => knex.raw('create schema own'),
      () => knex.raw('create table public.own (id integer)'),
      () => knex.raw('create role own'),
      () => knex.raw('set role opensmki_ca_owner'),
      () => knex.table('audit_event').delete(),
      () => knex.table('audit_event').update({ type: 'changed' }),
      () => knex.table('audit_head').delete(),
      () => knex.table('schema_migration').delete()
    ])
      expect(errorState(await rejected(forbidden()))).to.equal('42501');
  });

  it('keeps one component out of the schema of another', async () => {
    await database.component('ca', [things]);
    const { knex } = await database.component('ra');
    expect(errorState(await rejected(knex.raw('select * from ca.thing')))).to.equal('42501');
  });

  it('keeps its roles out of the databases of others', async () => {
    const other = await testDatabase();
    const mine = await database.component('ca', [things]);
    await other.component('ra');
    const url = new URL(mine.url);
    url.pathname = new URL((await other.component('ra')).url).pathname;
    const knex = connect(url.href, { applicationName: 'test-intruder' });
    expect(errorState(await rejected(knex.raw('select 1')))).to.equal('42501');
    await knex.destroy();
    await other.drop();
  });

  it('is idempotent, and safe when several do it at once', async () => {
    const fresh = await testDatabase();
    const made = await Promise.all([1, 2, 3].map(() => fresh.component('ca', [things])));
    const names = await made[0]?.knex.table('schema_migration').orderBy('id').pluck<string[]>('name');
    expect(names).to.deep.equal(['audit-0001-events-and-heads', '0001-things']);
    await fresh.drop();
  });

  it('leaves nothing of a failed migration, nor a lock', async () => {
    const fresh = await testDatabase();
    const { knex, ownerKnex } = await fresh.component('ca', [things]);
    const failure = await rejected(fresh.component('ca', [things, broken]));
    expect(errorState(failure)).to.equal('database/migration');
    expect(
      (await ownerKnex.raw<{ rows: unknown[] }>(`select to_regclass('ca.half') as at`)).rows
    ).to.deep.equal([{ at: null }]);
    await fresh.component('ca', [things, { ...broken, up: async () => undefined }]);
    expect(await knex.table('schema_migration').where({ name: '0002-broken' })).to.have.length(1);
    await fresh.drop();
  });

  it('goes on after a migrator that was killed in the middle', async () => {
    const fresh = await testDatabase();
    const { url, ownerKnex } = await fresh.component('ca');
    const ownerUrl = new URL(url);
    const owner = ownerKnex.client as { config: { connection: { connectionString: string } } };
    ownerUrl.href = owner.config.connection.connectionString;
    const dying: Migration = {
      name: '0001-dies',
      up: async knex => {
        await knex.schema.createTable('half', table => table.integer('id'));
        // The server ends the migrator's connection: what a killed process looks like from there.
        await knex.raw('select pg_terminate_backend(pg_backend_pid())');
      }
    };
    const { auditMigrations } = await import('../../../ops/audit/index.js');
    const failure = await rejected(migrate(ownerUrl.href, 'ca', [...auditMigrations('ca'), dying]));
    expect(errorState(failure)).to.equal('database/unavailable');
    await migrate(ownerUrl.href, 'ca', [...auditMigrations('ca'), { ...dying, up: async () => undefined }]);
    await fresh.drop();
  });

  it('tells a schema that is behind from one that is ahead', async () => {
    const fresh = await testDatabase();
    const { auditMigrations } = await import('../../../ops/audit/index.js');
    const known = [...auditMigrations('ca'), things];
    const { knex } = await fresh.component('ca', [things]);
    await checkMigrated(knex, 'ca', known);
    expect(errorState(await rejected(checkMigrated(knex, 'ca', [...known, broken])))).to.equal(
      'database/schema-behind'
    );
    expect(errorState(await rejected(checkMigrated(knex, 'ca', auditMigrations('ca'))))).to.equal(
      'database/schema-ahead'
    );
    expect(errorState(await rejected(fresh.component('ca')))).to.equal('database/schema-ahead');
    await fresh.drop();
  });

  it('refuses the database of another environment', async () => {
    const { knex, ownerKnex } = await database.component('ca', [things]);
    await checkEnvironment(knex, 'test');
    expect(errorState(await rejected(checkEnvironment(knex, 'live')))).to.equal('database/environment');
    const name = (await ownerKnex.raw<{ rows: { name: string }[] }>('select current_database() as name'))
      .rows[0]?.name;
    const admin = new URL(database.adminUrl);
    admin.pathname = `/${name ?? ''}`;
    const superuser = connect(admin.href, { applicationName: 'test-superuser' });
    await superuser.table('opensmki.environment').update({ name: 'live' });
    const suffix = (name ?? '').replace('opensmki_test_', '');
    const failure = await rejected(
      prepareDatabase({ adminUrl: database.adminUrl, environment: 'test', suffix, components: [] })
    );
    await superuser.table('opensmki.environment').update({ name: 'test' });
    await superuser.destroy();
    expect(errorState(failure)).to.equal('database/environment');
  });

  it('tells which other components share a database', async () => {
    const fresh = await testDatabase();
    const all = ['ca', 'ra', 'repository'];
    const { knex } = await fresh.component('ca', [things]);
    expect(await otherComponents(knex, 'ca', all)).to.deep.equal([]);
    await fresh.component('ra');
    expect(await otherComponents(knex, 'ca', all)).to.deep.equal(['ra']);
    await fresh.drop();
  });

  it('refuses a component name that SQL would read otherwise', async () => {
    for (const name of ['ca"; drop schema ca', 'Ca', 'c a', ''])
      expect(errorState(await rejected(database.component(name)))).to.equal('database/name');
  });
});
