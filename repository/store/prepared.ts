import type { Knex } from 'knex';
import type { Sql, SqlValue, Transaction } from '../../ops/kit/deps.js';

/** Where a statement runs: on the pool, or within a transaction. */
export interface Connection {
  readonly sql: Sql;
  readonly database: Knex | Transaction;
}

/**
 * Runs one of our fixed statements as a named prepared statement with `$1`-style placeholders: the server parses
 * and plans it once per connection. The row type is the caller's word for what the statement selects. int8 and
 * numeric arrive as decimal text, octets as `Buffer`.
 */
export function rows<Row>(
  { sql, database }: Connection,
  name: string,
  statement: string,
  values: readonly SqlValue[]
): Promise<Row[]> {
  return sql.rows<Row>(database, `repository-${name}`, statement, values);
}
