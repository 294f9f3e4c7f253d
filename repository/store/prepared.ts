import type { Knex } from 'knex';

/** A value a statement is run with. Octets go as `Buffer`, dates as ISO text, big integers as decimal text. */
export type Value =
  string | number | boolean | null | Buffer | readonly (string | number | boolean | null | Buffer)[];

/**
 * Runs one of our fixed statements as a named prepared statement: the server parses and plans it once per
 * connection. `database` is the pool or a transaction; the row type is the caller's word for what the statement
 * selects. int8 and numeric arrive as decimal text.
 */
export async function rows<Row>(
  database: Knex,
  name: string,
  statement: string,
  values: readonly Value[]
): Promise<Row[]> {
  const answer = await database.raw<{ rows: Row[] }>(statement, values as Knex.RawBinding[]).options({
    name: `repository-${name}`
  });
  return answer.rows;
}
