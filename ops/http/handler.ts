import { randomUUID } from 'node:crypto';
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import type { Logger } from 'pino';
import { bodyStatus, BodyError } from './body.js';
import { sendProblem } from './problem.js';

/** What a wrapped handler may do: answer, or throw. */
export type Handler = (request: IncomingMessage, response: ServerResponse) => void | Promise<void>;

/**
 * Headers of every answer: nothing of ours is a page, so nothing may be framed, sniffed or referred from. A
 * component may set its own cache rules; without, an answer is not kept.
 */
const securityHeaders: readonly (readonly [name: string, value: string])[] = [
  ['content-security-policy', "default-src 'none'; frame-ancestors 'none'"],
  ['x-content-type-options', 'nosniff'],
  ['x-frame-options', 'DENY'],
  ['referrer-policy', 'no-referrer']
];

/** A caller's request id is taken when it looks like one, so that a log line never carries what a client wrote. */
const requestIdForm = /^[A-Za-z0-9._-]{8,64}$/;

/**
 * Puts a component's handler on a listener: security headers, a request id, one log line a request, and a problem
 * for whatever the handler throws. The line holds method, path without query, status and time; no body, address
 * or header.
 */
export function serve(
  handler: Handler,
  options: { readonly log: Logger; readonly listener: string }
): RequestListener {
  const log = options.log.child({ listener: options.listener });
  // A request's line has these fields and no others, so there is nothing to redact: looking cost thrice the answer.
  const lines = options.log.child({ listener: options.listener }, { redact: [] });
  return (request, response) => {
    const began = performance.now();
    const given = request.headers['x-request-id'];
    const requestId = typeof given === 'string' && requestIdForm.test(given) ? given : randomUUID();
    for (const [name, value] of securityHeaders) response.setHeader(name, value);
    response.setHeader('x-request-id', requestId);
    response.once('close', () => {
      const line = {
        requestId,
        method: request.method,
        path: request.url?.split('?', 1)[0]?.slice(0, 200) ?? '',
        status: response.statusCode,
        ms: performance.now() - began
      };
      if (!response.writableEnded) lines.warn({ ...line, aborted: true }, 'request');
      else if (response.statusCode >= 500) lines.error(line, 'request');
      else lines.info(line, 'request');
    });
    Promise.resolve()
      .then(() => handler(request, response))
      .catch((error: unknown) => {
        answerError(error, response);
        if (!(error instanceof BodyError)) log.error({ requestId, err: error }, 'the handler failed');
      });
  };
}

function answerError(error: unknown, response: ServerResponse): void {
  if (error instanceof BodyError) {
    sendProblem(response, { status: bodyStatus[error.code], code: error.code, detail: error.message });
    return;
  }
  // Faults of ours, by their code; never their text, which may say more than a client should know.
  const code = typeof error === 'object' && error !== null && 'code' in error ? String(error.code) : '';
  const away = /^(?:database|audit|hsm|peer|device-status)\/(?:unavailable|busy|outcome-unknown)$/.test(code);
  sendProblem(response, away ? { status: 503, code, retryAfter: 5 } : { status: 500, code: 'http/internal' });
}
