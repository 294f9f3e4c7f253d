import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import type { RepositoryContext } from '../context.js';
import type { Metrics } from '../metrics.js';
import { asRepositoryError, RepositoryError } from '../errors.js';
import {
  downloadAuthority,
  downloadCertificate,
  downloadCrl,
  type CrlCache,
  type DownloadRequest
} from '../query/downloads.js';
import { answerQuery, webServiceRoutes } from '../query/web-service.js';
import { sendProblem } from './problem.js';

interface DownloadRoute {
  readonly operation: string;
  readonly path: RegExp;
  readonly answer: (request: DownloadRequest) => Promise<number>;
}

/**
 * The listener of relying parties: the two POSTs of the SMKI Repository web service, and files by GET. Plain
 * node:http, since this is the busiest path of all.
 */
export function createPublicHandler(context: RepositoryContext): RequestListener {
  const cache: CrlCache = new Map();
  const downloads: readonly DownloadRoute[] = [
    {
      operation: 'crl',
      path: /^\/crl\/([0-9a-zA-Z-]{1,64})\.crl$/,
      answer: request => downloadCrl(context, cache, request)
    },
    {
      operation: 'certificate',
      path: /^\/certificates\/([0-9A-Fa-f]{1,40})(?:\.cer)?$/,
      answer: request => downloadCertificate(context, 'serial', request)
    },
    {
      operation: 'certificate',
      path: /^\/certificates\/sha1\/([0-9A-Fa-f]{40})(?:\.cer)?$/,
      answer: request => downloadCertificate(context, 'sha1', request)
    },
    {
      operation: 'certificate',
      path: /^\/certificates\/sha256\/([0-9A-Fa-f]{64})(?:\.cer)?$/,
      answer: request => downloadCertificate(context, 'sha256', request)
    },
    {
      operation: 'authority',
      path: /^\/ca\/([a-z-]{1,64})\.cer$/,
      answer: request => downloadAuthority(context, request)
    }
  ];

  async function answer(
    request: IncomingMessage,
    response: ServerResponse,
    seen: (operation: string) => void
  ): Promise<number> {
    const { path, apiKey } = target(context.basePath, request);
    const route = Object.hasOwn(webServiceRoutes, path) ? webServiceRoutes[path] : undefined;
    if (route !== undefined) {
      seen(route.operation.request);
      if (request.method !== 'POST') return refuseMethod(response, 'POST');
      return answerQuery(context, route, apiKey, request, response);
    }
    for (const { operation, path: pattern, answer: download } of downloads) {
      const name = pattern.exec(path)?.[1];
      if (name === undefined) continue;
      seen(operation);
      if (request.method !== 'GET' && request.method !== 'HEAD') return refuseMethod(response, 'GET, HEAD');
      return download({ request, response, name, apiKey });
    }
    throw new RepositoryError('repository/not-found', 'there is nothing here');
  }

  const count = answerCounter(context.metrics);
  return (request, response) => {
    let operation = 'other';
    const started = performance.now();
    answer(request, response, name => (operation = name))
      .catch((error: unknown) => {
        const refusal = asRepositoryError(error);
        const status = sendProblem(response, refusal);
        if (status >= 500)
          context.log.error({ err: error, code: refusal.code, operation }, 'a request failed');
        return status;
      })
      .then(status => count(operation, status, (performance.now() - started) / 1_000))
      .catch((error: unknown) =>
        context.log.error({ err: error, operation }, 'an answer could not be counted')
      );
  };
}

/** Finds each counter by its labels once: operations and statuses are few, and finding costs more than counting. */
function answerCounter(metrics: Metrics): (operation: string, status: number, seconds: number) => void {
  const known = new Map<string, (seconds: number) => void>();
  return (operation, status, seconds) => {
    const key = `${operation} ${status}`;
    let counted = known.get(key);
    if (counted === undefined) {
      const answers = metrics.answers.labels({ operation, status: String(status) });
      const took = metrics.answerSeconds.labels({ operation });
      counted = one => {
        answers.inc();
        took.observe(one);
      };
      known.set(key, counted);
    }
    counted(seconds);
  };
}

/** Path below the base path, and the API key of the query part. A path outside the base path is no path of ours. */
function target(
  basePath: string,
  request: IncomingMessage
): { readonly path: string; readonly apiKey: string | null } {
  const url = request.url ?? '';
  const end = url.indexOf('?');
  const path = end < 0 ? url : url.slice(0, end);
  return {
    path: path.startsWith(`${basePath}/`) ? path.slice(basePath.length) : '',
    apiKey: end < 0 ? null : queriedKey(url.slice(end + 1))
  };
}

/** What clients send all the time is read without the machinery for what they might. */
function queriedKey(query: string): string | null {
  const plain = /^apikey=([A-Za-z0-9_.~-]*)$/.exec(query);
  return plain?.[1] ?? new URLSearchParams(query).get('apikey');
}

function refuseMethod(response: ServerResponse, allow: string): number {
  return sendProblem(response, new RepositoryError('repository/method', `only ${allow} here`), { allow });
}
