import { formatTable } from '../cli/terminal.js';

/** One line of a benchmark. What was not measured is null, never a guess. */
export interface BenchRow {
  /** `BENCHMARK/CASE`, with what was varied in it: `hsm/client, 2 processes, groups of 64`. */
  readonly name: string;
  /** The limit measured in the same run, in items per second. */
  readonly limitPerSecond: number | null;
  readonly perSecond: number;
  /** `perSecond` over `limitPerSecond`. */
  readonly ratio: number | null;
  readonly p50Ms: number | null;
  readonly p99Ms: number | null;
  /** CPU of every process that took part but the load generator, in microseconds an item. */
  readonly cpuMicrosPerItem: number | null;
  /** The largest peak of resident memory among those processes. */
  readonly rssMiB: number | null;
}

export interface Measured {
  readonly perSecond: number;
  readonly limitPerSecond?: number | undefined;
  readonly p50Ms?: number | undefined;
  readonly p99Ms?: number | undefined;
  readonly cpuMicrosPerItem?: number | undefined;
  readonly rssMiB?: number | undefined;
}

/** A row from what was measured, its ratio worked out. Throws `RangeError` for a rate that is no number above 0. */
export function row(name: string, measured: Measured): BenchRow {
  const { perSecond, limitPerSecond = null } = measured;
  for (const rate of [perSecond, limitPerSecond ?? 1])
    if (!(Number.isFinite(rate) && rate > 0)) throw new RangeError(`${name}: a rate of ${rate}`);
  return {
    name,
    limitPerSecond: rounded(limitPerSecond),
    perSecond: rounded(perSecond) ?? 0,
    ratio: limitPerSecond === null ? null : rounded(perSecond / limitPerSecond),
    p50Ms: rounded(measured.p50Ms ?? null),
    p99Ms: rounded(measured.p99Ms ?? null),
    cpuMicrosPerItem: rounded(measured.cpuMicrosPerItem ?? null),
    rssMiB: rounded(measured.rssMiB ?? null)
  };
}

/** One JSON object in one line, the keys always there and always in this order. */
export function jsonLine(line: BenchRow): string {
  const { name, limitPerSecond, perSecond, ratio, p50Ms, p99Ms, cpuMicrosPerItem, rssMiB } = line;
  return JSON.stringify({ name, limitPerSecond, perSecond, ratio, p50Ms, p99Ms, cpuMicrosPerItem, rssMiB });
}

/** The rows for a person. */
export function formatRows(rows: readonly BenchRow[]): string {
  const shown = (value: number | null): string => (value === null ? '-' : number(value));
  return formatTable(
    ['', 'limit/s', 'per second', 'ratio', 'p50 ms', 'p99 ms', 'CPU us', 'RSS MiB'],
    rows.map(entry => [
      entry.name,
      shown(entry.limitPerSecond),
      number(entry.perSecond),
      entry.ratio === null ? '-' : entry.ratio.toFixed(3),
      shown(entry.p50Ms),
      shown(entry.p99Ms),
      shown(entry.cpuMicrosPerItem),
      shown(entry.rssMiB)
    ])
  );
}

/** Three digits that count; thousands apart. */
export function number(value: number): string {
  if (Math.abs(value) >= 100) return Math.round(value).toLocaleString('en-GB');
  return String(Number(value.toPrecision(3)));
}

/** Four digits that count: nobody measures more. */
function rounded(value: number | null): number | null {
  return value === null ? null : Number(value.toPrecision(4));
}
