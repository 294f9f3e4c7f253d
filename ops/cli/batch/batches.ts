import { z } from 'zod';
import { CliError } from '../exit.js';
import { wholeOf, type BatchConnection, type StreamedAnswer } from './connection.js';

/** A batch as the JSON routes of the RA show it; states as SEC Appendix M has them (2.5, Appendix D). */
const batchView = z.object({
  batchId: z.string(),
  name: z.string(),
  source: z.enum(['batch', 'portal']),
  state: z.string(),
  requests: z.number(),
  parsed: z.number(),
  ordered: z.number(),
  done: z.number(),
  issued: z.number(),
  refused: z.number(),
  submittedAt: z.string(),
  completedAt: z.string().optional(),
  availableUntil: z.string().optional(),
  reason: z.string().optional()
});
export type BatchView = z.infer<typeof batchView>;

const batchList = z.object({ batches: z.array(batchView) });

/** States that a batch does not leave. */
const ended: ReadonlySet<string> = new Set(['COMPLETED', 'REJECTED', 'TAMPERED']);

export function hasEnded({ state }: Pick<BatchView, 'state'>): boolean {
  return ended.has(state);
}

export async function ownBatches(connection: BatchConnection, signal: AbortSignal): Promise<BatchView[]> {
  return (await readJson(batchList, await connection.get('/ra/v1/batches', signal))).batches;
}

export async function ownBatch(
  connection: BatchConnection,
  batchId: string,
  signal: AbortSignal
): Promise<BatchView> {
  const answer = await connection.get(`/ra/v1/batches/${encodeURIComponent(batchId)}`, signal);
  return readJson(batchView, answer);
}

async function readJson<S extends z.ZodType>(schema: S, answer: StreamedAnswer): Promise<z.output<S>> {
  const body = await wholeOf(answer);
  if (answer.status !== 200) throw refusalOf(answer.status, body);
  let value: unknown;
  try {
    value = JSON.parse(body.toString('utf8'));
  } catch (cause) {
    throw new CliError('cli/unavailable', 'the answer is not JSON', { cause });
  }
  const read = schema.safeParse(value);
  if (!read.success)
    throw new CliError('cli/unavailable', 'the answer has another form', { cause: read.error });
  return read.data;
}

/** What an answer with another status than it should have says: problem details (RFC 9457), or nothing we know. */
export function refusalOf(status: number, body: Buffer): CliError {
  const code = status >= 500 ? 'cli/unavailable' : 'cli/refused';
  let problem: Readonly<Record<string, unknown>> = {};
  try {
    problem = JSON.parse(body.toString('utf8')) as typeof problem;
  } catch {
    // The status is all there is.
  }
  const words = [problem['code'], problem['detail'] ?? problem['title']];
  return new CliError(
    code,
    [`status ${status}`, ...words.filter(word => typeof word === 'string')].join(', ')
  );
}
