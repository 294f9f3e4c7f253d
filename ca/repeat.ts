import { setTimeout as sleep } from 'node:timers/promises';

/** Runs `work` at once and then `everyMs` after each end, until aborted. Resolves when the last run has ended. */
export async function repeat(
  everyMs: number,
  stopping: AbortSignal,
  work: () => Promise<unknown>,
  onError: (error: unknown) => void
): Promise<void> {
  while (!stopping.aborted) {
    await work().catch(onError);
    await sleep(everyMs, undefined, { signal: stopping }).catch(() => undefined);
  }
}
