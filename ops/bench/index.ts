/**
 * The benchmarks: what the product reaches, each beside the limit that the same run measured on the same machine,
 * so that the ratio can be carried elsewhere. They stop by themselves and reach 127.0.0.1 only. `README.md` beside
 * this file has the methods and the sizing model.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { openContext, type Bench, type BenchOptions } from './context.js';
import { endWithEverything } from './interrupt.js';
import { describeMachine } from './machine.js';
import { adhocBench } from './parts/adhoc.js';
import { auditBench } from './parts/audit.js';
import { batchBench } from './parts/batch.js';
import { coreBench } from './parts/core.js';
import { fairnessBench } from './parts/fairness.js';
import { hsmBench } from './parts/hsm.js';
import { repositoryBench } from './parts/repository.js';
import { soakBench } from './parts/soak.js';
import { storeBench } from './parts/store.js';
import { verifyBench } from './parts/verify.js';
import { drawPlot, drawShares } from './plot.js';
import { readResult, writeResult, type Point, type ResultFile } from './result-file.js';
import type { BenchRow } from './row.js';

export type { BenchOptions } from './context.js';

export const benches: readonly Bench[] = [
  verifyBench,
  hsmBench,
  coreBench,
  batchBench,
  auditBench,
  adhocBench,
  storeBench,
  repositoryBench,
  soakBench,
  fairnessBench
];

export interface RunOptions extends BenchOptions {
  /** Folder of the result file; undefined keeps none. */
  readonly results?: string | undefined;
  /** Measures again what the result file holds already. */
  readonly again?: boolean | undefined;
  /** Folder for plots. */
  readonly plot?: string | undefined;
}

export interface RunOutput {
  /** Called as each row is known. */
  readonly row: (row: BenchRow) => void;
  /** What a person may want to know meanwhile. */
  readonly report: (line: string) => void;
}

/**
 * Runs a benchmark point by point. With a result file, points that stand in it are not measured again, and each is
 * written as it is done: a full run that was ended goes on where it was.
 */
export async function runBench(bench: Bench, options: RunOptions, output: RunOutput): Promise<ResultFile> {
  const { results } = options;
  const kept = results === undefined || options.again ? undefined : readResult(results, bench.name);
  const machine = await describeMachine();
  const points: Record<string, Point> = { ...kept?.points };
  const startedAt = kept?.startedAt ?? new Date().toISOString();
  const result = (): ResultFile => ({
    ...{ name: bench.name, machine, startedAt, points },
    updatedAt: new Date().toISOString(),
    options: asTyped(options)
  });
  const context = openContext(options, output.report);
  const ending = endWithEverything(options.data === undefined ? context.folder : undefined, output.report);
  const measureAll = async (): Promise<void> => {
    for (const { key, measure } of bench.plan(context)) {
      const known = points[key];
      const before = (known?.findings?.length ?? 0) > 0 ? undefined : known;
      if (before !== undefined) output.report(`${bench.name}: ${key} stands in the result file`);
      else output.report(`${bench.name}: ${key}`);
      const point = before ?? (await ending.unlessEnded(measure()));
      points[key] = point;
      for (const row of point.rows) output.row(row);
      for (const note of [...(point.notes ?? []), ...(point.findings ?? [])]) output.report(`  ${note}`);
      if (results !== undefined) writeResult(results, result());
      if (options.plot !== undefined) writePlots(options.plot, bench.name, key, point);
    }
  };
  try {
    await measureAll().finally(() => ending.unlessEnded(context.close()));
  } finally {
    ending.remove();
  }
  return result();
}

/** The plots of a point as SVG files; answers their names. */
export function writePlots(folder: string, bench: string, key: string, point: Point): string[] {
  const files: string[] = [];
  const write = (name: string, content: string): void => {
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, `${name}.svg`), content);
    files.push(`${name}.svg`);
  };
  for (const plot of point.plots ?? []) write(plot.name, drawPlot(plot));
  if (point.stages !== undefined)
    write(
      `${bench}-${fileName(key)}-stages`,
      drawShares(`${bench}, ${key}: share of CPU by stage`, point.stages)
    );
  return files;
}

function fileName(key: string): string {
  return key
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .replaceAll(/^-|-$/g, '');
}

function asTyped(options: BenchOptions): Record<string, string | number | boolean> {
  const { quick, workers, requests, clients, tables, inFlight, minutes, rateShare, killEverySeconds } =
    options;
  const typed = { quick, workers, requests, clients, tables, inFlight, minutes, rateShare, killEverySeconds };
  return Object.fromEntries(
    Object.entries(typed).flatMap(([name, value]) =>
      value === undefined ? [] : [[name, Array.isArray(value) ? value.join(',') : (value as number)]]
    )
  );
}
