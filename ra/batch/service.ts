import type { IncomingMessage, ServerResponse } from 'node:http';
import type { RaContext } from '../deps.js';
import { contentType } from '../http/body.js';
import { send, sendProblem } from '../http/send.js';
import { peerCertificate } from '../peer.js';
import { asRefusal, Refusal } from '../refusal.js';
import { resultErrorAnswer, isBatchError, submitErrorAnswer, submittedAnswer } from './answer.js';
import { batchClient, type Caller } from './client.js';
import { sendResult } from './send-result.js';
import { submit, type Upload } from './submit.js';
import { dropRest } from './upload.js';

export const batchPath = '/1.0/PortalCSRBatch/';
const xml = { 'Content-Type': 'application/xml;charset=UTF-8' };

/**
 * The Batched Device CSR web service (SEC Appendix M 2.5, Appendices C, D and E). Answers that follow the service's
 * own schemas are HTTP 200 with a BatchStatus; only a body that was not read, because of its type or its size, is
 * answered 415 or 413, with the same XML in it.
 */
export async function serveBatch(
  deps: RaContext,
  request: IncomingMessage,
  response: ServerResponse
): Promise<void> {
  const url = request.url ?? '/';
  const [path, query] = splitUrl(url);
  if (path === `${batchPath}SubmitCSRBatch` && request.method === 'POST')
    await serveSubmit(deps, request, response);
  else if (path === `${batchPath}CSRBatchResult` && request.method === 'GET')
    await serveResult(deps, query, request, response);
  else {
    sendProblem(response, new Refusal('resource/not-found'));
    dropRest(request, deps.config.batches.uploadIdleMs);
  }
}

async function serveSubmit(
  deps: RaContext,
  request: IncomingMessage,
  response: ServerResponse
): Promise<void> {
  const arrivedAt = deps.clock.now();
  const timer = deps.batch.measures.stages.startTimer({ stage: 'upload' });
  const caller: Caller = { client: undefined, peer: peerCertificate(request) };
  let upload: Upload | undefined;
  const head = () => ({ id: upload?.id, build: deps.config.build });
  try {
    requireXml(request);
    const client = await batchClient(deps, caller, arrivedAt);
    upload = { client, request, arrivedAt, id: undefined };
    const { batchId } = await submit(deps, upload);
    deps.batch.measures.uploads.inc({ outcome: 'stored' });
    deps.measures.requests.inc({ interface: 'batch', status: 'PENDING' });
    send(response, 200, xml, submittedAnswer(head(), batchId));
  } catch (error) {
    const refusal = await refused(deps, error, caller, 'submit', 'batch/not-stored');
    deps.batch.measures.uploads.inc({ outcome: refusal.code });
    deps.measures.requests.inc({ interface: 'batch', status: refusal.entry.status });
    const unread = refusal.code === 'message/content-type' || refusal.code === 'message/too-large';
    send(response, unread ? refusal.entry.http : 200, xml, submitErrorAnswer(head(), refusal));
    dropRest(request, deps.config.batches.uploadIdleMs);
  } finally {
    timer();
  }
}

async function serveResult(
  deps: RaContext,
  query: string,
  request: IncomingMessage,
  response: ServerResponse
): Promise<void> {
  const caller: Caller = { client: undefined, peer: peerCertificate(request) };
  request.resume();
  try {
    const client = await batchClient(deps, caller, deps.clock.now());
    const status = await sendResult(deps, client, query, response);
    deps.measures.requests.inc({ interface: 'batch', status });
  } catch (error) {
    const refusal = await refused(deps, error, caller, 'result', 'batch/not-readable');
    deps.measures.requests.inc({ interface: 'batch', status: refusal.entry.status });
    // Once results are on their way, a fault can only cut them off: the client sees that the XML does not end.
    if (response.headersSent) response.destroy();
    else send(response, 200, xml, resultErrorAnswer({ id: undefined, build: deps.config.build }, refusal));
  }
}

/** `application/xml`, in UTF-8 where it says so (SEC Appendix M 2.5). */
function requireXml(request: IncomingMessage): void {
  const { type, charset } = contentType(request);
  if (type !== 'application/xml' || (charset !== undefined && charset !== 'utf-8'))
    throw new Refusal('message/content-type');
}

/**
 * What is told for anything thrown, recorded before it leaves: a fault of the RA is one of the two codes that this
 * service has for it, whatever it was.
 */
async function refused(
  deps: RaContext,
  thrown: unknown,
  { client, peer }: Caller,
  what: 'submit' | 'result',
  fault: 'batch/not-stored' | 'batch/not-readable'
): Promise<Refusal> {
  const refusal = asRefusal(thrown);
  const told = isBatchError(refusal.entry.status)
    ? refusal
    : new Refusal(fault, undefined, { cause: thrown });
  if (told !== refusal) deps.log.warn({ err: thrown, code: refusal.code, what }, 'batch request not served');
  const facts: Record<string, string> = { what, code: told.code, errorCode: told.entry.errorCode };
  if (told !== refusal) facts['cause'] = refusal.code;
  if (told.detail !== undefined) facts['detail'] = told.detail;
  if (client !== undefined) facts['party'] = client.party.id;
  else if (peer !== undefined) facts['certificate'] = Buffer.from(peer.sha256).toString('hex');
  try {
    await deps.audit.append([{ type: 'ra.batch.refused', actor: client?.system.id ?? '-', facts }]);
  } catch (cause) {
    // No success is told, so the answer may leave; that the event is missing shows in the log.
    deps.log.error({ err: cause, what, code: told.code }, 'refusal not recorded');
    return new Refusal(fault, undefined, { cause });
  }
  return told;
}

function splitUrl(url: string): [path: string, query: string] {
  const at = url.indexOf('?');
  return at === -1 ? [url, ''] : [url.slice(0, at), url.slice(at + 1)];
}
