/** Rows of the ledger's large tables, many at a time. */
import type { Sql, SqlColumn, SqlScalar, Transaction } from '../../ops/kit/deps.js';

/** A table that is only appended to. */
export interface AppendTable {
  /** With its schema. */
  readonly name: string;
  readonly columns: readonly SqlColumn[];
}

/**
 * DESIGN: COPY costs the server half of what an insert does for each row, and both sides some 100 µs more for
 * itself: below this many rows the insert is cheaper.
 */
const copyFrom = 32;

/** Appends rows within the transaction: one statement, whatever their number. */
export async function append(
  sql: Sql,
  trx: Transaction,
  table: AppendTable,
  rows: readonly (readonly SqlScalar[])[]
): Promise<void> {
  if (rows.length === 0) return;
  const { name, columns } = table;
  if (rows.length >= copyFrom) return sql.copy(trx, name, columns, rows);
  const values = columns.map((_, column) => rows.map(row => row[column] ?? null));
  await sql.also(trx, `append ${name}`, insertStatement(table), values);
}

const statements = new WeakMap<AppendTable, string>();

function insertStatement(table: AppendTable): string {
  let statement = statements.get(table);
  if (statement === undefined) {
    const names = table.columns.map(({ name }) => name).join(', ');
    const arrays = table.columns.map(({ type }, index) => `$${index + 1}::${type}[]`).join(', ');
    statement = `insert into ${table.name} (${names}) select * from unnest(${arrays})`;
    statements.set(table, statement);
  }
  return statement;
}
