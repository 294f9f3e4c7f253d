import type { Stand } from './stand/stand.js';
import { together, type Round } from './rounds.js';
import type { CryptoTask } from './worker/crypto.js';
import { startWorker, type Worker } from './worker/worker.js';

/**
 * The crypto limit C and its parts: what one certificate costs at the very least, one verification under a key
 * imported before and one signature of the token, on processes that do nothing else.
 */
export interface CryptoLimit {
  readonly processes: number;
  measure(ms: number, what?: CryptoTask['what'], using?: number): Promise<Round>;
  /** On one process, each call timed. */
  timed(ms: number, what: CryptoTask['what']): Promise<Round>;
  close(): Promise<void>;
}

/** DESIGN: two processes, as the two cores of the machine that the targets are stated for. */
export const limitProcesses = 2;

export async function openCryptoLimit(stand: Stand, processes = limitProcesses): Promise<CryptoLimit> {
  const workers: Worker<'crypto'>[] = [];
  const close = async (): Promise<void> => {
    for (const worker of workers.splice(0)) await worker.close();
  };
  try {
    // One after another: a token cannot be seen while somebody logs in to it.
    for (let n = 0; n < processes; n++)
      workers.push(await startWorker('crypto', stand.deviceKey, { env: stand.env }));
  } catch (error) {
    await close();
    throw error;
  }
  return {
    processes,
    async measure(ms, what = 'certificate', using = processes) {
      return together(await Promise.all(workers.slice(0, using).map(worker => worker.run({ what, ms }))));
    },
    timed(ms, what) {
      const [worker] = workers;
      if (worker === undefined) throw new Error('the limit is closed');
      return worker.run({ what, ms, timed: true });
    },
    close
  };
}
