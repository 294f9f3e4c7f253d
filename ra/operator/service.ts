import type { IncomingMessage, ServerResponse } from 'node:http';
import type { RaContext } from '../deps.js';
import { readBody, whileConnected } from '../http/body.js';
import { maxJsonOctets, parseJson } from '../http/json.js';
import { findRoute, type RoutePath } from '../http/route.js';
import { sendJson, sendProblem } from '../http/send.js';
import { viewOfParty, viewOfSystem } from '../http/views.js';
import type { Delivery } from '../issuance/deliver.js';
import { recordRefusal } from '../refused.js';
import { asRefusal, Refusal } from '../refusal.js';
import { changeParty, existing, listParties, registerIdentifier, registerParty } from './parties.js';
import { newIdentifier, newParty, newSystem, partyChange, systemChange } from './schemas.js';
import { changeSystem, existingSystem, listSystems, registerSystem, type SystemIntake } from './systems.js';

interface Answer {
  readonly status: 200 | 201;
  readonly body: unknown;
  readonly delivery?: Delivery;
}

interface OperatorCall {
  readonly deps: RaContext;
  readonly actor: string;
  readonly id: string;
  readonly body: Uint8Array;
  readonly holder: SystemIntake;
  readonly stop: AbortSignal;
}

interface OperatorRoute extends RoutePath {
  run(call: OperatorCall): Promise<Answer>;
}

/** What the peer `operator` may do, on the internal listener alone. */
const operatorRoutes: readonly OperatorRoute[] = [
  {
    method: 'GET',
    path: '/admin/v1/parties',
    run: async ({ deps }) => ({ status: 200, body: { parties: (await listParties(deps)).map(viewOfParty) } })
  },
  {
    method: 'POST',
    path: '/admin/v1/parties',
    run: async ({ deps, actor, body }) => ({
      status: 201,
      body: viewOfParty(await registerParty(deps, actor, parseJson(newParty, body)))
    })
  },
  {
    method: 'GET',
    path: '/admin/v1/parties/{id}',
    run: async ({ deps, id }) => ({ status: 200, body: viewOfParty(await existing(deps, id)) })
  },
  {
    method: 'POST',
    path: '/admin/v1/parties/{id}',
    run: async ({ deps, actor, id, body }) => ({
      status: 200,
      body: viewOfParty(await changeParty(deps, actor, id, parseJson(partyChange, body)))
    })
  },
  {
    method: 'POST',
    path: '/admin/v1/parties/{id}/identifiers',
    run: async ({ deps, actor, id, body }) => ({
      status: 201,
      body: viewOfParty(await registerIdentifier(deps, actor, id, parseJson(newIdentifier, body)))
    })
  },
  {
    method: 'GET',
    path: '/admin/v1/systems',
    run: async ({ deps }) => ({ status: 200, body: { systems: (await listSystems(deps)).map(viewOfSystem) } })
  },
  {
    method: 'POST',
    path: '/admin/v1/systems',
    run: async ({ deps, actor, body, holder, stop }) => {
      const wanted = parseJson(newSystem, body);
      const { system, requestId, delivery } = await registerSystem(deps, actor, wanted, holder, stop);
      const certificate = Buffer.from(delivery.certificate).toString('base64');
      return { status: 201, body: { system: viewOfSystem(system), requestId, certificate }, delivery };
    }
  },
  {
    method: 'GET',
    path: '/admin/v1/systems/{id}',
    run: async ({ deps, id }) => ({ status: 200, body: viewOfSystem(await existingSystem(deps, id)) })
  },
  {
    method: 'POST',
    path: '/admin/v1/systems/{id}',
    run: async ({ deps, actor, id, body }) => ({
      status: 200,
      body: viewOfSystem(await changeSystem(deps, actor, id, parseJson(systemChange, body)))
    })
  }
];

/** The administrative routes. The caller has established that the peer is an operator. */
export async function serveOperator(
  deps: RaContext,
  actor: string,
  request: IncomingMessage,
  response: ServerResponse
): Promise<void> {
  const holder: SystemIntake = { intake: undefined };
  try {
    const found = findRoute(operatorRoutes, request);
    if (found === undefined) throw new Refusal('resource/not-found');
    const body = request.method === 'GET' ? new Uint8Array() : await readBody(request, maxJsonOctets);
    const answer = await found.route.run({
      deps,
      actor,
      id: found.parameters['id'] ?? '',
      body,
      holder,
      stop: whileConnected(response)
    });
    sendJson(response, answer.status, answer.body, {}, answer.delivery);
  } catch (error) {
    sendProblem(response, await refused(deps, actor, request, holder, error));
  }
}

async function refused(
  deps: RaContext,
  actor: string,
  request: IncomingMessage,
  { intake }: SystemIntake,
  error: unknown
): Promise<Refusal> {
  if (intake !== undefined) return recordRefusal(deps, error, intake);
  const refusal = asRefusal(error);
  if (refusal.code === 'resource/not-found') return refusal;
  if (refusal.entry.http >= 500) deps.log.warn({ err: error, code: refusal.code }, 'operator not served');
  const path = new URL(request.url ?? '/', 'http://localhost').pathname;
  try {
    await deps.audit.append([
      { type: 'ra.admin.refused', actor, facts: { path, method: request.method ?? '', code: refusal.code } }
    ]);
  } catch (cause) {
    return new Refusal('audit/unavailable', undefined, { cause });
  }
  return refusal;
}
