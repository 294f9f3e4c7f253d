/** Issuers stand in the large tables by a number of two or three digits instead of a name of eighty octets. */
import type { Knex } from 'knex';
import { query } from './query.js';

/** Numbers of these issuers by RFC 4514 name; one that has none is given one. */
export async function issuerNumbers(
  database: Knex,
  names: readonly string[]
): Promise<ReadonlyMap<string, number>> {
  await query(
    database,
    `insert into ca.issuer (name) select name from unnest(?::text[]) as name
      where name not in (select name from ca.issuer) order by name on conflict (name) do nothing`,
    [names]
  );
  const rows = await query<{ name: string; number: number }>(
    database,
    `select name, number from ca.issuer where name = any(?::text[])`,
    [names]
  );
  return new Map(rows.map(row => [row.name, row.number]));
}
