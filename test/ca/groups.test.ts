import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import { stages, type RaPeer } from '../../ca/index.js';
import type { Lane, SignedOrder } from '../../pki/messages/index.js';
import { parseCertificate } from '../../pki/index.js';
import { deviceRequest, organisationRequest } from '../kit/requests.js';
import { codesOf, issuedDer, signOrder, World } from './kit.js';

/** Many orders in one answer to a claim, as an RA under load gives them. */
class BusyRa implements RaPeer {
  readonly name = 'ra-busy';
  readonly rooms: number[] = [];
  readonly #world: World;
  readonly #waiting: Record<Lane, SignedOrder[]> = { adhoc: [], batch: [] };

  constructor(world: World) {
    this.#world = world;
  }

  offer(lane: Lane, orders: readonly SignedOrder[]): void {
    this.#waiting[lane].push(...orders);
  }

  async claim(lane: Lane, waitMs: number, signal: AbortSignal, room: number): Promise<SignedOrder[]> {
    this.rooms.push(room);
    const until = Date.now() + waitMs;
    while (this.#waiting[lane].length === 0 && Date.now() < until && !signal.aborted) await sleep(5);
    return this.#waiting[lane].splice(0);
  }

  report: RaPeer['report'] = report => this.#world.ras.report(report);
}

const times = <T>(n: number, make: (index: number) => T): T[] =>
  Array.from({ length: n }, (_, at) => make(at));

describe('ca: groups', function () {
  this.timeout(60_000);
  let world: World;
  let ra: BusyRa;

  before(async () => {
    world = await World.create();
    ra = new BusyRa(world);
  });
  afterEach(() => world.stopAll());
  after(() => world.close());

  const commitsOf = async () => {
    const rows = await world.rows(
      `select transaction from ca.audit_event where type = 'ca.intent.recorded' group by transaction`
    );
    return rows.length;
  };
  const codesOfAll = async (orders: readonly SignedOrder[]) => {
    const codes: string[][] = [];
    for (const order of orders) codes.push(codesOf(await world.ras.reported(order)));
    return codes;
  };

  it('issues 500 of mixed profiles, each by its own, and refuses the bad ones among them', async () => {
    await world.start({ ras: [ra] });
    const wrong = new Set([3, 250, 499]);
    const usage = (at: number) => (at % 2 === 0 ? 'digitalSignature' : 'keyAgreement');
    const csrs = times(500, at => deviceRequest({ usage: usage(wrong.has(at) ? at + 1 : at) }));
    const profiles = times(500, at => (at % 2 === 0 ? 'device-ds' : 'device-ka'));
    const order = signOrder(world.ra, '', csrs, { profiles, domain: 'smki-device', lane: 'batch' });
    ra.offer('batch', [order]);
    const report = await world.ras.reported(order);
    for (const [at, outcome] of report.outcomes.entries()) {
      if (wrong.has(at)) expect(outcome).to.have.property('code', 'ca/request');
      else expect(parseCertificate(issuedDer(outcome)).keyUsage).to.deep.equal([usage(at)]);
    }
    const lodged = new Set(
      [...world.repository.certificates.values()].map(der => Buffer.from(der).toString('hex'))
    );
    for (const outcome of report.outcomes)
      if (outcome.kind === 'issued')
        expect(lodged.has(Buffer.from(outcome.certificate).toString('hex'))).to.equal(true);
    await world.balance();
  });

  it('issues an order of three profiles of one domain, each checked against the RA key', async () => {
    await world.start({ ras: [ra] });
    const csrs = [
      organisationRequest(),
      organisationRequest({ usage: 'keyAgreement' }),
      organisationRequest({ ou: '87' })
    ];
    const profiles = ['organisation-ds', 'organisation-ka', 'organisation-xml'];
    const order = signOrder(world.ra, 'organisation-ds', csrs, { profiles });
    ra.offer('adhoc', [order]);
    expect(await codesOfAll([order])).to.deep.equal([['issued', 'issued', 'issued']]);
    await world.stopAll();
    await world.start({ ras: [ra], profiles: ['organisation-ds', 'organisation-ka'] });
    const again = signOrder(world.ra, 'organisation-ds', csrs, { profiles });
    ra.offer('adhoc', [again]);
    expect(await codesOfAll([again])).to.deep.equal([times(3, () => 'ca/profile')]);
  });

  it('records what arrives together together, and answers a finished order from memory', async () => {
    await world.start({ ras: [ra] });
    const before = await commitsOf();
    const orders = times(40, () => signOrder(world.ra, 'device-ds', [deviceRequest()]));
    ra.offer('adhoc', orders);
    expect(await codesOfAll(orders)).to.deep.equal(times(40, () => ['issued']));
    expect((await commitsOf()) - before).to.be.within(1, 20);
    await world.balance();
  });

  it('one order out of the ordinary among many: the others are issued, it gets its own answer', async () => {
    await world.start({ ras: [ra] });
    const first = signOrder(world.ra, 'device-ds', [deviceRequest()]);
    ra.offer('adhoc', [first]);
    const report = await world.ras.reported(first);
    const requestIds = [randomBytes(16)];
    const held = signOrder(world.ra, 'device-ds', [deviceRequest()], { requestIds });
    ra.offer('adhoc', [held]);
    await world.ras.reported(held);

    world.ras.reports.clear();
    const ordinary = () => signOrder(world.ra, 'device-ds', [deviceRequest()]);
    const same = [randomBytes(16)];
    const csr = deviceRequest();
    const orders = [
      ordinary(),
      first, // finished before
      ordinary(),
      signOrder(world.ra, 'device-ds', [deviceRequest()], { requestIds }), // another key for one request
      signOrder(world.ra, 'device-ds', [csr], { requestIds: same }), // one request in two orders
      signOrder(world.ra, 'device-ds', [csr], { requestIds: same }),
      ordinary()
    ];
    ra.offer('adhoc', orders);
    const codes = await codesOfAll(orders);
    expect([0, 2, 6].map(at => codes[at])).to.deep.equal([['issued'], ['issued'], ['issued']]);
    expect(await world.ras.reported(first)).to.deep.equal(report);
    expect(codes[3]).to.deep.equal(['ca/request-conflict']);
    expect([codes[4], codes[5]].flat()).to.include('issued');
    for (const code of [codes[4], codes[5]].flat())
      expect(code).to.be.oneOf(['issued', 'ca/request-in-progress']);
    await world.balance();
  });

  it('a database that refuses one order of a commit: the others are issued', async () => {
    await world.start({ ras: [ra] });
    const orders = times(8, () => signOrder(world.ra, 'device-ds', [deviceRequest()]));
    const bad = orders[5] as SignedOrder;
    const key = Buffer.from(bad.signature).toString('hex');
    await world.rows(
      `alter table ca.signed_order add constraint on_purpose check (encode(signature, 'hex') <> '${key}')`
    );
    try {
      ra.offer('adhoc', orders);
      const others = orders.filter(order => order !== bad);
      expect(await codesOfAll(others)).to.deep.equal(times(7, () => ['issued']));
      expect(world.logs.some(({ msg }) => msg.includes('left to the reconciler'))).to.equal(true);
    } finally {
      await world.rows('alter table ca.signed_order drop constraint on_purpose');
    }
    ra.offer('adhoc', [bad]);
    expect(await codesOfAll([bad])).to.deep.equal([['issued']]);
    await world.balance();
  });

  it('a limit that ends within a commit: what fits is issued, the rest is refused and the key stopped', async () => {
    const limited = await World.create();
    const busy = new BusyRa(limited);
    try {
      await limited.start({ ras: [busy], perHour: 5 });
      const orders = times(8, () => signOrder(limited.ra, 'device-ds', [deviceRequest()]));
      busy.offer('adhoc', orders);
      const codes: string[] = [];
      for (const order of orders) codes.push(...codesOf(await limited.ras.reported(order)));
      expect(codes.filter(code => code === 'issued').length).to.be.within(1, 5);
      expect(codes).to.include('ca/ra-limit');
      for (const code of codes) expect(code).to.be.oneOf(['issued', 'ca/ra-limit', 'ca/ra-stopped']);
      const [row] = await limited.rows<{ n: number }>(
        `select sum(certificates)::int as n from ca.ra_key_hour`
      );
      expect(row?.n).to.equal(await limited.count('certificate'));
    } finally {
      await limited.close();
    }
  });

  it('two CAs race for the same groups: each order is signed once, nothing waits for ever', async () => {
    const rivals = [ra, new BusyRa(world)];
    const signed = async () => world.count('intent_item');
    for (const rival of rivals) await world.start({ ras: [rival] });
    const before = await signed();
    const small = times(24, () => signOrder(world.ra, 'device-ds', [deviceRequest(), deviceRequest()]));
    const large = times(4, () =>
      signOrder(
        world.ra,
        'device-ka',
        times(60, () => deviceRequest({ usage: 'keyAgreement' })),
        { lane: 'batch' }
      )
    );
    ra.offer('adhoc', small);
    ra.offer('batch', large);
    rivals[1]?.offer('adhoc', [...small].reverse());
    rivals[1]?.offer('batch', [...large].reverse());
    for (const codes of await codesOfAll([...small, ...large]))
      expect(codes.every(code => code === 'issued')).to.equal(true);
    expect(await signed()).to.equal(before + 24 * 2 + 4 * 60);
    await world.stopAll();
    await world.balance();
  });

  it('each process and lane counts in a row of its own', async () => {
    const [row] = await world.rows<{ shards: number; counted: number }>(
      `select count(distinct shard)::int as shards, sum(certificates)::int as counted from ca.ra_key_hour`
    );
    expect(row?.shards).to.be.greaterThan(2);
    expect(row?.counted).to.be.at.least(await world.count('certificate'));
  });

  it('claims no more than it has room for, and starts no more than that of what it is handed', async () => {
    let running = 0;
    let most = 0;
    await world.start({
      ras: [ra],
      limits: { inFlight: { adhoc: 3, batch: 2 } },
      stage: async at => {
        if (at === 'ca:4:claimed') most = Math.max(most, (running += 1));
        if (at === 'ca:9-report:after') running -= 1;
        await sleep(1);
      }
    });
    ra.rooms.length = 0;
    const orders = times(12, () => signOrder(world.ra, 'device-ds', [deviceRequest()]));
    ra.offer('adhoc', orders);
    await codesOfAll(orders);
    expect(most).to.be.within(1, 4);
    expect(Math.max(...ra.rooms)).to.be.at.most(3);
  });

  it('reads nothing back: a group is told without a look into the ledger', async () => {
    const texts: string[] = [];
    const heard = (query: { sql: string }) => void texts.push(query.sql);
    await world.start({ ras: [ra] });
    world.component.knex.on('query', heard);
    const order = signOrder(
      world.ra,
      'device-ds',
      times(3, () => deviceRequest())
    );
    ra.offer('adhoc', [order]);
    await world.ras.reported(order);
    world.component.knex.off('query', heard);
    expect(texts.filter(text => /from ca\.(certificate|refusal|signed_order)/.test(text))).to.deep.equal([]);
  });

  it('more stale orders than one look takes are all taken over', async () => {
    let free = () => {};
    const gate = new Promise<void>(resolve => (free = resolve));
    const stuck = await world.start({
      ras: [ra],
      limits: { heartbeatMs: 100_000, leaseMs: 200_000, sweepMs: 100_000 },
      stage: at => (at === 'ca:7:before' ? gate : undefined)
    });
    const orders = times(50, () => signOrder(world.ra, 'device-ds', [deviceRequest()]));
    ra.offer('adhoc', orders);
    const open = async () => (await world.rows(`select from ca.intent where state = 'open'`)).length;
    for (let i = 0; i < 500 && (await open()) < 50; i++) await sleep(10);
    await world.start();
    for (const codes of await codesOfAll(orders)) expect(codes).to.deep.equal(['issued']);
    free();
    await stuck.stop();
    await world.stopAll();
    await world.balance();
  });

  it('every stage of issuance is passed in order, by a group as by one', async () => {
    const passed: string[] = [];
    await world.start({ ras: [ra], stage: at => void (at.startsWith('ca:crl') || passed.push(at)) });
    const order = signOrder(
      world.ra,
      'device-ds',
      times(40, () => deviceRequest()),
      { lane: 'batch' }
    );
    ra.offer('batch', [order]);
    await world.ras.reported(order);
    for (let i = 0; i < 300 && !passed.includes('ca:9-acknowledge:after'); i++) await sleep(10);
    expect(passed).to.deep.equal(stages.filter(stage => /^ca:[4-9]/.test(stage)));
  });
});
