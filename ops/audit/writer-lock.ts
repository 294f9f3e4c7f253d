import { randomBytes } from 'node:crypto';
import { link, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { isAlive, startTime } from '../process/running.js';
import { AuditError } from './errors.js';

export interface WriterLock {
  release(): Promise<void>;
}

interface Holder {
  readonly pid: number;
  /** Start time from /proc/PID/stat, so that a number used again is told apart; empty without /proc. */
  readonly started: string;
}

/**
 * One writer a log: a lock file that names the process. The lock of a process that is gone is taken over; a
 * process alive refuses with `audit/locked`. The database row's writer column is the fence behind it.
 */
export async function lockWriter(path: string): Promise<WriterLock> {
  const mine = JSON.stringify({ pid: process.pid, started: await startTime(process.pid) } satisfies Holder);
  const draft = `${path}.${randomBytes(6).toString('hex')}`;
  await writeFile(draft, mine, { mode: 0o600 });
  try {
    for (let attempt = 0; attempt < 10; attempt++) {
      // link() fails when the name is there: the lock appears whole or not at all.
      const taken = await link(draft, path).then(
        () => true,
        (error: unknown) => {
          if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
          return false;
        }
      );
      if (taken) return { release: () => rm(path, { force: true }) };
      await removeStale(path);
    }
  } finally {
    await rm(draft, { force: true });
  }
  throw new AuditError('audit/locked', `${path} is contended`);
}

async function removeStale(path: string): Promise<void> {
  const content = await readFile(path, 'utf8').catch(() => undefined);
  if (content === undefined) return;
  const holder = parseHolder(content);
  if (holder !== undefined && (await startTime(holder.pid)) === holder.started && isAlive(holder.pid))
    throw new AuditError('audit/locked', `process ${holder.pid} writes this log (${path})`);
  // Renamed first, so that of two who found it stale one removes it and no one removes a fresh lock unseen.
  const aside = `${path}.${randomBytes(6).toString('hex')}.stale`;
  await rename(path, aside).catch(() => undefined);
  const moved = await readFile(aside, 'utf8').catch(() => undefined);
  if (moved !== undefined && moved !== content) await link(aside, path).catch(() => undefined);
  await rm(aside, { force: true });
}

function parseHolder(content: string): Holder | undefined {
  try {
    const value = JSON.parse(content) as Partial<Holder>;
    return Number.isInteger(value.pid) && typeof value.started === 'string' ? (value as Holder) : undefined;
  } catch {
    return undefined;
  }
}
