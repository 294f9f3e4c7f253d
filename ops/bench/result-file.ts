import { existsSync, mkdirSync, readFileSync, readdirSync, renameSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { join } from 'node:path';
import type { Machine } from './machine.js';
import type { BenchRow } from './row.js';

/** A line of a plot: points in the order they are drawn. */
export interface Series {
  readonly label: string;
  readonly points: readonly (readonly [x: number, y: number])[];
}

/** A plot as data: `ops/bench/plot.ts` draws it, the report shows it. */
export interface Plot {
  /** File name without ending; unique among all benchmarks. */
  readonly name: string;
  readonly title: string;
  readonly x: string;
  readonly y: string;
  readonly logX?: boolean;
  readonly series: readonly Series[];
}

/** One measured part of a benchmark. */
export interface Point {
  readonly rows: readonly BenchRow[];
  /** Numbers beside the rows that the report and the sizing model read; see `facts` in the README. */
  readonly facts: Readonly<Record<string, number>>;
  /** Share of the CPU by stage of the work, 0 to 1. */
  readonly stages?: Readonly<Record<string, number>>;
  readonly plots?: readonly Plot[];
  /** What a reader must know of this run, in words. */
  readonly notes?: readonly string[];
  /** What a benchmark that is an audit found wrong: such a point does not stand, and the command ends with 1. */
  readonly findings?: readonly string[];
}

export interface ResultFile {
  readonly name: string;
  readonly machine: Machine;
  readonly startedAt: string;
  readonly updatedAt: string;
  /** What the run was told, as typed. */
  readonly options: Readonly<Record<string, string | number | boolean>>;
  /** In the order in which they were measured. */
  readonly points: Readonly<Record<string, Point>>;
}

/** `ops/bench/results` of the checkout, also when the compiled program runs. */
export function resultsFolder(): string {
  const here = fileURLToPath(new URL('.', import.meta.url));
  return join(here.replace(/\/dist\/ops\/bench\/?$/, '/ops/bench'), 'results');
}

export function readResult(folder: string, name: string): ResultFile | undefined {
  const file = join(folder, `${name}.json`);
  return existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as ResultFile) : undefined;
}

/** All of a folder, by name. */
export function readResults(folder: string): ReadonlyMap<string, ResultFile> {
  if (!existsSync(folder)) return new Map();
  const names = readdirSync(folder)
    .filter(file => file.endsWith('.json'))
    .map(file => file.slice(0, -'.json'.length))
    .sort();
  return new Map(names.map(name => [name, readResult(folder, name) as ResultFile]));
}

/** Written whole beside its place and moved there: a run that is killed leaves the points measured before. */
export function writeResult(folder: string, result: ResultFile): string {
  mkdirSync(folder, { recursive: true });
  const file = join(folder, `${result.name}.json`);
  writeFileSync(`${file}.new`, JSON.stringify(result, null, 2) + '\n');
  renameSync(`${file}.new`, file);
  return file;
}
