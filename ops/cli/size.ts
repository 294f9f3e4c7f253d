import { InvalidArgumentError, Option, type Command } from 'commander';
import { CliError } from './exit.js';
import { formatFields, formatJson, type Terminal } from './terminal.js';

interface SizeArguments {
  readonly certificates: number;
  readonly deadline: number;
  readonly estate?: true;
  readonly from?: string;
  readonly cores: number;
  readonly utilisation: number;
  readonly json?: true;
}

/**
 * Great Britain, as estimated from roll-out figures: some 222 million certificates on devices at one time (two on each
 * meter, communications hub function and gas proxy), each replaced once after installation.
 */
const estateCertificates = 450_000_000;
const daySeconds = 86_400;
const estateSeconds = 30 * daySeconds;

/** `smki size`: nodes, signatures, storage and database load of an estate, from what the benchmarks measured. */
export function registerSize(program: Command, terminal: Terminal): void {
  program
    .command('size')
    .description('nodes, HSM signatures, storage and database load for certificates by a deadline')
    .option('--certificates <n>', 'how many are to be issued', positiveInteger, 100_000_000)
    .option('--deadline <time>', 'within which time: 90m, 24h, 30d', duration, daySeconds)
    .addOption(
      new Option(
        '--estate',
        `the whole estate, ${estateCertificates / 1e6} million certificates, in 30 days`
      ).implies({
        certificates: estateCertificates,
        deadline: estateSeconds
      })
    )
    .option('--from <dir>', 'folder of benchmark results (default: that of the checkout)')
    .option('--cores <n>', 'cores of one node', positiveInteger, 16)
    .option('--utilisation <share>', 'share of each core to plan with', share, 0.7)
    .option('--json', 'as JSON')
    .action(async (given: SizeArguments) => {
      const { readResult, resultsFolder } = await import('../bench/result-file.js');
      const { certificateCost } = await import('../bench/size/measured.js');
      const { size } = await import('../bench/size/model.js');
      const folder = given.from ?? resultsFolder();
      let cost: ReturnType<typeof certificateCost>;
      try {
        cost = certificateCost(readResult(folder, 'batch'));
      } catch (cause) {
        if (!(cause instanceof RangeError || cause instanceof SyntaxError)) throw cause;
        throw new CliError('cli/file', `${folder}: ${cause.message}`, { cause });
      }
      const question = {
        certificates: given.certificates,
        deadlineSeconds: given.deadline,
        coresPerNode: given.cores,
        utilisation: given.utilisation
      };
      const answer = size(question, cost);
      if (given.json) {
        terminal.out(formatJson({ question, measured: cost, answer }));
        return;
      }
      const { cores, nodes, storage } = answer;
      const cpu = (value: number): string => `${value.toFixed(1)} cores`;
      terminal.out(
        formatFields([
          ['rate', `${whole(answer.perSecond)} certificates/s`],
          ['measured', `${cost.point} at ${whole(cost.perSecond)}/s on ${cost.cores} cores`],
          ['CA and its signers', `${nodes.ca} nodes (${cpu(cores.ca)} and ${cpu(cores.signers)})`],
          ['RA', `${nodes.ra} nodes (${cpu(cores.ra)})`],
          ['repository', `${nodes.repository} nodes (${cpu(cores.repository)})`],
          ['PostgreSQL', `${nodes.postgres} nodes (${cpu(cores.postgres)})`],
          ['nodes', `${answer.totalNodes} of ${given.cores} cores`],
          ['HSM', `${whole(answer.hsmSignaturesPerSecond)} signatures/s`],
          [
            'storage',
            `${octets(answer.storageTotal)} (CA ${octets(storage.ca)}, RA ${octets(storage.ra)}, repository ${octets(storage.repository)})`
          ],
          ['write-ahead log', `${octets(answer.walOctets)} in all, ${octets(answer.walOctetsPerSecond)}/s`],
          ['commits', `${whole(answer.commitsPerSecond)}/s`],
          ['database load', `${answer.databaseLoad.toFixed(2)} of one node`]
        ])
      );
    });
}

function whole(value: number): string {
  return Math.ceil(value).toLocaleString('en-GB');
}

function octets(value: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'];
  const power = Math.min(units.length - 1, Math.max(0, Math.floor(Math.log2(Math.max(1, value)) / 10)));
  return `${Number((value / 1_024 ** power).toPrecision(3))} ${units[power]}`;
}

function positiveInteger(text: string): number {
  const value = Number(text);
  if (!(Number.isSafeInteger(value) && value > 0))
    throw new InvalidArgumentError('not a whole number above 0');
  return value;
}

function share(text: string): number {
  const value = Number(text);
  if (!(value > 0 && value <= 1)) throw new InvalidArgumentError('not a share above 0, at most 1');
  return value;
}

const units: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3_600, d: daySeconds };

/** `24h` in seconds. */
function duration(text: string): number {
  const [, count, unit = ''] = /^(\d{1,6})([smhd])$/.exec(text) ?? [];
  const seconds = Number(count) * (units[unit] ?? 0);
  if (!(seconds > 0)) throw new InvalidArgumentError('not a time such as 90m, 24h or 30d');
  return seconds;
}
