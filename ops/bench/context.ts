import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { openCryptoLimit, type CryptoLimit } from './limit.js';
import type { Point } from './result-file.js';
import { deviceRequests } from './stand/requests.js';
import { openStand, type Stand } from './stand/stand.js';

/** How a benchmark was asked to work. Numbers that are not given are each benchmark's own choice. */
export interface BenchOptions {
  /** Under a minute: fewer points, shorter rounds; for a continuous check, not for the report. */
  readonly quick: boolean;
  /** Keeps requests, tokens and tables for the next run; a temporary folder otherwise. */
  readonly data?: string | undefined;
  /** Folder for `.cpuprofile` files of the processes measured. */
  readonly profile?: string | undefined;
  /** Processes that sign, or CA processes. */
  readonly workers?: readonly number[] | undefined;
  /** Requests of a run, or sizes of batches. */
  readonly requests?: readonly number[] | undefined;
  /** Connections. */
  readonly clients?: readonly number[] | undefined;
  /** Rows of the tables. */
  readonly tables?: readonly number[] | undefined;
  /** Batches at once. */
  readonly inFlight?: readonly number[] | undefined;
  readonly minutes?: number | undefined;
  readonly rateShare?: number | undefined;
  readonly killEverySeconds?: number | undefined;
  /** Whether the night of batches is among what is measured. */
  readonly night?: boolean | undefined;
}

/** What a benchmark works in. Everything it opens is closed at the end, the last first. */
export interface BenchContext {
  readonly options: BenchOptions;
  readonly folder: string;
  report(line: string): void;
  /** Tokens and hierarchies, opened once. */
  stand(): Promise<Stand>;
  /** Processes that measure the crypto limit, started once. */
  limit(): Promise<CryptoLimit>;
  requests(first: number, count: number): Promise<Uint8Array[]>;
  onClose(close: () => Promise<void> | void): void;
  close(): Promise<void>;
}

/** One part of a benchmark, measured by itself: what a full run can be resumed after. */
export interface PlannedPoint {
  readonly key: string;
  readonly measure: () => Promise<Point>;
}

export interface Bench {
  readonly name: string;
  /** What is measured against what, in a line. */
  readonly summary: string;
  plan(context: BenchContext): readonly PlannedPoint[];
}

export function openContext(options: BenchOptions, report: (line: string) => void): BenchContext {
  const temporary = options.data === undefined;
  const folder =
    options.data === undefined ? mkdtempSync(join(tmpdir(), 'opensmki-bench-')) : resolve(options.data);
  mkdirSync(folder, { recursive: true });
  const undo: (() => Promise<void> | void)[] = [];
  if (temporary) undo.push(() => rmSync(folder, { recursive: true, force: true, maxRetries: 5 }));
  let stand: Promise<Stand> | undefined;
  let limit: Promise<CryptoLimit> | undefined;
  const context: BenchContext = {
    ...{ options, folder, report },
    stand() {
      stand ??= openStand(join(folder, 'stand'), report).then(opened => {
        undo.push(() => opened.close());
        return opened;
      });
      return stand;
    },
    limit() {
      limit ??= context.stand().then(async opened => {
        const measuring = await openCryptoLimit(opened);
        undo.push(() => measuring.close());
        return measuring;
      });
      return limit;
    },
    requests: (first, count) => deviceRequests(join(folder, 'requests'), first, count, report),
    onClose: close => void undo.push(close),
    async close() {
      for (const step of undo.splice(0).reverse()) await step();
    }
  };
  return context;
}
