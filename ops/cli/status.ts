import { get, type RequestOptions } from 'node:http';
import type { Command } from 'commander';
import type { ProcessStatus } from '../process/status.js';
import { CliError } from './exit.js';
import { readProcesses } from './running.js';
import { formatJson, formatTable, type Terminal } from './terminal.js';

/** Long enough for a health check that asks the database and the signer, short enough for a person. */
const healthTimeoutMs = 5_000;

interface InstanceState {
  readonly instance: string;
  readonly pid: number;
  readonly state: 'ok' | 'unavailable' | 'unreachable';
  /** What it needs to serve, by name: `ok`, or why not. */
  readonly parts: Readonly<Record<string, string>>;
  readonly urls: Readonly<Record<string, string>>;
}

/** `status` of a component: every process of it in the data folder, asked for its health. */
export function registerStatus(component: Command, terminal: Terminal): void {
  component
    .command('status')
    .description('asks every running process for its health; status 1 where one is not ready or none runs')
    .option('--data <dir>', 'folder of the installation', '.data')
    .option('--json', 'as JSON')
    .action(async (options: { readonly data: string; readonly json?: true }) => {
      const states = await readStates(options.data, component.name());
      terminal.out(options.json ? formatJson(states) : formatStates(states));
      const bad = states.filter(({ state }) => state !== 'ok');
      if (bad.length > 0) {
        throw new CliError('cli/unavailable', `not ready: ${bad.map(({ instance }) => instance).join(', ')}`);
      }
    });
}

async function readStates(data: string, component: string): Promise<InstanceState[]> {
  return await Promise.all((await readProcesses(data, component)).map(readState));
}

async function readState({ instance, pid, urls, metrics }: ProcessStatus): Promise<InstanceState> {
  try {
    const answer = JSON.parse(await ask(metrics)) as {
      status: 'ok' | 'unavailable';
      parts: Record<string, { ok: boolean; reason?: string }>;
    };
    const parts: Record<string, string> = {};
    for (const [name, part] of Object.entries(answer.parts))
      parts[name] = part.ok ? 'ok' : (part.reason ?? 'no');
    return { instance, pid, state: answer.status, parts, urls };
  } catch {
    // The file outlives a killed process: whoever does not answer is not there.
    return { instance, pid, state: 'unreachable', parts: {}, urls };
  }
}

/** The answer of `/health/ready` at a Unix socket or a URL; 503 has the same form as 200. */
function ask(at: string): Promise<string> {
  const where: RequestOptions = at.startsWith('http') ? {} : { socketPath: at };
  const url = at.startsWith('http') ? `${at}/health/ready` : 'http://localhost/health/ready';
  return new Promise((resolve, reject) => {
    const request = get(url, { ...where, timeout: healthTimeoutMs }, response => {
      const parts: Buffer[] = [];
      response.on('data', (part: Buffer) => parts.push(part));
      response.once('error', reject);
      response.once('end', () => resolve(Buffer.concat(parts).toString('utf8')));
    });
    request.once('timeout', () => request.destroy(new Error('no answer')));
    request.once('error', reject);
  });
}

function formatStates(states: readonly InstanceState[]): string {
  return formatTable(
    ['process', 'pid', 'state', 'parts'],
    states.map(({ instance, pid, state, parts }) => [
      instance,
      String(pid),
      state,
      Object.entries(parts)
        .map(([name, word]) => `${name}: ${word}`)
        .join(', ')
    ])
  );
}
