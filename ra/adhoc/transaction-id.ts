import type { Knex } from 'knex';
import type { Sql } from '../../ops/kit/deps.js';

/** `increment by` of the sequence `ra.transaction_id`: one call to the database for so many answers. */
const block = 64n;

/**
 * `TransactionId` of the ad hoc answer: a positive integer, unique over all RAs of a database and recorded with
 * the audit event of the answer. Without the database an answer still needs one: those are numbered from the
 * process's clock, above every number of the sequence.
 */
export class TransactionIds {
  readonly #database: Knex;
  readonly #sql: Sql;
  #next = 0n;
  #end = 0n;
  #filling: Promise<void> | undefined;
  #spare = 0n;

  constructor(database: Knex, sql: Sql) {
    this.#database = database;
    this.#sql = sql;
  }

  async take(): Promise<bigint> {
    while (this.#next >= this.#end) {
      this.#filling ??= this.#fill().finally(() => (this.#filling = undefined));
      try {
        await this.#filling;
      } catch {
        this.#spare = (this.#spare + 1n) % 1_000_000n;
        return BigInt(Date.now()) * 1_000_000n + this.#spare;
      }
    }
    const id = this.#next;
    this.#next += 1n;
    return id;
  }

  async #fill(): Promise<void> {
    const [row] = await this.#sql.rows<{ id: string }>(
      this.#database,
      'ra_transaction_ids',
      `select nextval('ra.transaction_id') as id`,
      []
    );
    this.#next = BigInt(row?.id ?? 0);
    this.#end = this.#next + block;
  }
}
