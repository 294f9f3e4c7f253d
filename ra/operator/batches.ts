import type { IncomingMessage, ServerResponse } from 'node:http';
import { z } from 'zod';
import { allBatches, batchById, type Batch } from '../batch/batches.js';
import { availableUntil } from '../batch/complete.js';
import { batchStates, transitNow } from '../batch/states.js';
import { officerViewOfBatch } from '../batch/views.js';
import type { RaContext } from '../deps.js';
import { readBody } from '../http/body.js';
import { maxJsonOctets, parseJson } from '../http/json.js';
import { sendJson, sendProblem } from '../http/send.js';
import { asRefusal, Refusal } from '../refusal.js';

/** Pseudonym of an officer, never a name (facts of the audit log). */
const officer = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._@-]{0,63}$/);
const approval = z.strictObject({ officer, note: z.string().max(500).optional() });
const rejection = z.strictObject({ officer, reason: z.string().min(1).max(500) });

/** `/admin/v1/batches…`: what an officer sees and decides. The caller has established that the peer is an operator. */
export async function serveBatchOperator(
  deps: RaContext,
  peer: string,
  request: IncomingMessage,
  response: ServerResponse
): Promise<void> {
  const url = new URL(request.url ?? '/', 'http://localhost');
  try {
    sendJson(response, 200, await answer(deps, peer, request, url));
  } catch (error) {
    sendProblem(response, await refused(deps, peer, request, url, error));
  }
}

async function answer(
  deps: RaContext,
  peer: string,
  request: IncomingMessage,
  { pathname, searchParams }: URL
): Promise<unknown> {
  const [, id, act] = /^\/admin\/v1\/batches(?:\/(\d{1,18})(?:\/(approve|reject))?)?$/.exec(pathname) ?? [
    '',
    pathname === '/admin/v1/batches' ? undefined : '0'
  ];
  if (request.method === 'GET' && id === undefined) return { batches: await list(deps, searchParams) };
  if (id === undefined) throw new Refusal('resource/not-found');
  if (request.method === 'GET' && act === undefined) return officerViewOfBatch(await existing(deps, id));
  if (request.method !== 'POST' || act === undefined) throw new Refusal('resource/not-found');
  const body = await readBody(request, maxJsonOctets);
  const batch =
    act === 'approve'
      ? await approve(deps, peer, id, parseJson(approval, body))
      : await reject(deps, peer, id, parseJson(rejection, body));
  return officerViewOfBatch(batch);
}

async function list(deps: RaContext, query: URLSearchParams): Promise<unknown[]> {
  const asked = query.get('state');
  const state = batchStates.find(name => name === asked);
  if (asked !== null && state === undefined) throw new Refusal('message/schema', 'state');
  return (await allBatches(deps, state)).map(officerViewOfBatch);
}

/** Approving what is approved already changes nothing and is answered with its state. */
async function approve(
  deps: RaContext,
  peer: string,
  id: string,
  { officer: by, note }: z.output<typeof approval>
): Promise<Batch> {
  const at = deps.clock.now();
  const columns = { decided_by: by, decided_at: at, note: note ?? null };
  const facts = { decidedBy: by, ...(note !== undefined && { note }) };
  if (await transitNow(deps, { id }, 'PENDING', 'PARSING', peer, columns, facts)) deps.batch.work.wake();
  const batch = await existing(deps, id);
  if (batch.state === 'REJECTED') throw new Refusal('resource/conflict', 'the batch is rejected');
  return batch;
}

/** Rejecting what is rejected already changes nothing. */
async function reject(
  deps: RaContext,
  peer: string,
  id: string,
  { officer: by, reason }: z.output<typeof rejection>
): Promise<Batch> {
  const at = deps.clock.now();
  await transitNow(
    deps,
    { id },
    'PENDING',
    'REJECTED',
    peer,
    { decided_by: by, decided_at: at, note: reason, available_until: availableUntil(deps, at) },
    { decidedBy: by, reason }
  );
  const batch = await existing(deps, id);
  if (batch.state !== 'REJECTED') throw new Refusal('resource/conflict', 'the batch is approved');
  return batch;
}

async function existing(deps: RaContext, id: string): Promise<Batch> {
  const batch = await batchById(deps, id);
  if (batch === undefined) throw new Refusal('resource/not-found');
  return batch;
}

async function refused(
  deps: RaContext,
  peer: string,
  request: IncomingMessage,
  { pathname }: URL,
  error: unknown
): Promise<Refusal> {
  const refusal = asRefusal(error);
  if (refusal.code === 'resource/not-found') return refusal;
  if (refusal.entry.http >= 500) deps.log.warn({ err: error, code: refusal.code }, 'operator not served');
  try {
    await deps.audit.append([
      {
        type: 'ra.admin.refused',
        actor: peer,
        facts: { path: pathname, method: request.method ?? '', code: refusal.code }
      }
    ]);
  } catch (cause) {
    return new Refusal('audit/unavailable', undefined, { cause });
  }
  return refusal;
}
