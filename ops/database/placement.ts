import { createHash } from 'node:crypto';
import { chmod, chown, lstat, mkdir, realpath, stat, symlink } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { DatabaseError } from './errors.js';
import type { SystemUser } from './system-user.js';

/** Where files go that the server's user must reach when the wanted place is closed to it (root only). */
export const placementRoot = '/var/lib/opensmki';

/** True when `user` may pass through every directory down to `path`, which must exist. */
export async function traversableBy(user: SystemUser, path: string): Promise<boolean> {
  for (let directory = await realpath(path); ; directory = dirname(directory)) {
    const { mode, uid, gid } = await stat(directory);
    const bit = uid === user.uid ? 0o100 : gid === user.gid ? 0o010 : 0o001;
    if ((mode & bit) === 0) return false;
    if (directory === dirname(directory)) return true;
  }
}

/** Makes `/var/lib/opensmki`, through which every user may pass. */
export async function preparePlacementRoot(): Promise<void> {
  await mkdir(placementRoot, { recursive: true, mode: 0o711 });
  await chmod(placementRoot, 0o711);
}

/**
 * The folder in which the cluster of `directory` really lives, made when missing and owned by `user`. When
 * `user` cannot reach `directory` it is `/var/lib/opensmki/<hash of the path>` and `directory` a link to it.
 */
export async function placeCluster(directory: string, user: SystemUser | undefined): Promise<string> {
  const wanted = resolve(directory);
  await mkdir(dirname(wanted), { recursive: true });
  const existing = await lstat(wanted).catch(() => undefined);
  if (user === undefined) {
    if (existing === undefined) await mkdir(wanted, { mode: 0o700 });
    return realpath(wanted);
  }
  if (existing?.isSymbolicLink() !== true && (await traversableBy(user, dirname(wanted)))) {
    if (existing === undefined) await mkdir(wanted, { mode: 0o700 });
    await chown(wanted, user.uid, user.gid);
    return realpath(wanted);
  }
  if (existing?.isDirectory() === true)
    throw new DatabaseError(
      'database/placement',
      `${wanted} is closed to the user ${user.name}: open the folders above it for passage (chmod o+x)`
    );
  await preparePlacementRoot();
  const placed = existing === undefined ? placedDirectory(wanted) : await linkTarget(wanted);
  await mkdir(placed, { recursive: true, mode: 0o700 });
  await chown(placed, user.uid, user.gid);
  if (existing === undefined) await symlink(placed, wanted);
  return placed;
}

function placedDirectory(wanted: string): string {
  const hash = createHash('sha256').update(wanted).digest('hex').slice(0, 16);
  return join(placementRoot, `${hash}-${basename(wanted)}`);
}

async function linkTarget(link: string): Promise<string> {
  try {
    return await realpath(link);
  } catch (cause) {
    throw new DatabaseError('database/placement', `${link} points to a folder that is not there`, { cause });
  }
}
