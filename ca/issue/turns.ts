/**
 * Work for the processor in slices: a group of hundreds gives the event loop away again and again, and of all batch
 * groups one slice runs between two turns, so that an ad hoc order waits for one slice and not for the batch.
 */
import { setImmediate as breathe } from 'node:timers/promises';
import type { Lane } from '../../pki/messages/index.js';

/** Asked before each item: undefined while the slice lasts, otherwise what to wait for. */
export type Pace = () => Promise<void> | undefined;

export type Turns = (lane: Lane) => Pace;

/**
 * DESIGN: 3 ms. Longer and an ad hoc order with four such waits in its way feels them; shorter and a turn of the
 * event loop (some 20 µs) counts beside the slice.
 */
const sliceMs = 3;

/** One for a process: all lanes of all peers share its thread. */
export function createTurns(): Turns {
  const waiting: (() => void)[] = [];
  let running = false;

  /** Scheduled from within the turn, the next one comes after the event loop has looked for everything else. */
  function next(): void {
    const first = waiting.shift();
    running = first !== undefined;
    if (first === undefined) return;
    first();
    setImmediate(next);
  }

  function batchTurn(): Promise<void> {
    return new Promise(resolve => {
      waiting.push(resolve);
      if (running) return;
      running = true;
      setImmediate(next);
    });
  }

  return lane => {
    const turn = lane === 'batch' ? batchTurn : breathe;
    // A batch begins in a turn of its own; a single request is not held up.
    let until = lane === 'batch' ? 0 : performance.now() + sliceMs;
    return () => {
      if (performance.now() < until) return undefined;
      return turn().then(() => {
        until = performance.now() + sliceMs;
      });
    };
  };
}
