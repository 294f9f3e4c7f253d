import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Piscina } from 'piscina';
import type { RequestPolicy } from '../../pki/request/index.js';
import type { RaDeps } from '../../ra/deps.js';
import type { RequestCheckData, RequestCheckTask } from './worker.js';

/** Checks requests in worker threads, so that no proof of possession ever holds up a listener's event loop. */
export interface RequestCheckPool {
  readonly check: RaDeps['checkRequest'];
  close(): Promise<void>;
}

/** Raised where no verdict could be had: the queue is full, or a worker died. Never the client's fault. */
export class RequestCheckUnavailable extends Error {
  readonly code = 'request-check/unavailable';
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'RequestCheckUnavailable';
  }
}

/**
 * DESIGN: a thread a processor would leave none for the event loop; one takes some 9,000 requests a second.
 * 2,048 waiting requests are some 200 ms of work: beyond that, refusing is kinder than queueing.
 */
const defaultThreads = 1;
const queueLimit = 2_048;

export function startRequestCheckPool(policy: RequestPolicy, threads = defaultThreads): RequestCheckPool {
  const data: RequestCheckData = { policy };
  const pool = new Piscina<RequestCheckTask, Awaited<ReturnType<RaDeps['checkRequest']>>>({
    // The compiled worker beside the compiled pool, the source beside the source.
    filename: fileURLToPath(new URL(`./worker${extname(import.meta.url)}`, import.meta.url)),
    minThreads: threads,
    maxThreads: threads,
    maxQueue: queueLimit,
    workerData: data
  });
  return {
    async check(bytes, kind) {
      try {
        return await pool.run({ bytes, kind });
      } catch (cause) {
        throw new RequestCheckUnavailable('the request could not be checked', { cause });
      }
    },
    close: () => pool.close()
  };
}
