import type { Knex } from 'knex';
import type { Migration } from '../kit/deps.js';
import { connect } from './connect.js';
import { DatabaseError } from './errors.js';
import { asDatabaseFault } from './faults.js';
import { identifier } from './names.js';

/** Applied migrations of a schema; kept by knex in a table of the schema itself. */
const migrationTable = 'schema_migration';

/**
 * Brings a schema up to date, as its owner. All missing migrations run in one transaction under an advisory
 * lock of that transaction: processes that start together wait for one another, and a migrator that is killed
 * leaves neither half a migration nor a lock behind (knex's own lock is a row, and would stay).
 */
export async function migrate(
  ownerUrl: string,
  schema: string,
  migrations: readonly Migration[]
): Promise<void> {
  const knex = connect(ownerUrl, {
    schema: identifier(schema),
    applicationName: `opensmki-migrate-${schema}`,
    poolMax: 1,
    // Waiting for another migrator is a statement, too.
    statementTimeoutMs: 120_000
  });
  try {
    await knex.transaction(async trx => {
      await trx.raw('select pg_advisory_xact_lock(hashtextextended(?, 0))', [`opensmki migrate ${schema}`]);
      await trx.migrate.latest({
        migrationSource: source(migrations),
        schemaName: schema,
        tableName: migrationTable,
        disableTransactions: true
      });
    });
  } catch (error) {
    const fault = asDatabaseFault(error);
    if (fault instanceof DatabaseError) throw fault;
    if (error instanceof Error && /migration directory is corrupt/.test(error.message))
      throw new DatabaseError('database/schema-ahead', `schema ${schema} was migrated by a newer program`, {
        cause: error
      });
    throw new DatabaseError('database/migration', `a migration of schema ${schema} failed`, { cause: error });
  } finally {
    await knex.destroy();
  }
}

/** Refuses to go on with a schema that is not exactly at this program's migrations. For the runtime role. */
export async function checkMigrated(
  knex: Knex,
  schema: string,
  migrations: readonly Migration[]
): Promise<void> {
  const rows = await knex.withSchema(schema).table(migrationTable).select<{ name: string }[]>('name');
  const applied = new Set(rows.map(row => row.name));
  const missing = migrations
    .filter(migration => !applied.has(migration.name))
    .map(migration => migration.name);
  if (missing.length > 0)
    throw new DatabaseError('database/schema-behind', `schema ${schema} lacks ${missing.join(', ')}`);
  if (applied.size > migrations.length)
    throw new DatabaseError('database/schema-ahead', `schema ${schema} was migrated by a newer program`);
}

/** Lets the runtime role read which migrations are applied. */
export const migrationTableName = migrationTable;

function source(migrations: readonly Migration[]): Knex.MigrationSource<Migration> {
  return {
    getMigrations: async () => [...migrations],
    getMigrationName: migration => migration.name,
    getMigration: async migration => ({ up: knex => migration.up(knex), down: async () => undefined })
  };
}
