import type { Knex } from 'knex';

/** `increment by` of the sequence `ra.transaction_id`: one call to the database for so many answers. */
const block = 64n;

/**
 * `TransactionId` of the ad hoc answer: a positive integer, unique over all RAs of a database and recorded with
 * the audit event of the answer. Without the database an answer still needs one: those are numbered from the
 * process's clock, above every number of the sequence.
 */
export class TransactionIds {
  readonly #database: Knex;
  #next = 0n;
  #end = 0n;
  #filling: Promise<void> | undefined;
  #spare = 0n;

  constructor(database: Knex) {
    this.#database = database;
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
    const { rows } = await this.#database.raw<{ rows: { id: string }[] }>(
      `select nextval('ra.transaction_id')::text as id`
    );
    this.#next = BigInt(rows[0]?.id ?? 0);
    this.#end = this.#next + block;
  }
}
