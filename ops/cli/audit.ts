import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { InvalidArgumentError, Option, type Command } from 'commander';
import { findAuditEvent, verifyAudit, type AuditReport, type VerifyOptions } from '../audit/index.js';
import { CliError } from './exit.js';
import { formatFields, formatJson, formatTable, type Terminal } from './terminal.js';

type Heads = NonNullable<VerifyOptions['heads']>;

interface VerifyArguments {
  readonly data: string;
  readonly head?: Heads;
  readonly databaseFile?: string;
  readonly component?: string;
  readonly json?: true;
}

/** `smki audit`: reads the audit logs of an installation, or copies of them, and needs nothing that runs. */
export function registerAudit(program: Command, terminal: Terminal): void {
  const audit = program.command('audit').description('the audit log');

  audit
    .command('verify')
    .description(
      'finds changed, removed, reordered, inserted, repeated and truncated events; status 1 when it finds any'
    )
    .argument('[path]', 'a log file or a folder of them (default: the audit folder of --data)')
    .option('--data <dir>', 'folder of the installation', '.data')
    .addOption(
      new Option(
        '--head <instance=seq:size:hash>',
        'head known from elsewhere, stronger than the one beside the log; may be given again'
      ).argParser(addHead)
    )
    .option('--database-file <file>', "file that holds the URL of the component's database, to compare with")
    .option('--component <name>', 'whose database that is: ca, ra, repository')
    .option('--json', 'as JSON')
    .action(async (given: string | undefined, options: VerifyArguments) => {
      const reports = await verify(given ?? path.join(options.data, 'audit'), options);
      terminal.out(options.json ? formatJson(reports) : reports.map(formatReport).join('\n'));
      const found = reports.reduce((sum, report) => sum + report.findings.length, 0);
      if (found > 0) throw new CliError('cli/audit', `${found} findings: the log is not as it was written`);
    });

  audit
    .command('show')
    .description('shows the event of an audit reference')
    .argument('<reference>', 'as answers carry it, e.g. 3-1f')
    .argument('[path]', 'folder of log files (default: the audit folder of --data)')
    .option('--data <dir>', 'folder of the installation', '.data')
    .option('--json', 'as JSON')
    .action(
      async (
        reference: string,
        given: string | undefined,
        options: { readonly data: string; readonly json?: true }
      ) => {
        const folder = given ?? path.join(options.data, 'audit');
        const entry = await orFileError(folder, () => findAuditEvent(folder, reference));
        if (entry === undefined) throw new CliError('cli/refused', `no event ${reference} in ${folder}`);
        if (options.json) {
          terminal.out(formatJson(entry));
          return;
        }
        const facts = Object.entries(entry.facts).map(
          ([name, value]) => [`  ${name}`, JSON.stringify(value)] as const
        );
        terminal.out(
          formatFields([
            ['event', String(entry.seq)],
            ['at', entry.at],
            ['type', entry.type],
            ['actor', entry.actor],
            ...facts
          ])
        );
      }
    );
}

async function verify(place: string, options: VerifyArguments): Promise<AuditReport[]> {
  if ((options.databaseFile === undefined) !== (options.component === undefined)) {
    throw new CliError('cli/option', '--database-file and --component belong together');
  }
  const heads = options.head === undefined ? {} : { heads: options.head };
  if (options.databaseFile === undefined || options.component === undefined) {
    return await readReports(place, heads);
  }
  const { databaseFile, component } = options;
  const url = (await orFileError(databaseFile, () => readFile(databaseFile, 'utf8'))).trim();
  const { connect } = await import('../database/index.js');
  const knex = connect(url, { applicationName: 'smki-audit' });
  try {
    return await readReports(place, { ...heads, database: { knex, component } });
  } finally {
    await knex.destroy();
  }
}

async function readReports(place: string, options: VerifyOptions): Promise<AuditReport[]> {
  const reports = await orFileError(place, () => verifyAudit(place, options));
  // An emptied folder has no bad event in it, and is the worst case all the same.
  if (reports.length === 0) throw new CliError('cli/audit', `there is no audit log in ${place}`);
  const seen = new Set(reports.map(report => path.basename(report.file, '.log')));
  const gone = [...(options.heads?.keys() ?? [])].filter(instance => !seen.has(instance));
  if (gone.length > 0) throw new CliError('cli/audit', `there is no log of ${gone.join(', ')} in ${place}`);
  return reports;
}

function formatReport(report: AuditReport): string {
  const line = `${report.file}: ${report.events} events, head ${report.head.hash.slice(0, 16)}`;
  if (report.findings.length === 0) return `${line}: whole`;
  return [
    line,
    formatTable(
      ['finding', 'event', 'detail'],
      report.findings.map(({ code, seq, detail }) => [code, String(seq), detail])
    )
  ].join('\n');
}

function addHead(text: string, previous: Heads | undefined): Heads {
  const [, instance, seq, size, hash] =
    /^([a-z0-9-]+)=(\d{1,15}):(\d{1,15}):([0-9a-f]{64})$/.exec(text) ?? [];
  if (instance === undefined || hash === undefined)
    throw new InvalidArgumentError('not instance=seq:size:hash');
  return new Map([...(previous ?? []), [instance, { seq: Number(seq), size: Number(size), hash }]]);
}

async function orFileError<T>(name: string, read: () => Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (cause) {
    if (cause instanceof Error && 'syscall' in cause && 'code' in cause) {
      throw new CliError('cli/file', `${name} cannot be read: ${String(cause.code)}`, { cause });
    }
    throw cause;
  }
}
