import { randomBytes } from 'node:crypto';
import { constants, copyFile, link, mkdir, readFile, rename, rm, rmdir, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import path from 'node:path';
import process from 'node:process';
import { z } from 'zod';
import { isAlive, startTime } from '../../process/running.js';
import { CliError } from '../exit.js';
import type { Terminal } from '../terminal.js';

const holderFile = z.object({
  pid: z.number().int().positive(),
  host: z.string(),
  /** Start time from /proc/PID/stat, so that a number used again is told apart; empty without /proc. */
  started: z.string(),
  /** Tells one's own file from another's. */
  token: z.string()
});
type Holder = z.infer<typeof holderFile>;

/** DESIGN: each further attempt means that somebody else took over in the same moment. */
const attempts = 10;

/**
 * Works in a folder that nobody else writes meanwhile: of two submissions at once each would send what the other sends.
 * The file `submission.lock` names the process; that of a process of this host that is gone is taken over, which is told.
 * Throws `CliError` `cli/in-use` where another process has the folder.
 */
export async function inOwnFolder(
  folder: string,
  terminal: Terminal,
  work: () => Promise<void>
): Promise<void> {
  const file = path.join(folder, 'submission.lock');
  const { made, content } = await take(folder, file, terminal);
  try {
    await work();
  } finally {
    if ((await readFile(file, 'utf8').catch(() => undefined)) === content) await rm(file, { force: true });
    // What did nothing leaves nothing; a folder with something in it stays.
    if (made) await rmdir(folder).catch(() => undefined);
  }
}

/** Answers whether the folder is new, and what the file says. */
async function take(
  folder: string,
  file: string,
  terminal: Terminal
): Promise<{ readonly made: boolean; readonly content: string }> {
  const token = randomBytes(16).toString('hex');
  const mine: Holder = { pid: process.pid, host: hostname(), started: await startTime(process.pid), token };
  const content = `${JSON.stringify(mine)}\n`;
  const draft = `${file}.${randomBytes(6).toString('hex')}`;
  try {
    const made = (await mkdir(folder, { recursive: true })) !== undefined;
    await writeFile(draft, content, { mode: 0o644, flag: 'wx' });
    for (let attempt = 0; attempt < attempts; attempt++) {
      if (await done(place(draft, file), 'EEXIST')) return { made, content };
      await removeStale(folder, file, terminal);
    }
  } catch (cause) {
    if (cause instanceof CliError) throw cause;
    throw new CliError('cli/file', `${folder} cannot be locked`, { cause });
  } finally {
    await rm(draft, { force: true });
  }
  throw new CliError('cli/in-use', `${folder} is taken by others again and again`);
}

/** Refuses where the holder lives, or may; else takes its file away. */
async function removeStale(folder: string, file: string, terminal: Terminal): Promise<void> {
  const content = await readFile(file, 'utf8').catch(() => undefined);
  if (content === undefined) return;
  const holder = parseHolder(content);
  if (holder !== undefined) {
    if (holder.host !== hostname())
      throw new CliError(
        'cli/in-use',
        `process ${holder.pid} of ${holder.host} works in ${folder}; if it does no longer, remove ${file}`
      );
    if (isAlive(holder.pid) && (await startTime(holder.pid)) === holder.started)
      throw new CliError('cli/in-use', `process ${holder.pid} works in ${folder}`);
  }
  // Renamed first: of two who found it stale one removes it, and nobody removes a fresh one unseen.
  const aside = `${file}.${randomBytes(6).toString('hex')}`;
  if (!(await done(rename(file, aside), 'ENOENT'))) return;
  if ((await readFile(aside, 'utf8')) === content)
    terminal.error(
      `${folder} was left by ${holder ? `process ${holder.pid}` : 'a process'} that ended: going on`
    );
  else await done(place(aside, file), 'EEXIST');
  await rm(aside, { force: true });
}

/** Fails where the name is there. The file appears with its content or not at all, where the file system has links. */
async function place(draft: string, file: string): Promise<void> {
  try {
    await link(draft, file);
  } catch (error) {
    if (!['EPERM', 'ENOTSUP', 'ENOSYS'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error;
    await copyFile(draft, file, constants.COPYFILE_EXCL);
  }
}

/** Whether it was done; false where it could not be for the reason given. */
async function done(act: Promise<void>, unless: string): Promise<boolean> {
  try {
    await act;
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === unless) return false;
    throw error;
  }
}

function parseHolder(content: string): Holder | undefined {
  try {
    return holderFile.safeParse(JSON.parse(content)).data;
  } catch {
    return undefined;
  }
}
