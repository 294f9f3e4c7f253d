import { expect } from 'chai';
import { benches } from '../../../ops/bench/index.js';
import { formatRows, jsonLine, row } from '../../../ops/bench/row.js';
import { interleave, of, resultOf, together } from '../../../ops/bench/rounds.js';
import { drift, latencies, median, percentile } from '../../../ops/bench/statistics.js';
import { benchCommands } from '../../../ops/cli/bench.js';

describe('benchmark rows', () => {
  const measured = row('hsm/client', { perSecond: 12_345.678, limitPerSecond: 24_691.356, p50Ms: 1.23456 });

  it('a row works its ratio out, keeps four digits and says null for what was not measured', () => {
    expect(measured).to.deep.equal({
      name: 'hsm/client',
      limitPerSecond: 24_690,
      perSecond: 12_350,
      ratio: 0.5,
      p50Ms: 1.235,
      p99Ms: null,
      cpuMicrosPerItem: null,
      rssMiB: null
    });
  });

  it('a line of JSON has every key, always in the same order', () => {
    const keys = 'name limitPerSecond perSecond ratio p50Ms p99Ms cpuMicrosPerItem rssMiB'.split(' ');
    expect(Object.keys(JSON.parse(jsonLine(measured)) as object)).to.deep.equal(keys);
    expect(jsonLine(measured)).to.not.include('\n');
  });

  it('a rate that is none is refused', () => {
    for (const perSecond of [0, -1, NaN, Infinity])
      expect(() => row('x', { perSecond })).to.throw(RangeError);
    expect(() => row('x', { perSecond: 1, limitPerSecond: 0 })).to.throw(RangeError);
  });

  it('the table has a line a row', () => {
    expect(formatRows([measured, measured]).split('\n')).to.have.length(3);
  });

  it('the command line names every benchmark with its own words', () => {
    expect(Object.fromEntries(benches.map(({ name, summary }) => [name, summary]))).to.deep.equal(
      benchCommands
    );
  });
});

describe('benchmark statistics', () => {
  it('medians and percentiles are by number and not by text', () => {
    expect(median([10, 9, 100])).to.equal(10);
    expect(median([1, 2, 3, 10])).to.equal(2.5);
    const hundred = Array.from({ length: 100 }, (_, at) => 100 - at);
    expect(percentile(hundred, 50)).to.equal(50);
    expect(percentile(hundred, 99)).to.equal(99);
    expect(percentile([7], 99)).to.equal(7);
  });

  it('of nothing there is no median, and no latency', () => {
    expect(() => median([])).to.throw(RangeError);
    expect(() => percentile([1], 0)).to.throw(RangeError);
    expect(latencies([])).to.deep.equal({ p50Ms: undefined, p99Ms: undefined });
  });

  it('drift is the change over the whole as a part of the mean', () => {
    const line = (slope: number): [number, number][] => [0, 1, 2, 3, 4].map(x => [x, 10 + slope * x]);
    expect(drift(line(0))).to.equal(0);
    expect(drift(line(1))).to.be.closeTo(4 / 12, 1e-9);
    expect(drift(line(-1))).to.be.closeTo(-4 / 8, 1e-9);
    expect(drift([[0, 1]])).to.equal(0);
  });

  it('cases run in turns, and the result of each is the median of its rounds', async () => {
    const order: string[] = [];
    const rates = { a: [5, 100, 300, 200], b: [5, 10, 10, 10] };
    const turns = { a: 0, b: 0 };
    const results = await interleave(
      (['a', 'b'] as const).map(name => ({
        name,
        async run() {
          order.push(name);
          return { items: rates[name][turns[name]++] ?? 0, elapsedMs: 1_000, cpuMicros: 1_000 };
        }
      })),
      { rounds: 3, ms: 10 }
    );
    expect(order.join('')).to.equal('abababab');
    expect(of(results, 'a').perSecond).to.equal(200);
    expect(of(results, 'b').cpuMicrosPerItem).to.equal(100);
    expect(() => of(results, 'c')).to.throw(RangeError);
  });

  it('rounds of several processes are one: items together, the longest time', () => {
    const merged = together([
      { items: 10, elapsedMs: 900, cpuMicros: 5 },
      { items: 20, elapsedMs: 1_000, cpuMicros: 7, latencies: [1] }
    ]);
    expect(merged).to.deep.equal({ items: 30, elapsedMs: 1_000, cpuMicros: 12, latencies: [1] });
    expect(resultOf([merged]).perSecond).to.equal(30);
  });
});
