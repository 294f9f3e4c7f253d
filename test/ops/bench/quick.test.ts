/** The quick benchmarks on real parts: that they work, end by themselves and leave nothing; never how fast. */
import { expect } from 'chai';
import { execFile } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { childrenOf } from '../../../ops/bench/process-cost.js';
import { readResult } from '../../../ops/bench/result-file.js';
import type { BenchRow } from '../../../ops/bench/row.js';
import { compiled } from '../../kit/compiled.js';
import { smki } from '../cli/run.js';

const run = promisify(execFile);

describe('smki bench --quick', function () {
  this.timeout(180_000);

  async function bench(...args: string[]): Promise<Map<string, BenchRow>> {
    const { status, out, error } = await smki(['bench', ...args, '--quick', '--json']);
    expect(status, error).to.equal(0);
    const rows = out.split('\n').map(line => JSON.parse(line) as BenchRow);
    return new Map(rows.map(row => [row.name, row]));
  }

  it('hsm: the signer beside the module driven bare, one process', async () => {
    const plots = mkdtempSync(path.join(tmpdir(), 'opensmki-plots-'));
    const before = childrenOf(process.pid);
    try {
      const rows = await bench('hsm', '--workers', '1', '--plot', plots);
      for (const name of ['hsm/bare, 1 process', 'hsm/client, one call at a time'])
        expect(rows.get(name)?.perSecond, name).to.be.greaterThan(0);
      const client = rows.get('hsm/client, 1 process, 2 sessions, groups of 64');
      expect(client?.ratio).to.be.greaterThan(0);
      expect(client?.cpuMicrosPerItem).to.be.greaterThan(0);
      expect(client?.p99Ms).to.be.at.least(client?.p50Ms ?? Infinity);
      expect(childrenOf(process.pid)).to.deep.equal(before);
    } finally {
      rmSync(plots, { recursive: true });
    }
    expect(readdirSync(tmpdir()).filter(name => name.startsWith('opensmki-bench-'))).to.deep.equal([]);
  });

  it('verify: every check has its row and its limit', async () => {
    const rows = await bench('verify');
    for (const check of ['possession', 'issued', 'signature', 'template', 'lint', 'bare, 2 processes']) {
      const row = rows.get(`verify/${check}`);
      expect(row?.ratio, check).to.be.greaterThan(0);
      expect(row?.cpuMicrosPerItem, check).to.be.greaterThan(0);
    }
  });

  it('batch: a small batch through the real services, every request counted', async () => {
    const results = mkdtempSync(path.join(tmpdir(), 'opensmki-results-'));
    try {
      // Compiled, as its component processes must be: the RA checks requests in threads.
      const args = ['bench', 'batch', '--quick', '--json', '--requests', '200', '--results', results];
      const { stdout } = await run(process.execPath, [compiled('ops/smki'), ...args]);
      const names = stdout
        .trim()
        .split('\n')
        .map(line => (JSON.parse(line) as BenchRow).name);
      expect(names).to.include('batch/200 requests, from upload');
      const facts = readResult(results, 'batch')?.points['200 requests']?.facts;
      expect(facts).to.include({ certificates: 200, 'status SUCCESS': 200 });
      for (const fact of [
        'raCpuMicros',
        'walOctetsPerCertificate',
        'octetsPerCertificate ca',
        'peakMiB ra-1'
      ])
        expect(facts?.[fact], fact).to.be.greaterThan(0);
    } finally {
      rmSync(results, { recursive: true });
    }
  });

  it('a list that is none is status 2', async () => {
    for (const list of ['0', 'x', '1,,2', '1.5'])
      expect((await smki(['bench', 'hsm', '--workers', list])).status, list).to.equal(2);
  });
});
