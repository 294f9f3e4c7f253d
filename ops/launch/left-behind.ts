import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ProcessStatus } from '../process/status.js';
import type { DataDirectory } from './data-directory.js';

/** DESIGN: a component waits 5 s for requests under way and 2 s for what holds its event loop. */
const deadlineMs = 15_000;

/**
 * Ends the components of an earlier launcher that was killed and could not end them: they hold ports and audit logs
 * that this start needs. The folder must be ours alone by now. A process counts only where its command line names
 * its configuration file in this folder, since its id may be somebody else's by now.
 */
export async function endLeftBehind(data: DataDirectory, report: (line: string) => void): Promise<void> {
  const left = readdirSync(data.path('run'))
    .filter(name => name.endsWith('.json'))
    .flatMap(name => read(data.path('run', name)))
    .filter(({ instance, pid }) => names(pid, data.path('config', `${instance}.json`)));
  await Promise.all(
    left.map(async ({ instance, pid }) => {
      report(`${instance}: process ${pid} was left behind by an earlier start and is ended`);
      const runs = (): boolean => names(pid, data.path('config', `${instance}.json`));
      send(pid, 'SIGTERM');
      for (const deadline = Date.now() + deadlineMs; runs() && Date.now() < deadline;) await sleep(50);
      if (runs()) send(pid, 'SIGKILL');
    })
  );
}

function read(file: string): Pick<ProcessStatus, 'instance' | 'pid'>[] {
  try {
    const { instance, pid } = JSON.parse(readFileSync(file, 'utf8')) as Partial<ProcessStatus>;
    return typeof instance === 'string' && Number.isInteger(pid) ? [{ instance, pid: pid! }] : [];
  } catch {
    return [];
  }
}

function names(pid: number, configFile: string): boolean {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').includes(configFile);
  } catch {
    return false;
  }
}

function send(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // It ended by itself.
  }
}
