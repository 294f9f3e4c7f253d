import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { unpackRequests } from '../worker/requests.js';
import { startWorker, type Worker } from '../worker/worker.js';

/** DESIGN: a file is a second of one processor's work, so two workers share a batch of any size well. */
const requestsPerFile = 5_000;

/**
 * Device requests by number, made ahead of what is measured and kept in `folder` for the next run: the keys are the
 * devices' own cost and nobody's here. The same number is the same request as long as the folder stays.
 */
export async function deviceRequests(
  folder: string,
  first: number,
  count: number,
  report: (line: string) => void
): Promise<Uint8Array[]> {
  mkdirSync(folder, { recursive: true });
  const files: number[] = [];
  for (let at = Math.floor(first / requestsPerFile); at * requestsPerFile < first + count; at++)
    files.push(at);
  const missing = files.filter(at => !existsSync(fileOf(folder, at)));
  if (missing.length > 0) await make(folder, missing, report);
  const requests = files.flatMap(at => unpackRequests(readFileSync(fileOf(folder, at))));
  const skipped = first - (files[0] ?? 0) * requestsPerFile;
  return requests.slice(skipped, skipped + count);
}

async function make(folder: string, files: number[], report: (line: string) => void): Promise<void> {
  report(`requests: making ${files.length * requestsPerFile} device requests`);
  const workers: Worker<'requests'>[] = [];
  try {
    for (let n = 0; n < Math.min(2, files.length); n++) workers.push(await startWorker('requests', {}));
    await Promise.all(
      workers.map(async worker => {
        for (let at = files.shift(); at !== undefined; at = files.shift()) {
          const packed = await worker.run({ first: at * requestsPerFile, count: requestsPerFile });
          const file = fileOf(folder, at);
          writeFileSync(`${file}.new`, packed, { mode: 0o600 });
          renameSync(`${file}.new`, file);
        }
      })
    );
  } finally {
    for (const worker of workers) await worker.close();
  }
}

function fileOf(folder: string, at: number): string {
  return join(folder, `device-${String(at).padStart(5, '0')}.bin`);
}
