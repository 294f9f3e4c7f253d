import { readFile, readdir } from 'node:fs/promises';
import path from 'node:path';
import type { ProcessStatus } from '../process/status.js';
import { CliError } from './exit.js';

/**
 * What the processes of a component last said of themselves in `DIR/run`, by instance. At least one, or
 * `cli/not-running`. The file of a killed process stays: whether one still serves, only its answer says.
 */
export async function readProcesses(data: string, component: string): Promise<ProcessStatus[]> {
  const folder = path.join(data, 'run');
  const own = new RegExp(`^${component}(?:-[a-z0-9-]+)?\\.json$`);
  try {
    const files = (await readdir(folder)).filter(name => own.test(name)).sort();
    if (files.length > 0) {
      const texts = await Promise.all(files.map(name => readFile(path.join(folder, name), 'utf8')));
      return texts.map(text => JSON.parse(text) as ProcessStatus);
    }
  } catch (cause) {
    throw new CliError('cli/not-running', `no running system in ${data}: ${folder} cannot be read`, {
      cause
    });
  }
  throw new CliError('cli/not-running', `no ${component} runs in ${data}`);
}
