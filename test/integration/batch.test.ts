/** Batches on a whole system: what comes out of one, judged from outside, and how batches live beside other work. */
import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { judgeByOpenssl } from '../../ops/bench/audit/openssl.js';
import { subscriberClient } from '../../ops/launch/clients.js';
import type { HttpClient } from '../../ops/http/index.js';
import { newDeviceRequest, type Usage } from '../../ops/launch/new-request.js';
import { demoHwType } from '../../ops/launch/seed.js';
import {
  compileTemplate,
  decodePem,
  lintCertificate,
  parseCertificate,
  parseEui64,
  parseRequest
} from '../../pki/index.js';
import { batchBody, batchResults, listBatches, pollBatch, submitBatch } from '../kit/batches.js';
import { eventually, startTestSystem, type TestSystem } from '../kit/system.js';
import { auditEvents, nextEvent } from './audit-log.js';
import { sharedSystem } from './shared.js';
import {
  inParallel,
  newDeviceId,
  registerSupplier,
  relyingParty,
  sendEnrolment,
  show,
  untilIssued
} from './talk.js';

const devices = 500;

interface Asked {
  readonly id: string;
  readonly device: bigint;
  readonly usage: Usage;
  readonly csr: Uint8Array;
}

describe('a batch of 1,000, audited in full', function () {
  this.timeout(120_000);
  const folder = mkdtempSync(join(tmpdir(), 'opensmki-batch-'));
  const asked: Asked[] = Array.from({ length: devices }, newDeviceId).flatMap((device, at) =>
    (['DS', 'KA'] as const).map((usage, second) => ({
      ...{ id: `R${2 * at + second + 1}`, device, usage },
      csr: newDeviceRequest(device, usage, demoHwType).csr
    }))
  );
  let test: TestSystem;
  let batchId = '';
  let from: { readonly ca: number; readonly ra: number };
  let certificates: readonly Uint8Array[] = [];
  let serials: readonly string[] = [];

  before('start', async () => {
    test = await sharedSystem();
    from = { ca: nextEvent(test, 'ca-1'), ra: nextEvent(test, 'ra-1') };
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  it('has a certificate for each request, in their order', async () => {
    const maker = test.maker();
    const began = performance.now();
    const csrs = asked.map(({ csr }) => csr);
    batchId = (await submitBatch(maker, batchBody('AUDITED', csrs))).batchId ?? '';
    const results = await batchResults(maker, batchId);
    show(`${asked.length} certificates in ${((performance.now() - began) / 1_000).toFixed(1)} s`);
    expect(results.map(({ id, status }) => `${id} ${status}`)).to.deep.equal(
      asked.map(({ id }) => `${id} SUCCESS`)
    );
    certificates = results.flatMap(({ certificate }) => certificate ?? []);
    serials = certificates.map(der => parseCertificate(der).serialHex);
    expect(new Set(serials).size).to.equal(asked.length);
  });

  it('whose chain and key OpenSSL finds to be those of the request', async () => {
    const { certificates: files } = test.system.hierarchy;
    const pairs = certificates.map((certificate, at) => {
      const { id, csr: request } = asked[at]!;
      return { id, request, certificate };
    });
    let judged = 0;
    const findings = await judgeByOpenssl(
      folder,
      pairs,
      {
        root: files['root-dca'],
        issuing: files['issuing-dca'],
        policyOid: test.system.policy.figures['oid.smki-device'].value[0] ?? ''
      },
      done => (judged = done)
    );
    expect(findings).to.deep.equal([]);
    expect(judged).to.equal(asked.length);
  });

  it('each of them octet for octet what its profile has for the request', () => {
    const { policy, hierarchy } = test.system;
    const [pem] = decodePem(readFileSync(hierarchy.certificates['issuing-dca'], 'utf8'));
    const issuer = parseCertificate(pem!.der);
    const profiles = { DS: 'device-ds', KA: 'device-ka' } as const;
    const templates = {
      DS: compileTemplate('device-ds', { issuer, policy }),
      KA: compileTemplate('device-ka', { issuer, policy })
    };
    for (const [at, der] of certificates.entries()) {
      const { device, usage, csr } = asked[at]!;
      const read = parseCertificate(der);
      const context = { profile: profiles[usage], policy, issuer, at: new Date() };
      expect(lintCertificate(der, context)).to.deep.equal([]);
      const expected = templates[usage].tbs({
        serial: new Uint8Array(Buffer.from(read.serialHex, 'hex')),
        notBefore: read.notBefore,
        notAfter: read.notAfter,
        spki: parseRequest(csr).publicKey.spki,
        subject: { eui: device, hwType: demoHwType }
      });
      expect(Buffer.compare(expected, read.tbs), asked[at]!.id).to.equal(0);
    }
  });

  it('all of them in the repository', async () => {
    const rows = await test.sql<{ serial: string; der: Buffer }>(
      `select upper(replace(serial::text, '-', '')) as serial, der from repository.certificate`
    );
    const published = new Map(rows.map(({ serial, der }) => [serial, der]));
    expect(
      serials.filter((serial, at) => published.get(serial)?.equals(certificates[at]!) !== true)
    ).to.deep.equal([]);
    const reader = relyingParty(test);
    const sample = serials.flatMap((serial, at) =>
      at % 40 === 0 ? [{ serial, der: certificates[at]! }] : []
    );
    const found = await inParallel(sample, 8, async ({ serial, der }) => {
      const answer = await reader.retrieve(serial);
      return Buffer.from(answer.certificate ?? []).equals(der);
    });
    reader.close();
    expect(found).to.deep.equal(sample.map(() => true));
  });

  it('and in the audit logs: every serial at the CA, the digest of every group at the RA', async () => {
    const listed = auditEvents(test, 'ca-1', from.ca).flatMap(({ type, facts }) =>
      type === 'ca.certificates.issued' ? (facts['entries'] as string[]) : []
    );
    expect(listed.sort()).to.deep.equal([...serials].sort());
    const groups = await test.sql<{ id: string; facts: Buffer; results: Buffer }>(
      'select id, facts, results from ra.batch_group where batch_id = ? order by id',
      [batchId]
    );
    const sha256 = (octets: Uint8Array) => createHash('sha256').update(octets).digest('hex');
    const digests = (type: string, fact: string) =>
      auditEvents(test, 'ra-1', from.ra)
        .filter(event => event.type === type && event.facts['batch'] === batchId)
        .map(({ facts }) => `${String(facts['group'])} ${String(facts[fact])}`)
        .sort();
    expect(digests('ra.batch.group-decided', 'facts')).to.deep.equal(
      groups.map(({ id, facts }) => `${id} ${sha256(facts)}`).sort()
    );
    expect(digests('ra.batch.group-settled', 'results')).to.deep.equal(
      groups.map(({ id, results }) => `${id} ${sha256(results)}`).sort()
    );
    const { abandoned } = await test.reconcile();
    expect(abandoned).to.equal(0);
  });
});

describe('batches beside other work', function () {
  this.timeout(120_000);
  let test: TestSystem;
  before('start', async () => {
    test = await sharedSystem();
  });
  afterEach(() => test.resume('ra-1'));

  const requests = (count: number): Uint8Array[] =>
    Array.from({ length: count }, () => newDeviceRequest(newDeviceId(), 'DS', demoHwType).csr);

  it('ad hoc requests have their certificates while a batch is under way', async () => {
    const maker = test.maker();
    const device = newDeviceId();
    await untilIssued(() => sendEnrolment(maker, 'device', newDeviceRequest(device, 'DS', demoHwType).csr));
    // Half-way: some groups are settled, and the next report is held.
    test.pauseAt('ra-1', 'ra:batch-settle:before', 3);
    const { batchId = '' } = await submitBatch(maker, batchBody('BESIDE', requests(400)));
    await test.waitPaused('ra-1');
    const answers = await inParallel(Array.from({ length: 16 }), 8, () =>
      test.adHoc(newDeviceRequest(device, 'DS', demoHwType).csr)
    );
    expect(answers.map(({ status }) => status)).to.deep.equal(answers.map(() => 'SUCCESS'));
    expect((await pollBatch(maker, batchId)).status).to.equal('PROCESSING');
    test.resume('ra-1');
    expect(await batchResults(maker, batchId)).to.have.lengthOf(400);
  });

  it('batches of two parties share: neither waits for the end of the other', async () => {
    const { files } = await registerSupplier(test, 'SHARING-SUPPLIER', ['batch']);
    const other = subscriberClient(test.url('ra-1', 'public'), files);
    const maker = test.maker();
    try {
      // The first is held at its first groups until the second is there.
      test.pauseAt('ra-1', 'ra:batch-group:before');
      const first = (await submitBatch(maker, batchBody('FIRST', requests(700)))).batchId ?? '';
      await test.waitPaused('ra-1');
      const second = (await submitBatch(other, batchBody('SECOND', requests(300)))).batchId ?? '';
      await eventually('the second is under way', 20_000, async () => {
        const { status } = await pollBatch(other, second);
        return status === 'PROCESSING';
      });
      test.resume('ra-1');
      const [one, two] = [await batchResults(maker, first), await batchResults(other, second)];
      expect([one.length, two.length]).to.deep.equal([700, 300]);
      expect([...one, ...two].filter(({ status }) => status !== 'SUCCESS')).to.deep.equal([]);
      const [order] = await test.sql<{ begun: boolean; left: boolean }>(
        `select (select min(id) from ra.batch_group where batch_id = :second)
                  < (select max(id) from ra.batch_group where batch_id = :first) as begun,
                (select min(id) from ra.batch_group where batch_id = :first)
                  < (select max(id) from ra.batch_group where batch_id = :second) as left`.replaceAll(
          /:(first|second)/g,
          (_, which: string) => (which === 'first' ? first : second)
        )
      );
      expect(order).to.deep.equal({ begun: true, left: true });
      // Each sees its own alone.
      expect((await listBatches(other)).map(({ batchId }) => batchId)).to.deep.equal([second]);
      expect((await pollBatch(other, first)).errorCode).to.equal('FM:AA3');
    } finally {
      other.close();
    }
  });

  it('and the books agree', async () => {
    await test.reconcile();
  });
});

describe('the night window', function () {
  this.timeout(120_000);
  const london = new Intl.DateTimeFormat('en-GB', {
    ...{ timeZone: 'Europe/London', hour: '2-digit', hourCycle: 'h23' }
  });
  /** A policy whose night begins so many hours from now and ends so many later; figures of the night on top. */
  const night = (begins: number, ends: number, figures: Readonly<Record<string, { value: number }>> = {}) => {
    const hour = (later: number) => ({ value: (Number(london.format()) + later + 24) % 24 });
    return {
      'batch.window': { value: 'night' },
      'batch.night.from': hour(begins),
      'batch.night.until': hour(ends),
      ...figures
    };
  };
  let test: TestSystem;
  before('start by day', async () => {
    const policy = night(2, 3);
    test = await startTestSystem({
      adjust: {
        ca: config => ({ ...config, policy }),
        ra: config => ({ ...config, policy }),
        repository: config => ({ ...config, policy })
      }
    });
  });
  after('stop', () => test?.stop());

  /** All processes end and come back under another policy. */
  async function under(policy: object): Promise<void> {
    for (const instance of test.instances) {
      await test.process(instance).stop(10_000);
      const file = test.system.data.path('config', `${instance}.json`);
      const config = JSON.parse(readFileSync(file, 'utf8')) as object;
      writeFileSync(file, JSON.stringify({ ...config, policy }));
    }
    await Promise.all(test.instances.map(instance => test.start(instance)));
  }
  const states = async (maker: HttpClient): Promise<readonly string[]> =>
    (await listBatches(maker)).map(({ name, state, done }) => `${name} ${state} ${done}`).sort();

  it('holds batches back by day and over the figure of a night, and no single requests', async () => {
    const requests = (count: number) =>
      Array.from({ length: count }, () => newDeviceRequest(newDeviceId(), 'DS', demoHwType).csr);
    const adHoc = async (): Promise<string> =>
      (await test.adHoc(newDeviceRequest(parseEui64(test.demo.deviceEui), 'DS', demoHwType).csr)).status;
    const maker = test.maker();
    const { batchId = '' } = await submitBatch(maker, batchBody('BY-DAY', requests(15)));
    await eventually(
      'it is parsed and waits',
      20_000,
      async () => (await states(maker))[0] === 'BY-DAY QUEUED 0'
    );
    expect(await adHoc()).to.equal('SUCCESS');

    await under(night(-1, 2, { 'batch.night.requests': { value: 10 } }));
    await eventually(
      'the figure is used up',
      30_000,
      async () => (await states(maker))[0] === 'BY-DAY PAUSED 10'
    );
    const { status, items } = await pollBatch(maker, batchId);
    expect({ status, items }).to.deep.equal({ status: 'PAUSED', items: [] });
    const { batchId: second = '' } = await submitBatch(maker, batchBody('NEXT', requests(1)));
    await eventually('the next one waits, too', 20_000, async () =>
      (await states(maker)).includes('NEXT QUEUED 0')
    );
    expect(await adHoc()).to.equal('SUCCESS');

    await under(night(-1, 2));
    expect((await batchResults(maker, batchId)).map(item => item.status)).to.deep.equal(
      Array(15).fill('SUCCESS')
    );
    expect((await batchResults(maker, second)).map(item => item.status)).to.deep.equal(['SUCCESS']);
    const events = auditEvents(test, 'ra-1').filter(({ facts }) => facts['batch'] === batchId);
    const moves = events
      .map(({ type }) => type)
      .filter(type => /(started|paused|resumed|completed)$/.test(type));
    expect(moves).to.deep.equal(
      ['started', 'paused', 'resumed', 'completed'].map(name => `ra.batch.${name}`)
    );
    await test.reconcile();
  });
});
