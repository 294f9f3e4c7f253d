import { expect } from 'chai';
import { parseEui64 } from '../../pki/index.js';
import { AuditUnavailable } from '../../ops/kit/audit.js';
import { p256Key } from '../kit/keys.js';
import { deviceRequest, testDeviceEui } from '../kit/requests.js';
import { adHoc, adHocRequest, type AdHocAnswer } from './adhoc-messages.js';
import { eventually } from './eventually.js';
import { Stand, type RunningRa, type Subscriber } from './stand.js';
import type { TestCa } from './test-ca.js';

describe('requests that go together', function () {
  this.timeout(30_000);
  let stand: Stand;
  let second: RunningRa;
  let supplier: Subscriber;
  let other: Subscriber;
  let ca: PatientCa;

  before(async function () {
    this.timeout(90_000);
    stand = await Stand.open({}, { 'deadline.order': { value: 3 } });
    ca = new PatientCa(stand.ca);
    supplier = await stand.subscriber();
    other = await stand.subscriber();
    second = await stand.start('ra-2');
    await stand.certified(testDeviceEui);
  });
  after(async () => {
    await ca.stop();
    await stand.close();
  });
  afterEach(() => {
    stand.faults.stage = () => undefined;
    stand.faults.audit = undefined;
    stand.faults.sealing = undefined;
  });

  const ask = (csr: Uint8Array | string, from = supplier) => adHoc(from.client, adHocRequest(csr));
  const told = ({ status, errorCode }: AdHocAnswer) => errorCode ?? status;
  const tally = (answers: readonly AdHocAnswer[]): Record<string, number> => {
    const counts: Record<string, number> = {};
    for (const answer of answers) counts[told(answer)] = (counts[told(answer)] ?? 0) + 1;
    return counts;
  };

  /** Sends all while a group is under way, so that they form the next one. */
  async function together(csrs: readonly (Uint8Array | string)[], from = supplier): Promise<AdHocAnswer[]> {
    const before = stand.faults.stage;
    let open: () => void = () => undefined;
    const opened = new Promise<void>(resolve => (open = resolve));
    let holding = false;
    stand.faults.stage = point => {
      if (point !== 'ra:check:before' || holding) return before(point);
      holding = true;
      return opened;
    };
    const first = ask(deviceRequest({ eui: strangerEui }));
    await eventually(async () => holding);
    const answers = csrs.map(csr => ask(csr, from));
    await new Promise(resolve => setTimeout(resolve, 250));
    open();
    expect(told(await first)).to.equal('UD:R13');
    return Promise.all(answers);
  }

  async function counter(eui: string): Promise<{ issued: number; reserved: number } | undefined> {
    return (await stand.database
      .knex('ra.device_counter')
      .select('issued', 'reserved')
      .where('eui', BigInt.asIntN(64, parseEui64(eui)).toString())
      .first()) as { issued: number; reserved: number } | undefined;
  }

  it('are ordered in one order, whatever their usage and party', async () => {
    const ordered = stand.ca.orders.length;
    const [mine, theirs] = await Promise.all([
      together([deviceRequest(), deviceRequest({ usage: 'keyAgreement' }), deviceRequest()]),
      new Promise(resolve => setTimeout(resolve, 100)).then(() => ask(deviceRequest(), other))
    ]);
    expect(tally([...mine, theirs])).to.deep.equal({ SUCCESS: 4 });
    const [order, ...more] = stand.ca.orders.slice(ordered);
    expect(more).to.have.lengthOf(0);
    expect(order?.items.map(({ profile }) => profile).sort()).to.deep.equal([
      'device-ds',
      'device-ds',
      'device-ds',
      'device-ka'
    ]);
    const row = (await stand.database
      .knex('ra.orders')
      .select('party_id')
      .orderBy('created_at', 'desc')
      .first()) as { party_id: string | null };
    expect(row.party_id).to.equal(null);
  });

  it('are one request where they are equal', async () => {
    const issued = stand.ca.issued;
    const csr = deviceRequest();
    const answers = await together([csr, csr, csr, csr, deviceRequest()]);
    const counts = tally(answers);
    // Who looks again after the first has its answer is a duplicate.
    expect((counts['SUCCESS'] ?? 0) + (counts['CR:9999'] ?? 0)).to.equal(5);
    expect(counts['SUCCESS']).to.be.at.least(2);
    expect(stand.ca.issued).to.equal(issued + 2);
  });

  it('have one public key once', async () => {
    const issued = stand.ca.issued;
    const key = p256Key();
    const answers = await together([
      deviceRequest({ key }),
      deviceRequest({ key }),
      deviceRequest({ key, usage: 'keyAgreement' }),
      deviceRequest()
    ]);
    expect(answers.map(told).sort()).to.deep.equal(['CR:9999', 'CR:R15', 'SUCCESS', 'SUCCESS']);
    expect(stand.ca.issued).to.equal(issued + 2);
  });

  it('never pass the limit of a device that several of them are for', async () => {
    const eui = '00-07-81-00-00-00-00-31';
    await stand.certified(eui, 97);
    const answers = await together([
      ...Array.from({ length: 6 }, () => deviceRequest({ eui })),
      deviceRequest()
    ]);
    expect(tally(answers)).to.deep.equal({ SUCCESS: 4, 'CA:R12': 3 });
    expect(await counter(eui)).to.deep.equal({ issued: 100, reserved: 0 });
  });

  it('never pass the limit when they come through two RAs', async () => {
    const eui = '00-07-81-00-00-00-00-32';
    await stand.certified(eui, 95);
    const client = await stand.connect(second, supplier.key, supplier.certificate);
    const answers = await Promise.all(
      Array.from({ length: 12 }, (_, index) =>
        adHoc(index % 2 === 0 ? supplier.client : client, adHocRequest(deviceRequest({ eui })))
      )
    );
    expect(tally(answers)).to.deep.equal({ SUCCESS: 5, 'CA:R12': 7 });
    expect(await counter(eui)).to.deep.equal({ issued: 100, reserved: 0 });
  });

  it('are refused one by one, each with its own first fault', async () => {
    const answers = await together([
      deviceRequest(),
      'AAAA',
      deviceRequest({ eui: strangerEui }),
      'no base64',
      deviceRequest()
    ]);
    expect(answers.map(told)).to.deep.equal(['SUCCESS', 'CR:R1', 'UD:R13', 'CR:R1', 'SUCCESS']);
  });

  it('leave nothing behind while the audit log is away, and go on when it is back', async () => {
    const csrs = [deviceRequest(), deviceRequest(), deviceRequest()];
    const before = await traces();
    stand.faults.stage = point => {
      if (point === 'ra:decide:before') stand.faults.audit = new AuditUnavailable('full');
    };
    const answers = await Promise.all(csrs.map(csr => ask(csr)));
    stand.faults.stage = () => undefined;
    stand.faults.audit = undefined;
    expect(tally(answers)).to.deep.equal({ 'CA:AU1': 3 });
    expect(await traces()).to.deep.equal(before);
    expect(tally(await together(csrs))).to.deep.equal({ SUCCESS: 3 });
  });

  it('say nothing of success when the decision cannot be sealed, and are issued once', async () => {
    const issued = stand.ca.issued;
    const csrs = [deviceRequest(), deviceRequest()];
    stand.faults.stage = point => {
      if (point === 'ra:decide:after') stand.faults.sealing = new AuditUnavailable('full');
    };
    const answers = Promise.all(csrs.map(csr => ask(csr)));
    await eventually(async () => (await stand.count('ra.orders', "state = 'finished'")) > 0);
    await new Promise(resolve => setTimeout(resolve, 300));
    stand.faults.stage = () => undefined;
    expect(tally(await answers)).to.deep.equal({ 'CA:AU1': 2 });
    stand.faults.sealing = undefined;
    await eventually(async () => tally(await together(csrs))['SUCCESS'] === 2);
    expect(stand.ca.issued).to.equal(issued + 2);
  });

  it('are issued once each when the database goes away in their decision', async () => {
    const issued = stand.ca.issued;
    const csrs = [deviceRequest(), deviceRequest(), deviceRequest()];
    let restore: Promise<() => Promise<void>> | undefined;
    stand.faults.stage = async point => {
      if (point !== 'ra:decide:before') return;
      restore ??= stand.outage();
      await restore;
    };
    const answers = await Promise.all(csrs.map(csr => ask(csr)));
    stand.faults.stage = () => undefined;
    await (
      await restore
    )?.();
    for (const { status } of answers) expect(status).to.equal('CA_ERROR');
    await eventually(async () => (await supplier.client.json('GET', '/ra/v1/parties/self')).status === 200);
    expect(tally(await together(csrs))).to.deep.equal({ SUCCESS: 3 });
    expect(stand.ca.issued).to.equal(issued + 3);
  });

  it('go on without the one that another RA overtook', async () => {
    const client = await stand.connect(second, supplier.key, supplier.certificate);
    const contested = deviceRequest();
    let open: () => void = () => undefined;
    const opened = new Promise<void>(resolve => (open = resolve));
    let held = false;
    stand.faults.stage = point => {
      if (point !== 'ra:decide:before' || held) return undefined;
      held = true;
      return opened;
    };
    const mine = [ask(contested), ask(deviceRequest())];
    await eventually(async () => held);
    const theirs = adHoc(client, adHocRequest(contested));
    expect(told(await theirs)).to.equal('SUCCESS');
    open();
    const answers = (await Promise.all(mine)).map(told);
    expect(answers[0]).to.be.oneOf(['SUCCESS', 'CR:9999']);
    expect(answers[1]).to.equal('SUCCESS');
    expect(await stand.count('ra.request', { state: 'open' })).to.equal(0);
  });

  it('hand the key of a request that ended without a certificate to the next one for the same subject', async () => {
    const key = p256Key();
    const failed = deviceRequest({ key });
    await ca.stop();
    expect(told(await ask(failed))).to.equal('CA:CA1');
    ca = new PatientCa(stand.ca);
    expect(told(await ask(deviceRequest({ key, usage: 'keyAgreement' })))).to.equal('CR:R15');
    const answers = await together([deviceRequest({ key }), deviceRequest({ key })]);
    expect(answers.map(told).sort()).to.deep.equal(['CR:9999', 'SUCCESS']);
    expect(told(await ask(failed))).to.equal('CR:9999');
  });

  async function traces(): Promise<Record<string, unknown>> {
    return {
      requests: await stand.count('ra.request'),
      keys: await stand.count('ra.key_registry'),
      orders: await stand.count('ra.orders'),
      counter: await counter(testDeviceEui)
    };
  }
});

/** As a real CA does it: claims again after a fault, and repeats a report until it is taken. */
class PatientCa {
  readonly #stop = new AbortController();
  readonly #running: Promise<void>;

  constructor(ca: TestCa) {
    this.#running = this.#run(ca);
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#running;
  }

  async #run(ca: TestCa): Promise<void> {
    const { signal } = this.#stop;
    while (!signal.aborted)
      for (const order of await ca.claim(20, signal).catch(() => [])) {
        const report = await ca.execute(order);
        while ((await ca.report(report)).status !== 200)
          await new Promise(resolve => setTimeout(resolve, 20));
      }
  }
}

/** A device that never had a certificate. */
const strangerEui = '00-07-81-00-00-00-00-99';
