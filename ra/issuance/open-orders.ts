import { Signal } from '../signal.js';

/** The open orders of a lane, as this process knows of them: wakes who waits, and knows when a look would find none. */
export class OpenOrders {
  readonly #signal = new Signal();
  #news = 0;
  #emptySince = -Infinity;

  /** How often orders were announced. */
  get news(): number {
    return this.#news;
  }

  /** There are new orders, and their transaction has ended. */
  wake(): void {
    this.#news += 1;
    this.#emptySince = -Infinity;
    this.#signal.wake();
  }

  /**
   * A look that began at `at`, in milliseconds of the monotonic clock, took all there was. It says nothing of orders
   * announced since the caller read `news`, before that look.
   */
  foundEmpty(news: number, at: number): void {
    if (news === this.#news) this.#emptySince = Math.max(this.#emptySince, at);
  }

  /** Milliseconds from `at` until a look is due that finds what others stored and what was handed out in vain. */
  emptyFor(pollMs: number, at: number): number {
    return this.#emptySince + pollMs - at;
  }

  wait(ms: number, ...stops: readonly AbortSignal[]): Promise<void> {
    return this.#signal.wait(ms, ...stops);
  }
}
