import { createHash } from 'node:crypto';
import { open } from 'node:fs/promises';
import { readLines } from './chain-file.js';
import { parseEntry } from './entry.js';

/** A log as far as its chain holds. */
export interface LogExtent {
  readonly file: string;
  readonly size: number;
}

/** An event whose id another one had before it. */
export interface Repeat {
  /** Which of the logs, from 0. */
  readonly log: number;
  readonly seq: number;
  readonly before: { readonly log: number; readonly seq: number };
}

type Place = Repeat['before'];

/**
 * DESIGN: ids kept when the oldest are forgotten, twice as many before: some 60 MiB at most, the late ones with them.
 * With fewer, more events of a sweep after an outage would be late; more gains nothing.
 */
const windowIds = 131_072;

/** DESIGN: a log that was copied over repeats every event: told often enough, and each is told in a line. */
const mostRepeats = 1_000;

/**
 * Events that have the id of another one, in one log or in two: in the order of reading, the logs side by side in the
 * order of their ids. The first of two is not told; after `most` the search ends.
 *
 * Exact, in memory that does not grow with the logs. Ids are UUIDs of version 7 and nearly sorted: those of the last
 * events are kept, and below the highest that was forgotten nothing is known. An event with such an id came late (the
 * sweeper places what an earlier process left) or repeats one: it is looked for in the logs from the beginning, with
 * `window` others at a time. Ids of another form, and those of a clock that was ahead, cost more such readings (time, not
 * memory) and change no answer.
 */
export async function findRepeats(
  logs: readonly LogExtent[],
  { window = windowIds, most = mostRepeats } = {}
): Promise<Repeat[]> {
  const repeats: Repeat[] = [];
  let recent = new Map<string, Place>();
  let forgotten = '';
  const late = new Map<string, Place>();
  for await (const [id, place] of inOrder(logs)) {
    const before = recent.get(id) ?? late.get(id);
    if (before !== undefined) repeats.push({ ...place, before });
    else if (id <= forgotten) late.set(id, place);
    else recent.set(id, place);
    if (recent.size >= 2 * window) {
      const ids = [...recent.keys()].sort();
      forgotten = ids[window - 1] ?? forgotten;
      recent = new Map([...recent].filter(([kept]) => kept > forgotten));
    }
    if (late.size >= window) await addRepeatsAmong(late, logs, repeats, most);
    if (repeats.length >= most) return repeats.slice(0, most);
  }
  await addRepeatsAmong(late, logs, repeats, most);
  return repeats.slice(0, most);
}

/** Empties `late`, and adds which of it was there before until there are `most`. */
async function addRepeatsAmong(
  late: Map<string, Place>,
  logs: readonly LogExtent[],
  repeats: Repeat[],
  most: number
): Promise<void> {
  if (late.size === 0) return;
  for await (const [id, first] of inOrder(logs)) {
    const place = late.get(id);
    if (place === undefined) continue;
    if (first.log !== place.log || first.seq !== place.seq) repeats.push({ ...place, before: first });
    late.delete(id);
    if (late.size === 0 || repeats.length >= most) break;
  }
  late.clear();
}

/** The ids of all logs, each time in the same order: always the lowest of those that come next in each. */
async function* inOrder(logs: readonly LogExtent[]): AsyncGenerator<[string, Place]> {
  const readers = logs.map((log, at) => idsOf(log, at));
  try {
    const next = await Promise.all(readers.map(reader => reader.next()));
    for (;;) {
      let lowest: number | undefined;
      let found: [string, Place] | undefined;
      for (const [at, { done, value }] of next.entries())
        if (done !== true && (found === undefined || value[0] < found[0])) [lowest, found] = [at, value];
      const reader = lowest === undefined ? undefined : readers[lowest];
      if (lowest === undefined || found === undefined || reader === undefined) return;
      yield found;
      next[lowest] = await reader.next();
    }
  } finally {
    for (const reader of readers) await reader.return(undefined);
  }
}

async function* idsOf({ file, size }: LogExtent, log: number): AsyncGenerator<[string, Place], undefined> {
  const handle = await open(file, 'r');
  try {
    for await (const { line, end } of readLines(handle, 0)) {
      if (end === undefined || end > size) return;
      const entry = parseEntry(line);
      if (entry !== undefined) yield [keyOf(entry.id), { log, seq: entry.seq }];
    }
  } finally {
    await handle.close();
  }
}

/** DESIGN: a UUID has 36 characters; what is longer stands for itself by its hash, so that it takes no memory. */
function keyOf(id: string): string {
  return id.length <= 36 ? id : createHash('sha256').update(id).digest('base64');
}
