import type { Knex } from 'knex';
import { Signal } from '../signal.js';

/**
 * Waiting for what comes of requests. A report that reaches this process wakes the waiters of its requests; for
 * reports that reached another RA of the database there is one query for all waiters, which runs only while
 * somebody waits.
 */
export class Outcomes {
  readonly #database: Knex;
  readonly #pollMs: number;
  readonly #onFault: (error: unknown) => void;
  readonly #waiting = new Map<string, { signal: Signal; count: number }>();
  readonly #stop = new AbortController();
  #polling = false;

  constructor(database: Knex, pollMs: number, onFault: (error: unknown) => void) {
    this.#database = database;
    this.#pollMs = pollMs;
    this.#onFault = onFault;
  }

  /** Wakes who waits for these requests; they read the outcome themselves. */
  announce(requestIds: readonly string[]): void {
    for (const id of requestIds) this.#waiting.get(id)?.signal.wake();
  }

  /** Resolves when something may have come of the request, after `ms`, or at `stop`. */
  async wait(requestId: string, ms: number, stop: AbortSignal): Promise<void> {
    if (this.#stop.signal.aborted) return;
    const entry = this.#waiting.get(requestId) ?? { signal: new Signal(), count: 0 };
    entry.count += 1;
    this.#waiting.set(requestId, entry);
    if (!this.#polling) void this.#poll();
    try {
      await entry.signal.wait(ms, stop);
    } finally {
      entry.count -= 1;
      if (entry.count === 0) this.#waiting.delete(requestId);
    }
  }

  /** Ends all waiting. */
  stop(): void {
    this.#stop.abort();
    for (const { signal } of this.#waiting.values()) signal.wake();
  }

  async #poll(): Promise<void> {
    this.#polling = true;
    const tick = new Signal();
    try {
      while (this.#waiting.size > 0 && !this.#stop.signal.aborted) {
        await tick.wait(this.#pollMs, this.#stop.signal);
        const ids = [...this.#waiting.keys()];
        if (ids.length === 0) break;
        try {
          const closed = (await this.#database('ra.request')
            .select('id')
            .whereRaw('id = any(?::uuid[])', [ids])
            .whereNot('state', 'open')) as { id: string }[];
          this.announce(closed.map(({ id }) => id));
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
