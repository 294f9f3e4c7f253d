import { closeSync, constants, openSync, writeSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import type { Knex } from 'knex';
import { identifier } from '../database/names.js';
import { createSql } from '../database/sql.js';
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
  readonly #sql = createSql();

  constructor(knex: Knex, origin: LogOrigin, writer: string) {
    this.#knex = knex;
    this.#schema = identifier(origin.component);
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
    const moved = await this.#sql.rows(
      this.#knex,
      'audit-advance',
      `update ${this.#schema}.audit_head set seq = $3, size = $4, hash = $5, at = $6
       where instance = $1 and writer = $2 and seq <= $3 returning seq`,
      [this.#instance, this.#writer, head.seq, head.size, Buffer.from(head.hash, 'hex'), at]
    );
    if (moved.length !== 1)
      throw new AuditError('audit/fenced', `the log of ${this.#instance} has another writer`);
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

/**
 * DESIGN: a head takes some 300 octets; padded to a sector it is one write to one place, whole or not there. Replacing
 * the file by another costs a flush of the file system's journal each time.
 */
const sectorOctets = 512;

/**
 * The head beside the log, by which a log is verified from its files alone. At once: these calls end in the page
 * cache, and handing them to a thread would cost several times what they take.
 */
export function writeHeadFile(path: string, origin: LogOrigin, head: Head): void {
  const text = JSON.stringify({ ...origin, ...head });
  const file = openSync(path, constants.O_WRONLY | constants.O_CREAT, 0o600);
  try {
    writeSync(file, `${text.padEnd(Math.ceil((text.length + 1) / sectorOctets) * sectorOctets - 1)}\n`, 0);
  } finally {
    closeSync(file);
  }
}

/** Undefined when the file is not there or was cut short by a crash of the machine. */
export async function readHeadFile(path: string): Promise<(LogOrigin & Head) | undefined> {
  try {
    let text = await readFile(path, 'utf8');
    // A reader beside the writer may meet it in the middle: what it reads twice is whole.
    for (let last = ''; last !== text;) [last, text] = [text, await readFile(path, 'utf8')];
    const value = JSON.parse(text) as Record<string, unknown>;
    const texts = [value['environment'], value['component'], value['instance'], value['hash']];
    const numbers = [value['seq'], value['size']];
    return texts.every(text => typeof text === 'string') && numbers.every(n => Number.isSafeInteger(n))
      ? (value as unknown as LogOrigin & Head)
      : undefined;
  } catch {
    return undefined;
  }
}
