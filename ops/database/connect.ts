import { createRequire } from 'node:module';
import knexFactory, { type Knex } from 'knex';
import { asDatabaseFault, dropUnanswered } from './faults.js';

export interface ConnectOptions {
  /** The component's schema, first and only on the search path. */
  readonly schema?: string;
  /** Seen in pg_stat_activity. */
  readonly applicationName: string;
  /** DESIGN: 10; a process of ours seldom has more transactions open, and PostgreSQL's default is 100 in all. */
  readonly poolMax?: number;
  /** Server-side limit of one statement. DESIGN: 15 s, below the RA's order deadline of 25 s. */
  readonly statementTimeoutMs?: number;
  /** How long a call may wait for a connection. DESIGN: 10 s. */
  readonly acquireTimeoutMs?: number;
}

interface QueryingClient {
  _query(connection: unknown, query: unknown): Promise<unknown>;
  acquireConnection(): Promise<unknown>;
}
type ClientClass = new (config: Knex.Config) => QueryingClient;

// knex exports its PostgreSQL client as a file, without types.
const PostgresClient = createRequire(import.meta.url)('knex/lib/dialects/postgres/index.js') as ClientClass;

/** knex's client, with faults of the connection told apart from faults of the statement at their source. */
class FaultMappingClient extends PostgresClient {
  override async _query(connection: unknown, query: unknown): Promise<unknown> {
    try {
      return await super._query(connection, query);
    } catch (error) {
      dropUnanswered(connection, error);
      throw asDatabaseFault(error);
    }
  }

  override async acquireConnection(): Promise<unknown> {
    try {
      return await super.acquireConnection();
    } catch (error) {
      throw asDatabaseFault(error);
    }
  }
}

/** knex would print faults, statements in them; they reach the caller, who logs them with what they mean. */
const silent = { warn() {}, error() {}, deprecate() {}, debug() {} };

/**
 * A connection pool. int8 arrives as decimal text. Errors of the connection are `DatabaseUnavailable` wherever
 * they appear; errors of a statement keep their SQLSTATE in `code`, and their messages hold the statement with
 * its placeholders, never the values. Connections are opened when needed: a server that is away fails the call,
 * not the start.
 */
export function connect(url: string, options: ConnectOptions): Knex {
  const statementTimeout = options.statementTimeoutMs ?? 15_000;
  return knexFactory({
    client: FaultMappingClient as unknown as typeof Knex.Client,
    connection: {
      connectionString: url,
      application_name: options.applicationName,
      // Dead TCP is otherwise noticed after a quarter of an hour.
      keepAlive: true,
      keepAliveInitialDelayMillis: 10_000,
      connectionTimeoutMillis: 5_000,
      statement_timeout: statementTimeout,
      // The server may be stopped whole, and then enforces nothing.
      query_timeout: statementTimeout + 5_000,
      idle_in_transaction_session_timeout: 30_000
    } as Knex.PgConnectionConfig,
    ...(options.schema === undefined ? {} : { searchPath: [options.schema] }),
    acquireConnectionTimeout: options.acquireTimeoutMs ?? 10_000,
    compileSqlOnError: false,
    log: silent,
    pool: { min: 0, max: options.poolMax ?? 10, idleTimeoutMillis: 30_000, propagateCreateError: true }
  });
}
