/** Processes that die while a batch is uploaded or under way, in a system of two RAs and two CAs. */
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { request as httpsRequest } from 'node:https';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import { newDeviceRequest } from '../../ops/launch/new-request.js';
import { demoHwType } from '../../ops/launch/seed.js';
import { parseCertificate, parseRequest } from '../../pki/index.js';
import { batchBody, batchResults, pollBatch, submitBatch } from '../kit/batches.js';
import { eventually, startTestSystem, type TestSystem } from '../kit/system.js';
import { newDeviceId } from './talk.js';

const requests = 200;
const ras = ['ra-1', 'ra-2'] as const;
type Ra = (typeof ras)[number];

describe('a batch when processes die', function () {
  this.timeout(180_000);
  let test: TestSystem;
  before('start', async () => {
    test = await startTestSystem({
      instances: { ra: 2, ca: 2 },
      adjust: {
        ra: config => ({
          ...config,
          settings: {
            ...config.settings,
            batches: { ...config.settings.batches, groupMin: 20, groupMax: 20, groupsInFlight: 6 }
          }
        })
      }
    });
  });
  after('stop', () => test?.stop());
  afterEach(() => ras.forEach(ra => test.resume(ra)));

  const newRequests = (count: number): Uint8Array[] =>
    Array.from({ length: count }, () => newDeviceRequest(newDeviceId(), 'DS', demoHwType).csr);

  /** Submits a batch of ten groups and holds the RA that has it with at least two of them ordered. */
  async function halfWay(
    name: string
  ): Promise<{ batchId: string; csrs: Uint8Array[]; holder: Ra; other: Ra }> {
    const csrs = newRequests(requests);
    for (const ra of ras) test.pauseAt(ra, 'ra:batch-group:after', 3);
    const { batchId = '' } = await submitBatch(test.maker('ra-1'), batchBody(name, csrs));
    const holder = await Promise.any(ras.map(ra => test.waitPaused(ra).then(() => ra)));
    const other = holder === 'ra-1' ? 'ra-2' : 'ra-1';
    test.resume(other);
    expect(await groupsOf(batchId)).to.have.length.within(3, 9);
    return { batchId, csrs, holder, other };
  }

  const groupsOf = (batchId: string) =>
    test.sql<{ id: string; first_item: number; digest: string }>(
      `select id, first_item, encode(sha256(facts), 'hex') as digest from ra.batch_group where batch_id = ? order by id`,
      [batchId]
    );

  /** Every request has the one certificate for its key; what was decided before was not decided again. */
  async function whole(
    { batchId, csrs }: { batchId: string; csrs: readonly Uint8Array[] },
    before: Awaited<ReturnType<typeof groupsOf>>,
    from: Ra = 'ra-1',
    beforeBooks?: () => Promise<void>
  ): Promise<void> {
    const results = await batchResults(test.maker(from), batchId, 90_000);
    const keyOf = (spki: Uint8Array) => Buffer.from(spki).toString('hex');
    expect(
      results.map(({ certificate }) => certificate && keyOf(parseCertificate(certificate).publicKey.spki))
    ).to.deep.equal(csrs.map(csr => keyOf(parseRequest(csr).publicKey.spki)));
    const groups = await groupsOf(batchId);
    expect(groups.slice(0, before.length)).to.deep.equal(before);
    expect(groups).to.have.lengthOf(requests / 20);
    await beforeBooks?.();
    await test.reconcile(60_000);
  }

  it('leaves nothing of an upload during which the RA is killed, and takes it when it comes again', async () => {
    const csrs = newRequests(300);
    const body = Buffer.from(batchBody('CUT', csrs));
    const spool = test.system.data.path('spool');
    const stored = async () =>
      (await test.sql('select from ra.batch')).length + (await test.sql('select from ra.batch_chunk')).length;
    const before = await stored();
    const { ca, certificate, key } = test.demo.maker;
    const told = new Promise<string>(resolve => {
      const sending = httpsRequest(`${test.url('ra-1', 'public')}/1.0/PortalCSRBatch/SubmitCSRBatch`, {
        ...{ method: 'POST', servername: 'localhost' },
        ...{ ca: readFileSync(ca), cert: readFileSync(certificate), key: readFileSync(key) },
        headers: { 'content-type': 'application/xml', 'content-length': body.length }
      });
      sending.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
      sending.once('response', ({ statusCode }) => resolve(`answered ${statusCode ?? ''}`));
      sending.write(body.subarray(0, body.length / 2));
    });
    // The half that was sent is read: a file without a name is what is left open of it.
    await eventually('the upload lies in the spool', 10_000, () => openSpoolFiles(test, 'ra-1', spool) === 1);
    await test.kill('ra-1');
    expect(await told).to.be.oneOf(['ECONNRESET', 'EPIPE']);
    expect(readdirSync(spool)).to.deep.equal([]);
    await test.start('ra-1');
    expect(await stored()).to.equal(before);
    const { batchId = '' } = await submitBatch(test.maker('ra-1'), body);
    const results = await batchResults(test.maker('ra-1'), batchId);
    expect(results.map(({ status }) => status)).to.deep.equal(csrs.map(() => 'SUCCESS'));
  });

  it('is finished by the other RA, and both tell its results', async () => {
    const batch = await halfWay('TAKEN-OVER');
    const before = await groupsOf(batch.batchId);
    await test.kill(batch.holder);
    // Killed between a decision's commit and its place in the log, it places the events itself when it is back.
    await whole(batch, before, batch.other, () => test.start(batch.holder));
    const [{ decided } = { decided: [] }] = await test.sql<{ decided: string[] }>(
      `select array_agg(distinct instance order by instance) as decided from ra.audit_event
         where type = 'ra.batch.group-decided' and facts ->> 'batch' = ?`,
      [batch.batchId]
    );
    expect(decided).to.deep.equal([...ras]);
    const [one, two] = await Promise.all(ras.map(ra => pollBatch(test.maker(ra), batch.batchId)));
    expect(one?.status).to.equal('COMPLETED');
    expect(one).to.deep.equal(two);
  });

  it('is finished by the other CA when one is killed with orders in hand', async () => {
    const csrs = newRequests(requests);
    test.pauseAt('ca-1', 'ca:7:before');
    const { batchId = '' } = await submitBatch(test.maker('ra-2'), batchBody('ONE-CA', csrs));
    await test.waitPaused('ca-1');
    await test.kill('ca-1');
    const results = await batchResults(test.maker('ra-1'), batchId, 90_000);
    expect(results.map(({ status }) => status)).to.deep.equal(csrs.map(() => 'SUCCESS'));
    await test.start('ca-1');
    await test.reconcile(60_000);
  });

  const restarts: Readonly<Record<string, (holder: Ra) => Promise<void>>> = {
    async 'its RA'(holder) {
      await test.kill(holder);
      await test.start(holder);
    },
    async 'its RA in good order'(holder) {
      const stopped = test.process(holder).stop(10_000);
      test.resume(holder);
      await stopped;
      await test.start(holder);
    },
    async 'a CA'() {
      await test.kill('ca-1');
      await test.start('ca-1');
    },
    async 'the signers'(holder) {
      const killed = ['ca-1', 'ca-2', holder].map(instance => test.killSigner(instance));
      test.resume(holder);
      await Promise.all(killed);
    },
    async 'the repository'(holder) {
      await test.kill('repository-1');
      test.resume(holder);
      // Long enough for what is issued meanwhile to meet the absence.
      await sleep(250);
      await test.start('repository-1');
    },
    async PostgreSQL(holder) {
      await test.killPostgres();
      test.resume(holder);
      await sleep(250);
      await test.startPostgres();
    }
  };
  for (const [what, restart] of Object.entries(restarts))
    it(`goes on where it was after a restart of ${what}`, async function () {
      if (what === 'PostgreSQL' && !test.ownPostgres) this.skip();
      const batch = await halfWay(`AFTER-${what.replaceAll(' ', '-').toUpperCase()}`);
      const before = await groupsOf(batch.batchId);
      await restart(batch.holder);
      test.resume(batch.holder);
      await whole(batch, before);
    });
});

/** Files of the folder that a process holds open without a name. */
function openSpoolFiles(test: TestSystem, instance: string, folder: string): number {
  const descriptors = `/proc/${test.process(instance).pid() ?? ''}/fd`;
  return readdirSync(descriptors).filter(name => {
    try {
      const target = readlinkSync(`${descriptors}/${name}`);
      return target.startsWith(`${folder}/`) && target.endsWith(' (deleted)');
    } catch {
      return false;
    }
  }).length;
}
