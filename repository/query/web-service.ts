import { createHash } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AuditEvent } from '../../ops/kit/audit.js';
import { eui64ToSigned } from '../../pki/index.js';
import { auditEvent } from '../audit.js';
import type { RepositoryAuditType } from '../audit-events.js';
import { maxQueryOctets } from '../config.js';
import type { RepositoryContext } from '../context.js';
import { asRepositoryError, RepositoryError } from '../errors.js';
import { isEncoded, mediaType, readBody as readRequestBody } from '../http/body.js';
import { retryAfterSeconds } from '../http/problem.js';
import {
  formatAnswer,
  formatCertificate,
  formatResult,
  responses,
  retrieveOperation,
  searchOperation,
  type Operation,
  type Response
} from './answer.js';
import { authorityName, readBody } from './body.js';
import { describeRetrieval, describeSearch, readRetrieval, readSearch } from './request.js';
import { deriveStatus } from './status.js';

/** What a query found, and what the audit log keeps of it. */
interface Found {
  readonly content: string;
  readonly hits: number;
  readonly query: string;
}

/** One operation of the web service at its address. */
export interface WebServiceRoute {
  readonly operation: Operation;
  readonly audit: RepositoryAuditType;
  readonly find: (context: RepositoryContext, body: Uint8Array) => Promise<Found>;
}

export const webServiceRoutes: Readonly<Record<string, WebServiceRoute>> = {
  '/services/certificatesearch': {
    operation: searchOperation,
    audit: 'repository.query.search',
    find: search
  },
  '/services/retrievecertificate': {
    operation: retrieveOperation,
    audit: 'repository.query.retrieve',
    find: retrieve
  }
};

/** Clients send application/xml; text/xml is the same thing (RFC 7303 9.2). */
const xmlTypes: readonly (string | undefined)[] = ['application/xml', 'text/xml'];

/**
 * Answers a query of the SMKI Repository web service. The query's event is on stable storage before the answer
 * leaves; where it cannot be, the answer is 503 and says nothing else.
 */
export async function answerQuery(
  context: RepositoryContext,
  route: WebServiceRoute,
  apiKey: string | null,
  request: IncomingMessage,
  response: ServerResponse
): Promise<number> {
  const { operation } = route;
  const { outcome, content, event } = await decide(context, route, apiKey, request);
  let reference: string;
  try {
    reference =
      outcome === responses.forbidden
        ? await context.strangers.refused(operation.request)
        : await context.audit.append([event]);
  } catch (error) {
    context.log.error({ err: error, operation: operation.request }, 'a query could not be recorded');
    return send(response, responses.unavailable, formatAnswer(operation, responses.unavailable, undefined));
  }
  return send(response, outcome, formatAnswer(operation, outcome, reference, content));
}

interface Decision {
  readonly outcome: Response;
  readonly content: string;
  readonly event: AuditEvent;
}

async function decide(
  context: RepositoryContext,
  route: WebServiceRoute,
  apiKey: string | null,
  request: IncomingMessage
): Promise<Decision> {
  const operation = route.operation.request;
  let caller = '-';
  let body: Uint8Array | undefined;
  try {
    const identified = await context.apiKeys.identify(apiKey ?? '');
    if (identified === undefined)
      throw new RepositoryError('repository/api-key', 'API key missing or not known');
    caller = identified;
    if (!xmlTypes.includes(mediaType(request)) || isEncoded(request))
      throw new RepositoryError('repository/content-type', 'the request must be application/xml');
    body = await readRequestBody(request, maxQueryOctets);
    const { content, hits, query } = await route.find(context, body);
    return {
      outcome: hits === 0 ? responses.none : responses.success,
      content,
      event: auditEvent(route.audit, caller, { query, hits })
    };
  } catch (error) {
    const { code } = asRepositoryError(error);
    const outcome = refusals[code] ?? responses.fault;
    const ours = outcome.status >= 500;
    if (ours) context.log.error({ err: error, operation, code }, 'a query failed');
    return {
      outcome,
      content: '',
      event: auditEvent(ours ? 'repository.query.failed' : 'repository.query.refused', caller, {
        operation,
        code,
        // What was asked, without keeping a stranger's text.
        query: body === undefined ? null : `sha256 ${createHash('sha256').update(body).digest('hex')}`
      })
    };
  }
}

/** The answer of the web service to each refusal it can come to; another code is a fault. */
const refusals: Readonly<Partial<Record<RepositoryError['code'], Response>>> = {
  'repository/api-key': responses.forbidden,
  'repository/content-type': responses.contentType,
  'repository/too-large': responses.tooLarge,
  'repository/malformed': responses.invalid,
  'repository/inconsistent': responses.unavailable,
  'repository/unavailable': responses.unavailable,
  'repository/audit-unavailable': responses.unavailable
};

async function search(context: RepositoryContext, body: Uint8Array): Promise<Found> {
  const query = readSearch(body);
  const at = context.clock.now();
  let content = '';
  let hits = 0;
  for (const row of await context.certificates.byEui.find(eui64ToSigned(query.eui).toString())) {
    const status = deriveStatus(row, at);
    if (
      row.kind !== query.holder ||
      (query.role !== undefined && row.role !== query.role) ||
      (query.usage !== undefined && row.usage !== query.usage) ||
      (query.status !== undefined && status !== query.status)
    )
      continue;
    content += formatResult(row, status);
    hits += 1;
  }
  return { content, hits, query: describeSearch(query) };
}

/** One certificate, or one element each where two issuers gave the same number. */
async function retrieve(context: RepositoryContext, body: Uint8Array): Promise<Found> {
  const serial = readRetrieval(body);
  const at = context.clock.now();
  const found = await context.certificates.bySerial.find(serial);
  let content = '';
  for (const row of found) {
    const certificate = await readBody(context, row);
    const hit = row.kind === 'ca' ? { ...row, subjectName: authorityName(certificate) } : row;
    content += formatCertificate(hit, deriveStatus(row, at), certificate.der);
  }
  return { content, hits: found.length, query: describeRetrieval(serial) };
}

function send(response: ServerResponse, { status }: Response, body: string): number {
  response.writeHead(status, {
    'content-type': 'application/xml',
    'content-length': Buffer.byteLength(body),
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
    ...(status === 503 ? { 'retry-after': String(retryAfterSeconds) } : {})
  });
  response.end(body);
  return status;
}
