/**
 * Entry of a worker of the benchmarks, a process or a thread: opens one job, runs it as often as it is told, ends
 * when its parent is gone.
 */
import { parentPort } from 'node:worker_threads';
import { jobs, type Answer, type Job, type Order } from './jobs.js';

let job: Job<unknown, unknown> | undefined;

async function obey(order: Order): Promise<unknown> {
  if ('open' in order) {
    const open = (await jobs[order.open]()) as (options: unknown) => Promise<Job<unknown, unknown>>;
    job = await open(order.options);
    return undefined;
  }
  if ('close' in order) {
    await job?.close();
    return undefined;
  }
  if (job === undefined) throw new Error('no job is open');
  return job.run(order.task);
}

function hear(order: Order, answer: (answer: Answer) => void, end: () => void): void {
  void obey(order)
    .then(
      (result): Answer => ({ result }),
      (error: unknown): Answer => ({
        failed: error instanceof Error ? (error.stack ?? error.message) : String(error)
      })
    )
    .then(said => {
      answer(said);
      // One that ends by itself writes the profile it may have been asked for.
      if ('close' in order) end();
    });
}

const port = parentPort;
if (port !== null)
  port.on('message', (order: Order) =>
    hear(
      order,
      said => port.postMessage(said),
      () => port.close()
    )
  );
else {
  process.on('message', (order: Order) =>
    hear(
      order,
      said => process.send?.(said),
      () => process.disconnect()
    )
  );
  process.on('disconnect', () => setTimeout(() => process.exit(), 500).unref());
}
