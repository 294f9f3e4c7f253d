import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import type { Knex } from 'knex';
import { z } from 'zod';
import type { AuditEvent } from '../../ops/kit/audit.js';
import { decodePublication, MessageError, type Publication } from '../../pki/messages/index.js';
import { auditEvent } from '../audit.js';
import { maxAdministrationOctets, maxPublicationOctets } from '../config.js';
import type { RepositoryContext } from '../context.js';
import { asRepositoryError, RepositoryError, type RepositoryErrorCode } from '../errors.js';
import { publishCertificates } from '../publish/certificates.js';
import { publishCrl } from '../publish/crl.js';
import { stateInUse } from '../status-statement.js';
import { addApiKey, listApiKeys, revokeApiKey } from '../store/api-keys.js';
import { parseSerial } from '../store/serial.js';
import { readBody } from './body.js';
import { requirePeer, type PeerRole } from './peer.js';
import { isFault, sendProblem } from './problem.js';
import { readJson } from './read-json.js';

interface Answer {
  readonly status: number;
  readonly body?: unknown;
}

interface Route {
  readonly method: 'GET' | 'POST' | 'DELETE';
  readonly path: RegExp;
  readonly peer: PeerRole;
  readonly maxOctets: number;
  readonly answer: (
    context: RepositoryContext,
    call: { readonly peer: string; readonly body: Buffer; readonly name: string }
  ) => Promise<Answer>;
}

const apiKeyName = z.strictObject({ name: z.string().min(1).max(100) });
const inUse = z.strictObject({
  serial: z.string(),
  /** When it was said; now, where the caller does not say. */
  at: z.iso.datetime().optional()
});

const routes: readonly Route[] = [
  {
    method: 'POST',
    path: /^\/ca\/v1\/publications$/,
    peer: 'ca',
    maxOctets: maxPublicationOctets,
    answer: async (context, { peer, body }) => ({ status: 200, body: await publish(context, peer, body) })
  },
  {
    method: 'POST',
    path: /^\/admin\/v1\/mark-in-use$/,
    peer: 'operator',
    maxOctets: maxAdministrationOctets,
    answer: async (context, { peer, body }) => ({ status: 200, body: await markInUse(context, peer, body) })
  },
  {
    method: 'GET',
    path: /^\/admin\/v1\/api-keys$/,
    peer: 'operator',
    maxOctets: 0,
    answer: async context => ({ status: 200, body: { apiKeys: await listApiKeys(context.database) } })
  },
  {
    method: 'POST',
    path: /^\/admin\/v1\/api-keys$/,
    peer: 'operator',
    maxOctets: maxAdministrationOctets,
    answer: async (context, { peer, body }) => {
      const { name } = readJson(apiKeyName, body);
      // Whoever cannot be told of the key must not have it: the event is placed before the answer that holds it.
      const { apiKey, key } = await recorded(context, async trx => {
        const made = await addApiKey(trx, name);
        return { result: made, event: auditEvent('repository.api-key.added', peer, { id: made.apiKey.id }) };
      });
      return { status: 201, body: { ...apiKey, key } };
    }
  },
  {
    method: 'DELETE',
    path: /^\/admin\/v1\/api-keys\/([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})$/,
    peer: 'operator',
    maxOctets: 0,
    answer: async (context, { peer, name }) => {
      try {
        await recorded(context, async trx => ({
          result: await revokeApiKey(trx, name),
          event: auditEvent('repository.api-key.revoked', peer, { id: name })
        }));
      } finally {
        // Also when only its event could not be placed: the key is out of use.
        context.apiKeys.forget();
      }
      return { status: 204 };
    }
  }
];

/** An act and its event in one transaction; the event is in the log when this resolves. */
async function recorded<T>(
  context: RepositoryContext,
  act: (trx: Knex.Transaction) => Promise<{ readonly result: T; readonly event: AuditEvent }>
): Promise<T> {
  const { result, ticket } = await context.database.transaction(async trx => {
    const done = await act(trx);
    return { result: done.result, ticket: await context.audit.record(trx, [done.event]) };
  });
  await context.audit.seal(ticket);
  return result;
}

