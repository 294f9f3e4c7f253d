import { rmSync } from 'node:fs';
import { constants } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { childrenOf, nameOf } from './process-cost.js';

const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
type EndSignal = (typeof signals)[number];

/** DESIGN: a component closes within 10 s, a PostgreSQL a little after; what is left then is killed. */
const graceMs = 15_000;

/** What stands by for the end of a benchmark by a signal. */
export interface Ending {
  /** The same as `work`; once the end has begun it never settles, and the process exits. */
  unlessEnded<T>(work: Promise<T>): Promise<T>;
  /** Takes the handlers away again. */
  remove(): void;
}

/**
 * Whoever ends a benchmark ends what it started: servers that nobody knows of would spoil the next measurement. Points
 * already measured stand in the result file.
 */
export function endWithEverything(folder: string | undefined, report: (line: string) => void): Ending {
  let ending = false;
  const end = async (signal: EndSignal): Promise<void> => {
    if (ending) return;
    ending = true;
    report(`${signal}: ending what was started`);
    // Workers that go, connections that break: all of it is meant, and none of it an error to print.
    process.on('uncaughtException', () => undefined);
    const deadline = performance.now() + graceMs;
    // Asked again each time: a launcher may start one anew that has just ended.
    while (performance.now() < deadline && descendants(process.pid).length > 0) {
      for (const pid of descendants(process.pid))
        tell(pid, nameOf(pid) === 'postgres' ? 'SIGINT' : 'SIGTERM');
      await sleep(250);
    }
    for (const pid of descendants(process.pid)) tell(pid, 'SIGKILL');
    if (folder !== undefined) rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
    process.exit(128 + constants.signals[signal]);
  };
  const handlers = signals.map(signal => {
    const handler = (): void => void end(signal);
    process.on(signal, handler);
    return () => process.off(signal, handler);
  });
  return {
    async unlessEnded(work) {
      try {
        return await work;
      } finally {
        if (ending) await new Promise<never>(() => undefined);
      }
    },
    remove: () => handlers.forEach(remove => remove())
  };
}

function descendants(pid: number): number[] {
  return childrenOf(pid).flatMap(child => [...descendants(child), child]);
}

function tell(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // It ended meanwhile.
  }
}
