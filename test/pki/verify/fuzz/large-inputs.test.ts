import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import type { LargeReading } from './large-inputs-child.js';
import { expectLoggable } from './pollution.js';

const mostMilliseconds = 250;

/** 64 MiB for the reader, and what the test's own modules and inputs take before it begins. */
const heapMiB = 64 + 40;

/** New objects live here before they count against the heap; the default would be three times as large. */
const youngMiB = 4;

describe('octets of 64 KiB', () => {
  it('are answered within 250 ms and 64 MiB by every reader', async function () {
    this.timeout(120_000);
    const readings: LargeReading[] = [];
    const status = await new Promise<number | null>((resolve, reject) => {
      const child = fork(fileURLToPath(new URL('./large-inputs-child.ts', import.meta.url)), {
        execArgv: ['--import', 'tsx', `--max-old-space-size=${heapMiB}`, `--max-semi-space-size=${youngMiB}`],
        stdio: ['ignore', 'ignore', 'ignore', 'ipc']
      });
      child.on('message', (reading: LargeReading) => readings.push(reading));
      child.on('error', reject);
      child.on('exit', resolve);
    });
    expect(status, JSON.stringify(readings.at(-1))).to.equal(0);
    expect(readings.length).to.be.greaterThan(500);
    expect(readings.filter(({ milliseconds }) => milliseconds > mostMilliseconds)).to.deep.equal([]);
    for (const { told } of readings) told.forEach(expectLoggable);
  });
});
