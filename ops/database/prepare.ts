import type { Knex } from 'knex';
import type { Environment } from '../../pki/messages/index.js';
import type { Migration } from '../kit/deps.js';
import { connect } from './connect.js';
import { DatabaseError } from './errors.js';
import { errorState } from './faults.js';
import { migrate, migrationTableName } from './migrate.js';
import { databaseName, identifier, ownerRole, runtimeRole } from './names.js';

export interface ComponentSchema {
  /** Names the schema and both roles. */
  readonly component: string;
  /** All of the schema's migrations, those of the audit tables included, in order. */
  readonly migrations: readonly Migration[];
  readonly ownerPassword: string;
  readonly runtimePassword: string;
}

export interface PreparedDatabase {
  readonly database: string;
  /** Runtime URLs by component, password included: secrets. */
  readonly urls: ReadonlyMap<string, string>;
  /** Owner URLs by component: secrets, for migrations only. */
  readonly ownerUrls: ReadonlyMap<string, string>;
}

/**
 * Of the runtime roles' connections. Every statement of the hot path has its index; but a prepared statement whose
 * plan was made while its table was empty would scan the table until the server next analyses it, a minute or more
 * into a batch. And a plan is compiled for a report, not for a look-up of microseconds.
 */
const runtimeSettings = ['enable_seqscan = off', 'jit = off'];

/**
 * Makes, or brings up to date, the database of an environment with a schema, an owner role and a runtime role a
 * component, and runs the migrations. Idempotent; safe when two do it at once. The passwords given are set.
 *
 * `adminUrl` names any database on the server and a role that may create databases and roles. A database that
 * belongs to another environment is refused with `database/environment`.
 */
export async function prepareDatabase(options: {
  readonly adminUrl: string;
  readonly environment: Environment;
  readonly components: readonly ComponentSchema[];
  /** Distinguishes databases of one environment on one server; tests only. */
  readonly suffix?: string;
}): Promise<PreparedDatabase> {
  const database = databaseName(options.environment, options.suffix);
  const admin = connect(options.adminUrl, {
    applicationName: 'opensmki-prepare',
    poolMax: 2,
    statementTimeoutMs: 120_000
  });
  const urls = new Map<string, string>();
  const ownerUrls = new Map<string, string>();
  try {
    // Roles belong to the server, so the lock is taken in the one database all preparers share.
    await admin.transaction(async lock => {
      await lock.raw("select pg_advisory_xact_lock(hashtextextended('opensmki prepare', 0))");
      for (const component of options.components) {
        await setRole(admin, ownerRole(component.component), component.ownerPassword);
        await setRole(admin, runtimeRole(component.component), component.runtimePassword);
      }
      await createDatabase(admin, database);
      await prepareSchemas(urlOf(options.adminUrl, database), database, options);
    });
  } finally {
    await admin.destroy();
  }
  for (const { component, migrations, ownerPassword, runtimePassword } of options.components) {
    const ownerUrl = urlOf(options.adminUrl, database, ownerRole(component), ownerPassword);
    ownerUrls.set(component, ownerUrl);
    urls.set(component, urlOf(options.adminUrl, database, runtimeRole(component), runtimePassword));
    await migrate(ownerUrl, component, migrations);
    await grantMigrationTable(ownerUrl, component);
  }
  return { database, urls, ownerUrls };
}

/** The same server, another database and, if given, another role. */
function urlOf(adminUrl: string, database: string, role?: string, password?: string): string {
  const url = new URL(adminUrl);
  url.pathname = `/${database}`;
  if (role !== undefined) url.username = role;
  if (password !== undefined) url.password = encodeURIComponent(password);
  return url.href;
}

