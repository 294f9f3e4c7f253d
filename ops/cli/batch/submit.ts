import { randomBytes } from 'node:crypto';
import path from 'node:path';
import { CliError } from '../exit.js';
import type { Terminal } from '../terminal.js';
import { ownBatches } from './batches.js';
import { interrupted, type BatchConnection } from './connection.js';
import { inputsOf, messageNameOf, readMessageFile, readRequests, type Input } from './input.js';
import {
  hashOf,
  requestKeyOf,
  SubmissionFolder,
  type CertificateForm,
  type Plan,
  type PlannedBatch,
  type PlannedRequest
} from './plan.js';
import { count, waitForEnd } from './progress.js';
import { fetchResults, type ExpectedResult } from './results.js';
import { submissionMessage, submit } from './submission.js';

export interface SubmitOptions {
  readonly files: readonly string[];
  readonly folder: string;
  /** By which the batches are listed, before a part of its own for each. */
  readonly name: string;
  readonly form: CertificateForm;
  /** Requests in one batch: `batch.requests` of the policy. */
  readonly maxRequests: number;
  readonly ra: string;
}

/**
 * Plans a submission in its folder, or takes up the one that is there: of the same files, to the same RA. Reads every
 * request once, so that a wrong file is found before anything is sent.
 */
export async function openSubmission(options: SubmitOptions, signal: AbortSignal): Promise<SubmissionFolder> {
  const files = options.files.map(file => path.resolve(file));
  const found = await SubmissionFolder.find(options.folder);
  if (found !== undefined) {
    const { plan } = found;
    const same = files.length === 0 || files.join('\n') === plan.files.join('\n');
    if (!same) throw new CliError('cli/option', `${options.folder} holds the submission of other files`);
    if (plan.ra !== options.ra)
      throw new CliError('cli/option', `${options.folder} holds a submission to ${plan.ra}`);
    return found;
  }
  const inputs = await inputsOf(files);
  const batches: PlannedBatch[] = [];
  const token = randomBytes(4).toString('hex');
  return SubmissionFolder.create(
    options.folder,
    planned(inputs, batches, number => `${options.name}-${token}-${number}`, options.maxRequests, signal),
    (): Plan => ({ version: 1, ra: options.ra, files, form: options.form, errorOctets: 0, batches })
  );
}

/** Names the requests in their order and cuts them into batches, which `batches` receives. */
async function* planned(
  inputs: readonly Input[],
  batches: PlannedBatch[],
  nameOf: (number: number) => string,
  maxRequests: number,
  signal: AbortSignal
): AsyncGenerator<PlannedRequest> {
  for (const input of inputs) {
    if (input.kind === 'message') {
      const name = await messageNameOf(input.file);
      const number = batches.length + 1;
      batches.push({ number, message: input.file, step: 'planned', ...(name === undefined ? {} : { name }) });
      continue;
    }
    let batch: PlannedBatch | undefined;
    for await (const { name, der } of readRequests(input.files)) {
      if (signal.aborted) throw interrupted();
      if (batch?.requests === undefined || batch.requests >= maxRequests) {
        const number = batches.length + 1;
        batch = { number, name: nameOf(number), step: 'planned', requests: 0 };
        batches.push(batch);
      }
      const requests = (batch.requests ?? 0) + 1;
      batch.requests = requests;
      yield {
        batch: batch.number,
        id: `R${requests}`,
        name,
        sha256: hashOf(der),
        key: requestKeyOf(der)
      };
    }
  }
}

