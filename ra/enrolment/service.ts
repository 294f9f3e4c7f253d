import type { IncomingMessage, ServerResponse } from 'node:http';
import type { RaContext } from '../deps.js';
import { findRoute } from '../http/route.js';
import { sendProblem } from '../http/send.js';
import { clientCertificate } from '../intake/client-certificate.js';
import { Intake } from '../intake/index.js';
import { peerCertificate } from '../peer.js';
import { recordRefusal } from '../refused.js';
import { Refusal } from '../refusal.js';
import { enrolmentRoutes, readJsonBody, readNewRequest } from './routes.js';

/**
 * The JSON enrolment API for systems registered for `json`. The client is established before anything else of the
 * request is looked at, the body's form by the message check in its place.
 */
export async function serveEnrolment(
  deps: RaContext,
  request: IncomingMessage,
  response: ServerResponse
): Promise<void> {
  const arrivedAt = deps.clock.now();
  const timer = deps.measures.duration.startTimer({ interface: 'json' });
  const found = findRoute(enrolmentRoutes, request);
  if (found === undefined) {
    sendProblem(response, new Refusal('resource/not-found'));
    return;
  }
  const call = { request, response, parameters: found.parameters, query: found.query };
  let body = new Uint8Array();
  const intake = new Intake({
    interface: 'json',
    kind: found.route.kind ?? 'device',
    arrivedAt,
    peer: peerCertificate(request),
    readMessage: () => readNewRequest(call, body)
  });
  response.once('finish', () =>
    deps.measures.requests.inc({ interface: 'json', status: String(response.statusCode) })
  );
  try {
    const refusal = (await clientCertificate.run(deps, [intake])).get(intake);
    if (refusal !== undefined) throw refusal;
    body = new Uint8Array(await readJsonBody(call));
    await found.route.run(deps, call, intake, body);
  } catch (error) {
    if (!response.destroyed) sendProblem(response, await recordRefusal(deps, error, intake));
  } finally {
    timer();
  }
}
