/** Wakes everyone who waits, once. A wake-up with nobody waiting is lost: waiters look before they wait. */
export class Signal {
  #waiting = new Set<() => void>();

  wake(): void {
    const waiting = this.#waiting;
    this.#waiting = new Set();
    for (const resume of waiting) resume();
  }

  /** Resolves at the next wake-up, after `ms`, or when `stop` is aborted. */
  wait(ms: number, stop?: AbortSignal): Promise<void> {
    if (stop?.aborted === true || ms <= 0) return Promise.resolve();
    return new Promise(resolve => {
      const resume = (): void => {
        clearTimeout(timer);
        stop?.removeEventListener('abort', resume);
        this.#waiting.delete(resume);
        resolve();
      };
      const timer = setTimeout(resume, ms);
      stop?.addEventListener('abort', resume, { once: true });
      this.#waiting.add(resume);
    });
  }
}
