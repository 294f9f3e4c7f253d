import type { Knex } from 'knex';

/**
 * Runs one parametrised statement and answers its rows. Arrays are bound whole (`unnest(?::uuid[])`), so that a
 * statement has the same text, and PostgreSQL one plan, for a group of any size.
 */
export async function query<Row>(
  database: Knex | Knex.Transaction,
  sql: string,
  bindings: readonly unknown[] = []
): Promise<Row[]> {
  const { rows } = await database.raw<{ rows: Row[] }>(sql, bindings as Knex.RawBinding[]);
  return rows;
}
