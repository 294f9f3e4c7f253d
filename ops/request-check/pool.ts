import { Worker } from 'node:worker_threads';
import type { Lane } from '../../pki/messages/index.js';
import type { RequestPolicy } from '../../pki/request/index.js';
import type { RequestVerdict } from '../../ra/deps.js';
import { packRequests, unpackVerdicts, type UncheckedRequest } from './packed.js';
import type { RequestCheckData, SliceAnswer } from './worker.js';

/** Checks requests in worker threads, so that no proof of possession ever holds up a listener's event loop. */
export interface RequestCheckPool {
  /** Verdicts in the order of the requests. Rejects with `RequestCheckUnavailable` when one could not be had. */
  check(requests: readonly UncheckedRequest[], lane: Lane): Promise<RequestVerdict[]>;
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
 */
const defaultThreads = 1;

/**
 * DESIGN: requests that may wait. Ad hoc, 2,048 are some 200 ms of one thread: beyond that, refusing is kinder than
 * queueing. A batch waits in groups of at most 1,000 (`maxOrderItems`): some eight of them, 2 MiB of requests.
 */
const queueLimits: Readonly<Record<Lane, number>> = { adhoc: 2_048, batch: 8_192 };

/**
 * DESIGN: 32 requests are some 3 ms of work. A crossing between threads costs some 20 microseconds, so smaller slices
 * would show; an ad hoc request waits behind two of a batch, so larger ones would show, too.
 */
const sliceRequests = 32;

/** DESIGN: one in work and one behind it, so that a worker never waits for a busy event loop to hand it the next. */
const slicesPerWorker = 2;

/** Compiled: the loaders for TypeScript on Node.js 20 do not reach worker threads. */
const program = new URL('./worker.js', import.meta.url);

interface Call {
  readonly requests: readonly UncheckedRequest[];
  readonly verdicts: RequestVerdict[];
  /** Requests before this one were handed to a worker. */
  taken: number;
  missing: number;
  readonly resolve: (verdicts: RequestVerdict[]) => void;
  readonly reject: (error: RequestCheckUnavailable) => void;
}

interface Slice {
  readonly call: Call;
  readonly from: number;
}

interface Seat {
  /** Undefined after a death, until there is work again: a worker that cannot start is not started in a loop. */
  worker: Worker | undefined;
  /** In the order in which the worker answers. */
  slices: Slice[];
}

/**
 * Starts the threads. Ad hoc calls go before those of batches at every slice; within a lane the first come is served
 * first.
 */
export function startRequestCheckPool(policy: RequestPolicy, threads = defaultThreads): RequestCheckPool {
  const data: RequestCheckData = { policy };
  const queues: Readonly<Record<Lane, Call[]>> = { adhoc: [], batch: [] };
  const waiting: Record<Lane, number> = { adhoc: 0, batch: 0 };
  const seats: Seat[] = Array.from({ length: threads }, () => ({ worker: undefined, slices: [] }));
  let closed = false;

  function start(seat: Seat): Worker {
    const worker = new Worker(program, { workerData: data });
    worker.on('message', (answer: SliceAnswer) => {
      const slice = seat.slices.shift();
      if (slice !== undefined) settle(slice, answer);
      dispatch();
    });
    let cause: unknown;
    worker.on('error', error => (cause = error));
    worker.on('exit', () => {
      if (seat.worker !== worker) return;
      seat.worker = undefined;
      for (const { call } of seat.slices.splice(0)) fail(call, 'the worker ended', cause);
      dispatch();
    });
    seat.worker = worker;
    return worker;
  }

  function settle({ call, from }: Slice, answer: SliceAnswer): void {
    if (answer.verdicts === undefined) {
      fail(call, 'the check failed', answer.fault);
      return;
    }
    const verdicts = unpackVerdicts(answer.verdicts);
    for (const [index, verdict] of verdicts.entries()) call.verdicts[from + index] = verdict;
    call.missing -= verdicts.length;
    if (call.missing === 0) call.resolve(call.verdicts);
  }

  /** A call without all its verdicts has none; what of it still waits is not checked in vain. */
  function fail(call: Call, message: string, cause?: unknown): void {
    for (const lane of ['adhoc', 'batch'] as const) {
      const at = queues[lane].indexOf(call);
      if (at < 0) continue;
      queues[lane].splice(at, 1);
      waiting[lane] -= call.requests.length - call.taken;
    }
    call.reject(new RequestCheckUnavailable(message, { cause }));
  }

  /** The next requests of the first waiting call. */
  function take(): { slice: Slice; requests: readonly UncheckedRequest[] } | undefined {
    const lane = queues.adhoc.length > 0 ? 'adhoc' : 'batch';
    const call = queues[lane][0];
    if (call === undefined) return undefined;
    const from = call.taken;
    const requests = call.requests.slice(from, from + sliceRequests);
    call.taken += requests.length;
    waiting[lane] -= requests.length;
    if (call.taken === call.requests.length) queues[lane].shift();
    return { slice: { call, from }, requests };
  }

  function dispatch(): void {
    while (!closed) {
      const seat = seats.reduce((least, one) => (one.slices.length < least.slices.length ? one : least));
      if (seat.slices.length >= slicesPerWorker) return;
      const next = take();
      if (next === undefined) return;
      seat.slices.push(next.slice);
      const packed = packRequests(next.requests);
      (seat.worker ?? start(seat)).postMessage(packed, [packed.buffer]);
    }
  }

  // Before the first request, which would otherwise wait for the program to load.
  for (const seat of seats) start(seat);

  return {
    check(requests, lane) {
      if (requests.length === 0) return Promise.resolve([]);
      if (closed) return Promise.reject(new RequestCheckUnavailable('the pool is closed'));
      // A call larger than the whole queue is taken when nothing else waits: its caller holds it anyway.
      if (waiting[lane] > 0 && waiting[lane] + requests.length > queueLimits[lane])
        return Promise.reject(new RequestCheckUnavailable('too many requests wait'));
      return new Promise((resolve, reject) => {
        const verdicts = new Array<RequestVerdict>(requests.length);
        queues[lane].push({ requests, verdicts, taken: 0, missing: requests.length, resolve, reject });
        waiting[lane] += requests.length;
        dispatch();
      });
    },
    async close() {
      closed = true;
      for (const lane of ['adhoc', 'batch'] as const)
        for (const call of [...queues[lane]]) fail(call, 'the pool is closed');
      await Promise.all(seats.flatMap(({ worker }) => worker?.terminate() ?? []));
    }
  };
}
