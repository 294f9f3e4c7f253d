import { expect } from 'chai';
import { decodeOrder, decodeReport, encodeReport } from '../../../pki/messages/index.js';
import { batchStages } from '../../../ra/batch/stages.js';
import { eventually } from '../eventually.js';
import { Stand, type RunningRa, type Subscriber } from '../stand.js';
import type { TestCa } from '../test-ca.js';
import { newRequests } from './devices.js';
import { batchMessage, items, poll, pollUntil, submit } from './messages.js';
import type { BatchReply } from '../../kit/batches.js';

describe('a batch and the failures on its way', function () {
  this.timeout(60_000);
  let stand: Stand;
  let maker: Subscriber;
  let other: Subscriber;
  let ca: TestCa;
  /** Lets go what a test holds back. */
  let release: () => void = () => undefined;
  const orderLifetimeMs = 60_000;

  before(async function () {
    this.timeout(90_000);
    stand = await Stand.open({
      orderLifetimeMs,
      leaseMs: 300_000,
      batches: {
        approval: 'rule',
        pollMs: 30,
        caRetryMs: 10,
        groupMin: 3,
        groupMax: 5,
        groupsInFlight: 4,
        leaseMs: 400
      }
    });
    stand.ca.start();
    maker = await stand.subscriber({ actingRoles: ['manufacturer'], ou: '7F' });
    other = await stand.subscriber({ actingRoles: ['manufacturer'], ou: '7F' });
    await stand.ca.stop();
  });
  beforeEach(() => {
    ca = stand.newCa(stand.first, 'batch');
  });
  afterEach(async () => {
    release();
    stand.faults.stage = () => undefined;
    stand.faults.signer = undefined;
    stand.faults.checker = undefined;
    stand.faults.audit = undefined;
    stand.faults.clockOffset = 0;
    await ca.stop();
  });
  after(async () => stand.close());

  const send = async (count: number, from = maker): Promise<string> => {
    const { batchId } = await submit(from.client, batchMessage(items(...newRequests(count))));
    return batchId ?? '';
  };
  /** Each request once, each with a certificate of its own, no place left held. */
  const whole = async ({ items: certificates }: BatchReply, count: number): Promise<void> => {
    expect(certificates.map(({ status }) => status)).to.deep.equal(Array(count).fill('SUCCESS'));
    expect(certificates.map(({ id }) => id)).to.deep.equal(
      Array.from({ length: count }, (_, n) => `R${n + 1}`)
    );
    expect(
      new Set(certificates.map(({ certificate }) => Buffer.from(certificate ?? []).toString('hex'))).size
    ).to.equal(count);
    expect(await stand.count('ra.device_counter', 'reserved > 0 or issued > 1')).to.equal(0);
  };
  const groupsOf = (batchId: string, state: string) =>
    stand.count('ra.batch_group', { batch_id: batchId, state });

  for (const point of batchStages.filter(name => !name.startsWith('ra:batch-submit')))
    it(`goes on after a failure at ${point}`, async () => {
      let failures = 3;
      stand.faults.stage = reached => {
        if (reached === point && failures > 0) {
          failures -= 1;
          throw new Error('failed here');
        }
      };
      const batchId = await send(17);
      // Reports that fail are sent again, as the CA does.
      const stop = new AbortController();
      const serving = (async () => {
        while (!stop.signal.aborted)
          for (const order of await ca.claim(1, stop.signal).catch(() => [])) {
            const report = await ca.execute(order);
            while ((await ca.report(report)).status !== 200)
              await new Promise(resolve => setTimeout(resolve, 10));
          }
      })();
      await whole(await pollUntil(maker.client, batchId, 'COMPLETED'), 17);
      stop.abort();
      await serving;
      expect(failures).to.equal(0);
    });

  it('waits while signer, checker or audit log do not answer', async () => {
    ca.start();
    for (const fault of ['signer', 'checker', 'audit'] as const) {
      const batchId = await send(4);
      stand.faults[fault] = new Error('away');
      await new Promise(resolve => setTimeout(resolve, 150));
      stand.faults[fault] = undefined;
      await whole(await pollUntil(maker.client, batchId, 'COMPLETED'), 4);
    }
  });

  it('waits while the database is away', async () => {
    const batchId = await send(8);
    await eventually(async () => (await groupsOf(batchId, 'ordered')) > 0);
    const restore = await stand.outage();
    await new Promise(resolve => setTimeout(resolve, 200));
    await restore();
    ca.start();
    await whole(await pollUntil(maker.client, batchId, 'COMPLETED'), 8);
  });

  it('is taken over from a process that died in the middle of a group', async () => {
    const dead = new Promise<void>(resolve => (release = resolve));
    let reached = 0;
    stand.faults.stage = async point => {
      // The first process hangs before the transactions of its groups; what it does later must come to nothing.
      if (point === 'ra:batch-group:before' && reached++ < 3) await dead;
    };
    const batchId = await send(11);
    await eventually(() => reached === 3);
    const second = await stand.start('ra-dead');
    // The first process lives and renews its lease, or takes it again: its lease is ended until the second has it.
    await eventually(async () => {
      await stand.database
        .ownerKnex('ra.batch')
        .where({ id: batchId })
        .whereNot({ lease_holder: 'ra-dead' })
        .update({ lease_holder: 'none', lease_token: null, lease_until: null });
      return (await stand.count('ra.batch', { id: batchId, lease_holder: 'ra-dead' })) === 1;
    });
    ca.start();
    await whole(await pollUntil(maker.client, batchId, 'COMPLETED'), 11);
    release();
    await new Promise(resolve => setTimeout(resolve, 300));
    expect(await stand.count('ra.batch_group', { batch_id: batchId, state: 'ordered' })).to.equal(0);
    const row = await stand.database.knex.raw<{ rows: { items: string }[] }>(
      'select sum(items) as items from ra.batch_group where batch_id = ?',
      [batchId]
    );
    expect(row.rows[0]?.items).to.equal('11');
    await second.close();
  });

  it('goes on in a new process after the first was stopped', async () => {
    const first: RunningRa = await stand.start('ra-first');
    const client = await stand.connect(first, maker.key, maker.certificate);
    const { batchId = '' } = await submit(client, batchMessage(items(...newRequests(13))));
    await eventually(async () => (await groupsOf(batchId, 'ordered')) >= 2);
    await first.close();
    ca.start();
    await whole(await pollUntil(maker.client, batchId, 'COMPLETED'), 13);
  });

  it('orders again what no CA claimed before it expired', async () => {
    const batchId = await send(4);
    await eventually(async () => (await groupsOf(batchId, 'ordered')) === 2);
    stand.faults.clockOffset = orderLifetimeMs + 1_000;
    await eventually(
      async () => (await stand.count('ra.orders', { lane: 'batch', state: 'cancelled' })) >= 2
    );
    ca.start();
    await whole(await pollUntil(maker.client, batchId, 'COMPLETED'), 4);
    const [group] = await stand.events('ra.batch.group-ordered-again');
    expect(group).to.have.property('replaces');
  });

  it('orders again under the same identifiers what a CA claimed and never reported, and takes a late report', async () => {
    const batchId = await send(3);
    const [order] = await ca.claim(5);
    if (order === undefined) throw new Error('no order');
    const late = await ca.execute(order);
    stand.faults.clockOffset = orderLifetimeMs + 1_000;
    const [again] = await ca.claim(5);
    if (again === undefined) throw new Error('no second order');
    const ids = (bytes: Uint8Array) =>
      decodeOrder(bytes).items.map(({ requestId }) => Buffer.from(requestId).toString('hex'));
    expect(ids(again.bytes)).to.deep.equal(ids(order.bytes));
    expect((await ca.report(late)).status).to.equal(200);
    await whole(await pollUntil(maker.client, batchId, 'COMPLETED'), 3);
    const report = await ca.execute(again);
    expect((await ca.report(report)).status).to.equal(200);
    expect((await ca.report(report)).status).to.equal(200);
    expect((await ca.report(late)).status).to.equal(200);
    await whole(await poll(maker.client, `?BatchId=${batchId}`), 3);
  });

  it('raises an alarm for a report that disagrees, and changes nothing', async () => {
    const batchId = await send(3);
    const [order] = await ca.claim(5);
    if (order === undefined) throw new Error('no order');
    const report = decodeReport(await ca.execute(order));
    const [first, second, third] = report.outcomes;
    if (first?.kind !== 'issued' || second?.kind !== 'issued' || third === undefined)
      throw new Error('not issued');
    const stranger = Uint8Array.from(first.requestId);
    stranger[15] = (stranger[15] ?? 0) ^ 1;
    const wrong = {
      'one is missing': [first, second],
      'one is twice': [first, second, second],
      'one is a stranger': [first, second, { ...third, requestId: stranger }],
      'keys are exchanged': [
        { ...first, certificate: second.certificate },
        { ...second, certificate: first.certificate },
        third
      ],
      'one is no certificate': [{ ...first, certificate: new Uint8Array([0x30, 0]) }, second, third]
    };
    for (const [name, outcomes] of Object.entries(wrong))
      expect((await ca.report(encodeReport({ ...report, outcomes }))).status, name).to.equal(422);
    expect(await groupsOf(batchId, 'ordered')).to.equal(1);
    expect((await ca.report(encodeReport(report))).status).to.equal(200);
    await whole(await pollUntil(maker.client, batchId, 'COMPLETED'), 3);
    const refused = report.outcomes.map(({ requestId }) => ({
      kind: 'refused' as const,
      requestId,
      code: 'ca/lint',
      detail: ''
    }));
    expect((await ca.report(encodeReport({ ...report, outcomes: refused }))).status).to.equal(409);
    await whole(await poll(maker.client, `?BatchId=${batchId}`), 3);
  });

  it('is worked on by two RAs of one database, and fetched from either', async () => {
    const second = await stand.start('ra-second');
    const client = await stand.connect(second, maker.key, maker.certificate);
    const secondCa = stand.newCa(second, 'batch');
    const batches = [await send(23), await send(9, other)];
    const { batchId = '' } = await submit(client, batchMessage(items(...newRequests(14))));
    secondCa.start();
    await whole(await pollUntil(client, batches[0], 'COMPLETED'), 23);
    await whole(await pollUntil(other.client, batches[1], 'COMPLETED'), 9);
    await whole(await pollUntil(maker.client, batchId, 'COMPLETED'), 14);
    await secondCa.stop();
    await second.close();
  });

  it('lets the batch of one party go on while another has eight', async () => {
    const eight: string[] = [];
    for (let n = 0; n < 8; n += 1) eight.push(await send(25));
    const one = await send(10, other);
    ca.start();
    await pollUntil(other.client, one, 'COMPLETED');
    for (const batchId of eight) await pollUntil(maker.client, batchId, 'COMPLETED', 40_000);
    for (const batchId of eight) await whole(await poll(maker.client, `?BatchId=${batchId}`), 25);
    const rows = (await stand.database
      .knex('ra.batch')
      .select('id', 'completed_at')
      .whereIn('id', [one, ...eight])
      .orderBy('completed_at')) as { id: string }[];
    // Two of the eight may end before it: one that was nearly done, and one beside it.
    expect(rows.findIndex(({ id }) => id === one)).to.be.at.most(2);
  });
});