async function setRole(admin: Knex, role: string, password: string): Promise<void> {
  try {
    await admin.raw(`create role ${role} login noinherit`);
  } catch (error) {
    if (errorState(error) !== '42710') throw error;
  }
  // DDL takes no parameters: the server quotes the literal for us.
  const quoted = await admin.raw<{ rows: { literal: string }[] }>(
    'select quote_literal(?::text) as literal',
    [password]
  );
  const literal = quoted.rows[0]?.literal ?? '';
  await admin.raw(`alter role ${role} password ${literal.replaceAll('?', '\\?')}`);
}

async function createDatabase(admin: Knex, database: string): Promise<void> {
  const found = await admin
    .table('pg_database')
    .where({ datname: database })
    .first<{ oid: number } | undefined>('oid');
  if (found !== undefined) return;
  // The encoding and ordering of the embedded server, on any server.
  await admin.raw(
    `create database ${database} encoding 'UTF8' lc_collate 'C.UTF-8' lc_ctype 'C.UTF-8' template template0`
  );
}

async function prepareSchemas(
  url: string,
  database: string,
  options: { readonly environment: Environment; readonly components: readonly ComponentSchema[] }
): Promise<void> {
  const knex = connect(url, { applicationName: 'opensmki-prepare', poolMax: 1, statementTimeoutMs: 120_000 });
  try {
    await knex.transaction(async trx => {
      await trx.raw(`revoke all on database ${database} from public`);
      await trx.raw('revoke all on schema public from public');
      await trx.raw('create schema if not exists opensmki');
      await trx.raw('create table if not exists opensmki.environment (name text primary key)');
      await claimEnvironment(trx, options.environment);
      for (const { component } of options.components) {
        const [schema, owner, runtime] = [
          identifier(component),
          ownerRole(component),
          runtimeRole(component)
        ];
        // A creator that is no superuser must be a member of the role it hands the schema to.
        await trx.raw(`grant ${owner} to current_user`);
        await trx.raw(`grant connect on database ${database} to ${owner}, ${runtime}`);
        await trx.raw(`create schema if not exists ${schema} authorization ${owner}`);
        await trx.raw(`grant usage on schema ${schema}, opensmki to ${owner}, ${runtime}`);
        await trx.raw(`grant select on opensmki.environment to ${owner}, ${runtime}`);
        for (const role of [owner, runtime])
          await trx.raw(`alter role ${role} in database ${database} set search_path = ${schema}`);
        for (const setting of runtimeSettings)
          await trx.raw(`alter role ${runtime} in database ${database} set ${setting}`);
      }
    });
  } finally {
    await knex.destroy();
  }
}

async function claimEnvironment(trx: Knex.Transaction, environment: Environment): Promise<void> {
  const row = await trx.table('opensmki.environment').first<{ name: string } | undefined>('name');
  if (row === undefined) await trx.table('opensmki.environment').insert({ name: environment });
  else refuseOther(row.name, environment);
}

/** Refuses a database of another environment; every process asks at its start. */
export async function checkEnvironment(knex: Knex, environment: Environment): Promise<void> {
  const row = await knex.table('opensmki.environment').first<{ name: string } | undefined>('name');
  refuseOther(row?.name ?? 'none', environment);
}

/** The components of `all` other than this one whose schemas the database holds too. */
export async function otherComponents(
  knex: Knex,
  component: string,
  all: readonly string[]
): Promise<string[]> {
  return knex
    .table('pg_catalog.pg_namespace')
    .whereIn(
      'nspname',
      all.filter(name => name !== component)
    )
    .orderBy('nspname')
    .pluck<string[]>('nspname');
}

function refuseOther(found: string, wanted: Environment): void {
  if (found !== wanted)
    throw new DatabaseError(
      'database/environment',
      `the database belongs to environment ${found}, the configuration to ${wanted}`
    );
}

async function grantMigrationTable(ownerUrl: string, component: string): Promise<void> {
  const owner = connect(ownerUrl, { applicationName: `opensmki-migrate-${component}`, poolMax: 1 });
  try {
    await owner.raw(
      `grant select on ${identifier(component)}.${migrationTableName} to ${runtimeRole(component)}`
    );
  } finally {
    await owner.destroy();
  }
}
