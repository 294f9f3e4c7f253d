import { expect } from 'chai';
import type { Knex } from 'knex';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import type { Sql } from '../../ops/kit/deps.js';
import { OpenOrders } from '../../ra/issuance/open-orders.js';
import { Outcomes } from '../../ra/issuance/outcomes.js';
import type { RequestOutcome } from '../../ra/issuance/requests.js';
import { Signal } from '../../ra/signal.js';

describe('waiting in the RA', () => {
  // Polls in a minute, so never here.
  const outcomes = () =>
    new Outcomes(
      undefined as unknown as Knex,
      undefined as unknown as Sql,
      60_000,
      () => undefined,
      () => undefined
    );
  const wait = (waiting: Outcomes, id: string) =>
    waiting.expect(id).wait(60_000, new AbortController().signal);
  const issued: RequestOutcome = {
    state: 'issued',
    outcome: undefined,
    certificate: new Uint8Array(1),
    serial: '01',
    availableAt: new Date(0)
  };

  it('ends for everybody when the RA stops, and does not begin again', async () => {
    const waiting = outcomes();
    const waits = ['a', 'a', 'b'].map(id => wait(waiting, id));
    waiting.stop();
    await Promise.all(waits);
    await wait(waiting, 'c');
  });

  it('hands an outcome to everybody who expects the request, also to who has not begun to wait', async () => {
    const waiting = outcomes();
    const early = waiting.expect('a');
    const late = waiting.expect('a');
    const wanted = early.wait(60_000, new AbortController().signal);
    waiting.announce(new Map([['a', issued]]), Promise.resolve());
    expect((await wanted)?.outcome).to.equal(issued);
    expect((await late.wait(60_000, new AbortController().signal))?.outcome).to.equal(issued);
    early.release();
    late.release();
    expect(await waiting.expect('a').wait(1, new AbortController().signal)).to.equal(undefined);
    waiting.stop();
  });

  it('ends for one claim with its connection, and for all with the RA', async () => {
    const stopping = new AbortController();
    const [gone, left] = [new AbortController(), new AbortController()];
    const signal = new Signal();
    const ended: string[] = [];
    const waits = [gone, left].map(({ signal: stop }, index) =>
      signal.wait(60_000, stop, stopping.signal).then(() => ended.push(['gone', 'left'][index]!))
    );
    gone.abort();
    await waits[0];
    expect(ended).to.deep.equal(['gone']);
    stopping.abort();
    await waits[1];
  });

  it('spares a look after one that found nothing, until there is news or another look is due', () => {
    const orders = new OpenOrders();
    expect(orders.emptyFor(150, 1_000)).to.be.lessThanOrEqual(0);
    orders.foundEmpty(orders.news, 1_000);
    expect(orders.emptyFor(150, 1_000)).to.equal(150);
    expect(orders.emptyFor(150, 1_150)).to.equal(0);
    orders.wake();
    expect(orders.emptyFor(150, 1_001)).to.be.lessThanOrEqual(0);
  });

  it('does not take a look for the last word on orders that came while it was under way', () => {
    const orders = new OpenOrders();
    const { news } = orders;
    orders.wake();
    orders.foundEmpty(news, 1_000);
    expect(orders.emptyFor(150, 1_000)).to.be.lessThanOrEqual(0);
  });

  it('leaves nothing behind, however many requests a process has served', async function () {
    this.timeout(20_000);
    setFlagsFromString('--expose-gc');
    const collect = runInNewContext('gc') as () => void;
    const waiting = outcomes();
    const serve = async (requests: number): Promise<number> => {
      for (let request = 0; request < requests; request++) {
        const expectation = waiting.expect(String(request));
        const wait = expectation.wait(60_000, new AbortController().signal);
        waiting.announce(new Map([[String(request), issued]]), Promise.resolve());
        await wait;
        expectation.release();
        if (request % 500 === 0) await new Promise(resolve => setImmediate(resolve));
      }
      collect();
      await new Promise(resolve => setTimeout(resolve, 50));
      collect();
      return process.memoryUsage().heapUsed;
    };
    const before = await serve(20_000);
    const grown = (await serve(80_000)) - before;
    waiting.stop();
    expect(grown).to.be.lessThan(1_500_000);
  });
});
