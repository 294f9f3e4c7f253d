import type { ServerResponse } from 'node:http';

/** RFC 9457 problem details with the code of our catalogue. */
export interface Problem {
  readonly status: number;
  readonly code: string;
  readonly detail?: string;
  /** Seconds, for 429 and 503. */
  readonly retryAfter?: number;
}

/** Answers a problem as `application/problem+json`. A response already begun is cut instead. */
export function sendProblem(response: ServerResponse, problem: Problem): void {
  if (response.headersSent) {
    response.destroy();
    return;
  }
  const body = JSON.stringify({
    type: 'about:blank',
    title: problem.code,
    status: problem.status,
    code: problem.code,
    ...(problem.detail === undefined ? {} : { detail: problem.detail })
  });
  response.statusCode = problem.status;
  response.setHeader('content-type', 'application/problem+json');
  response.setHeader('cache-control', 'no-store');
  if (problem.retryAfter !== undefined) response.setHeader('retry-after', problem.retryAfter);
  response.end(body);
}
