import { InvalidArgumentError, Option, type Command } from 'commander';
import process from 'node:process';
import { defaultPolicy } from '../../pki/profile/index.js';
import { ownBatch, ownBatches, type BatchView } from './batch/batches.js';
import { accessOf, connectAs, type AccessOptions, type BatchConnection } from './batch/connection.js';
import { inOwnFolder } from './batch/folder-lock.js';
import { certificateForms, SubmissionFolder, type CertificateForm } from './batch/plan.js';
import { fetchResults } from './batch/results.js';
import { fetchAll, openSubmission, sendAll } from './batch/submit.js';
import { CliError } from './exit.js';
import { formatFields, formatJson, formatTable, type Terminal } from './terminal.js';

interface CommonOptions extends AccessOptions {
  readonly json?: true;
}

interface SubmitOptions extends CommonOptions {
  readonly name: string;
  readonly out: string;
  readonly format: CertificateForm;
  readonly batchSize: number;
  readonly wait?: true;
}

interface ResultsOptions extends CommonOptions {
  readonly out: string;
  readonly format: CertificateForm;
}

/** More is refused, whole (SEC Appendix M 2.5). */
const maxBatchSize = defaultPolicy('test').figures['batch.requests'].value;

/** `smki batch`: a subscriber's side of the batched web service, over mutual TLS with its IKI certificate. */
export function registerBatch(program: Command, terminal: Terminal): void {
  const batch = program.command('batch').description('batches of device requests, as a subscriber');

  subscriber(
    batch
      .command('submit')
      .description(
        'uploads requests as batches; with --wait, fetches the certificates. Again with the same --out: goes on'
      )
      .argument(
        '[files...]',
        'requests (DER, PEM, Base64), folders or ZIP files of them, or SubmitCSRBatch messages'
      )
      .addOption(
        new Option('--name <text>', 'by which the batches are listed').default('batch').argParser(batchName)
      )
      .requiredOption('--out <dir>', 'folder that keeps what was sent, and the results')
      .addOption(format())
      .addOption(
        new Option('--batch-size <requests>', 'most requests in one batch')
          .argParser(batchSize)
          .default(maxBatchSize)
      )
      .option('--wait', 'waits for the outcome and writes NAME.crt for each request, and errors.csv')
  ).action(async (files: readonly string[], options: SubmitOptions) => {
    await whileNotInterrupted(signal =>
      inOwnFolder(options.out, terminal, () => runSubmit(files, options, terminal, signal))
    );
  });

  subscriber(
    batch.command('status').description('how far batches are').argument('<id...>', 'BatchIds')
  ).action(async (ids: readonly string[], options: CommonOptions) => {
    await connected(options, async (connection, signal) => {
      const views: BatchView[] = [];
      for (const id of ids) views.push(await ownBatch(connection, batchId(id), signal));
      terminal.out(options.json ? formatJson(views) : views.map(formatBatch).join('\n\n'));
    });
  });

  subscriber(batch.command('list').description('the batches of the own party')).action(
    async (options: CommonOptions) => {
      await connected(options, async (connection, signal) => {
        const views = await ownBatches(connection, signal);
        terminal.out(options.json ? formatJson(views) : formatBatches(views));
      });
    }
  );

  subscriber(
    batch
      .command('results')
      .description('writes the results of a completed batch as files; those that are there stay')
      .argument('<id>', 'BatchId')
      .requiredOption('--out <dir>', 'folder for the files')
      .addOption(format())
  ).action(async (id: string, options: ResultsOptions) => {
    const write = async (connection: BatchConnection, signal: AbortSignal): Promise<void> => {
      const written = await fetchResults(
        connection,
        batchId(id),
        {
          folder: options.out,
          form: options.format,
          errorOctets: 0,
          batch: id,
          ...(await knownNames(id, options))
        },
        signal
      );
      const { issued, refused, kept } = written;
      const facts = { batchId: id, folder: options.out, issued, refused, kept };
      terminal.out(
        options.json
          ? formatJson(facts)
          : formatFields(Object.entries(facts).map(([name, value]) => [name, String(value)]))
      );
    };
    await connected(options, (connection, signal) =>
      inOwnFolder(options.out, terminal, () => write(connection, signal))
    );
  });
}

