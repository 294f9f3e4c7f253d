import type { RaContext } from '../deps.js';

/** How long a count of other processes' groups is believed, ms. */
const staleAfterMs = 2_000;

/**
 * Requests of all batches decided in the night so far, against `batch.night.requests` (SEC Appendix N). A soft class:
 * what goes beyond waits for the next night. Counted from the groups of all processes every other second, and what
 * this one begins in between on top, so that several together may pass the figure by some groups.
 */
export class NightCount {
  readonly #deps: RaContext;
  #night = 0;
  #counted = 0;
  #since = 0;
  #readAt = -Infinity;

  constructor(deps: RaContext) {
    this.#deps = deps;
  }

  /** How many requests may still be ordered in the night that began then; without a night, any number. */
  async left(since: Date | undefined): Promise<number> {
    if (since === undefined) {
      this.#night = 0;
      return Infinity;
    }
    // The beginning is computed anew each time and may differ by a second.
    const another = Math.abs(since.getTime() - this.#night) > 3_600_000;
    if (another || performance.now() - this.#readAt >= staleAfterMs) {
      this.#night = since.getTime();
      this.#counted = await this.#read(new Date(since.getTime() - 1_000));
      this.#since = 0;
      this.#readAt = performance.now();
    }
    return this.room;
  }

  get room(): number {
    if (this.#night === 0) return Infinity;
    return this.#deps.policy.figures['batch.night.requests'].value - this.#counted - this.#since;
  }

  add(requests: number): void {
    this.#since += requests;
  }

  async #read(from: Date): Promise<number> {
    const [row] = await this.#deps.sql.rows<{ requests: string }>(
      this.#deps.database,
      'ra_batch_night',
      'select coalesce(sum(items), 0) as requests from ra.batch_group where decided_at >= $1',
      [from]
    );
    return Number(row?.requests ?? 0);
  }
}