/** Contradictions that a person must look at. */
const alarms: readonly RepositoryErrorCode[] = [
  'repository/certificate-conflict',
  'repository/group-conflict',
  'repository/crl-number'
];

/** The listener of the CA and of operators: mutual TLS, pinned peers, problem+json for what is refused. */
export function createInternalHandler(context: RepositoryContext): RequestListener {
  return (request, response) => {
    handle(context, request, response).catch(async (error: unknown) => {
      const refusal = asRepositoryError(error);
      if (sendProblem(response, refusal) >= 500)
        context.log.error({ err: error, code: refusal.code, url: request.url }, 'a request failed');
    });
  };
}

async function handle(
  context: RepositoryContext,
  request: IncomingMessage,
  response: ServerResponse
): Promise<void> {
  const [path = ''] = (request.url ?? '').split('?', 1);
  const there = routes.filter(route => route.path.test(path));
  if (there.length === 0) throw new RepositoryError('repository/not-found', 'there is nothing here');
  const route = there.find(({ method }) => method === request.method);
  if (route === undefined) {
    const allow = there.map(({ method }) => method).join(', ');
    sendProblem(response, new RepositoryError('repository/method', `only ${allow} here`), { allow });
    return;
  }
  const peer = await admit(context, request, path, route.peer);
  const body = await readBody(request, route.maxOctets);
  const answer = await route.answer(context, { peer, body, name: route.path.exec(path)?.[1] ?? '' });
  if (answer.body === undefined) {
    response.writeHead(answer.status).end();
    return;
  }
  const text = JSON.stringify(answer.body);
  response.writeHead(answer.status, {
    'content-type': 'application/json',
    // Without it the answer goes out in chunks, each a record of TLS.
    'content-length': Buffer.byteLength(text),
    'cache-control': 'no-store'
  });
  response.end(text);
}

async function admit(
  context: RepositoryContext,
  request: IncomingMessage,
  path: string,
  role: PeerRole
): Promise<string> {
  try {
    return requirePeer(context, request, role);
  } catch (error) {
    const refusal = asRepositoryError(error);
    await context.audit.append([
      auditEvent('repository.peer.refused', String(refusal.facts['peer'] ?? '-'), { path })
    ]);
    throw error;
  }
}

/** Every publication leaves an event: what was accepted its own, what was refused one here. */
async function publish(context: RepositoryContext, peer: string, body: Buffer) {
  try {
    const publication = decode(body);
    return publication.kind === 'crl'
      ? await publishCrl(context, peer, publication)
      : await publishCertificates(context, peer, publication);
  } catch (error) {
    const { code, facts, message } = asRepositoryError(error);
    if (isFault(code)) throw error;
    const alarm = alarms.includes(code);
    if (alarm) {
      context.metrics.alarms.inc({ code });
      context.log.error({ code, ...facts, peer }, message);
    }
    const type = alarm ? 'repository.publication.conflict' : 'repository.publication.refused';
    await context.audit.append([auditEvent(type, peer, { ...facts, code })]);
    throw error;
  }
}

function decode(body: Buffer): Publication {
  try {
    return decodePublication(body);
  } catch (cause) {
    if (!(cause instanceof MessageError)) throw cause;
    throw new RepositoryError('repository/malformed', cause.message, {}, { cause });
  }
}

async function markInUse(context: RepositoryContext, peer: string, body: Buffer) {
  const { serial: text, at: said } = readJson(inUse, body);
  const serial = parseSerial(text);
  if (serial === undefined) throw new RepositoryError('repository/malformed', 'not a serial number');
  const now = context.clock.now();
  const at = said === undefined ? now : new Date(said);
  if (at.getTime() > now.getTime())
    throw new RepositoryError('repository/malformed', 'a statement cannot be from the future');
  try {
    return await stateInUse(context, peer, { serial, at });
  } catch (error) {
    const { code, facts } = asRepositoryError(error);
    if (!isFault(code))
      await context.audit.append([auditEvent('repository.status.refused', peer, { ...facts, code })]);
    throw error;
  }
}
