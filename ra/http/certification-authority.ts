import type { IncomingMessage, ServerResponse } from 'node:http';
import { encodeClaim, lanes, MessageError } from '../../pki/messages/index.js';
import type { RaContext } from '../deps.js';
import { awaitOrders } from '../issuance/claim.js';
import { recordReport } from '../issuance/report.js';
import type { ReportResult } from '../issuance/report-alarm.js';
import { asRefusal, Refusal } from '../refusal.js';
import { readBody, whileConnected } from './body.js';
import { send, sendProblem } from './send.js';

/** A report of 1,000 outcomes with a certificate of 8 KiB each is the most that the message allows. */
const maxReportOctets = 9 * 1024 * 1024;
/** Seconds a claim may wait: below the idle limits of connections in between. */
const maxWaitSeconds = 20;
const binary = { 'Content-Type': 'application/octet-stream' };

/** `POST /ca/v1/claim?lane=&wait=`: the long poll; answers a claim message, empty when the wait is over. */
export async function serveClaim(
  deps: RaContext,
  peer: string,
  query: URLSearchParams,
  request: IncomingMessage,
  response: ServerResponse
): Promise<void> {
  const lane = lanes.find(name => name === query.get('lane'));
  const wait = query.get('wait') ?? '0';
  if (lane === undefined || !/^\d{1,3}$/.test(wait)) {
    sendProblem(response, new Refusal('message/schema', 'lane or wait'));
    return;
  }
  request.resume();
  const ms = Math.min(Number(wait), maxWaitSeconds) * 1_000;
  try {
    const orders = await awaitOrders(deps, lane, peer, ms, whileConnected(response));
    send(response, 200, binary, encodeClaim(orders));
  } catch (error) {
    sendProblem(response, logged(deps, error, 'claim'));
  }
}

/** What the CA is told: 200 for a report that stands, otherwise an alarm was raised. */
const reportAnswers: Readonly<Record<ReportResult, { status: number }>> = {
  recorded: { status: 200 },
  repeated: { status: 200 },
  'unknown-order': { status: 404 },
  conflict: { status: 409 },
  mismatch: { status: 422 }
};

/** `POST /ca/v1/report`: idempotent; 200 only when the outcomes and their audit events are on stable storage. */
export async function serveReport(
  deps: RaContext,
  peer: string,
  request: IncomingMessage,
  response: ServerResponse
): Promise<void> {
  try {
    const body = await readBody(request, maxReportOctets);
    const result = await recordReport(deps, body, peer);
    const json = { 'Content-Type': 'application/json' };
    send(response, reportAnswers[result].status, json, JSON.stringify({ result }));
  } catch (error) {
    if (error instanceof MessageError)
      sendProblem(response, new Refusal('message/unreadable', 'not a report', { cause: error }));
    else sendProblem(response, logged(deps, error, 'report'));
  }
}

function logged(deps: RaContext, error: unknown, what: string): Refusal {
  const refusal = asRefusal(error);
  deps.log.warn({ err: error, code: refusal.code }, `${what} not served`);
  return refusal;
}
