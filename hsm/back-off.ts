/**
 * Waiting times between attempts: doubled each time up to a limit, each one moved by up to a quarter at random,
 * so that processes that failed together do not come back together.
 */
export class BackOff {
  readonly #first: number;
  readonly #limit: number;
  #next: number;

  constructor(firstMs: number, limitMs: number) {
    this.#first = firstMs;
    this.#limit = limitMs;
    this.#next = firstMs;
  }

  /** Milliseconds to wait before the next attempt. */
  next(): number {
    const wait = this.#next;
    this.#next = Math.min(wait * 2, this.#limit);
    // Not a secret: only spreads processes over time.
    return wait * (0.75 + Math.random() * 0.5);
  }

  reset(): void {
    this.#next = this.#first;
  }
}
