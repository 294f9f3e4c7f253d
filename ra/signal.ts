/** Wakes everyone who waits, once. A wake-up with nobody waiting is lost: waiters look before they wait. */
export class Signal {
  #waiting = new Set<() => void>();

  wake(): void {
    const waiting = this.#waiting;
    this.#waiting = new Set();
    for (const resume of waiting) resume();
  }

  /**
   * Resolves at the next wake-up, after `ms`, or when one of `stops` is aborted. Several signals and not one made by
   * `AbortSignal.any`: Node keeps some octets of each such signal for as long as the longest-lived source lives.
   */
  wait(ms: number, ...stops: readonly AbortSignal[]): Promise<void> {
    if (stops.some(stop => stop.aborted) || ms <= 0) return Promise.resolve();
    return new Promise(resolve => {
      const resume = (): void => {
        clearTimeout(timer);
        for (const stop of stops) stop.removeEventListener('abort', resume);
        this.#waiting.delete(resume);
        resolve();
      };
      const timer = setTimeout(resume, ms);
      for (const stop of stops) stop.addEventListener('abort', resume, { once: true });
      this.#waiting.add(resume);
    });
  }
}
