import { expect } from 'chai';
import { parseEui64 } from '../../pki/index.js';
import { decodeReport, encodeReport } from '../../pki/messages/index.js';
import { HsmError } from '../../hsm/index.js';
import { AuditUnavailable } from '../../ops/kit/audit.js';
import { p256Key, rsaKey } from '../kit/keys.js';
import { deviceRequest, testDeviceEui } from '../kit/requests.js';
import { raStages } from '../../ra/index.js';
import { adHoc, adHocRequest } from './adhoc-messages.js';
import { eventually } from './eventually.js';
import { Stand, type RunningRa, type Subscriber } from './stand.js';
import type { TestCa } from './test-ca.js';

/** Those that a single request passes; the points of batches have their own tests. */
const stages = raStages.filter(point => !point.startsWith('ra:batch-'));

describe('what comes of a request', function () {
  this.timeout(30_000);
  let stand: Stand;
  let second: RunningRa;
  let supplier: Subscriber;
  /** Claims and reports by hand; the one that runs by itself has been stopped. */
  let ca: TestCa;

  before(async function () {
    this.timeout(90_000);
    // The order deadline of 25 s would make each of these tests as long.
    stand = await Stand.open({ leaseMs: 300, orderLifetimeMs: 5_000 }, { 'deadline.order': { value: 2 } });
    const registering = stand.newCa(stand.first);
    registering.start();
    supplier = await stand.subscriber();
    await registering.stop();
    second = await stand.start('ra-2');
    ca = stand.newCa(second);
    await stand.certified(testDeviceEui);
  });
  after(async () => stand.close());
  afterEach(() => {
    stand.faults.stage = () => undefined;
    stand.faults.signer = undefined;
    stand.faults.audit = undefined;
    stand.faults.sealing = undefined;
    stand.faults.clockOffset = 0;
  });

  const ask = (csr: Uint8Array) => adHoc(supplier.client, adHocRequest(csr));
  const serve = async (from = ca): Promise<number> => {
    const orders = await from.claim(5);
    for (const order of orders) expect((await from.report(await from.execute(order))).status).to.equal(200);
    return orders.length;
  };
  /** As a CA does it: claims again after a fault, and repeats a report until it is taken. */
  const serveUntil = async (stop: AbortSignal): Promise<void> => {
    while (!stop.aborted) {
      const orders = await ca.claim(1, stop).catch(() => []);
      for (const order of orders) {
        const report = await ca.execute(order);
        while ((await ca.report(report)).status !== 200);
      }
    }
  };
  const reserved = async (): Promise<number> => {
    const row = (await stand.database
      .knex('ra.device_counter')
      .select('reserved')
      .where('eui', BigInt.asIntN(64, parseEui64(testDeviceEui)).toString())
      .first()) as { reserved: number };
    return row.reserved;
  };

  it('withdraws an order that nobody claims, and orders the same request afresh', async () => {
    const csr = deviceRequest();
    expect(await ask(csr)).to.include({ status: 'CA_ERROR', errorCode: 'CA:CA1' });
    expect(await ca.claim(0)).to.deep.equal([]);
    expect(await reserved()).to.equal(0);
    const again = ask(csr);
    expect(await serve()).to.equal(1);
    expect((await again).status).to.equal('SUCCESS');
    expect(await stand.events('ra.order.cancelled')).to.have.lengthOf(1);
  });

  it('keeps a claimed request, and gives its certificate when it is sent again', async () => {
    const csr = deviceRequest();
    const first = ask(csr);
    const [order] = await ca.claim(5);
    if (order === undefined) throw new Error('no order');
    expect(await first).to.include({ status: 'CA_ERROR', errorCode: 'CA:CA2' });
    expect(await reserved()).to.equal(1);
    const before = ca.issued;
    expect((await ca.report(await ca.execute(order))).status).to.equal(200);
    expect((await ask(csr)).status).to.equal('SUCCESS');
    expect(ca.issued).to.equal(before + 1);
    expect(await reserved()).to.equal(0);
  });

  it('hands an order to another CA after the lease, and never after it expired', async () => {
    const answer = ask(deviceRequest());
    expect(await ca.claim(5)).to.have.lengthOf(1);
    expect(await ca.claim(0)).to.have.lengthOf(0);
    await new Promise(resolve => setTimeout(resolve, 350));
    const [order] = await ca.claim(0);
    if (order === undefined) throw new Error('not handed out again');
    stand.faults.clockOffset = 10_000;
    expect(await ca.claim(0)).to.have.lengthOf(0);
    stand.faults.clockOffset = 0;
    expect((await answer).errorCode).to.equal('CA:CA2');
    expect((await ca.report(await ca.execute(order))).status).to.equal(200);
    expect(await reserved()).to.equal(0);
  });

  it('orders afresh a request whose claimed order expired, and certifies it once', async () => {
    const csr = deviceRequest();
    const first = ask(csr);
    const [lost] = await ca.claim(5);
    if (lost === undefined) throw new Error('no order');
    await first;
    stand.faults.clockOffset = 10_000;
    const again = ask(csr);
    const [fresh] = await ca.claim(5);
    if (fresh === undefined) throw new Error('no fresh order');
    const report = await ca.execute(fresh);
    await ca.report(report);
    expect((await again).status).to.equal('SUCCESS');
    // The CA that was lost comes back with the same certificate for the same request.
    expect((await ca.report(await ca.execute(lost))).status).to.equal(200);
    expect(await reserved()).to.equal(0);
  });

  it('passes a refusal of the CA on as CA_ERROR and orders the same request afresh', async () => {
    const csr = deviceRequest();
    ca.refuseWith = 'ca/lint';
    const first = ask(csr);
    await serve();
    ca.refuseWith = undefined;
    expect(await first).to.include({ status: 'CA_ERROR', errorCode: 'CA:CA3' });
    const again = ask(csr);
    await serve();
    expect((await again).status).to.equal('SUCCESS');
  });

  it('reserves nothing while the statement key is away, and says so as the authority', async () => {
    const before = await traces();
    stand.faults.signer = new HsmError('hsm/unavailable', 'the token is away');
    const csr = deviceRequest();
    expect(await ask(csr)).to.include({ status: 'CA_ERROR', errorCode: 'CA:HS1' });
    expect(await traces()).to.deep.equal(before);
    stand.faults.signer = undefined;
    const again = ask(csr);
    await serve();
    expect((await again).status).to.equal('SUCCESS');
  });

  it('says nothing of success while the audit log cannot be written', async () => {
    const before = await traces();
    stand.faults.audit = new AuditUnavailable('no space');
    expect(await ask(deviceRequest())).to.include({ status: 'CA_ERROR', errorCode: 'CA:AU1' });
    // A refusal that is not on record is not told either.
    expect(await ask(new Uint8Array(Buffer.from('30000000', 'hex')))).to.include({ errorCode: 'CA:AU1' });
    expect(await traces()).to.deep.equal(before);
  });

  it('holds a certificate back whose delivery cannot be recorded, and delivers it later', async () => {
    const csr = deviceRequest();
    stand.faults.stage = point => {
      if (point === 'ra:deliver:before') stand.faults.audit = new AuditUnavailable('no space');
    };
    const first = ask(csr);
    await serve();
    expect(await first).to.include({ status: 'CA_ERROR', errorCode: 'CA:AU1' });
    stand.faults.stage = () => undefined;
    stand.faults.audit = undefined;
    expect((await ask(csr)).status).to.equal('SUCCESS');
  });

  it('says nothing of success while the database is away, and serves when it is back', async () => {
    const csr = deviceRequest();
    const restore = await stand.outage();
    try {
      expect(await ask(csr)).to.include({ http: 200, status: 'CA_ERROR' });
      const json = await supplier.client.json('GET', '/ra/v1/parties/self');
      expect(json.status).to.equal(503);
      expect(Number(json.headers['retry-after'])).to.be.greaterThan(0);
      expect((await stand.first.ra.health()).status).to.equal('degraded');
    } finally {
      await restore();
    }
    await eventually(async () => (await supplier.client.json('GET', '/ra/v1/parties/self')).status === 200);
    const again = ask(csr);
    await serve();
    expect((await again).status).to.equal('SUCCESS');
  });

  it('passes every stage that it names, and no other', async () => {
    const passed = new Set<string>();
    stand.faults.stage = point => void passed.add(point);
    const answer = ask(deviceRequest());
    await serve();
    expect((await answer).status).to.equal('SUCCESS');
    await ask(deviceRequest());
    expect([...passed].sort()).to.deep.equal([...stages].sort());
  });

  for (const point of stages)
    it(`loses nothing and issues once when ${point} fails`, async () => {
      const issued = ca.issued;
      const csr = deviceRequest();
      let failed = false;
      stand.faults.stage = reached => {
        if (reached !== point || failed) return;
        failed = true;
        throw new Error('stopped here');
      };
      // Only a request that nobody claims in time passes the points of withdrawing.
      const statuses = point.startsWith('ra:cancel') ? [(await ask(csr)).status] : [];
      const done = new AbortController();
      const serving = serveUntil(done.signal);
      while (statuses.at(-1) !== 'SUCCESS' && statuses.length < 6) statuses.push((await ask(csr)).status);
      done.abort();
      await serving;
      expect(failed).to.equal(true);
      expect(statuses.at(-1), statuses.join()).to.equal('SUCCESS');
      expect(statuses.slice(0, -1).every(status => status === 'CA_ERROR')).to.equal(true);
      expect(ca.issued).to.equal(issued + 1);
      expect(await reserved()).to.equal(0);
      expect(await stand.count('ra.request', { state: 'open' })).to.equal(0);
    });

  it('delivers again when the connection broke before the answer was written', async () => {
    const csr = deviceRequest();
    const controller = new AbortController();
    stand.faults.stage = point => {
      if (point === 'ra:deliver:after') controller.abort();
      return point === 'ra:deliver:after' ? new Promise(resolve => setTimeout(resolve, 100)) : undefined;
    };
    const broken = supplier.client
      .send({
        method: 'POST',
        path: '/1.0/AdHocDeviceCSR',
        headers: { 'content-type': 'application/xml' },
        body: adHocRequest(csr),
        signal: controller.signal
      })
      .then(
        () => 'answered',
        () => 'broken'
      );
    await serve();
    expect(await broken).to.equal('broken');
    await eventually(
      async () =>
        (await stand.count('ra.request', 'delivered_at is not null and delivery_confirmed_at is null')) === 0
    );
    stand.faults.stage = () => undefined;
    expect((await ask(csr)).status).to.equal('SUCCESS');
  });

  it('certifies one key once when both RAs are asked at the same moment', async () => {
    const other = await stand.connect(second, supplier.key, supplier.certificate);
    const before = ca.issued;
    const key = p256Key();
    await stand.certified('00-07-81-00-00-00-00-07');
    const answers = [
      adHoc(supplier.client, adHocRequest(deviceRequest({ key }))),
      adHoc(other, adHocRequest(deviceRequest({ key, usage: 'digitalSignature' }))),
      adHoc(other, adHocRequest(deviceRequest({ key, eui: '00-07-81-00-00-00-00-07' })))
    ];
    await serve();
    const statuses = (await Promise.all(answers)).map(({ status, errorCode }) => errorCode ?? status);
    expect(statuses.filter(status => status === 'SUCCESS')).to.have.lengthOf(1);
    expect(statuses.filter(status => /^CR:(9999|R15)$/.test(status))).to.have.lengthOf(2);
    expect(ca.issued).to.equal(before + 1);
  });

  it('joins equal requests sent to both RAs at the same moment', async () => {
    const other = await stand.connect(second, supplier.key, supplier.certificate);
    const before = ca.issued;
    const csr = deviceRequest();
    const answers = [ask(csr), adHoc(other, adHocRequest(csr))];
    await serve();
    const outcomes = (await Promise.all(answers)).map(({ status, errorCode }) => errorCode ?? status);
    // The second of them may arrive only when the first has its certificate already: a duplicate then.
    expect(outcomes).to.include('SUCCESS');
    for (const outcome of outcomes) expect(outcome).to.be.oneOf(['SUCCESS', 'CR:9999']);
    expect(ca.issued).to.equal(before + 1);
  });

  describe('reports', () => {
    it('takes the same report again, and raises an alarm for another', async () => {
      const answer = ask(deviceRequest());
      const [order] = await ca.claim(5);
      if (order === undefined) throw new Error('no order');
      const report = await ca.execute(order);
      expect((await ca.report(report)).status).to.equal(200);
      expect((await answer).status).to.equal('SUCCESS');
      expect((await ca.report(report)).status).to.equal(200);
      const alarms = (await stand.events('ra.alarm.report')).length;
      const { orderId, outcomes } = decodeReport(report);
      const refusals = outcomes.map(({ requestId }) => ({
        kind: 'refused' as const,
        requestId,
        code: 'ca/lint',
        detail: ''
      }));
      expect((await ca.report(encodeReport({ orderId, outcomes: refusals }))).status).to.equal(409);
      expect(await stand.events('ra.alarm.report')).to.have.lengthOf(alarms + 1);
    });

    it('takes no report for sealed that is recorded and not in the audit log', async () => {
      const answer = ask(deviceRequest());
      const [order] = await ca.claim(5);
      if (order === undefined) throw new Error('no order');
      const report = await ca.execute(order);
      // The transaction of the report is done when the log goes away.
      stand.faults.stage = point => {
        if (point === 'ra:report:before') stand.faults.sealing = new AuditUnavailable('full');
      };
      expect((await ca.report(report)).status).to.equal(503);
      expect(await stand.count('ra.orders', "state = 'claimed'")).to.equal(0);
      expect((await ca.report(report)).status).to.equal(503);
      stand.faults.stage = () => undefined;
      stand.faults.sealing = undefined;
      expect((await ca.report(report)).status).to.equal(200);
      await answer;
    });

    it('refuses outcomes of other requests, certificates for other keys, and unknown orders', async () => {
      const answer = ask(deviceRequest());
      const [order] = await ca.claim(5);
      if (order === undefined) throw new Error('no order');
      const { orderId, outcomes } = decodeReport(await ca.execute(order));
      const [outcome] = outcomes;
      if (outcome?.kind !== 'issued') throw new Error('not issued');
      const strange = new Uint8Array(16).fill(9);
      const foreign = stand.hierarchy.issue('iki-client', rsaKey().spki, subject, wholeSecond());
      const reports: [Uint8Array, number][] = [
        [encodeReport({ orderId, outcomes: [] }), 422],
        [encodeReport({ orderId, outcomes: [{ ...outcome, requestId: strange }] }), 422],
        [encodeReport({ orderId, outcomes: [{ ...outcome, certificate: foreign }] }), 422],
        [encodeReport({ orderId, outcomes: [{ ...outcome, certificate: strange }] }), 422],
        [encodeReport({ orderId: strange, outcomes }), 404],
        [strange, 400]
      ];
      for (const [report, status] of reports) expect((await ca.report(report)).status).to.equal(status);
      expect((await answer).errorCode).to.equal('CA:CA2');
      expect((await ca.report(encodeReport({ orderId, outcomes }))).status).to.equal(200);
    });

    it('refuses a report of an order that was withdrawn', async () => {
      await ask(deviceRequest());
      const row = (await stand.database
        .knex('ra.orders')
        .select('bytes', 'key_id', 'signature')
        .where({ state: 'cancelled' })
        .orderBy('created_at', 'desc')
        .first()) as { bytes: Buffer; key_id: Buffer; signature: Buffer };
      const report = await ca.execute({ bytes: row.bytes, keyId: row.key_id, signature: row.signature });
      expect((await ca.report(report)).status).to.equal(409);
    });
  });

  const subject = { commonName: 'x', organisation: 'Test', organisationalUnit: '02' };

  async function traces(): Promise<Record<string, number>> {
    return {
      requests: await stand.count('ra.request'),
      keys: await stand.count('ra.key_registry'),
      orders: await stand.count('ra.orders'),
      reserved: await reserved()
    };
  }
});

function wholeSecond(): Date {
  return new Date(Math.floor(Date.now() / 1000) * 1000);
}
