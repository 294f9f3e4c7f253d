import type { IncomingMessage, ServerResponse } from 'node:http';
import { batchClient, type Caller } from '../batch/client.js';
import { dropRest } from '../batch/upload.js';
import type { RaContext } from '../deps.js';
import { sendJson, sendProblem } from '../http/send.js';
import { peerCertificate } from '../peer.js';
import { Refusal } from '../refusal.js';
import { recordPortalRefusal } from './refused.js';
import { sendReport, sendResponse } from './results.js';
import { submitArchive } from './submit.js';

export const portalPath = '/portal/1.0/batches';

type PortalCall =
  | { readonly kind: 'submit'; readonly name: string }
  | { readonly kind: 'report' | 'response'; readonly batchId: string };

/**
 * The portal's batch files for systems registered for `batch`. Who asks is established before a body is read; a
 * refusal leaves its audit event and nothing else.
 */
export async function servePortal(
  deps: RaContext,
  request: IncomingMessage,
  response: ServerResponse
): Promise<void> {
  const { uploadIdleMs } = deps.config.batches;
  const arrivedAt = deps.clock.now();
  const caller: Caller = { client: undefined, peer: peerCertificate(request) };
  const call = callOf(request);
  if (call === undefined) {
    sendProblem(response, new Refusal('resource/not-found'));
    dropRest(request, uploadIdleMs);
    return;
  }
  try {
    const client = await batchClient(deps, caller, arrivedAt);
    if (call.kind === 'submit') {
      const { batchId, requests } = await submitArchive(
        deps,
        { client, arrivedAt, name: call.name },
        request
      );
      const location = { Location: `/ra/v1/batches/${batchId}` };
      sendJson(response, 202, { batchId, name: call.name, requests }, location);
    } else if (call.kind === 'report') await sendReport(deps, client, call.batchId, response);
    else await sendResponse(deps, client, call.batchId, response);
  } catch (error) {
    const refusal = await recordPortalRefusal(deps, error, caller, call.kind);
    // What was begun cannot be taken back, only cut.
    if (response.headersSent) response.destroy();
    else sendProblem(response, refusal);
    dropRest(request, uploadIdleMs);
  }
}

function callOf({ method, url = '/' }: IncomingMessage): PortalCall | undefined {
  const origin = 'http://localhost';
  if (!URL.canParse(url, origin)) return undefined;
  const { pathname, searchParams } = new URL(url, origin);
  if (!pathname.startsWith(portalPath)) return undefined;
  const rest = pathname.slice(portalPath.length);
  if (method === 'POST' && rest === '') return { kind: 'submit', name: searchParams.get('name') ?? '' };
  const [, batchId, kind] = /^\/([0-9]{1,40})\/(report|response)$/.exec(rest) ?? [];
  if (method !== 'GET' || batchId === undefined) return undefined;
  return { kind: kind === 'report' ? 'report' : 'response', batchId };
}
