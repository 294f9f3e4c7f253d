import { randomBytes } from 'node:crypto';
import { chmodSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Environment } from '../../pki/messages/index.js';
import { LaunchError } from './error.js';

const folders = ['config', 'secrets', 'tls', 'tokens', 'run', 'log', 'audit', 'public', 'ceremony'] as const;
type Folder = (typeof folders)[number];

/**
 * The folder that holds everything one installation keeps: `DIR/{config,secrets,tls,tokens,postgres,run,log,
 * audit,public,ceremony}`. A second start reuses it and refuses another environment.
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

function claim(root: string): void {
  const file = pidFile(root);
  if (existsSync(file)) {
    const pid = Number(readFileSync(file, 'utf8').trim());
    if (pid !== process.pid && isLauncher(pid)) {
      throw new LaunchError(
        'launch/in-use',
        `process ${pid} already serves ${root}: stop it first, or use another folder`
      );
    }
  }
  writePrivateFile(file, `${process.pid}\n`);
}

function release(root: string): void {
  rmSync(pidFile(root), { force: true });
}

/** A process id may have been given to somebody else since: only a running Node process counts. */
function isLauncher(pid: number): boolean {
  if (!Number.isInteger(pid) || pid <= 0) return false;
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('node');
  } catch {
    return false;
  }
}
