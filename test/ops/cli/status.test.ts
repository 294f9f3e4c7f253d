import { expect } from 'chai';
import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { Registry } from 'prom-client';
import { metricsServer, type HealthPart } from '../../../ops/http/index.js';
import { writeProcessStatus } from '../../../ops/process/status.js';
import { codeOf, inFolder, smki } from './run.js';

interface Shown {
  readonly instance: string;
  readonly state: string;
  readonly parts: Readonly<Record<string, string>>;
}

/** A data folder with one CA process that answers with these parts. */
async function withProcess(
  parts: Readonly<Record<string, HealthPart>>,
  work: (data: string, stop: () => Promise<void>) => Promise<void>
): Promise<void> {
  await inFolder(async data => {
    const run = path.join(data, 'run');
    await mkdir(run);
    const health = { live: () => true, ready: () => parts };
    const listener = await metricsServer(new Registry(), health, { socket: path.join(run, 'ca-1.sock') });
    const status = { instance: 'ca-1', pid: process.pid, urls: {}, signerPids: [], metrics: listener.at };
    writeProcessStatus(path.join(run, 'ca-1.json'), status);
    try {
      await work(data, () => listener.close());
    } finally {
      await listener.close();
    }
  });
}

describe('smki ca status', () => {
  it('asks the running process', () =>
    withProcess({ database: { ok: true }, signer: { ok: true } }, async data => {
      const done = await smki(['ca', 'status', '--data', data, '--json']);
      expect(done.status).to.equal(0);
      const [shown] = JSON.parse(done.out) as Shown[];
      expect(shown).to.deep.include({ state: 'ok', parts: { database: 'ok', signer: 'ok' } });
    }));

  it('one that is not ready is status 1, with the reason', () =>
    withProcess({ signer: { ok: false, reason: 'hsm/unavailable' } }, async data => {
      const done = await smki(['ca', 'status', '--data', data, '--json']);
      expect({ status: done.status, code: codeOf(done) }).to.deep.equal({
        status: 1,
        code: 'cli/unavailable'
      });
      const [shown] = JSON.parse(done.out) as Shown[];
      expect(shown).to.deep.include({ state: 'unavailable', parts: { signer: 'hsm/unavailable' } });
    }));

  it('one that left its file and is gone is status 1', () =>
    withProcess({}, async (data, stop) => {
      await stop();
      const done = await smki(['ca', 'status', '--data', data, '--json']);
      expect(done.status).to.equal(1);
      expect((JSON.parse(done.out) as Shown[])[0]?.state).to.equal('unreachable');
    }));

  it('processes of other components do not count', () =>
    withProcess({}, async data => {
      const done = await smki(['repository', 'status', '--data', data]);
      expect({ status: done.status, code: codeOf(done) }).to.deep.equal({
        status: 1,
        code: 'cli/not-running'
      });
    }));
});
