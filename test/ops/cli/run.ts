import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { runCommandLine } from '../../../ops/cli/index.js';
import type { ExitStatus } from '../../../ops/cli/exit.js';

export interface Outcome {
  readonly status: ExitStatus;
  readonly out: string;
  readonly error: string;
}

/** Runs a command line in this process and answers what a person would have seen. */
export async function smki(args: readonly string[], input: Uint8Array | string = ''): Promise<Outcome> {
  const out: string[] = [];
  const error: string[] = [];
  const status = await runCommandLine(args, {
    out: text => void out.push(text),
    error: text => void error.push(text),
    input: async () => Buffer.from(input as Uint8Array)
  });
  return { status, out: out.join('\n'), error: error.join('\n') };
}

/** The code at the beginning of what went to standard error. */
export function codeOf(outcome: Outcome): string | undefined {
  return /^([a-z]+(?:\/[a-z0-9-]+)+): /.exec(outcome.error)?.[1];
}

/** A folder for one test. */
export async function inFolder(work: (folder: string) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(path.join(tmpdir(), 'smki-cli-'));
  try {
    await work(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
