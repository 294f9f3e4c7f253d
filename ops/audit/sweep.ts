import type { Knex } from 'knex';
import { canonicalFacts } from './canonical.js';
import type { StampedEvent } from './entry.js';
import type { DatabaseHead, HeadRow } from './heads.js';
import type { Sequencer } from './sequencer.js';

/** DESIGN: rows read at a time; a backlog after an outage goes in steps. */
const batch = 2_000;

interface EventRow {
  readonly id: string;
  readonly at: Date;
  readonly type: string;
  readonly actor: string;
  readonly facts: StampedEvent['facts'];
}

interface Mark {
  readonly transaction: bigint;
  readonly size: number;
}

/**
 * Finds events that were recorded with an act and never placed, because the process died or the log failed
 * between commit and seal, and places them.
 *
 * How far it must look back: a mark is a transaction number T and a log size S taken before T was read. Events
 * of transactions from T on are in the log behind S if at all. When no transaction below T runs any more and
 * all their events are placed, the mark is settled: nobody ever looks before it again.
 */
export class Sweeper {
  readonly #knex: Knex;
  readonly #schema: string;
  readonly #instance: string;
  readonly #sequencer: Sequencer;
  readonly #databaseHead: DatabaseHead;
  #settled: bigint;
  #pending: Mark | undefined;

  constructor(
    knex: Knex,
    origin: { readonly component: string; readonly instance: string },
    sequencer: Sequencer,
    databaseHead: DatabaseHead,
    settled: bigint
  ) {
    this.#knex = knex;
    this.#schema = origin.component;
    this.#instance = origin.instance;
    this.#sequencer = sequencer;
    this.#databaseHead = databaseHead;
    this.#settled = settled;
  }

  /** Of these recorded events those that stand in the log for certain: the events of settled transactions. */
  async settledOf(ids: readonly string[]): Promise<Set<string>> {
    const rows = await this.#knex
      .withSchema(this.#schema)
      .table('audit_event')
      .whereIn('id', ids)
      .where('transaction', '<', String(this.#settled))
      .select<{ readonly id: string }[]>('id');
    return new Set(rows.map(({ id }) => id));
  }

  /** Answers how many events it placed. */
  async sweep(): Promise<number> {
    const size = this.#sequencer.head.size;
    const { oldest, next } = await transactionHorizon(this.#knex);
    let placed = 0;
    for (let from = ''; ;) {
      const rows = await this.#knex
        .withSchema(this.#schema)
        .table('audit_event')
        .where({ instance: this.#instance })
        .where('transaction', '>=', String(this.#settled))
        .where('transaction', '<', String(oldest))
        .modify(query => {
          if (from !== '') void query.where('id', '>', from);
        })
        .orderBy('id')
        .limit(batch)
        .select<{ readonly id: string }[]>('id');
      // Nearly all are placed: what they say is read of the others only.
      const missing = rows.flatMap(({ id }) => (this.#sequencer.isPlaced(id) ? [] : id));
      if (missing.length > 0) await this.#sequencer.place(await this.#eventsOf(missing), true);
      placed += missing.length;
      from = rows.at(-1)?.id ?? '';
      if (rows.length < batch) break;
    }
    await this.#settle(oldest, { transaction: next, size });
    return placed;
  }

  async #eventsOf(ids: readonly string[]): Promise<readonly StampedEvent[]> {
    const rows = await this.#knex
      .withSchema(this.#schema)
      .table('audit_event')
      .whereIn('id', ids)
      .orderBy('id')
      .select<EventRow[]>('id', 'at', 'type', 'actor', 'facts');
    return rows.map(stampedEvent);
  }

  async #settle(oldest: bigint, mark: Mark): Promise<void> {
    if (this.#pending !== undefined && oldest >= this.#pending.transaction) {
      await this.#databaseHead.settle(this.#pending.transaction, this.#pending.size);
      this.#settled = this.#pending.transaction;
      this.#pending = undefined;
      this.#sequencer.forgetSettled();
    }
    this.#pending ??= mark;
  }
}

/**
 * Where the sweeper of a new process begins. After a restore into another cluster transaction numbers begin
 * again below the mark, which then means nothing.
 */
export async function settledMark(knex: Knex, row: HeadRow): Promise<Mark> {
  const { next } = await transactionHorizon(knex);
  return row.settledTransaction > next
    ? { transaction: 0n, size: 0 }
    : { transaction: row.settledTransaction, size: row.settledSize };
}

/** The oldest transaction that may still run, and the next to begin. */
async function transactionHorizon(knex: Knex): Promise<{ oldest: bigint; next: bigint }> {
  const { rows } = await knex.raw<{ rows: { oldest: string; next: string }[] }>(
    `select pg_snapshot_xmin(pg_current_snapshot())::text as oldest,
            pg_snapshot_xmax(pg_current_snapshot())::text as next`
  );
  return { oldest: BigInt(rows[0]?.oldest ?? '0'), next: BigInt(rows[0]?.next ?? '0') };
}

export function stampedEvent(row: EventRow): StampedEvent {
  const { id, type, actor, facts } = row;
  return { id, at: row.at.toISOString(), type, actor, facts, canonicalFacts: canonicalFacts(facts) };
}
