import type { Knex } from 'knex';
import type { Sql } from '../../ops/kit/deps.js';
import { Signal } from '../signal.js';
import { outcomeColumns, outcomeOf, type OutcomeRow, type RequestOutcome } from './requests.js';

interface Expected {
  readonly signal: Signal;
  holders: number;
  /** Place the events of the decisions made here in the audit log. */
  readonly seals: (() => Promise<void>)[];
  come: Come | undefined;
}

/** What came of a request, and whether that is in the audit log. */
export interface Come {
  readonly outcome: RequestOutcome;
  readonly sealed: Promise<unknown>;
}

/** Somebody's interest in a request, from before its order is stored, so that no report is missed. */
export interface Expectation {
  /** What came of the request, as soon as it is known here; `undefined` after `ms` or at `stop`. */
  wait(ms: number, stop: AbortSignal): Promise<Come | undefined>;
  /** Resolves when all that this process decided of the request is in the audit log: before any answer of success. */
  sealed(): Promise<void>;
  /** To be called once, at the end. */
  release(): void;
}

/**
 * Waiting for what comes of requests. A report that reaches this process hands its outcomes to who waits, without a
 * query; for reports that reached another RA of the database there is one query for all waiters, which runs only while
 * somebody waits.
 */
export class Outcomes {
  readonly #database: Knex;
  readonly #sql: Sql;
  readonly #pollMs: number;
  readonly #onFault: (error: unknown) => void;
  readonly #fewer: () => void;
  readonly #expected = new Map<string, Expected>();
  #open = 0;
  readonly #stop = new AbortController();
  #polling = false;

  /** @param fewer told whenever `open` has become less */
  constructor(
    database: Knex,
    sql: Sql,
    pollMs: number,
    onFault: (error: unknown) => void,
    fewer: () => void
  ) {
    this.#database = database;
    this.#sql = sql;
    this.#pollMs = pollMs;
    this.#onFault = onFault;
    this.#fewer = fewer;
  }

  /** Requests that somebody waits for and of which nothing has come yet. */
  get open(): number {
    return this.#open;
  }

  expect(requestId: string, seal?: () => Promise<void>): Expectation {
    let entry = this.#expected.get(requestId);
    if (entry === undefined) {
      entry = { signal: new Signal(), holders: 0, seals: [], come: undefined };
      this.#expected.set(requestId, entry);
      this.#open += 1;
    }
    entry.holders += 1;
    if (seal !== undefined) entry.seals.push(seal);
    return this.#expectation(requestId, entry);
  }

  #expectation(requestId: string, entry: Expected): Expectation {
    return {
      wait: async (ms, stop) => {
        if (entry.come !== undefined || this.#stop.signal.aborted) return entry.come;
        if (!this.#polling) void this.#poll();
        await entry.signal.wait(ms, stop);
        return entry.come;
      },
      sealed: async () => {
        await Promise.all([...entry.seals.map(place => place()), entry.come?.sealed]);
      },
      release: () => {
        entry.holders -= 1;
        if (entry.holders > 0) return;
        this.#expected.delete(requestId);
        if (entry.come === undefined) this.#lessOpen(1);
      }
    };
  }

  /** Hands outcomes that are on record to who expects them; `sealed` settles when they are in the audit log. */
  announce(outcomes: ReadonlyMap<string, RequestOutcome>, sealed: Promise<unknown>): void {
    let come = 0;
    for (const [id, outcome] of outcomes) {
      const entry = this.#expected.get(id);
      if (entry === undefined) continue;
      if (entry.come === undefined) come += 1;
      entry.come = { outcome, sealed };
      entry.signal.wake();
    }
    if (come > 0) this.#lessOpen(come);
  }

  #lessOpen(by: number): void {
    this.#open -= by;
    this.#fewer();
  }

  /** Ends all waiting. */
  stop(): void {
    this.#stop.abort();
    for (const { signal } of this.#expected.values()) signal.wake();
  }

  async #poll(): Promise<void> {
    this.#polling = true;
    const tick = new Signal();
    try {
      for (;;) {
        await tick.wait(this.#pollMs, this.#stop.signal);
        const open = [...this.#expected].filter(([, { come }]) => come === undefined);
        if (open.length === 0 || this.#stop.signal.aborted) break;
        try {
          const closed = await this.#sql.rows<OutcomeRow>(
            this.#database,
            'ra_closed_requests',
            `select ${outcomeColumns} from ra.request r where r.id = any($1::uuid[]) and r.state <> 'open'`,
            [open.map(([id]) => id)]
          );
          // The RA that recorded them answers for its own log.
          this.announce(new Map(closed.map(row => [row.id, outcomeOf(row)])), Promise.resolve());
        } catch (error) {
          // The waiters run into their own deadline; the database's fault is reported by whoever reads.
          this.#onFault(error);
        }
      }
    } finally {
      this.#polling = false;
    }
  }
}
