import { createHash } from 'node:crypto';
import type { Clock } from '../../ops/kit/clock.js';

/** One line of a ceremony's record, in both its forms. */
export interface TranscriptLine {
  /** One JSON object without line end: step, time, what was done, by whom, facts, hash of the line before. */
  readonly json: string;
  /** The same for people. */
  readonly text: string;
}

/** Appends durably; a step whose line cannot be written did not happen. */
export type WriteTranscript = (line: TranscriptLine) => Promise<void>;

export type TranscriptFacts = Readonly<Record<string, string>>;

export interface Transcript {
  step(what: string, facts: TranscriptFacts): Promise<void>;
}

/**
 * Numbers the steps and chains the lines by SHA-256, so that a line taken out or changed later shows. The first
 * line of a session begins a chain of its own.
 */
export function openTranscript(write: WriteTranscript, clock: Clock, actors: readonly string[]): Transcript {
  let number = 0;
  let previous = '';
  return {
    async step(what, facts) {
      number += 1;
      const at = clock.now().toISOString();
      const json = JSON.stringify({ step: number, at, what, actors, facts, previous });
      const listed = Object.entries(facts).map(([name, value]) => `    ${name}: ${value}`);
      const text = [`${number}. ${at} ${what} (${actors.join(', ')})`, ...listed].join('\n');
      await write({ json, text });
      previous = createHash('sha256').update(json).digest('hex');
    }
  };
}
