/**
 * Stops a component process at a point of issuance, from outside: a control folder a process. The test writes
 * `stop-at`; whatever in the process comes to the point writes `stopped` and waits there until `go` names the same
 * stop, or until the process is killed. Everything else in the process goes on meanwhile.
 */
import { randomUUID } from 'node:crypto';
import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Stage } from '../../ops/kit/deps.js';

interface StopAt {
  readonly id: string;
  readonly point: string;
  /** The first that waits, 1 being the first to come to the point; those after it wait as well. */
  readonly occurrence: number;
}

export interface Stopped {
  readonly id: string;
  readonly point: string;
  readonly pid: number;
}

/** The hook inside the process. */
export function stageOf(folder: string): Stage {
  const seen = new Map<string, number>();
  return async point => {
    const order = readJson<StopAt>(join(folder, 'stop-at'));
    if (order?.point !== point) return;
    const times = (seen.get(order.id) ?? 0) + 1;
    seen.set(order.id, times);
    if (times < order.occurrence) return;
    writeJson(join(folder, 'stopped'), { id: order.id, point, pid: process.pid } satisfies Stopped);
    while (readJson<{ id: string }>(join(folder, 'go'))?.id !== order.id) await sleep(5);
  };
}

/** The test's side. */
export interface StageControl {
  /** Whatever comes to the point from its n-th visit on (the first unless said otherwise) stops there. */
  pauseAt(point: string, occurrence?: number): void;
  /** Resolves when something has stopped there. */
  paused(timeoutMs: number): Promise<Stopped>;
  /** Lets all go on, and stops nobody any more. */
  resume(): void;
}

export function stageControl(folder: string): StageControl {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  let current: StopAt | undefined;
  const control: StageControl = {
    pauseAt(point, occurrence = 1) {
      control.resume();
      current = { id: randomUUID(), point, occurrence };
      writeJson(join(folder, 'stop-at'), current);
    },
    async paused(timeoutMs) {
      const deadline = performance.now() + timeoutMs;
      for (;;) {
        const stopped = readJson<Stopped>(join(folder, 'stopped'));
        if (stopped !== undefined && stopped.id === current?.id) return stopped;
        if (performance.now() > deadline)
          throw new Error(`nobody came to ${current?.point ?? 'a point'} within ${timeoutMs} ms (${folder})`);
        await sleep(5);
      }
    },
    resume() {
      rmSync(join(folder, 'stop-at'), { force: true });
      if (current !== undefined) writeJson(join(folder, 'go'), { id: current.id });
      current = undefined;
    }
  };
  return control;
}

function readJson<T>(file: string): T | undefined {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as T;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

/** Whole or not at all: the other side reads while this one writes. */
function writeJson(file: string, value: unknown): void {
  const temporary = `${file}.${process.pid}.new`;
  writeFileSync(temporary, JSON.stringify(value));
  renameSync(temporary, file);
}
