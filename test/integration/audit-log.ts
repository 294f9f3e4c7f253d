/** What the audit log of a process says, read from its file as an auditor would. */
import { readFileSync } from 'node:fs';
import { parseEntry, type Entry } from '../../ops/audit/entry.js';
import type { TestSystem } from '../kit/system.js';

/** Events of one process, from the number given on; an unfinished last line is not there yet. */
export function auditEvents({ system }: TestSystem, instance: string, from = 1): Entry[] {
  const text = readFileSync(system.data.path('audit', `${instance}.log`), 'utf8');
  return text
    .slice(0, text.lastIndexOf('\n') + 1)
    .split('\n')
    .filter(line => line !== '')
    .map(line => {
      const entry = parseEntry(Buffer.from(line));
      if (entry === undefined) throw new Error(`${instance}.log holds something else than events`);
      return entry;
    })
    .filter(({ seq }) => seq >= from);
}

/** Number of the next event. */
export function nextEvent(test: TestSystem, instance: string): number {
  return (auditEvents(test, instance).at(-1)?.seq ?? 0) + 1;
}
