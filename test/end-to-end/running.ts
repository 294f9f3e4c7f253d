/**
 * Running systems for tests that stand outside: started by the scripts a user starts, known by endpoints.json,
 * asked over the network. Whatever a test leaves running is ended after the last one.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { chmodSync, mkdtempSync, readFileSync, readlinkSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { checkout } from './command.js';

/** The fields of endpoints.json that users rely on. */
export interface Endpoints {
  readonly environment: string;
  readonly repository: { readonly url: string; readonly apiKey: string };
  readonly ra: {
    readonly url: string;
    readonly adhoc: string;
    readonly batch: string;
    readonly portal: string;
  };
  readonly tls: {
    readonly ca: string;
    readonly clientCert: string;
    readonly clientKey: string;
    readonly makerCert: string;
    readonly makerKey: string;
  };
  readonly anchors: Readonly<
    Record<'rootOca' | 'issuingOca' | 'rootDca' | 'issuingDca' | 'rootIca' | 'issuingIca', string>
  >;
  readonly crls: Readonly<Record<'organisation' | 'organisationArl' | 'iki' | 'ikiArl', string>>;
  readonly demo: {
    readonly organisationEui: string;
    readonly organisationSerial: string;
    readonly organisationKeyAgreementSerial: string;
    readonly organisationXmlSerial: string;
    readonly deviceEui: string;
    readonly deviceSerial: string;
    readonly deviceKeyAgreementSerial: string;
  };
  readonly hsm: { readonly module: string; readonly softhsmConf: string };
  readonly database: string;
  readonly validation: { readonly url: string; readonly receiptKey: string; readonly receiptKeyId: string };
  readonly pids: Readonly<
    Record<
      'ca' | 'ra' | 'repository' | 'validation' | 'validationSigner' | 'signer' | 'postgres',
      readonly number[]
    >
  >;
}

export interface Running {
  readonly data: string;
  readonly pid: number;
  /** As the file stands now. */
  endpoints(): Endpoints;
  /** All that went to standard output and standard error so far. */
  out(): string;
  error(): string;
  /** Sends SIGTERM and waits; `null` as status where a signal ended it. */
  stop(): Promise<{ readonly status: number | null; readonly ms: number }>;
}

export interface UpOptions {
  readonly args?: readonly string[];
  /** Instead of `ops/up`. */
  readonly program?: readonly string[];
  readonly env?: NodeJS.ProcessEnv;
}

const folders = new Set<string>();
const systems = new Set<{ readonly child: ChildProcess; readonly ended: Promise<unknown> }>();

/** A folder for one system; `closed` to every other user, which is what mkdtemp makes. */
export function newFolder(passage: 'closed' | 'open'): string {
  const folder = mkdtempSync(path.join(tmpdir(), 'opensmki-e2e-'));
  if (passage === 'open') chmodSync(folder, 0o711);
  folders.add(folder);
  return folder;
}

/** Starts a system and waits for its line; where it ends instead, fails with what it said. */
export async function up(data: string, options: UpOptions = {}): Promise<Running> {
  const [name, ...args] = options.program ?? [path.join(checkout, 'ops/up')];
  const child = spawn(name!, [...args, '--data', data, ...(options.args ?? [])], {
    stdio: ['ignore', 'pipe', 'pipe'],
    ...(options.env === undefined ? {} : { env: options.env })
  });
  let out = '';
  let error = '';
  child.stdout.on('data', (part: Buffer) => (out += part.toString('utf8')));
  child.stderr.on('data', (part: Buffer) => (error += part.toString('utf8')));
  const ended = new Promise<number | null>(resolve => child.once('close', status => resolve(status)));
  const entry = { child, ended };
  systems.add(entry);
  void ended.then(() => systems.delete(entry));
  for (const deadline = Date.now() + 150_000; !/^ready .+\n/m.test(out); await sleep(50)) {
    if (child.exitCode !== null || child.signalCode !== null || Date.now() > deadline) {
      child.kill('SIGTERM');
      throw new Error(`the system did not start:\n${error}`);
    }
  }
  return {
    data,
    pid: child.pid!,
    endpoints: () => JSON.parse(readFileSync(path.join(data, 'endpoints.json'), 'utf8')) as Endpoints,
    out: () => out,
    error: () => error,
    async stop() {
      const began = Date.now();
      child.kill('SIGTERM');
      return { status: await ended, ms: Date.now() - began };
    }
  };
}

let shared: Promise<Running> | undefined;

/** The one system that the suites share which change nothing another one looks at. */
export function sharedSystem(): Promise<Running> {
  shared ??= up(path.join(newFolder('open'), 'data'));
  return shared;
}

/** Waits for something that a running system does by itself. */
export async function eventually<T>(
  what: string,
  look: () => Promise<T | undefined> | T | undefined
): Promise<T> {
  for (const deadline = Date.now() + 45_000; ; await sleep(100)) {
    const found = await look();
    if (found !== undefined) return found;
    if (Date.now() > deadline) throw new Error(`not within 45 s: ${what}`);
  }
}

after('stop what still runs', async function () {
  this.timeout(60_000);
  for (const { child } of systems) child.kill('SIGTERM');
  await Promise.all([...systems].map(({ ended }) => ended));
  for (const folder of folders) {
    // As root, a cluster in a closed folder lies elsewhere.
    for (const place of [folder, path.join(folder, 'data')]) {
      try {
        rmSync(readlinkSync(path.join(place, 'postgres')), { recursive: true, force: true });
      } catch {
        // No link: the cluster is in the folder.
      }
    }
    rmSync(folder, { recursive: true, force: true });
  }
});

// A run that is cut off leaves no system behind.
process.once('exit', () => {
  for (const { child } of systems) child.kill('SIGTERM');
});
