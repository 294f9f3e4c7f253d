import type { IncomingMessage, ServerResponse } from 'node:http';
import type { RaContext } from '../deps.js';
import { sendJson, sendProblem } from '../http/send.js';
import { peerCertificate } from '../peer.js';
import { asRefusal, Refusal } from '../refusal.js';
import { batchesOfParty, findBatch } from './batches.js';
import { batchClient, type Caller } from './client.js';
import { viewOfBatch } from './views.js';

const path = '/ra/v1/batches';

/** `GET /ra/v1/batches` and `GET /ra/v1/batches/{id}`: how far the own party's batches are, as JSON. */
export async function serveBatchProgress(
  deps: RaContext,
  request: IncomingMessage,
  response: ServerResponse
): Promise<void> {
  request.resume();
  const caller: Caller = { client: undefined, peer: peerCertificate(request) };
  try {
    const asked = (request.url ?? '/').split('?', 1)[0] ?? '/';
    if (request.method !== 'GET' || (asked !== path && !asked.startsWith(`${path}/`)))
      throw new Refusal('resource/not-found');
    const client = await batchClient(deps, caller, deps.clock.now());
    if (asked === path) {
      const batches = await batchesOfParty(deps, client.party.id);
      sendJson(response, 200, { batches: batches.map(viewOfBatch) });
      return;
    }
    const batch = await findBatch(deps, client, asked.slice(path.length + 1));
    if (batch === undefined) throw new Refusal('resource/not-found');
    sendJson(response, 200, viewOfBatch(batch));
  } catch (error) {
    sendProblem(response, await refused(deps, error, caller));
  }
}

async function refused(deps: RaContext, thrown: unknown, { client, peer }: Caller): Promise<Refusal> {
  const refusal = asRefusal(thrown);
  if (refusal.entry.http >= 500) deps.log.warn({ err: thrown, code: refusal.code }, 'progress not served');
  // Whoever asks for what is not there learns nothing and leaves no trace; a client that is refused does.
  if (refusal.code === 'resource/not-found') return refusal;
  const facts: Record<string, string> = { what: 'progress', code: refusal.code };
  if (client !== undefined) facts['party'] = client.party.id;
  else if (peer !== undefined) facts['certificate'] = Buffer.from(peer.sha256).toString('hex');
  try {
    await deps.audit.append([{ type: 'ra.batch.refused', actor: client?.system.id ?? '-', facts }]);
  } catch (cause) {
    return new Refusal('audit/unavailable', undefined, { cause });
  }
  return refusal;
}
