import { spawn, type ChildProcess } from 'node:child_process';
import { closeSync, openSync, readFileSync, rmSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { LaunchError } from './error.js';
import type { ProcessStatus } from '../process/status.js';

export interface ComponentProcessOptions {
  /** `ra-1`: names the log file, the status file and the audit log. */
  readonly instance: string;
  /** The program and its arguments; no secret among them. */
  readonly command: readonly string[];
  readonly logFile: string;
  readonly statusFile: string;
  /** Started again when it ends unasked; each attempt waits longer, up to 5 s. */
  readonly restart: boolean;
  /** One line for the operator at each change. */
  readonly report: (line: string) => void;
}

/** A component running in a process of its own. */
export interface ComponentProcess {
  readonly instance: string;
  pid(): number | undefined;
  /** What the process last said of itself; undefined before it is ready. */
  status(): ProcessStatus | undefined;
  /** Resolves with the status once the running process has said it is ready. */
  ready(timeoutMs: number): Promise<ProcessStatus>;
  kill(signal: NodeJS.Signals): void;
  start(): void;
  /** SIGTERM, then SIGKILL after the deadline. */
  stop(deadlineMs: number): Promise<void>;
}

export function startComponentProcess(options: ComponentProcessOptions): ComponentProcess {
  let child: ChildProcess | undefined;
  let stopping = false;
  let attempts = 0;
  let startedAt = 0;

  function start(): void {
    stopping = false;
    rmSync(options.statusFile, { force: true });
    const log = openSync(options.logFile, 'a', 0o600);
    const [program, ...args] = options.command;
    if (program === undefined) throw new RangeError('no command');
    startedAt = Date.now();
    const started = spawn(program, args, {
      stdio: ['ignore', log, log],
      // Its own group, so that a Ctrl-C at the terminal reaches the launcher alone, which stops in order.
      detached: true,
      env: inheritedEnvironment()
    });
    closeSync(log);
    child = started;
    started.once('error', cause => {
      options.report(`${options.instance}: could not be started: ${cause.message}`);
    });
    started.once('exit', (code, signal) => {
      if (child === started) child = undefined;
      if (stopping) return;
      options.report(
        `${options.instance}: ended by itself (${signal ?? `status ${code}`}); its log is ${options.logFile}`
      );
      if (options.restart) void restart();
    });
  }

  async function restart(): Promise<void> {
    attempts = Date.now() - startedAt > 30_000 ? 0 : attempts + 1;
    await sleep(Math.min(5_000, 100 * 2 ** attempts), undefined, { ref: false });
    if (!stopping && child === undefined) start();
  }

  function readStatus(): ProcessStatus | undefined {
    try {
      return JSON.parse(readFileSync(options.statusFile, 'utf8')) as ProcessStatus;
    } catch {
      return undefined;
    }
  }

  async function waitReady(process: ChildProcess, timeoutMs: number): Promise<ProcessStatus> {
    const deadline = Date.now() + timeoutMs;
    for (;;) {
      const status = readStatus();
      if (status !== undefined && status.pid === process.pid) return status;
      if (process.exitCode !== null || process.signalCode !== null) {
        throw new LaunchError(
          'launch/component',
          `${options.instance} ended before it was ready: ${lastLog(options.logFile)}`
        );
      }
      if (Date.now() > deadline) {
        throw new LaunchError(
          'launch/component',
          `${options.instance} was not ready within ${timeoutMs / 1000} s: ${lastLog(options.logFile)}`
        );
      }
      await sleep(25);
    }
  }

  start();
  return {
    instance: options.instance,
    pid: () => child?.pid,
    status: readStatus,
    async ready(timeoutMs) {
      if (child === undefined) throw new LaunchError('launch/component', `${options.instance} does not run`);
      return await waitReady(child, timeoutMs);
    },
    kill(signal) {
      child?.kill(signal);
    },
    start,
    async stop(deadlineMs) {
      stopping = true;
      const running = child;
      if (running === undefined || running.exitCode !== null || running.signalCode !== null) return;
      const ended = new Promise<void>(resolve => running.once('exit', () => resolve()));
      running.kill('SIGTERM');
      const timer = setTimeout(() => running.kill('SIGKILL'), deadlineMs);
      await ended;
      clearTimeout(timer);
    }
  };
}

/** What a component may see of the launcher's environment: nothing that could hold a secret. */
function inheritedEnvironment(): NodeJS.ProcessEnv {
  const passed = ['PATH', 'HOME', 'LANG', 'LC_ALL', 'TZ', 'TMPDIR'];
  return Object.fromEntries(
    passed.flatMap(name => (process.env[name] === undefined ? [] : [[name, process.env[name]]]))
  );
}

function lastLog(file: string): string {
  try {
    const lines = readFileSync(file, 'utf8').trimEnd().split('\n');
    return `last lines of ${file}:\n${lines.slice(-5).join('\n')}`;
  } catch {
    return `there is no log at ${file}`;
  }
}
