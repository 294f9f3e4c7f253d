import type { ServerResponse } from 'node:http';
import type { Delivery } from '../issuance/deliver.js';
import type { Refusal } from '../refusal.js';

/** Seconds a client should wait after a fault. DESIGN: longer than a signer's restart, short of an operator's. */
const retryAfterSeconds = 5;

/** Writes an answer; a delivery is confirmed when it was written whole. */
export function send(
  response: ServerResponse,
  status: number,
  headers: Readonly<Record<string, string>>,
  body: string | Uint8Array,
  delivery?: Delivery
): void {
  if (response.destroyed || response.writableEnded) return;
  if (delivery !== undefined)
    response.once('close', () => {
      if (response.writableFinished) delivery.confirm();
    });
  response.writeHead(status, {
    'Content-Length': String(typeof body === 'string' ? Buffer.byteLength(body) : body.length),
    'Cache-Control': 'no-store',
    'X-Content-Type-Options': 'nosniff',
    ...headers
  });
  // Text leaves in one piece with the head, as octets it would be a second one.
  response.end(body);
}

export function sendJson(
  response: ServerResponse,
  status: number,
  body: unknown,
  headers: Readonly<Record<string, string>> = {},
  delivery?: Delivery
): void {
  send(response, status, { 'Content-Type': 'application/json', ...headers }, JSON.stringify(body), delivery);
}

/** RFC 9457 problem details. `code` is the catalogue's; `detail` says more where there is more to say. */
export interface Problem {
  readonly type: 'about:blank';
  readonly title: string;
  readonly status: number;
  readonly code: string;
  readonly errorCode: string;
  readonly retryable: boolean;
  readonly action: string;
  readonly detail?: string;
}

export function problemOf({ code, entry, detail }: Refusal): Problem {
  return {
    type: 'about:blank',
    title: entry.text,
    status: entry.http,
    code,
    errorCode: entry.errorCode,
    retryable: entry.retryable,
    action: entry.action,
    ...(detail !== undefined && { detail })
  };
}

export function sendProblem(response: ServerResponse, refusal: Refusal): void {
  const headers: Record<string, string> = { 'Content-Type': 'application/problem+json' };
  if (refusal.entry.retryable) headers['Retry-After'] = String(retryAfterSeconds);
  // What is left of a refused body is not read: the connection cannot be used again.
  if (refusal.code === 'message/too-large') headers['Connection'] = 'close';
  send(response, refusal.entry.http, headers, JSON.stringify(problemOf(refusal)));
}
