import { z } from 'zod';
import type { RaContext } from '../deps.js';
import { contentType, readBody, whileConnected } from '../http/body.js';
import { maxJsonOctets, parseJson } from '../http/json.js';
import type { Call, RoutePath } from '../http/route.js';
import { send, sendJson } from '../http/send.js';
import { viewOfParty, viewOfRequest, viewOfSystem } from '../http/views.js';
import type { Intake } from '../intake/index.js';
import { deliver } from '../issuance/deliver.js';
import { idempotencyKey, remembered, rememberRefusal, type IdempotencyKey } from '../issuance/idempotency.js';
import { continuation, requestById, type StoredRequest } from '../issuance/requests.js';
import { accept, attach, closedWithout, outcome, type Settled } from '../issuance/serve.js';
import { partyById, systemById } from '../parties.js';
import { asRefusal, Refusal } from '../refusal.js';
import { newRequest, requestView, selfView } from './schemas.js';

/** A route of the JSON API: what it says of itself in OpenAPI, and what it does. */
export interface EnrolmentRoute extends RoutePath {
  readonly summary: string;
  /** The certificates that a creation asks for. */
  readonly kind?: 'device' | 'organisation';
  readonly body?: z.ZodType;
  readonly answers: Readonly<Record<number, { description: string; schema?: z.ZodType; type?: string }>>;
  /** Statuses of problems this route answers, beside those of every route. */
  readonly problems: readonly number[];
  run(deps: RaContext, call: Call, intake: Intake, body: Uint8Array): Promise<void>;
}

const creation = {
  method: 'POST',
  body: newRequest,
  answers: {
    201: { description: 'Issued: the certificate is in the answer', schema: requestView },
    202: { description: 'Accepted: see Location for the outcome', schema: requestView }
  },
  problems: [400, 409, 413, 415, 422, 429],
  run: create
} as const;

export const enrolmentRoutes: readonly EnrolmentRoute[] = [
  {
    ...creation,
    path: '/ra/v1/requests/device',
    kind: 'device',
    summary: 'Ask for a first device certificate'
  },
  {
    ...creation,
    path: '/ra/v1/requests/organisation',
    kind: 'organisation',
    summary: 'Ask for an organisation certificate'
  },
  {
    method: 'GET',
    path: '/ra/v1/requests/{id}',
    summary: 'A request of the own party and its outcome',
    answers: { 200: { description: 'The request', schema: requestView } },
    problems: [404],
    run: show
  },
  {
    method: 'GET',
    path: '/ra/v1/requests/{id}/certificate',
    summary: 'The certificate of a request of the own party, in DER',
    answers: { 200: { description: 'DER certificate', type: 'application/pkix-cert' } },
    problems: [404],
    run: certificate
  },
  {
    method: 'GET',
    path: '/ra/v1/parties/self',
    summary: 'The own party and system as the registration authority knows them',
    answers: { 200: { description: 'The own party', schema: selfView } },
    problems: [],
    run: self
  }
];

/** Reads what a creation's message check needs; called by that check, after the interface has been checked. */
export function readNewRequest(call: Call, body: Uint8Array) {
  if (contentType(call.request).type !== 'application/json') throw new Refusal('message/content-type');
  return { csrText: parseJson(newRequest, body).csr, form: 'portal' as const };
}

export async function readJsonBody(call: Call): Promise<Uint8Array> {
  return call.request.method === 'GET' ? new Uint8Array() : readBody(call.request, maxJsonOctets);
}

async function create(deps: RaContext, call: Call, intake: Intake, body: Uint8Array): Promise<void> {
  const key = keyOf(call, intake, body);
  const settled = await createOnce(deps, call, intake, key);
  const { request } = settled;
  const location = { Location: `/ra/v1/requests/${request.id}` };
  if (request.state === 'issued') {
    const delivery = await deliver(deps, settled, intake.client.system.id);
    const base64 = Buffer.from(delivery.certificate).toString('base64');
    const view = { ...viewOfRequest(request), certificate: base64 };
    sendJson(call.response, 201, view, location, delivery);
    return;
  }
  await settled.sealed;
  if (request.state !== 'open') throw closedWithout(request);
  sendJson(call.response, 202, viewOfRequest(request), location);
}

/** The same key with the same body is the same creation, whose request may be going on, closed or refused. */
async function createOnce(
  deps: RaContext,
  call: Call,
  intake: Intake,
  key: IdempotencyKey
): Promise<Settled> {
  const connected = whileConnected(call.response);
  const before = await remembered(deps, key);
  if (before !== undefined && 'refusal' in before) throw before.refusal;
  if (before !== undefined) {
    const request = await requestById(deps, before.requestId);
    if (request !== undefined && continuation(request, deps.clock.now()) !== 'order-again')
      return outcome(deps, await attach(deps, request.id), deps.config.jsonWaitMs, connected);
  }
  try {
    const accepted = await accept(deps, intake, () => key);
    return await outcome(deps, accepted, deps.config.jsonWaitMs, connected);
  } catch (error) {
    const refusal = asRefusal(error);
    if (refusal.code === 'request/duplicate') {
      // The same creation at the same moment was accepted, and perhaps answered, after this one had looked.
      const meanwhile = await remembered(deps, key);
      if (meanwhile !== undefined && 'requestId' in meanwhile)
        return outcome(deps, await attach(deps, meanwhile.requestId), deps.config.jsonWaitMs, connected);
    }
    if (!refusal.entry.retryable && refusal.code !== 'internal' && before === undefined)
      await rememberRefusal(deps, key, refusal, deps.clock.now());
    throw refusal;
  }
}

function keyOf(call: Call, intake: Intake, body: Uint8Array): IdempotencyKey {
  const header = call.request.headers['idempotency-key'];
  if (typeof header !== 'string' || !/^[\x21-\x7e]{1,128}$/.test(header))
    throw new Refusal('idempotency/missing');
  return idempotencyKey(intake.client.party.id, header, call.request.url ?? '', body);
}

/** Another party's request is not there at all. */
async function ownRequest(deps: RaContext, call: Call, intake: Intake): Promise<StoredRequest> {
  const id = z.uuid().safeParse(call.parameters['id']);
  const request = id.success ? await requestById(deps, id.data) : undefined;
  if (request?.partyId !== intake.client.party.id) throw new Refusal('resource/not-found');
  if (request.kind === 'iki-client') throw new Refusal('resource/not-found');
  return request;
}

async function show(deps: RaContext, call: Call, intake: Intake): Promise<void> {
  sendJson(call.response, 200, viewOfRequest(await ownRequest(deps, call, intake)));
}

async function certificate(deps: RaContext, call: Call, intake: Intake): Promise<void> {
  const request = await ownRequest(deps, call, intake);
  if (request.state !== 'issued') throw new Refusal('resource/not-found', 'no certificate yet');
  const settled = { request, sealed: Promise.resolve() };
  const delivery = await deliver(deps, settled, intake.client.system.id);
  send(call.response, 200, { 'Content-Type': 'application/pkix-cert' }, delivery.certificate, delivery);
}

/** As it is on record, not as it was when the client was last looked up. */
async function self(deps: RaContext, call: Call, intake: Intake): Promise<void> {
  const party = await partyById(deps.database, intake.client.party.id);
  const system = await systemById(deps.database, intake.client.system.id);
  if (party === undefined || system === undefined) throw new Refusal('client/not-registered');
  sendJson(call.response, 200, { ...viewOfParty(party), system: viewOfSystem(system) });
}
