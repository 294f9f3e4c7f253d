import { execFile } from 'node:child_process';
import { cpus, totalmem } from 'node:os';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { embeddedBinaries } from '../database/index.js';
import { software } from '../software.js';

const run = promisify(execFile);

/** Where a result was measured: without it a figure says nothing. */
export interface Machine {
  readonly cpu: string;
  readonly cores: number;
  readonly memoryMiB: number;
  readonly node: string;
  readonly openssl: string;
  readonly postgres: string;
  readonly softhsm: string;
  readonly software: string;
  readonly commit: string;
}

export async function describeMachine(): Promise<Machine> {
  const [cpu] = cpus();
  return {
    cpu: cpu?.model.trim() ?? 'unknown',
    cores: cpus().length,
    memoryMiB: Math.round(totalmem() / 1024 / 1024),
    node: process.versions.node,
    openssl: process.versions.openssl ?? 'unknown',
    postgres: await embeddedBinaries().then(
      ({ version }) => version,
      () => 'unknown'
    ),
    softhsm: await firstLine('softhsm2-util', ['--version']),
    software: `${software.name} ${software.version}`,
    commit: await commit()
  };
}

/** Of the checkout that runs, with `+` where files differ from it. */
async function commit(): Promise<string> {
  const directory = fileURLToPath(new URL('.', import.meta.url));
  const head = await firstLine('git', ['-C', directory, 'rev-parse', '--short=12', 'HEAD']);
  if (head === 'unknown') return head;
  const changed = await firstLine('git', ['-C', directory, 'status', '--porcelain', '--untracked-files=no']);
  return changed === '' ? head : `${head}+`;
}

async function firstLine(program: string, args: readonly string[]): Promise<string> {
  try {
    const { stdout } = await run(program, args);
    return stdout.trim().split('\n')[0] ?? '';
  } catch {
    return 'unknown';
  }
}
