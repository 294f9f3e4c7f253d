import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { encodePem, parseEui64, type Eui64 } from '../../pki/index.js';
import { connectAs, type BatchAccess } from '../cli/batch/connection.js';
import { fetchAll, openSubmission, sendAll } from '../cli/batch/submit.js';
import type { Terminal } from '../cli/terminal.js';
import { LaunchError } from './error.js';
import { newDeviceRequest } from './new-request.js';
import { demoHwType, type DemoParties } from './seed.js';
import type { System } from './system.js';

const run = promisify(execFile);

/** Requests of the demonstration's batch: one in which the signature is altered, and one that is another's copy. */
const requests = 20;

/**
 * The meter maker's batch, as its own program would do it: files of requests, submitted as one message over mutual TLS,
 * approved by rule, waited for, results written as files and judged by OpenSSL.
 */
export async function demonstrateBatch(system: System, demo: DemoParties): Promise<readonly string[]> {
  const folder = mkdtempSync(join(tmpdir(), 'opensmki-batch-'));
  try {
    const [files, out] = [join(folder, 'requests'), join(folder, 'certificates')];
    mkdirSync(files);
    writeRequests(files);
    const said: string[] = [];
    const batch = await submitAndFetch(
      {
        ra: system.url('ra', 'public'),
        ca: demo.maker.ca,
        cert: demo.maker.certificate,
        key: demo.maker.key
      },
      files,
      out,
      { out: () => undefined, error: line => said.push(line), input: () => Promise.resolve(new Uint8Array()) }
    );
    expect(
      batch?.state === 'COMPLETED' && batch.issued === requests - 2 && batch.refused === 2,
      `the batch ended as ${JSON.stringify(batch)}; ${said.join('; ')}`
    );
    const refused = readFileSync(join(out, 'errors.csv'), 'utf8').trim().split('\n').slice(1);
    return [
      `batch ${batch?.batchId}: ${requests} requests, approved by rule, ${batch?.issued} certificates`,
      ...refused.map(line => {
        const [, , name, status, code] = line.split(',');
        return `${name}: ${status} ${code}`;
      }),
      await judge(system, out)
    ];
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function writeRequests(folder: string): void {
  const csrs = Array.from({ length: requests - 1 }, () => newDeviceRequest(newEui(), 'DS', demoHwType).csr);
  const altered = csrs.at(-1)!;
  altered[altered.length - 1]! ^= 1;
  for (const [at, csr] of [...csrs, csrs[0]!].entries()) {
    const name = `meter-${String(at + 1).padStart(2, '0')}.csr`;
    writeFileSync(join(folder, name), encodePem('CERTIFICATE REQUEST', csr));
  }
}

/** Devices of their own for every run. */
function newEui(): Eui64 {
  return parseEui64(`02-5A-${randomBytes(6).toString('hex').match(/../g)!.join('-')}`);
}

async function submitAndFetch(access: BatchAccess, files: string, out: string, terminal: Terminal) {
  const { signal } = new AbortController();
  const options = { files: [files], folder: out, name: 'demo', form: 'pem', maxRequests: requests } as const;
  const submission = await openSubmission({ ...options, ra: access.ra }, signal);
  const connection = await connectAs(access);
  try {
    await sendAll(submission, connection, terminal, signal);
    await fetchAll(submission, connection, terminal, signal);
  } finally {
    connection.close();
  }
  return submission.plan.batches[0];
}

async function judge(system: System, folder: string): Promise<string> {
  const { certificates } = system.hierarchy;
  const files = readdirSync(folder).filter(name => name.endsWith('.crt'));
  const { stdout } = await run('openssl', [
    ...['verify', '-x509_strict', '-policy_check'],
    ...['-CAfile', certificates['root-dca'], '-untrusted', certificates['issuing-dca']],
    ...files.map(name => join(folder, name))
  ]);
  const good = stdout.match(/: OK$/gm)?.length ?? 0;
  expect(good === requests - 2, `openssl says: ${stdout}`);
  return `OpenSSL verifies all ${good}, chain of Root DCA`;
}

function expect(condition: boolean, otherwise: string): void {
  if (!condition) throw new LaunchError('launch/step', otherwise);
}