async function runSubmit(
  files: readonly string[],
  options: SubmitOptions,
  terminal: Terminal,
  signal: AbortSignal
): Promise<void> {
  const access = await accessOf(options);
  const submission = await openSubmission(
    {
      files,
      folder: options.out,
      name: options.name,
      form: options.format,
      maxRequests: options.batchSize,
      ra: access.ra
    },
    signal
  );
  const connection = await connectAs(access);
  try {
    await sendAll(submission, connection, terminal, signal);
    if (options.wait) await fetchAll(submission, connection, terminal, signal);
  } finally {
    terminal.status?.(undefined);
    connection.close();
  }
  const { batches } = submission.plan;
  terminal.out(
    options.json
      ? formatJson({ folder: options.out, batches })
      : formatTable(
          ['batch', 'state', 'issued', 'refused'],
          batches.map(one => [
            one.batchId ?? '-',
            one.state ?? one.step,
            String(one.issued ?? '-'),
            String(one.refused ?? '-')
          ])
        )
  );
  const lost = batches.filter(({ state }) => state !== undefined && state !== 'COMPLETED');
  if (lost.length > 0)
    throw new CliError('cli/refused', lost.map(one => `batch ${one.batchId} is ${one.state}`).join('; '));
  const refused = batches.reduce((sum, one) => sum + (one.refused ?? 0), 0);
  if (refused > 0)
    throw new CliError(
      'cli/refused',
      `${refused} requests have no certificate: see ${options.out}/errors.csv`
    );
}

/** Names of the requests, where the folder holds the submission of this batch. */
async function knownNames(id: string, { out }: ResultsOptions) {
  const submission = await SubmissionFolder.find(out);
  const batch = submission?.plan.batches.find(one => one.batchId === id && one.message === undefined);
  if (submission === undefined || batch === undefined) return {};
  const expected = new Map<string, { name: string; key: string }>();
  for await (const { id: request, name, key } of submission.requests(batch.number))
    expected.set(request, { name, key });
  return { expected };
}

async function connected(
  options: CommonOptions,
  work: (connection: BatchConnection, signal: AbortSignal) => Promise<void>
): Promise<void> {
  const connection = await connectAs(await accessOf(options));
  try {
    await whileNotInterrupted(signal => work(connection, signal));
  } finally {
    connection.close();
  }
}

/** Ctrl-C ends the work at its next step, with its state written; once more ends the process. */
async function whileNotInterrupted(work: (signal: AbortSignal) => Promise<void>): Promise<void> {
  const controller = new AbortController();
  const stop = (): void => controller.abort();
  process.once('SIGINT', stop);
  process.once('SIGTERM', stop);
  try {
    await work(controller.signal);
  } finally {
    process.removeListener('SIGINT', stop);
    process.removeListener('SIGTERM', stop);
  }
}

function subscriber(command: Command): Command {
  return command
    .option('--endpoints <file>', 'endpoints.json of a running system')
    .addOption(
      new Option('--as <who>', 'whose credential of endpoints.json')
        .choices(['maker', 'supplier'])
        .default('maker')
    )
    .option('--ra <url>', 'base URL of the RA')
    .option('--ca <file>', 'whom to trust there, PEM')
    .option('--cert <file>', 'the IKI certificate of the Authorised System, PEM')
    .option('--key <file>', 'its private key, PEM')
    .option('--json', 'as JSON');
}

function format(): Option {
  return new Option('--format <form>', 'form of the certificates').choices(certificateForms).default('pem');
}

/** Leaves room for what tells the batches of one submission apart; `ID` has at most 256 characters. */
function batchName(text: string): string {
  if (!/^[A-Za-z0-9._-]{1,200}$/.test(text)) throw new InvalidArgumentError('letters, digits, . _ and -');
  return text;
}

function batchSize(text: string): number {
  const size = Number(text);
  if (!/^[1-9][0-9]{0,5}$/.test(text) || size > maxBatchSize)
    throw new InvalidArgumentError(`1 to ${maxBatchSize}`);
  return size;
}

function batchId(text: string): string {
  if (!/^[1-9][0-9]{0,18}$/.test(text)) throw new CliError('cli/option', `${text} is no BatchId`);
  return text;
}

function formatBatches(views: readonly BatchView[]): string {
  return formatTable(
    ['batch', 'state', 'requests', 'issued', 'refused', 'submitted', 'name'],
    views.map(view => [
      ...[view.batchId, view.state, String(view.requests), String(view.issued), String(view.refused)],
      ...[view.submittedAt, view.name]
    ])
  );
}

function formatBatch(view: BatchView): string {
  return formatFields(Object.entries(view).map(([name, value]) => [name, String(value)]));
}
