import { setTimeout as sleep } from 'node:timers/promises';
import { CliError } from '../exit.js';
import type { Terminal } from '../terminal.js';
import { hasEnded, ownBatch, type BatchView } from './batches.js';
import { interrupted, type BatchConnection } from './connection.js';

/** DESIGN: between two looks while a batch is worked on, and while it waits for an officer or the night. */
const busyMs = 500;
const idleMs = 1_000;
/** Without a terminal, a line when the state changes, and one in so many ms while it does not. */
const lineMs = 10_000;

/** DESIGN: tries through an RA that is starting again, ms apart, before the wait is given up: two minutes. */
const patience = { tries: 60, ms: 2_000 } as const;

/** Waits until a batch has ended and shows how far it is; through an RA that is away for a while. */
export async function waitForEnd(
  connection: BatchConnection,
  batchId: string,
  terminal: Terminal,
  signal: AbortSignal
): Promise<BatchView> {
  const show = progressOf(terminal);
  let failed = 0;
  for (;;) {
    try {
      const view = await ownBatch(connection, batchId, signal);
      failed = 0;
      show(view);
      if (hasEnded(view)) return view;
      await pause(view.state === 'PROCESSING' || view.state === 'PARSING' ? busyMs : idleMs, signal);
    } catch (error) {
      if (!(error instanceof CliError) || error.code !== 'cli/unavailable') throw error;
      if (++failed > patience.tries) throw error;
      await pause(patience.ms, signal);
    }
  }
}

export async function pause(ms: number, signal: AbortSignal): Promise<void> {
  try {
    await sleep(ms, undefined, { signal });
  } catch (cause) {
    if (signal.aborted) throw interrupted();
    throw cause;
  }
}

/** A bar that moves where the terminal has a line to spare, plain lines where it has none. */
export function progressOf(terminal: Terminal): (view: BatchView) => void {
  let began: { readonly at: number; readonly done: number } | undefined;
  let said = { text: '', at: 0 };
  return view => {
    const now = Date.now();
    if (view.state === 'PROCESSING') began ??= { at: now, done: view.done };
    const perSecond =
      began === undefined || now - began.at < 1_000
        ? undefined
        : ((view.done - began.done) * 1_000) / (now - began.at);
    if (terminal.status !== undefined) {
      terminal.status(hasEnded(view) ? undefined : progressLine(view, perSecond));
      if (!hasEnded(view)) return;
    }
    if (view.state === said.text && now - said.at < lineMs) return;
    said = { text: view.state, at: now };
    terminal.error(plainLine(view));
  };
}

const barCells = 24;

/** `[======>-----------------]  12,345 of 50,000  PROCESSING  3,456/s, 11 s left`. */
export function progressLine(view: BatchView, perSecond: number | undefined): string {
  const share = view.requests === 0 ? 0 : Math.min(1, view.done / view.requests);
  const filled = Math.floor(share * barCells);
  const bar =
    '='.repeat(filled) + (filled < barCells ? '>' : '') + '-'.repeat(Math.max(0, barCells - filled - 1));
  const left = view.requests - view.done;
  const pace =
    perSecond === undefined || perSecond <= 0
      ? ''
      : `  ${count(Math.round(perSecond))}/s, ${count(Math.ceil(left / perSecond))} s left`;
  return `[${bar}]  ${count(view.done)} of ${count(view.requests)}  ${view.state}${pace}`;
}

function plainLine(view: BatchView): string {
  const refused = view.refused === 0 ? '' : `, ${count(view.refused)} refused`;
  return `batch ${view.batchId}: ${view.state}, ${count(view.done)} of ${count(view.requests)} done${refused}`;
}

/** Digits in groups of three, the same on every machine. */
export function count(value: number): string {
  return String(value).replace(/\B(?=(\d{3})+$)/g, ',');
}
