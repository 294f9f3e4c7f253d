import { expect } from 'chai';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { runBench, type RunOptions } from '../../../ops/bench/index.js';
import type { Bench } from '../../../ops/bench/context.js';
import { curves } from '../../../ops/bench/curves.js';
import { formatReport, writeReport } from '../../../ops/bench/report.js';
import { readResult, writeResult, type Point } from '../../../ops/bench/result-file.js';
import { row } from '../../../ops/bench/row.js';
import { targets } from '../../../ops/bench/targets.js';
import { smki } from '../cli/run.js';
import { batchResult } from './fixture.js';

describe('benchmark results', () => {
  let folder: string;
  beforeEach(() => (folder = mkdtempSync(path.join(tmpdir(), 'opensmki-bench-test-'))));
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  it('a result file comes back as it was written', () => {
    writeResult(folder, batchResult);
    expect(readResult(folder, 'batch')).to.deep.equal(batchResult);
    expect(readResult(folder, 'core')).to.equal(undefined);
  });

  it('a run goes on where it was: points that stand in the file are not measured again', async () => {
    const measured: string[] = [];
    let broken = true;
    const bench: Bench = {
      name: 'example',
      summary: '',
      plan: () =>
        ['one', 'two'].map(key => ({
          key,
          async measure(): Promise<Point> {
            measured.push(key);
            if (key === 'two' && broken) throw new Error('ended');
            return { rows: [row(key, { perSecond: 1 })], facts: {} };
          }
        }))
    };
    const options: RunOptions = { quick: true, results: folder };
    const rows: string[] = [];
    const output = { row: ({ name }: { name: string }) => rows.push(name), report: () => undefined };
    const ended = await runBench(bench, options, output).catch((error: unknown) => error);
    expect(ended).to.be.instanceOf(Error);
    broken = false;
    const result = await runBench(bench, options, output);
    expect(measured).to.deep.equal(['one', 'two', 'two']);
    expect(rows).to.deep.equal(['one', 'one', 'two']);
    expect(Object.keys(result.points)).to.deep.equal(['one', 'two']);
    await runBench(bench, { ...options, again: true }, output);
    expect(measured).to.have.length(5);
  });

  it('the report has every target, what was reached, the machine, the rows, stages, plots and their words', () => {
    const text = formatReport(new Map([['batch', batchResult]]), new Map([['batch', ['batch-size.svg']]]));
    expect(text).to.include('| 0.25 C | met |');
    expect(text).to.include('not measured');
    expect(text).to.include('2 cores of Example CPU');
    expect(text).to.include('| batch/50,000 requests, from upload | 20,000 | 5,000 | 0.250 |');
    expect(text).to.include('| proof of possession | 40.0 % |');
    expect(text).to.include('plots/batch-size.svg');
    expect(text).to.include(curves['batch-size']);
    expect(text).to.include('- a note');
  });

  it('the report says of a target that is missed why, and of none that is met', () => {
    const missed = structuredClone(batchResult);
    const rows = Object.values(missed.points).flatMap(({ rows }) => rows);
    for (const row of rows) Object.assign(row, { ratio: 0.1 });
    const target = targets.find(({ work }) => work.startsWith('batch of 50,000'));
    const why = target?.short ?? 'no reason';
    expect(formatReport(new Map([['batch', missed]]), new Map())).to.include(why);
    expect(formatReport(new Map([['batch', batchResult]]), new Map())).not.to.include(why);
  });

  it('bench report writes the report and a file for each plot it names', async () => {
    const results = path.join(folder, 'results');
    writeResult(results, batchResult);
    const { status, out } = await smki(['bench', 'report', '--results', results]);
    expect({ status, out }).to.deep.equal({ status: 0, out: path.join(folder, 'REPORT.md') });
    const named = [...readFileSync(out, 'utf8').matchAll(/\((plots\/[^)]+)\)/g)].map(
      ([, file]) => file ?? ''
    );
    expect(named).to.have.length(3);
    for (const file of named) expect(existsSync(path.join(folder, file)), file).to.equal(true);
    expect(writeReport(results)).to.equal(out);
  });
});
