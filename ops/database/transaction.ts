import type { Client as PgClient } from 'pg';
import type { Transaction } from '../kit/deps.js';
import { asDatabaseFault, dropUnanswered, errorState } from './faults.js';
import { Pipeline, type Part } from './pipeline.js';

type Statement = Pick<Part, 'name' | 'text' | 'values'>;

const nothing = (): void => undefined;
const begin = command('begin');
const commit = command('commit');
const rollback = command('rollback');

function command(text: string): Statement {
  return { name: `transaction ${text}`, text, values: [] };
}

/**
 * A transaction of the hot path on a connection of its own. Statements asked for in one turn travel together, `begin`
 * with the first of them; those that nobody waits for travel with the next, or with `commit`.
 */
export class OpenTransaction implements Transaction {
  readonly executionPromise: Promise<unknown>;
  /** What `Sql` finds a connection by: this one, until the end. */
  readonly client: { acquireConnection(): Promise<PgClient>; releaseConnection(): Promise<void> };
  readonly #connection: PgClient;
  #settle: { resolve(value: unknown): void; reject(error: unknown): void } = {
    resolve: nothing,
    reject: nothing
  };
  #waiting: Part[] = [];
  #begun = false;
  #sending = false;
  /** The first fault of a statement that nobody waits for. */
  #fault: Error | undefined;

  /** @param bare no transaction: what travels together is one by itself */
  constructor(connection: PgClient, bare = false) {
    this.#connection = connection;
    this.#begun = bare;
    this.executionPromise = new Promise((resolve, reject) => (this.#settle = { resolve, reject }));
    this.executionPromise.catch(nothing);
    this.client = {
      acquireConnection: async () => {
        // Whoever uses the connection itself comes after what was asked for before.
        if (this.#begun) this.#send();
        else await this.#run(begin, 'first');
        return connection;
      },
      releaseConnection: () => Promise.resolve()
    };
  }

  rows(part: Statement): Promise<unknown[]> {
    return new Promise((resolve, reject) => {
      const fail = (error: unknown): void => {
        dropUnanswered(this.#connection, error);
        const fault = asDatabaseFault(error);
        reject(fault instanceof Error ? fault : new Error('the statement failed', { cause: fault }));
      };
      this.#waiting.push({ ...part, resolve, reject: fail });
      this.#sendSoon();
    });
  }

  /** Its fault is one of the transaction: the next statement meets it, or the commit. */
  also(part: Statement): void {
    this.#waiting.push({
      ...part,
      resolve: nothing,
      reject: error => (this.#fault ??= error as Error)
    });
  }

  /** What a statement met after which the server takes no other (25P02), or the fault itself. */
  faultBehind(error: unknown): unknown {
    return errorState(error) === '25P02' && this.#fault !== undefined ? this.#fault : error;
  }

  async commit(): Promise<void> {
    if (this.#fault !== undefined) throw this.#fault;
    // Of nothing there is nothing to commit.
    if (this.#begun || this.#waiting.length > 0) await this.#run(commit, 'last');
    this.#settle.resolve(undefined);
  }

  /** Never rejects: a connection that cannot roll back goes out of the pool, and the server rolls back by itself. */
  async rollback(cause: unknown): Promise<void> {
    for (const part of this.#waiting.splice(0)) part.reject(cause);
    dropUnanswered(this.#connection, cause);
    try {
      if (this.#begun) await this.#run(rollback, 'last');
    } catch (error) {
      (this.#connection as { __knex__disposed?: unknown }).__knex__disposed = error;
    }
    this.#settle.reject(cause);
  }

  #run(what: Statement, place: 'first' | 'last'): Promise<unknown> {
    return new Promise((resolve, reject) => {
      this.#waiting[place === 'first' ? 'unshift' : 'push']({ ...what, resolve, reject });
      this.#send();
    });
  }

  #sendSoon(): void {
    if (this.#sending) return;
    this.#sending = true;
    queueMicrotask(() => {
      this.#sending = false;
      this.#send();
    });
  }

  #send(): void {
    const parts = this.#waiting.splice(0);
    if (parts.length === 0) return;
    if (!this.#begun && parts[0]?.name !== begin.name)
      parts.unshift({ ...begin, resolve: nothing, reject: nothing });
    this.#begun = true;
    this.#connection.query(new Pipeline(parts));
  }
}

/** Where connections come from: knex's client. */
export interface ConnectionSource {
  acquireConnection(): Promise<PgClient>;
  releaseConnection(connection: PgClient): Promise<void>;
}

/** Runs `work` in a transaction; what it throws rolls back. */
export async function inTransaction<T>(
  source: ConnectionSource,
  work: (trx: OpenTransaction) => Promise<T>
): Promise<T> {
  const connection = await source.acquireConnection().catch((error: unknown) => {
    throw asDatabaseFault(error);
  });
  const transaction = new OpenTransaction(connection);
  try {
    const result = await work(transaction);
    await transaction.commit().catch((error: unknown) => {
      throw asDatabaseFault(error);
    });
    return result;
  } catch (error) {
    const cause = transaction.faultBehind(error);
    await transaction.rollback(cause);
    throw cause;
  } finally {
    await source.releaseConnection(connection);
  }
}

/** Runs `work` on one connection of the pool, without a transaction. */
export async function onOneConnection<T>(
  source: ConnectionSource,
  work: (connection: OpenTransaction) => Promise<T>
): Promise<T> {
  const connection = await source.acquireConnection().catch((error: unknown) => {
    throw asDatabaseFault(error);
  });
  try {
    return await work(new OpenTransaction(connection, true));
  } finally {
    await source.releaseConnection(connection);
  }
}
