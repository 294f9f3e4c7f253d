import { randomBytes } from 'node:crypto';
import {
  chmodSync,
  existsSync,
  linkSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync
} from 'node:fs';
import { join, resolve } from 'node:path';
import type { Environment } from '../../pki/messages/index.js';
import { LaunchError } from './error.js';

const folders = [
  'config',
  'secrets',
  'tls',
  'tokens',
  'run',
  'spool',
  'log',
  'audit',
  'public',
  'ceremony'
] as const;
type Folder = (typeof folders)[number];

/**
 * The folder that holds everything one installation keeps: `DIR/{config,secrets,tls,tokens,postgres,run,
 * spool,log,audit,public,ceremony}`. A second start reuses it and refuses another environment.
 */
export interface DataDirectory {
  readonly root: string;
  path(folder: Folder, ...names: string[]): string;
  /** The secret kept in `secrets/NAME` (mode 0600), drawn at random the first time. */
  secret(name: string, draw?: () => string): { file: string; value: string };
  /** Gives the folder back to the next launcher. */
  release(): void;
}

interface State {
  readonly environment: Environment;
  readonly createdAt: string;
}

export function openDataDirectory(directory: string, environment: Environment, now: Date): DataDirectory {
  const root = resolve(directory);
  try {
    mkdirSync(root, { recursive: true });
    // The PostgreSQL cluster inside belongs to another user when the launcher runs as root: that user may
    // pass through the folder, and reads nothing else in it.
    chmodSync(root, process.getuid?.() === 0 ? 0o711 : 0o700);
    for (const folder of folders) mkdirSync(join(root, folder), { recursive: true, mode: 0o700 });
  } catch (cause) {
    throw new LaunchError('launch/data-directory', `the data directory ${root} cannot be made or used`, {
      cause
    });
  }
  claim(root);
  const stateFile = join(root, 'config', 'state.json');
  if (existsSync(stateFile)) {
    const state = JSON.parse(readFileSync(stateFile, 'utf8')) as State;
    if (state.environment !== environment) {
      release(root);
      throw new LaunchError(
        'launch/data-directory',
        `${root} holds the environment "${state.environment}" and cannot serve "${environment}": use another folder`
      );
    }
  } else {
    const state: State = { environment, createdAt: now.toISOString() };
    writePrivateFile(stateFile, JSON.stringify(state, null, 2) + '\n');
  }
  return {
    root,
    path: (folder, ...names) => join(root, folder, ...names),
    secret(name, draw = () => randomBytes(24).toString('base64url')) {
      const file = join(root, 'secrets', name);
      if (!existsSync(file)) writePrivateFile(file, draw());
      return { file, value: readFileSync(file, 'utf8').trim() };
    },
    release: () => release(root)
  };
}

/** Writes a file that only its owner may read, whole or not at all. */
export function writePrivateFile(file: string, content: string | Uint8Array): void {
  const temporary = `${file}.${process.pid}.new`;
  writeFileSync(temporary, content, { mode: 0o600 });
  renameSync(temporary, file);
}

function pidFile(root: string): string {
  return join(root, 'run', 'launcher.pid');
}

/** link() fails where the name is there: of two launchers at once, one gets the folder. */
function claim(root: string): void {
  const file = pidFile(root);
  const draft = `${file}.${process.pid}.new`;
  writeFileSync(draft, `${process.pid} ${startTime(process.pid)}\n`, { mode: 0o600 });
  try {
    while (!linked(draft, file)) {
      const [pid, started] = readIfThere(file).trim().split(' ');
      if (Number(pid) !== process.pid && started !== undefined && started === startTime(Number(pid))) {
        throw new LaunchError(
          'launch/in-use',
          `process ${pid} already serves ${root}: stop it first, or use another folder`
        );
      }
      // Left by a launcher that was killed.
      rmSync(file, { force: true });
    }
  } finally {
    rmSync(draft, { force: true });
  }
}

function linked(draft: string, file: string): boolean {
  try {
    linkSync(draft, file);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

function release(root: string): void {
  rmSync(pidFile(root), { force: true });
}

/**
 * When a process started, in ticks since boot; undefined where there is none. Its id may have been given to
 * somebody else since, who started at another time (proc(5): field 22 of stat, counted behind the name).
 */
function startTime(pid: number): string | undefined {
  const stat = readIfThere(`/proc/${pid}/stat`);
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  // A zombie has ended.
  return fields[0] === 'Z' ? undefined : fields[19];
}

function readIfThere(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}
