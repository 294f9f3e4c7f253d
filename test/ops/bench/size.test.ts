import { expect } from 'chai';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { readResult, resultsFolder, writeResult } from '../../../ops/bench/result-file.js';
import { certificateCost } from '../../../ops/bench/size/measured.js';
import { predictedPerSecond, size } from '../../../ops/bench/size/model.js';
import { codeOf, smki } from '../cli/run.js';
import { batchResult, resultFile } from './fixture.js';

const cost = certificateCost(batchResult);

describe('sizing model', () => {
  it('takes the largest batch that was measured', () => {
    expect(cost).to.include({ point: '50,000 requests', perSecond: 5_000, cores: 2 });
  });

  it('what was not measured is no ground for a size', () => {
    expect(() => certificateCost(undefined)).to.throw(RangeError);
    expect(() => certificateCost(resultFile('batch', {}))).to.throw(RangeError);
    const { rows } = batchResult.points['50,000 requests']!;
    expect(() => certificateCost(resultFile('batch', { '50,000 requests': { rows, facts: {} } }))).to.throw(
      RangeError
    );
  });

  it('100 million in 24 hours, worked out by hand', () => {
    const answer = size(
      { certificates: 100_000_000, deadlineSeconds: 86_400, coresPerNode: 4, utilisation: 0.5 },
      cost
    );
    expect(answer.perSecond).to.be.closeTo(1_157.4, 0.1);
    // 1,157.4 a second at 100 microseconds are 0.116 cores, of which half may be used.
    expect(answer.cores.ca).to.be.closeTo(0.2315, 1e-3);
    expect(answer.nodes).to.deep.equal({ ca: 1, ra: 1, repository: 1, postgres: 1 });
    expect(answer.hsmSignaturesPerSecond).to.be.closeTo(1_159.7, 0.1);
    expect(answer.storage).to.deep.equal({ ca: 130e9, ra: 40e9, repository: 100e9 });
    expect(answer.walOctets).to.equal(400e9);
    expect(answer.commitsPerSecond).to.be.closeTo(23.15, 0.01);
  });

  it('half the time takes twice the cores, and never less than a node of each', () => {
    const question = { certificates: 1e9, deadlineSeconds: 86_400, coresPerNode: 2, utilisation: 0.7 };
    const one = size(question, cost);
    const two = size({ ...question, deadlineSeconds: 43_200 }, cost);
    expect(two.cores.ra).to.be.closeTo(2 * one.cores.ra, 1e-9);
    expect(two.storageTotal).to.equal(one.storageTotal);
    expect(size({ ...question, certificates: 1 }, cost).totalNodes).to.equal(4);
  });

  it('a question out of range is refused', () => {
    const question = { certificates: 1, deadlineSeconds: 1, coresPerNode: 1, utilisation: 1 };
    for (const wrong of [
      { certificates: 0 },
      { deadlineSeconds: NaN },
      { coresPerNode: -1 },
      { utilisation: 1.1 }
    ])
      expect(() => size({ ...question, ...wrong }, cost)).to.throw(RangeError);
  });

  // Every core wholly used is more than the pipeline reaches, and not by a factor: else a cost was not counted.
  const agrees = (measured: typeof cost): void => {
    const share = measured.perSecond / predictedPerSecond(measured);
    expect(share, measured.point).to.be.within(0.5, 1.05);
  };

  it('gives the rate of the machine it was measured on', () => agrees(cost));

  it('gives the rate that the committed benchmark measured', function () {
    const committed = readResult(resultsFolder(), 'batch');
    if (committed === undefined) this.skip();
    agrees(certificateCost(committed));
  });
});

describe('smki size', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(path.join(tmpdir(), 'opensmki-size-test-'));
    writeResult(folder, batchResult);
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  it('answers for a number and a deadline, and for the estate', async () => {
    const asked = async (...args: string[]) => {
      const { status, out } = await smki(['size', '--from', folder, '--json', ...args]);
      expect(status).to.equal(0);
      return JSON.parse(out) as { question: Record<string, number>; answer: { totalNodes: number } };
    };
    const plain = await asked('--certificates', '1000000', '--deadline', '90m', '--cores', '8');
    expect(plain.question).to.deep.equal({
      certificates: 1_000_000,
      deadlineSeconds: 5_400,
      coresPerNode: 8,
      utilisation: 0.7
    });
    expect(plain.answer.totalNodes).to.equal(4);
    const { question } = await asked('--estate');
    expect(question).to.include({ certificates: 450_000_000, deadlineSeconds: 30 * 86_400 });
    const { status, out } = await smki(['size', '--from', folder]);
    expect(status).to.equal(0);
    expect(out).to.match(/^nodes /m);
  });

  it('without a result there is nothing to work with; a wrong number or time is status 2', async () => {
    const gone = await smki(['size', '--from', path.join(folder, 'gone')]);
    expect({ status: gone.status, code: codeOf(gone) }).to.deep.equal({ status: 2, code: 'cli/file' });
    for (const args of [
      ['--certificates', '0'],
      ['--deadline', '24'],
      ['--deadline', '0h'],
      ['--utilisation', '2']
    ])
      expect((await smki(['size', '--from', folder, ...args])).status, args.join(' ')).to.equal(2);
  });
});
