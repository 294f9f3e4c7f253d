import { Argument, Option, type Command } from 'commander';
import process from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';
import { count } from './batch/progress.js';
import { CliError } from './exit.js';
import { callAsOperator, operated, type Operated } from './operator.js';
import { formatFields, formatJson, formatTable, type Terminal } from './terminal.js';

/** As `/admin/v1/batches` answers; fields beside these are shown as they come. */
interface OfficersBatch {
  readonly batchId: string;
  readonly state: string;
  readonly requests: number;
  readonly done: number;
  readonly issued: number;
  readonly refused: number;
  readonly submittedAt: string;
  readonly [field: string]: unknown;
}

interface DecisionOptions extends Operated {
  readonly officer: string;
}

/** BatchStatus of batches that exist (SEC Appendix M 2.5, Appendix E). */
const states = [
  ...['PENDING', 'REJECTED', 'PARSING', 'QUEUED', 'PROCESSING', 'PAUSED', 'COMPLETED', 'TAMPERED']
] as const;
const endStates: ReadonlySet<string> = new Set(['REJECTED', 'COMPLETED', 'TAMPERED']);

/** DESIGN: how often a watched batch is looked at: a person sees it move. */
const watchMs = 1_000;

/** `smki ra batch`: what an officer of the registration authority decides and sees of batches (SEC Appendix M 2.5). */
export function registerOfficersBatches(ra: Command, terminal: Terminal): void {
  const batch = ra
    .command('batch')
    .description('batches that wait for a decision, and how far the others are');

  operated(
    batch
      .command('list')
      .description('lists batches, the newest first')
      .addOption(new Option('--state <state>', 'only those').choices(states))
  ).action(async (options: Operated & { readonly state?: string }) => {
    const batches = await listed(options.data, options.state);
    terminal.out(options.json ? formatJson(batches) : formatList(batches));
  });

  operated(batch.command('show').description('shows a batch').addArgument(batchIdArgument())).action(
    async (id: string, options: Operated) => {
      const one = await callAsOperator(options.data, 'ra', { method: 'GET', path: batchPath(id) });
      terminal.out(options.json ? formatJson(one) : formatBatch(one as OfficersBatch));
    }
  );

  operated(
    batch
      .command('approve')
      .description('approves batches: they are parsed and processed')
      .argument('<id...>', 'BatchIds', collectIds)
      .requiredOption('--officer <name>', 'who approves')
      .option('--note <text>', 'kept with the decision')
  ).action(async (ids: readonly string[], options: DecisionOptions & { readonly note?: string }) => {
    const decided: OfficersBatch[] = [];
    for (const id of ids) {
      const body = {
        officer: options.officer,
        ...(options.note === undefined ? {} : { note: options.note })
      };
      const call = { method: 'POST', path: `${batchPath(id)}/approve`, body } as const;
      decided.push((await callAsOperator(options.data, 'ra', call)) as OfficersBatch);
      // Each is said when it is done: a refusal of the next one does not hide it.
      if (!options.json) terminal.out(`batch ${id}: ${decided.at(-1)?.state ?? ''}`);
    }
    if (options.json) terminal.out(formatJson(decided));
  });

  operated(
    batch
      .command('reject')
      .description('rejects a batch: nothing of it is processed')
      .addArgument(batchIdArgument())
      .requiredOption('--officer <name>', 'who rejects')
      .requiredOption('--reason <text>', 'told to the subscriber')
  ).action(async (id: string, options: DecisionOptions & { readonly reason: string }) => {
    const body = { officer: options.officer, reason: options.reason };
    const call = { method: 'POST', path: `${batchPath(id)}/reject`, body } as const;
    const decided = (await callAsOperator(options.data, 'ra', call)) as OfficersBatch;
    terminal.out(options.json ? formatJson(decided) : `batch ${id}: ${decided.state}`);
  });

  operated(
    batch
      .command('watch')
      .description('shows batches as they go on, until they have ended or Ctrl-C')
      .argument('[id...]', 'BatchIds (default: all that have not ended)', collectIds)
  ).action(async (ids: readonly string[], options: Operated) => {
    await watch(ids, options, terminal);
  });
}

async function watch(ids: readonly string[], options: Operated, terminal: Terminal): Promise<void> {
  const controller = new AbortController();
  const stop = (): void => controller.abort();
  process.once('SIGINT', stop);
  try {
    const said = new Map<string, string>();
    for (;;) {
      const batches =
        ids.length === 0
          ? await listed(options.data)
          : await Promise.all(ids.map(id => one(options.data, id)));
      // Those that had ended before anybody looked are no news.
      const wanted = batches.filter(
        ({ batchId, state }) => ids.length > 0 || said.has(batchId) || !endStates.has(state)
      );
      for (const batch of wanted) {
        const line = options.json ? JSON.stringify(batch) : formatProgress(batch);
        if (said.get(batch.batchId) !== line) terminal.out(line);
        said.set(batch.batchId, line);
      }
      if (wanted.every(({ state }) => endStates.has(state))) return;
      await sleep(watchMs, undefined, { signal: controller.signal });
    }
  } catch (error) {
    // Ctrl-C is how a watch ends.
    if (!controller.signal.aborted) throw error;
  } finally {
    process.removeListener('SIGINT', stop);
  }
}

async function listed(data: string, state?: string): Promise<readonly OfficersBatch[]> {
  const path = state === undefined ? 'batches' : `batches?state=${state}`;
  const answer = await callAsOperator(data, 'ra', { method: 'GET', path });
  return (answer as { readonly batches: readonly OfficersBatch[] }).batches;
}

async function one(data: string, id: string): Promise<OfficersBatch> {
  return (await callAsOperator(data, 'ra', { method: 'GET', path: batchPath(id) })) as OfficersBatch;
}

function batchIdArgument(): Argument {
  return new Argument('<id>', 'BatchId').argParser(readId);
}

function collectIds(text: string, before: readonly string[] | undefined): readonly string[] {
  return [...(before ?? []), readId(text)];
}

function readId(text: string): string {
  if (!/^[1-9][0-9]{0,18}$/.test(text)) throw new CliError('cli/option', `${text} is no BatchId`);
  return text;
}

function batchPath(id: string): string {
  return `batches/${id}`;
}

function formatList(batches: readonly OfficersBatch[]): string {
  return formatTable(
    ['batch', 'state', 'requests', 'done', 'submitted', 'party', 'name'],
    batches.map(batch => [
      ...[batch.batchId, batch.state, count(batch.requests), count(batch.done), batch.submittedAt],
      ...[textOf(batch['partyId']), textOf(batch['name'])]
    ])
  );
}

function formatBatch(batch: OfficersBatch): string {
  return formatFields(Object.entries(batch).map(([name, value]) => [name, textOf(value)]));
}

function formatProgress(batch: OfficersBatch): string {
  const { batchId, state, requests, done, issued, refused } = batch;
  return (
    `batch ${batchId}: ${state}, ${count(done)} of ${count(requests)} done, ` +
    `${count(issued)} issued, ${count(refused)} refused`
  );
}

function textOf(value: unknown): string {
  if (value === undefined || value === null) return '-';
  return typeof value === 'string' ? value : JSON.stringify(value);
}
