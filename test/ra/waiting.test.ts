import { expect } from 'chai';
import type { Knex } from 'knex';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { Outcomes } from '../../ra/issuance/outcomes.js';
import { Signal } from '../../ra/signal.js';

describe('waiting in the RA', () => {
  // Polls in a minute, so never here.
  const outcomes = () => new Outcomes(undefined as unknown as Knex, 60_000, () => undefined);

  it('ends for everybody when the RA stops, and does not begin again', async () => {
    const waiting = outcomes();
    const waits = ['a', 'a', 'b'].map(id => waiting.wait(id, 60_000, new AbortController().signal));
    waiting.stop();
    await Promise.all(waits);
    await waiting.wait('c', 60_000, new AbortController().signal);
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

  it('leaves nothing behind, however many requests a process has served', async function () {
    this.timeout(20_000);
    setFlagsFromString('--expose-gc');
    const collect = runInNewContext('gc') as () => void;
    const waiting = outcomes();
    const serve = async (requests: number): Promise<number> => {
      for (let request = 0; request < requests; request++) {
        const wait = waiting.wait(String(request), 60_000, new AbortController().signal);
        waiting.announce([String(request)]);
        await wait;
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
