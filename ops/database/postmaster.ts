import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { isAlive } from '../process/running.js';

/** What `postmaster.pid` says (PostgreSQL, "Database File Layout": lines 1, 4 and 8). */
export interface Postmaster {
  readonly pid: number;
  readonly port: number | undefined;
  readonly ready: boolean;
}

export async function readPostmaster(dataDir: string): Promise<Postmaster | undefined> {
  let text: string;
  try {
    text = await readFile(join(dataDir, 'postmaster.pid'), 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
  const lines = text.split('\n');
  const pid = Number(lines[0]);
  if (!Number.isInteger(pid) || pid <= 0) return undefined;
  const port = Number(lines[3]);
  return { pid, port: port > 0 ? port : undefined, ready: lines[7]?.trim() === 'ready' };
}

/**
 * A server of this data directory that still runs, left over by a killed parent. A file whose process is gone,
 * or whose number now belongs to something else, is removed: PostgreSQL itself refuses to start when another
 * process of the same user carries the number.
 */
export async function runningPostmaster(dataDir: string): Promise<Postmaster | undefined> {
  const postmaster = await readPostmaster(dataDir);
  if (postmaster !== undefined && isAlive(postmaster.pid) && (await serves(postmaster.pid, dataDir)))
    return postmaster;
  if (postmaster !== undefined) await rm(join(dataDir, 'postmaster.pid'), { force: true });
  return undefined;
}

async function serves(pid: number, dataDir: string): Promise<boolean> {
  let commandLine: string;
  try {
    commandLine = await readFile(`/proc/${pid}/cmdline`, 'utf8');
  } catch {
    // Without /proc (macOS) the server's own check must do.
    return process.platform !== 'linux';
  }
  // A zombie has an empty command line.
  return commandLine.split('\0').includes(dataDir);
}
