import type { Knex } from 'knex';
import type { Client as PgClient } from 'pg';
import type { Sql, SqlValue } from '../kit/deps.js';
import { binaryCopy } from './binary-copy.js';
import { CopyIn } from './copy-in.js';
import { asDatabaseFault, dropUnanswered } from './faults.js';

/** What knex keeps of a client; a transaction's client answers the transaction's connection. */
interface ConnectionSource {
  acquireConnection(): Promise<PgClient>;
  releaseConnection(connection: PgClient): Promise<void>;
}

/** The hot path's statements on a pool of `connect`. Faults are told apart as there. */
export function createSql(): Sql {
  return {
    rows<Row>(
      database: Knex | Knex.Transaction,
      name: string,
      statement: string,
      values: readonly SqlValue[]
    ): Promise<Row[]> {
      return onConnection(database, async connection => {
        const { rows } = await connection.query({ name, text: statement, values: values.map(bound) });
        return rows as Row[];
      });
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
    }
  };
}

async function onConnection<T>(
  database: Knex | Knex.Transaction,
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

/** The driver writes dates in the machine's time zone, and looks at each octet array's kind anew. */
function bound(value: SqlValue): unknown {
  if (Array.isArray(value)) return arrayLiteral(value);
  return value instanceof Date ? value.toISOString() : value;
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
