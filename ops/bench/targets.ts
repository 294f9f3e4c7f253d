import type { ResultFile } from './result-file.js';

/** What was aimed at, and where in the results the figure reached stands. Targets are ratios, so that they carry over. */
export interface Target {
  readonly work: string;
  /** In words, as the target was set. */
  readonly target: string;
  readonly reachFor: string;
  /** What explains a figure below it, and what was tried; shown while it is missed. */
  readonly short?: string;
  /** Undefined where it has not been measured. */
  readonly reached: (results: ReadonlyMap<string, ResultFile>) => Reached | undefined;
}

export interface Reached {
  readonly value: number;
  readonly unit: string;
  readonly met: boolean;
}

const adhocShort =
  'What is fixed in a group of ad hoc requests costs more than its certificates: some 35 statements, eight commits and ' +
  'eight calls between processes take about 20 ms of processor a group, and 32 connections make groups of some 15, since two ' +
  'are under way at once; one connection shows the fixed part alone, 128 show what a certificate adds (see the figures). At ' +
  'the most connections the rate is therefore highest. Tried and kept: one signed order, one transaction and one audit write ' +
  'a group at every hop; a group waits for the round under way while fewer wait than are out (at most 50 ms, a lone request ' +
  'never), without which a certificate took 3,370 us instead of 2,350 and p99 at half load was twice as long; one claim a ' +
  'group; 64 MiB for young objects. Tried and without gain: a Unix socket to PostgreSQL, generic plans by force, three ' +
  'groups under way. What is left is fewer hops: the decision and the report each take three round trips.';

const lookUpShort =
  'The bare query is a pipelined statement of 50 us; an answer over HTTP adds node:http, the API key, XML in and out, a log ' +
  'line and, audited, a wait for an fdatasync that all look-ups of one turn share. Tried and kept: look-ups of one turn go ' +
  'together into one statement, one audit write for all, no library on the way of a request, log lines of one turn together.';

export const targets: readonly Target[] = [
  {
    work: 'issuance core: requests in memory to linted, signed, checked, stored certificates, 2 processes',
    target: 'at least 0.4 C',
    reachFor: '0.48 C',
    short:
      'Possession is proved and the certificate checked after signing: two verifications where C has one, so that four ' +
      'fifths of the reach are left before anything else. The rest is the store (COPY into ledger and audit), reports, and the ' +
      'second process of each pair, the signer.',
    reached: atLeast(0.4, 'C', results => ratio(results, 'core', /^core\/2 CA processes$/))
  },
  {
    work: 'batch of 50,000 through the real services, upload to results and publication',
    target: 'at least 0.25 C',
    reachFor: '0.4 C',
    short:
      'A certificate is verified three times on its way (possession, after signing, before publication) and C has one ' +
      'verification; with the signature these are about half of the processors. No other stage but PostgreSQL takes a tenth: ' +
      'three components store the certificate or its request (4.5 kB of log each), which is the evidence each of them keeps by ' +
      'itself. Tried and kept: COPY, one transaction a group, the native verifier, 64 MiB for young objects (a tenth), fewer ' +
      'groups at the end. Tried and without gain: groups of 1,000, other storage of large columns, larger parts for the ' +
      'checking threads.',
    reached: atLeast(0.25, 'C', results => ratio(results, 'batch', /^batch\/50,000 requests, from upload$/))
  },
  {
    work: 'ad hoc over mutual TLS, 32 connections, the answer carries the certificate',
    target: 'at least 0.10 C',
    reachFor: '0.25 C',
    short: adhocShort,
    reached: atLeast(0.1, 'C', results => ratio(results, 'adhoc', /^adhoc\/32 connections$/))
  },
  {
    work: 'ad hoc at half load, 32 connections: p99',
    target: 'at most 60 ms',
    reachFor: '60 ms',
    short: adhocShort,
    reached: atMost(60, 'ms', results => rowOf(results, 'adhoc', /^adhoc\/32 connections, half load$/)?.p99Ms)
  },
  {
    work: 'proof of possession, each request',
    target: 'at most 2.3 bare verifications',
    reachFor: '1.1',
    reached: atMost(2.3, 'bare verifications', results => fact(results, 'verify', 'checks', 'possessionCost'))
  },
  onTwoCores('proof of possession, each request', 'possession', 2.3),
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
  ...verification(
    'a device certificate from its octets under a known issuer, by the public verifier',
    'device',
    1.25
  ),
  ...verification(
    'an organisation certificate from its octets under a known issuer with its status by list, by the public verifier',
    'organisation',
    1.25
  ),
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
    short: lookUpShort,
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

/** On one core and on two, each against the bare verification on as many. */
function verification(of: string, what: string, bound: number): Target[] {
  const work = `verification of ${of}`;
  return [
    {
      ...{ work, target: `at most ${bound} bare verifications`, reachFor: '1.1' },
      reached: atMost(bound, 'bare verifications', results =>
        fact(results, 'verify', 'checks', `${what}Cost`)
      )
    },
    onTwoCores(work, what, bound)
  ];
}

function onTwoCores(work: string, what: string, bound: number): Target {
  return {
    ...{ work: `${work}; two threads`, target: `at most ${bound} bare verifications`, reachFor: '1.1' },
    reached: atMost(bound, 'bare verifications', results =>
      fact(results, 'verify', 'cores', `${what}, 2 threads cost`)
    )
  };
}

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
