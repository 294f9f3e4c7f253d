import type { ResultFile } from './result-file.js';

/** What was aimed at, and where in the results the figure reached stands. Targets are ratios, so that they carry over. */
export interface Target {
  readonly work: string;
  /** In words, as the target was set. */
  readonly target: string;
  readonly reachFor: string;
  /** Undefined where it has not been measured. */
  readonly reached: (results: ReadonlyMap<string, ResultFile>) => Reached | undefined;
}

export interface Reached {
  readonly value: number;
  readonly unit: string;
  readonly met: boolean;
}

export const targets: readonly Target[] = [
  {
    work: 'issuance core: requests in memory to linted, signed, checked, stored certificates, 2 processes',
    target: 'at least 0.4 C',
    reachFor: '0.48 C',
    reached: atLeast(0.4, 'C', results => ratio(results, 'core', /^core\/2 CA processes$/))
  },
  {
    work: 'batch of 50,000 through the real services, upload to results and publication',
    target: 'at least 0.25 C',
    reachFor: '0.4 C',
    reached: atLeast(0.25, 'C', results => ratio(results, 'batch', /^batch\/50,000 requests, from upload$/))
  },
  {
    work: 'ad hoc over mutual TLS, 32 connections, the answer carries the certificate',
    target: 'at least 0.10 C',
    reachFor: '0.25 C',
    reached: atLeast(0.1, 'C', results => ratio(results, 'adhoc', /^adhoc\/32 connections$/))
  },
  {
    work: 'ad hoc at half load, 32 connections: p99',
    target: 'at most 60 ms',
    reachFor: '60 ms',
    reached: atMost(60, 'ms', results => rowOf(results, 'adhoc', /^adhoc\/32 connections, half load$/)?.p99Ms)
  },
  {
    work: 'proof of possession, each request',
    target: 'at most 2.3 bare verifications',
    reachFor: '1.1',
    reached: atMost(2.3, 'bare verifications', results => fact(results, 'verify', 'checks', 'possessionCost'))
  },
  {
    work: 'building a certificate',
    target: 'at most 0.25 of a token signature',
    reachFor: '0.10',
    reached: atMost(0.25, 'of a signature', results => fact(results, 'verify', 'checks', 'templateCost'))
  },
  {
    work: 'lint of a certificate',
    target: 'at most 0.25 of a token signature',
    reachFor: '0.10',
    reached: atMost(0.25, 'of a signature', results => fact(results, 'verify', 'checks', 'lintCost'))
  },
  {
    work: 'verification of a certificate under a cached issuer',
    target: 'at most 1.25 bare verifications',
    reachFor: '1.1',
    reached: atMost(1.25, 'bare verifications', results => fact(results, 'verify', 'checks', 'issuedCost'))
  },
  ...(
    [
      'by serial number, without audit',
      'by serial number, audited',
      'by EUI-64, without audit',
      'by EUI-64, audited'
    ] as const
  ).map((title): Target => ({
    work: `repository look-up over HTTP ${title}, 32 connections`,
    target: 'at least 0.5 of the bare query',
    reachFor: '0.7',
    reached: atLeast(
      0.5,
      'of the bare query',
      results => rowOf(results, 'repository', name => name === `repository/${title}, 32 connections`)?.ratio
    )
  })),
  ...(['ca', 'repository'] as const).map((ledger): Target => ({
    work: `insert into the ${ledger} tables at 10 million certificates against 1 million`,
    target: 'within 40 %',
    reachFor: 'flat',
    reached: atLeast(0.6, 'of the rate at 1 million', results =>
      overSize(results, `${ledger} insertPerSecond`)
    )
  })),
  ...(['serial number', 'EUI-64'] as const).map((key): Target => ({
    work: `look-up by ${key} at 10 million certificates against 1 million`,
    target: 'within 20 %',
    reachFor: 'flat',
    reached: atLeast(0.8, 'of the rate at 1 million', results => overSize(results, `${key} lookupPerSecond`))
  })),
  {
    work: 'memory of any process during a batch of 50,000',
    target: 'at most 512 MiB',
    reachFor: '256 MiB',
    reached: atMost(
      512,
      'MiB',
      results => rowOf(results, 'batch', /^batch\/50,000 requests, from upload$/)?.rssMiB
    )
  },
  {
    work: 'CPU of a certificate with 3 CA processes against 1',
    target: 'within 10 %',
    reachFor: 'the same',
    reached: atMost(1.1, 'of the CPU with 1', results => {
      const one = fact(results, 'batch', '1 CA processes', 'cpuMicros');
      const three = fact(results, 'batch', '3 CA processes', 'cpuMicros');
      return one === undefined || three === undefined ? undefined : three / one;
    })
  },
  {
    work: 'busy database backends that wait for a lock, 3 CA processes',
    target: 'at most 5 %',
    reachFor: '0',
    reached: atMost(0.05, 'of the samples', results => fact(results, 'batch', '3 CA processes', 'lockWaits'))
  }
];

type Value = (results: ReadonlyMap<string, ResultFile>) => number | null | undefined;

function atLeast(bound: number, unit: string, value: Value): Target['reached'] {
  return results => judged(value(results), unit, reached => reached >= bound);
}

function atMost(bound: number, unit: string, value: Value): Target['reached'] {
  return results => judged(value(results), unit, reached => reached <= bound);
}

function judged(
  value: number | null | undefined,
  unit: string,
  meets: (value: number) => boolean
): Reached | undefined {
  return value === null || value === undefined ? undefined : { value, unit, met: meets(value) };
}

function rowOf(
  results: ReadonlyMap<string, ResultFile>,
  bench: string,
  name: RegExp | ((name: string) => boolean)
) {
  const fits = typeof name === 'function' ? name : (text: string): boolean => name.test(text);
  return Object.values(results.get(bench)?.points ?? {})
    .flatMap(({ rows }) => rows)
    .find(row => fits(row.name));
}

function ratio(
  results: ReadonlyMap<string, ResultFile>,
  bench: string,
  name: RegExp
): number | null | undefined {
  return rowOf(results, bench, name)?.ratio;
}

function fact(
  results: ReadonlyMap<string, ResultFile>,
  bench: string,
  point: string,
  name: string
): number | undefined {
  return results.get(bench)?.points[point]?.facts[name];
}

function overSize(results: ReadonlyMap<string, ResultFile>, name: string): number | undefined {
  const small = fact(results, 'store', '1,000,000 certificates', name);
  const large = fact(results, 'store', '10,000,000 certificates', name);
  return small === undefined || large === undefined ? undefined : large / small;
}