/** Sends what has not been sent, one batch after the other (SEC Appendix N 3.1.3). */
export async function sendAll(
  submission: SubmissionFolder,
  connection: BatchConnection,
  terminal: Terminal,
  signal: AbortSignal
): Promise<void> {
  for (const batch of submission.plan.batches) {
    if (batch.step === 'sending') await adopt(batch, connection, signal);
    else if (batch.step !== 'planned') continue;
    if (batch.batchId === undefined) {
      batch.step = 'sending';
      batch.sendingSince = new Date().toISOString();
      await submission.save();
      const message =
        batch.message === undefined
          ? submissionMessage(batch.name ?? '', requestsOf(submission, batch.number))
          : readMessageFile(batch.message);
      try {
        batch.batchId = await submit(connection, message, signal);
      } catch (error) {
        // The RA said no: there is nothing to look for.
        if (error instanceof CliError && error.code === 'cli/refused') {
          batch.step = 'planned';
          await submission.save();
        }
        throw error;
      }
    }
    batch.step = 'submitted';
    await submission.save();
    const requests = batch.requests === undefined ? '' : `, ${count(batch.requests)} requests`;
    terminal.error(`batch ${batch.batchId} submitted${requests}`);
  }
}

/** The batch of an upload whose answer was lost, if the RA has it. */
async function adopt(batch: PlannedBatch, connection: BatchConnection, signal: AbortSignal): Promise<void> {
  if (batch.name === undefined)
    throw new CliError(
      'cli/refused',
      `batch ${batch.number} may have been sent, and has no ID to find it by`
    );
  // The RA's clock may be behind ours; our own names are drawn at random and need no time.
  const since = batch.message === undefined ? 0 : Date.parse(batch.sendingSince ?? '') - clockToleranceMs;
  const found = (await ownBatches(connection, signal)).filter(
    ({ name, submittedAt }) => name === batch.name && Date.parse(submittedAt) >= since
  );
  if (found.length > 1)
    throw new CliError('cli/refused', `batch ${batch.number} may be any of ${found.length} of the same name`);
  const [one] = found;
  if (one !== undefined) batch.batchId = one.batchId;
}

/** DESIGN: clocks of two machines that keep time at all. */
const clockToleranceMs = 60_000;

/** The planned requests of one batch, read again from their files, which must not have changed. */
async function* requestsOf(
  submission: SubmissionFolder,
  number: number
): AsyncGenerator<{ readonly id: string; readonly der: Uint8Array }> {
  const inputs = (await inputsOf(submission.plan.files)).filter(input => input.kind === 'requests');
  const plan = submission.requests();
  for (const input of inputs) {
    for await (const { name, der } of readRequests(input.files)) {
      const next = await plan.next();
      const expected = next.done === true ? undefined : next.value;
      if (expected?.name !== name || expected.sha256 !== hashOf(der))
        throw new CliError('cli/file', 'the files are not those that were planned');
      if (expected.batch === number) yield { id: expected.id, der };
      if (expected.batch > number) return;
    }
  }
}

/** Waits for every batch and writes its results, in order. */
export async function fetchAll(
  submission: SubmissionFolder,
  connection: BatchConnection,
  terminal: Terminal,
  signal: AbortSignal
): Promise<void> {
  const { plan, folder } = submission;
  for (const batch of plan.batches) {
    if (batch.step !== 'submitted' || batch.batchId === undefined) continue;
    const { state } = await waitForEnd(connection, batch.batchId, terminal, signal);
    batch.state = state;
    if (state === 'COMPLETED') {
      const expected = batch.message === undefined ? await expectedOf(submission, batch.number) : undefined;
      const written = await fetchResults(
        connection,
        batch.batchId,
        {
          ...{ folder, form: plan.form, errorOctets: plan.errorOctets, batch: batch.batchId },
          ...(expected === undefined ? {} : { expected })
        },
        signal
      );
      batch.issued = written.issued;
      batch.refused = written.refused;
      plan.errorOctets = written.errorOctets;
    }
    batch.step = 'fetched';
    await submission.save();
  }
}

async function expectedOf(
  submission: SubmissionFolder,
  number: number
): Promise<ReadonlyMap<string, ExpectedResult>> {
  const expected = new Map<string, ExpectedResult>();
  for await (const { id, name, key } of submission.requests(number)) expected.set(id, { name, key });
  return expected;
}
