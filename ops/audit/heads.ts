import { readFile, rename, writeFile } from 'node:fs/promises';
import type { Knex } from 'knex';
import { AuditError } from './errors.js';
import { genesis, type Head, type LogOrigin } from './entry.js';

/** A log's row in `audit_head`. */
export interface HeadRow {
  /** The decimal instance number of audit references. */
  readonly number: number;
  readonly head: Head;
  /** Recorded events of transactions below this number are all in the log. */
  readonly settledTransaction: bigint;
  /** Recorded events of transactions from that number on are in the log behind this offset, if at all. */
  readonly settledSize: number;
}

interface Row {
  readonly number: number;
  readonly seq: string;
  readonly size: string;
  readonly hash: Buffer;
  readonly settled_transaction: string;
  readonly settled_size: string;
}

/** The head of one instance in the database of its component; `writer` fences out an earlier process. */
export class DatabaseHead {
  readonly #knex: Knex;
  readonly #schema: string;
  readonly #instance: string;
  readonly #writer: string;

  constructor(knex: Knex, origin: LogOrigin, writer: string) {
    this.#knex = knex;
    this.#schema = origin.component;
    this.#instance = origin.instance;
    this.#writer = writer;
  }

  /** The row, made when missing; this process becomes its writer. */
  async takeOver(origin: LogOrigin, at: Date): Promise<HeadRow> {
    const { seq, size, hash } = genesis(origin);
    const rows = await this.#table()
      .insert({
        instance: this.#instance,
        writer: this.#writer,
        seq,
        size,
        hash: Buffer.from(hash, 'hex'),
        at
      })
      .onConflict('instance')
      .merge({ writer: this.#writer })
      .returning<Row[]>(['number', 'seq', 'size', 'hash', 'settled_transaction', 'settled_size']);
    const row = rows[0];
    if (row === undefined) throw new AuditError('audit/instance', `no row for instance ${this.#instance}`);
    return {
      number: row.number,
      head: { seq: Number(row.seq), size: Number(row.size), hash: row.hash.toString('hex') },
      settledTransaction: BigInt(row.settled_transaction),
      settledSize: Number(row.settled_size)
    };
  }

  /** Moves the head forward. */
  async advance(head: Head, at: Date): Promise<void> {
    const moved = await this.#table()
      .where({ instance: this.#instance, writer: this.#writer })
      .where('seq', '<=', head.seq)
      .update({ seq: head.seq, size: head.size, hash: Buffer.from(head.hash, 'hex'), at });
    if (moved !== 1) throw new AuditError('audit/fenced', `the log of ${this.#instance} has another writer`);
  }

  async settle(transaction: bigint, size: number): Promise<void> {
    await this.#table()
      .where({ instance: this.#instance, writer: this.#writer })
      .update({ settled_transaction: String(transaction), settled_size: size });
  }

  #table(): Knex.QueryBuilder {
    return this.#knex.withSchema(this.#schema).table('audit_head');
  }
}

/** The head beside the log, by which a log is verified from its files alone. Replaced whole, never edited. */
export async function writeHeadFile(path: string, origin: LogOrigin, head: Head): Promise<void> {
  await writeFile(`${path}.new`, `${JSON.stringify({ ...origin, ...head })}\n`, { mode: 0o600 });
  await rename(`${path}.new`, path);
}

/** Undefined when the file is not there or was cut short by a crash of the machine. */
export async function readHeadFile(path: string): Promise<(LogOrigin & Head) | undefined> {
  try {
    const value = JSON.parse(await readFile(path, 'utf8')) as Record<string, unknown>;
    const texts = [value['environment'], value['component'], value['instance'], value['hash']];
    const numbers = [value['seq'], value['size']];
    return texts.every(text => typeof text === 'string') && numbers.every(n => Number.isSafeInteger(n))
      ? (value as unknown as LogOrigin & Head)
      : undefined;
  } catch {
    return undefined;
  }
}
