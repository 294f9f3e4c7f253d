import { median } from './statistics.js';

/** What one turn of a case did. */
export interface Round {
  readonly items: number;
  readonly elapsedMs: number;
  /** Of all processes of the case. */
  readonly cpuMicros: number;
  /** Of single calls, where they were timed. */
  readonly latencies?: readonly number[] | undefined;
}

export interface Case {
  readonly name: string;
  /** Works for about so long and says what it did. */
  readonly run: (ms: number) => Promise<Round>;
}

export interface CaseResult {
  readonly perSecond: number;
  readonly cpuMicrosPerItem: number;
  readonly latencies: readonly number[];
  readonly rounds: readonly Round[];
}

/**
 * Runs the cases in turns, so that whatever else the machine does meets all of them alike, and takes the median of
 * each case's rounds. The first round of each warms it up and does not count.
 */
export async function interleave(
  cases: readonly Case[],
  options: { readonly rounds: number; readonly ms: number }
): Promise<ReadonlyMap<string, CaseResult>> {
  const done = new Map(cases.map(({ name }) => [name, [] as Round[]]));
  for (const { run } of cases) await run(Math.min(200, options.ms / 2));
  for (let turn = 0; turn < options.rounds; turn++)
    for (const { name, run } of cases) done.get(name)?.push(await run(options.ms));
  return new Map([...done].map(([name, rounds]) => [name, resultOf(rounds)]));
}

/** The medians of rounds, each judged by itself. */
export function resultOf(rounds: readonly Round[]): CaseResult {
  const counted = rounds.filter(({ items, elapsedMs }) => items > 0 && elapsedMs > 0);
  return {
    perSecond: median(counted.map(({ items, elapsedMs }) => (items * 1_000) / elapsedMs)),
    cpuMicrosPerItem: median(counted.map(({ items, cpuMicros }) => cpuMicros / items)),
    latencies: counted.flatMap(round => round.latencies ?? []),
    rounds: counted
  };
}

/** Turns of several processes at once are one turn: items together, the time of the longest. */
export function together(rounds: readonly Round[]): Round {
  return {
    items: rounds.reduce((sum, { items }) => sum + items, 0),
    elapsedMs: Math.max(...rounds.map(({ elapsedMs }) => elapsedMs)),
    cpuMicros: rounds.reduce((sum, { cpuMicros }) => sum + cpuMicros, 0),
    latencies: rounds.flatMap(({ latencies }) => latencies ?? [])
  };
}

/** The result of a case that must be among those that ran. */
export function of(results: ReadonlyMap<string, CaseResult>, name: string): CaseResult {
  const result = results.get(name);
  if (result === undefined) throw new RangeError(`no case ${name}`);
  return result;
}
