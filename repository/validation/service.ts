import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { asRepositoryError, RepositoryError } from '../errors.js';
import { sendProblem } from '../http/problem.js';
import { createValidationMetrics } from '../metrics.js';
import { Authorities } from '../publish/authorities.js';
import { Strangers } from '../query/strangers.js';
import { ApiKeyRing } from '../store/api-keys.js';
import { certificateLookUps } from '../store/certificates.js';
import { answerValidation, validateOperation } from './answer.js';
import type { ValidationContext, ValidationDeps } from './context.js';
import { validationOpenApi } from './openapi.js';
import { CurrentTrust } from './trust.js';

export interface ValidationHealth {
  readonly checks: { readonly database: 'ok' | 'unavailable' };
}

/** A validation process without its listener. Any number of them work on one repository's database. */
export interface Validation {
  /** For relying parties: plain HTTP, API keys. */
  readonly handler: RequestListener;
  health(): Promise<ValidationHealth>;
  /** Resolves when the questions under way are answered. Stop the listener first. */
  stop(): Promise<void>;
}

/** Throws when an anchor is not a self-signed certificate of a root profile. */
export function createValidation(deps: ValidationDeps): Validation {
  const { config, anchors } = deps;
  const metrics = createValidationMetrics(deps.metrics);
  const context: ValidationContext = {
    ...deps,
    // As the repository checks its anchors, at the start and not at the first question.
    anchors: new Authorities(deps, config.policy, anchors).anchors,
    trust: new CurrentTrust({ ...deps, ...config, metrics }),
    certificates: certificateLookUps(deps),
    apiKeys: new ApiKeyRing(deps.database, deps.clock),
    strangers: new Strangers(deps.audit, deps.clock),
    metrics
  };
  const description = JSON.stringify(validationOpenApi());
  let underWay = 0;
  let whenIdle: (() => void) | undefined;

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<number> {
    const { path, apiKey } = target(config.basePath, request.url ?? '');
    if (path === '/openapi.json') {
      requireMethod(request, 'GET');
      return send(response, description);
    }
    if (path !== '/validate/v1') throw new RepositoryError('repository/not-found', 'there is nothing here');
    requireMethod(request, 'POST');
    const answered = await answerValidation(context, apiKey, request);
    return send(response, JSON.stringify(answered));
  }

  return {
    handler(request, response) {
      const began = performance.now();
      underWay += 1;
      response.once('close', () => {
        underWay -= 1;
        if (underWay === 0) whenIdle?.();
      });
      answer(request, response)
        .catch((error: unknown) => {
          const refusal = asRepositoryError(error);
          const allow = refusal.facts['allow'];
          const status = sendProblem(response, refusal, allow === undefined ? {} : { allow: String(allow) });
          if (status >= 500)
            deps.log.error({ err: error, code: refusal.code, operation: validateOperation }, 'not answered');
          return status;
        })
        .then(status => {
          metrics.answers.inc({ operation: validateOperation, status: String(status) });
          metrics.answerSeconds.observe(
            { operation: validateOperation },
            (performance.now() - began) / 1_000
          );
        })
        .catch((error: unknown) => deps.log.error({ err: error }, 'an answer could not be counted'));
    },
    async health() {
      try {
        await context.trust.current();
        return { checks: { database: 'ok' } };
      } catch (error) {
        deps.log.warn({ err: error }, 'authorities and lists cannot be read');
        return { checks: { database: 'unavailable' } };
      }
    },
    async stop() {
      if (underWay > 0) await new Promise<void>(resolve => (whenIdle = resolve));
      await context.strangers.close();
    }
  };
}

/** Path below the base path, and the API key of the query part, as on the repository's public listener. */
function target(basePath: string, url: string): { readonly path: string; readonly apiKey: string | null } {
  const end = url.indexOf('?');
  const path = end < 0 ? url : url.slice(0, end);
  return {
    path: path.startsWith(`${basePath}/`) ? path.slice(basePath.length) : '',
    apiKey: end < 0 ? null : new URLSearchParams(url.slice(end + 1)).get('apikey')
  };
}

function requireMethod(request: IncomingMessage, allow: 'GET' | 'POST'): void {
  if (request.method !== allow)
    throw new RepositoryError('repository/method', `only ${allow} here`, { allow });
}

function send(response: ServerResponse, body: string): number {
  response.writeHead(200, {
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(body),
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff'
  });
  response.end(body);
  return 200;
}
