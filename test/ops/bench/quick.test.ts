/** The quick benchmarks on real parts: that they work, end by themselves and leave nothing; never how fast. */
import { expect } from 'chai';
import { execFile } from 'node:child_process';
import { chmodSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { childrenOf } from '../../../ops/bench/process-cost.js';
import { readResult } from '../../../ops/bench/result-file.js';
import type { BenchRow } from '../../../ops/bench/row.js';
import { compiled } from '../../kit/compiled.js';
import { smki } from '../cli/run.js';
import { processesOf } from './left-over.js';

const run = promisify(execFile);

/** The rows of each benchmark, those with a limit in the same run first. */
const documented: Readonly<
  Record<string, { readonly limited: readonly string[]; readonly bare: readonly string[] }>
> = {
  verify: {
    limited: [
      ...['bare', 'possession', 'request', 'signature', 'issued', 'parse-and-issued', 'template', 'lint'],
      ...['device', 'organisation', 'path', 'path with lists'],
      // The test set-up builds the optional verifier.
      ...['possession', 'signature', 'issued', 'device', 'organisation'].map(what => `${what}, native`),
      ...['bare', 'possession', 'issued', 'device', 'organisation'].flatMap(what =>
        ['1 process', '2 processes', '1 thread', '2 threads'].map(where => `${what}, ${where}`)
      )
    ],
    bare: ['token signature, bare']
  },
  hsm: {
    limited: [
      ...['1 process', '2 processes'].flatMap(where =>
        [1, 64, 500].map(group => `client, ${where}, 2 sessions, groups of ${group}`)
      ),
      'client, one call at a time'
    ],
    bare: ['bare, 1 process', 'bare, 2 processes', 'bare, one call at a time']
  },
  core: { limited: ['2 CA processes'], bare: ['crypto limit C, 2 processes'] },
  store: {
    limited: ['10,000', '30,000'].flatMap(size =>
      ['ca', 'repository'].map(ledger => `${ledger} insert, groups of 500, ${size} certificates`)
    ),
    bare: ['10,000', '30,000'].flatMap(size =>
      ['bare COPY', 'look-up by serial number', 'look-up by EUI-64'].map(
        what => `${what}, ${size} certificates`
      )
    )
  },
  repository: {
    limited: [
      ...['by serial number, GET, audited', 'by serial number, audited', 'by EUI-64, audited'],
      ...['by serial number, without audit', 'by EUI-64, without audit']
    ].map(name => `${name}, 32 connections`),
    bare: ['bare serial, 32 connections', 'bare eui, 32 connections']
  },
  adhoc: { limited: ['32 connections', '32 connections, half load'], bare: ['crypto limit C'] },
  batch: {
    limited: ['2,000 requests, from upload', '2,000 requests, from approval'],
    bare: ['2,000 requests, crypto limit C']
  }
};

describe('smki bench --quick', function () {
  // Each takes less than a minute on a machine that does nothing else, and is never held to it here.
  this.timeout(300_000);

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
  });

  for (const [name, { limited, bare }] of Object.entries(documented))
    it(`${name}, compiled: its rows with their limits, and nothing is left`, async () => {
      const folder = mkdtempSync(path.join(tmpdir(), 'opensmki-quick-'));
      // The database may run as another user, who has to get to its own folder.
      chmodSync(folder, 0o711);
      try {
        // Compiled, as it is measured: threads are there only then. A status other than 0 rejects.
        const { stdout } = await run(
          process.execPath,
          [compiled('ops/smki'), 'bench', name, '--quick', '--json'],
          { env: { ...process.env, TMPDIR: folder } }
        );
        const rows = stdout
          .trim()
          .split('\n')
          .map(line => JSON.parse(line) as BenchRow);
        const withLimit = rows.filter(row => row.limitPerSecond !== null);
        const named = (some: readonly BenchRow[]): string[] => some.map(row => row.name);
        expect(named(withLimit)).to.have.members(limited.map(what => `${name}/${what}`));
        expect(named(rows.filter(row => !withLimit.includes(row)))).to.have.members(
          bare.map(what => `${name}/${what}`)
        );
        for (const { name: what, ...figures } of rows) {
          const { perSecond, limitPerSecond, ratio, p50Ms, p99Ms } = figures;
          for (const [figure, value] of Object.entries(figures))
            expect(value ?? 1, `${what}: ${figure}`).to.be.greaterThan(0);
          if (limitPerSecond === null) expect(ratio, what).to.equal(null);
          else expect(ratio, what).to.be.closeTo(perSecond / limitPerSecond, (ratio ?? 0) * 0.001);
          expect(p99Ms ?? 0, what).to.be.at.least(p50Ms ?? 0);
        }
        expect(processesOf(folder)).to.deep.equal([]);
        expect(readdirSync(folder)).to.deep.equal([]);
      } finally {
        rmSync(folder, { recursive: true, force: true });
      }
    });

  it('batch: a small batch through the real services, every request counted', async () => {
    const results = mkdtempSync(path.join(tmpdir(), 'opensmki-results-'));
    try {
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
