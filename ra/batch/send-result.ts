import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import type { RaContext } from '../deps.js';
import { send } from '../http/send.js';
import type { Client } from '../parties.js';
import { Refusal } from '../refusal.js';
import { resultElement, resultEnd, resultStart, stateAnswer, type AnswerHead } from './answer.js';
import { findBatch, isBatchId, type Batch } from './batches.js';
import { batchResults } from './results.js';
import type { BatchState } from './states.js';

const xml = { 'Content-Type': 'application/xml;charset=UTF-8' };
/** DESIGN: so many characters are handed to the connection at once. */
const pieceCharacters = 64 * 1024;

/** Answers `CSRBatchResult`; resolves with the status answered when the answer is written whole or the client gone. */
export async function sendResult(
  deps: RaContext,
  client: Client,
  query: string,
  response: ServerResponse
): Promise<BatchState> {
  const batch = await findBatch(deps, client, readBatchId(query));
  if (batch === undefined) throw new Refusal('batch/unknown');
  const head: AnswerHead = {
    id: batch.source === 'batch' ? batch.name : undefined,
    build: deps.config.build
  };
  if (batch.state !== 'COMPLETED') {
    send(response, 200, xml, stateAnswer(head, batch.state, batch.id));
    return batch.state;
  }
  requireAvailable(deps, batch);
  await recordDelivery(deps, client, batch, 'xml');
  await stream(response, resultPieces(deps, head, batch.id));
  return batch.state;
}

/** Past its time a batch has no results, whether or not they are deleted already. Throws the `Refusal`. */
export function requireAvailable(deps: RaContext, batch: Batch): void {
  const over = batch.availableUntil !== undefined && batch.availableUntil <= deps.clock.now();
  if (batch.erased || over) throw new Refusal('batch/expired');
}

/** Before the first result leaves; where it cannot be placed, none does. */
export async function recordDelivery(
  deps: RaContext,
  client: Client,
  batch: Batch,
  form: 'xml' | 'report' | 'archive'
): Promise<void> {
  await deps.audit.append([
    {
      type: 'ra.batch.delivered',
      actor: client.system.id,
      facts: {
        batch: batch.id,
        party: client.party.id,
        form,
        issued: batch.issued,
        refused: batch.refused,
        submittedAt: batch.submittedAt.toISOString(),
        availableAt: batch.completedAt?.toISOString() ?? null
      }
    }
  ]);
}

/** Exactly one BatchId and nothing else. */
function readBatchId(query: string): string {
  const parameters = [...new URLSearchParams(query)];
  const [parameter, ...others] = parameters;
  if (parameter?.[0] !== 'BatchId' || others.length > 0) throw new Refusal('batch/query');
  const [, value] = parameter;
  if (!/^[0-9]{1,40}$/.test(value)) throw new Refusal('batch/query');
  // A number of another form or size is one that no batch has.
  if (!isBatchId(value)) throw new Refusal('batch/unknown');
  return value;
}

async function* resultPieces(deps: RaContext, head: AnswerHead, batchId: string): AsyncGenerator<string> {
  let piece = resultStart(head, batchId);
  for await (const group of batchResults(deps, batchId))
    for (const result of group) {
      piece += resultElement(result);
      if (piece.length < pieceCharacters) continue;
      yield piece;
      piece = '';
    }
  yield piece + resultEnd;
}

/** Writes as fast as the client reads; what is not read is not made. */
async function stream(response: ServerResponse, pieces: AsyncIterable<string>): Promise<void> {
  const gone = new AbortController();
  const close = (): void => gone.abort();
  response.once('close', close);
  try {
    response.writeHead(200, { ...xml, 'Cache-Control': 'no-store', 'X-Content-Type-Options': 'nosniff' });
    for await (const piece of pieces) {
      if (gone.signal.aborted) return;
      if (!response.write(piece)) await once(response, 'drain', { signal: gone.signal });
    }
    response.end();
  } catch (error) {
    if (!gone.signal.aborted) throw error;
  } finally {
    response.removeListener('close', close);
  }
}
