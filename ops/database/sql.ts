import type { Knex } from 'knex';
import type { Client as PgClient } from 'pg';
import type { Sql, SqlScalar, SqlValue } from '../kit/deps.js';
import { binaryCopy } from './binary-copy.js';
import { CopyIn } from './copy-in.js';
import { asDatabaseFault, dropUnanswered } from './faults.js';
import { Pipeline } from './pipeline.js';
import { inTransaction, onOneConnection, OpenTransaction, type ConnectionSource } from './transaction.js';

/** The hot path's statements on a pool of `connect`. Faults are told apart as there. */
export function createSql(): Sql {
  return {
    async rows<Row>(
      database: Connectable,
      name: string,
      statement: string,
      values: readonly SqlValue[]
    ): Promise<Row[]> {
      const part = { name, text: statement, values: values.map(bound) };
      if (database instanceof OpenTransaction) return (await database.rows(part)) as Row[];
      const found = await onConnection(
        database,
        connection =>
          new Promise<unknown[]>((resolve, reject) => {
            connection.query(new Pipeline([{ ...part, resolve, reject }]));
          })
      );
      return found as Row[];
    },
    async also(trx, name, statement, values) {
      if (trx instanceof OpenTransaction) trx.also({ name, text: statement, values: values.map(bound) });
      else await this.rows(trx, name, statement, values);
    },
    copy(trx, table, columns, rows) {
      const statement = `copy ${table} (${columns.map(({ name }) => name).join(', ')}) from stdin (format binary)`;
      return onConnection(
        trx,
        connection =>
          new Promise((resolve, reject) => {
            connection.query(
              new CopyIn(statement, binaryCopy(columns, rows), error =>
                error === null ? resolve() : reject(error)
              )
            );
          })
      );
    },
    transaction: (database, work) => inTransaction(database.client as ConnectionSource, work),
    together: (database, work) => onOneConnection(database.client as ConnectionSource, work)
  };
}

/** A pool, or a transaction of either kind. */
type Connectable = Pick<Knex, 'client'>;

async function onConnection<T>(
  database: Connectable,
  work: (connection: PgClient) => Promise<T>
): Promise<T> {
  const source = database.client as ConnectionSource;
  try {
    const connection = await source.acquireConnection();
    try {
      return await work(connection);
    } catch (error) {
      dropUnanswered(connection, error);
      throw error;
    } finally {
      await source.releaseConnection(connection);
    }
  } catch (error) {
    throw asDatabaseFault(error);
  }
}

/** As the protocol carries it: text, or octets as they are. */
function bound(value: SqlValue): string | Buffer | null {
  if (value === null || typeof value === 'string') return value;
  if (isArray(value)) return arrayLiteral(value);
  if (value instanceof Uint8Array) return Buffer.from(value.buffer, value.byteOffset, value.length);
  return value instanceof Date ? value.toISOString() : String(value);
}

function isArray(value: SqlValue): value is readonly SqlScalar[] {
  return Array.isArray(value);
}

/**
 * PostgreSQL manual, "Array Value Input". What the driver would write, without its two passes of escapes over each
 * element: a group binds some thousands.
 */
function arrayLiteral(values: readonly SqlValue[]): string {
  let literal = '{';
  for (const value of values) {
    if (literal.length > 1) literal += ',';
    if (value === null) literal += 'NULL';
    else if (typeof value === 'string') literal += quoted(value);
    else if (value instanceof Uint8Array)
      literal += `"\\\\x${Buffer.from(value.buffer, value.byteOffset, value.length).toString('hex')}"`;
    else if (value instanceof Date) literal += `"${value.toISOString()}"`;
    else literal += String(value);
  }
  return `${literal}}`;
}

function quoted(text: string): string {
  return /["\\]/.test(text) ? `"${text.replaceAll(/["\\]/g, '\\$&')}"` : `"${text}"`;
}
