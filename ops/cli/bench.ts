import { InvalidArgumentError, Option, type Command } from 'commander';
import { CliError } from './exit.js';
import type { Terminal } from './terminal.js';

/** Names and what they measure; a test holds them against the benchmarks themselves. */
export const benchCommands = {
  verify:
    'proof of possession, verification of certificates and paths, building and lint, against one bare verification and one signature',
  hsm: 'the signer (permits, queue, descriptor, a process of its own) against the module driven bare',
  core: 'requests in memory to linted, signed, checked and stored certificates, against the crypto limit',
  batch:
    'upload of batches to published certificates and results through the real services, against the crypto limit',
  audit:
    'every certificate of a batch, judged by OpenSSL, profile, ledgers, repository and audit logs; 1 on any finding',
  adhoc: 'the ad hoc web service over mutual TLS, an answer a certificate, against the crypto limit',
  store: 'the tables of the CA and the repository as they grow, against a bare COPY of the same octets',
  repository: 'look-ups over HTTP by serial number and EUI-64, against the bare indexed query',
  soak: 'batches at a share of the measured rate for long, on request with processes killed; memory, latency, counts',
  fairness: 'ad hoc requests while a batch runs; the batches of two parties side by side'
} as const;
type BenchName = keyof typeof benchCommands;

interface BenchArguments {
  readonly quick?: true;
  readonly json?: true;
  readonly plot?: string;
  readonly profile?: string;
  readonly data?: string;
  readonly results?: string;
  readonly again?: true;
  readonly workers?: readonly number[];
  readonly requests?: readonly number[];
  readonly clients?: readonly number[];
  readonly tables?: readonly number[];
  readonly inFlight?: readonly number[];
  readonly night?: true;
  readonly minutes?: number;
  readonly rateShare?: number;
  readonly killEvery?: number;
}

/** Options beyond those that every benchmark has. */
const ownOptions: Readonly<Record<BenchName, readonly Option[]>> = {
  verify: [],
  hsm: [numbers('--workers <list>', 'signer processes to measure, such as 1,2')],
  core: [
    numbers('--workers <list>', 'CA processes to measure, such as 1,2,4'),
    numbers('--requests <list>', 'certificates of one run')
  ],
  batch: [
    numbers('--requests <list>', 'sizes of the batches, such as 100,1000,10000,50000'),
    numbers('--in-flight <list>', 'batches at once, such as 1,2,4,8'),
    numbers('--workers <list>', 'CA processes, such as 1,2,3'),
    new Option('--night', 'a night of 375,000 requests with its windows as well')
  ],
  audit: [numbers('--requests <list>', 'sizes of the batches')],
  adhoc: [
    numbers('--clients <list>', 'connections, such as 1,8,32,128'),
    numbers('--requests <list>', 'requests of one run')
  ],
  store: [numbers('--tables <list>', 'rows to measure at, rising, such as 1000000,5000000,10000000')],
  repository: [
    numbers('--clients <list>', 'connections, such as 32'),
    numbers('--tables <list>', 'certificates in the repository')
  ],
  soak: [
    numbers('--requests <list>', 'requests of each batch'),
    new Option('--minutes <n>', 'how long').argParser(positive),
    new Option('--rate-share <share>', 'share of the rate measured at the start').argParser(positive),
    new Option('--kill-every <seconds>', 'kills a process drawn at random that often').argParser(positive)
  ],
  fairness: [
    numbers('--requests <list>', 'requests of the batch'),
    numbers('--clients <list>', 'connections of the ad hoc load')
  ]
};

/** `smki bench`: measures this machine; each benchmark is loaded when it is asked for. */
export function registerBench(program: Command, terminal: Terminal): void {
  const bench = program
    .command('bench')
    .description('benchmarks: each measures its limit in the same run and prints the ratio');
  for (const name of Object.keys(benchCommands) as BenchName[]) {
    const command = bench
      .command(name)
      .description(benchCommands[name])
      .option('--quick', 'in less than a minute: fewer points and shorter rounds')
      .option('--json', 'one JSON object a row')
      .option('--plot <dir>', 'folder for SVG plots')
      .option('--profile <dir>', 'folder for .cpuprofile files of the processes measured')
      .option('--data <dir>', 'folder that keeps requests, tokens and tables for the next run')
      .option(
        '--results <dir>',
        'folder of the result file (default: that of the checkout; none with --quick)'
      )
      .option('--again', 'measures again what the result file holds');
    for (const option of ownOptions[name]) command.addOption(option);
    command.action((given: BenchArguments) => run(name, given, terminal));
  }
  bench
    .command('report')
    .description('writes REPORT.md and its plots from the result files')
    .option('--results <dir>', 'folder of the result files (default: that of the checkout)')
    .action(async ({ results }: { readonly results?: string }) => {
      const { resultsFolder } = await import('../bench/result-file.js');
      const { writeReport } = await import('../bench/report.js');
      terminal.out(writeReport(results ?? resultsFolder()));
    });
}

async function run(name: BenchName, given: BenchArguments, terminal: Terminal): Promise<void> {
  const { benches, runBench } = await import('../bench/index.js');
  const { resultsFolder } = await import('../bench/result-file.js');
  const { formatRows, jsonLine } = await import('../bench/row.js');
  const bench = benches.find(candidate => candidate.name === name);
  if (bench === undefined) throw new CliError('cli/option', `there is no benchmark ${name}`);
  const { json = false, killEvery: killEverySeconds, quick = false, ...rest } = given;
  const results = given.results ?? (quick ? undefined : resultsFolder());
  const { points } = await runBench(
    bench,
    { ...rest, quick, killEverySeconds, results },
    {
      row: row => {
        if (json) terminal.out(jsonLine(row));
      },
      report: line => terminal.error(line)
    }
  );
  if (!json) terminal.out(formatRows(Object.values(points).flatMap(({ rows }) => rows)));
  const findings = Object.values(points).flatMap(point => point.findings ?? []);
  if (findings.length > 0) throw new CliError('cli/refused', `${findings.length} findings`);
}

function numbers(flags: string, description: string): Option {
  return new Option(flags, description).argParser(text => {
    const values = text.split(',').map(Number);
    if (!values.every(value => Number.isSafeInteger(value) && value > 0))
      throw new InvalidArgumentError('not whole numbers above 0 with commas between');
    return values;
  });
}

function positive(text: string): number {
  const value = Number(text);
  if (!(Number.isFinite(value) && value > 0)) throw new InvalidArgumentError('not a number above 0');
  return value;
}
