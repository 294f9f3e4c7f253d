/**
 * The database as components use it: a PostgreSQL server of our own where none is handed in, one schema with an
 * owner role and a least-privileged runtime role a component, migrations, connection pools that tell faults of
 * the server from faults of a statement. It trusts the server it is pointed at with availability and with the
 * rows; what may be signed is never decided by a row alone.
 */
export { DatabaseUnavailable, type DatabaseErrorCode } from './errors.js';
export { binariesIn, embeddedBinaries, type PostgresBinaries } from './binaries.js';
export { newPassword, startPostgres, type PostgresOptions, type PostgresServer } from './postgres.js';
export { checkMigrated, migrate } from './migrate.js';
export {
  checkEnvironment,
  otherComponents,
  prepareDatabase,
  type ComponentSchema,
  type PreparedDatabase
} from './prepare.js';
export { connect, type ConnectOptions } from './connect.js';
export { createSql } from './sql.js';
export { errorState } from './faults.js';
