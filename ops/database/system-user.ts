import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { DatabaseError } from './errors.js';

/** An unprivileged user of the system, for a server that refuses to run as root. */
export interface SystemUser {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
}

const run = promisify(execFile);
const postgresUser = 'opensmki-postgres';

/**
 * The user the embedded server runs as: none (our own) unless we are root, then `opensmki-postgres`, made when
 * it is missing.
 */
export async function serverUser(): Promise<SystemUser | undefined> {
  if (process.getuid?.() !== 0) return undefined;
  const existing = await lookUp(postgresUser);
  if (existing !== undefined) return existing;
  let failure: unknown;
  try {
    await run('useradd', [
      '--system',
      '--user-group',
      '--no-create-home',
      '--shell',
      '/usr/sbin/nologin',
      postgresUser
    ]);
  } catch (cause) {
    // Another process of ours may have made it, or held the lock on the password file, at this moment.
    failure = cause;
  }
  const made = await lookUp(postgresUser);
  if (made !== undefined) return made;
  throw new DatabaseError(
    'database/placement',
    `PostgreSQL does not run as root and the system user ${postgresUser} cannot be made`,
    { cause: failure }
  );
}

async function lookUp(name: string): Promise<SystemUser | undefined> {
  const passwd = await readFile('/etc/passwd', 'utf8');
  const fields = passwd
    .split('\n')
    .find(line => line.startsWith(`${name}:`))
    ?.split(':');
  if (fields === undefined) return undefined;
  return { name, uid: Number(fields[2]), gid: Number(fields[3]) };
}
