import { spawn } from 'node:child_process';
import type { EventEmitter } from 'node:events';
import { extname } from 'node:path';
import { Worker as Thread } from 'node:worker_threads';
import { nodeCommand } from '../../process/node-command.js';
import { cpuMicros, peakMiB } from '../process-cost.js';
import type { Answer, JobName, OptionsOf, Order, ResultOf, TaskOf } from './jobs.js';

/** A process or thread of the benchmarks' own with a job open. */
export interface Worker<Name extends JobName> {
  /** Of the process; a thread's is ours. */
  readonly pid: number;
  run(task: TaskOf<Name>): Promise<ResultOf<Name>>;
  /** CPU of the process so far, in microseconds. */
  cpuMicros(): number;
  peakMiB(): number;
  close(): Promise<void>;
}

export interface WorkerEnvironment {
  /** Added to what the process sees of our environment. */
  readonly env?: Readonly<Record<string, string>> | undefined;
  /** Folder for a `.cpuprofile` of the process. */
  readonly profile?: string | undefined;
}

/** Starts a process and opens a job in it. Rejects with what the job said when it cannot be opened. */
export async function startWorker<Name extends JobName>(
  name: Name,
  options: OptionsOf<Name>,
  environment: WorkerEnvironment = {}
): Promise<Worker<Name>> {
  const [program, ...args] = nodeCommand('./child', import.meta.url);
  const child = spawn(program, [...profileFlags(environment.profile), ...args], {
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    serialization: 'advanced',
    env: {
      PATH: process.env['PATH'],
      HOME: process.env['HOME'],
      TMPDIR: process.env['TMPDIR'],
      ...environment.env
    }
  });
  const ended = new Promise<void>(resolve => child.once('exit', () => resolve()));
  const line: Line = {
    events: child,
    send: order =>
      void child.send(order, error => {
        if (error) child.emit('error', error);
      })
  };
  return open(name, options, line, child.pid ?? 0, ended, () => child.kill('SIGKILL'));
}

/** Whether there can be threads: the loader that runs the sources does not reach into them. */
export const hasThreads = extname(import.meta.url) === '.js';

/** The same in a thread of this process; see `hasThreads`. */
export async function startThread<Name extends JobName>(
  name: Name,
  options: OptionsOf<Name>
): Promise<Worker<Name>> {
  const thread = new Thread(new URL('./child.js', import.meta.url));
  const ended = new Promise<void>(resolve => thread.once('exit', () => resolve()));
  const line: Line = { events: thread, send: order => thread.postMessage(order) };
  return open(name, options, line, process.pid, ended, () => void thread.terminate());
}

/** Flags by which Node.js writes a profile of a process when it ends. */
export function profileFlags(folder: string | undefined): readonly string[] {
  return folder === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${folder}`];
}

/** What a process and a thread have in common. */
interface Line {
  send(order: Order): void;
  /** Says `message`, `exit` and `error`. */
  readonly events: EventEmitter;
}

async function open<Name extends JobName>(
  name: Name,
  options: OptionsOf<Name>,
  line: Line,
  pid: number,
  ended: Promise<void>,
  kill: () => void
): Promise<Worker<Name>> {
  await tell(line, { open: name, options }).catch(async (error: unknown) => {
    kill();
    await ended;
    throw error;
  });
  let closed = false;
  return {
    pid,
    run: async task => (await tell(line, { task })) as ResultOf<Name>,
    cpuMicros: () => cpuMicros(pid),
    peakMiB: () => peakMiB(pid),
    async close() {
      if (closed) return;
      closed = true;
      const patience = setTimeout(kill, 10_000);
      await tell(line, { close: true }).catch(kill);
      await ended;
      clearTimeout(patience);
    }
  };
}

/** One order, one answer: a worker does one thing at a time. */
function tell(line: Line, order: Order): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const settle = (end: () => void): void => {
      line.events.off('message', onAnswer);
      line.events.off('exit', onExit);
      line.events.off('error', onError);
      end();
    };
    const onAnswer = (answer: Answer): void =>
      settle(() => ('failed' in answer ? reject(new Error(answer.failed)) : resolve(answer.result)));
    const onExit = (): void => settle(() => reject(new Error('a worker ended by itself')));
    const onError = (error: Error): void => settle(() => reject(error));
    line.events.on('message', onAnswer);
    line.events.on('exit', onExit);
    line.events.on('error', onError);
    line.send(order);
  });
}
