import { randomUUID } from 'node:crypto';
import type { Knex } from 'knex';
import type { AuditEvent, AuditTicket } from '../../ops/kit/audit.js';
import { eui64ToSigned, formatEui64 } from '../../pki/index.js';
import type { RaContext } from '../deps.js';
import { continuationOf } from '../intake/check.js';
import type { Intake } from '../intake/intake.js';
import { Refusal } from '../refusal.js';
import type { RaStage } from '../stages.js';
import { reserveDevice } from './device-count.js';
import { rememberRequest, type IdempotencyKey } from './idempotency.js';
import { keySubject, reserveKeys } from './key-registry.js';
import { signOrder, type NewOrder } from './order.js';

/** Another request holds the key, or the request changed under the decision: look again at what is there. */
export class Overtaken extends Error {
  readonly code = 'decide/overtaken';
  constructor(what: 'key' | 'request') {
    super(`the ${what} was taken by another request`);
    this.name = 'Overtaken';
  }
}

/**
 * Step 2 and 3 of issuance: one transaction holds the audit events, the reservations, the request and the signed
 * order; after it, the request is open and any CA may claim the order. Throws `Overtaken` when a reservation is
 * lost, and a `Refusal` at the device's limit; in both cases nothing is left behind.
 */
export async function decide(
  deps: RaContext,
  intake: Intake,
  idempotency: IdempotencyKey | undefined
): Promise<string> {
  const again = continuationOf(deps, intake) === 'order-again' ? intake.earlier : undefined;
  const requestId = again?.id ?? randomUUID();
  const order = await signOrder(deps, intake.facts.profile, 'adhoc', [{ requestId, csr: intake.csr }]);

  await deps.stage('ra:decide:before' satisfies RaStage);
  const ticket = await deps.database.transaction(async trx => {
    if (again === undefined) await reserveNew(deps, trx, intake, requestId);
    await insertOrder(trx, intake, order);
    if (again === undefined) await insertRequest(trx, intake, requestId, order);
    else await orderAgain(deps, trx, intake, again, order);
    if (idempotency !== undefined) await rememberRequest(trx, idempotency, requestId, order.issuedAt);
    return recordDecision(deps, trx, intake, requestId, order);
  });
  await deps.stage('ra:decide:after' satisfies RaStage);
  await deps.audit.seal(ticket);
  await deps.stage('ra:seal-decision:after' satisfies RaStage);
  deps.measures.orders.inc({ event: 'signed' });
  deps.openOrders.wake();
  return requestId;
}

async function reserveNew(
  deps: RaContext,
  trx: Knex.Transaction,
  intake: Intake,
  requestId: string
): Promise<void> {
  const { facts } = intake;
  const owner = { subject: keySubject(facts), usage: facts.usage, requestId };
  if (!(await reserveKeys(trx, [{ publicKeyHash: facts.publicKeyHash, owner }]))) {
    deps.measures.conflicts.inc({ reserved: 'key' });
    throw new Overtaken('key');
  }
  await reserveDevicePlace(deps, trx, intake);
}

async function reserveDevicePlace(deps: RaContext, trx: Knex.Transaction, intake: Intake): Promise<void> {
  if (intake.kind !== 'device') return;
  const limit = deps.policy.figures['device.certificate-limit'].value;
  if (await reserveDevice(trx, intake.device, limit)) return;
  deps.measures.conflicts.inc({ reserved: 'device' });
  throw new Refusal('device/limit');
}

async function insertOrder(trx: Knex.Transaction, intake: Intake, order: NewOrder): Promise<void> {
  await trx('ra.orders').insert({
    id: order.id,
    party_id: intake.client.party.id,
    bytes: Buffer.from(order.bytes),
    key_id: Buffer.from(order.keyId),
    signature: Buffer.from(order.signature),
    lane: order.lane,
    state: 'open',
    created_at: order.issuedAt,
    expires_at: order.expiresAt
  });
}

async function insertRequest(
  trx: Knex.Transaction,
  intake: Intake,
  requestId: string,
  order: NewOrder
): Promise<void> {
  const { facts, client } = intake;
  await trx('ra.request').insert({
    id: requestId,
    party_id: client.party.id,
    system_id: client.system.id,
    interface: intake.interface,
    kind: intake.kind,
    profile: facts.profile,
    eui: facts.eui === undefined ? null : eui64ToSigned(facts.eui).toString(),
    request_hash: Buffer.from(facts.requestHash),
    public_key_hash: Buffer.from(facts.publicKeyHash),
    csr: Buffer.from(intake.csr),
    order_id: order.id,
    state: 'open',
    arrived_at: intake.arrivedAt,
    validated_at: intake.validatedAt
  });
}

/**
 * A fresh order for a request whose last one failed, was withdrawn or expired. The update takes the request only
 * as it was seen, so that of two resent requests one orders and the other joins it.
 */
async function orderAgain(
  deps: RaContext,
  trx: Knex.Transaction,
  intake: Intake,
  seen: NonNullable<Intake['earlier']>,
  order: NewOrder
): Promise<void> {
  // An order that nobody claimed before it expired must not be left to the sweep, which would fail the request.
  await trx('ra.orders').where({ id: seen.orderId, state: 'open' }).update({ state: 'cancelled' });
  const updated = await trx('ra.request')
    .where({ id: seen.id, state: seen.state, order_id: seen.orderId })
    .update({ order_id: order.id, state: 'open', outcome: null });
  if (updated !== 1) {
    deps.measures.conflicts.inc({ reserved: 'request' });
    throw new Overtaken('request');
  }
  // An open request still holds its place for the device; a closed one has given it back.
  if (seen.state !== 'open') await reserveDevicePlace(deps, trx, intake);
}

function recordDecision(
  deps: RaContext,
  trx: Knex.Transaction,
  intake: Intake,
  requestId: string,
  order: NewOrder
): Promise<AuditTicket> {
  const { facts, client } = intake;
  const accepted: AuditEvent = {
    type: 'ra.request.accepted',
    actor: client.system.id,
    facts: {
      request: requestId,
      party: client.party.id,
      interface: intake.interface,
      profile: facts.profile,
      subject: facts.eui === undefined ? null : formatEui64(facts.eui),
      requestHash: Buffer.from(facts.requestHash).toString('hex'),
      publicKeyHash: Buffer.from(facts.publicKeyHash).toString('hex'),
      arrivedAt: intake.arrivedAt.toISOString(),
      validatedAt: intake.validatedAt.toISOString(),
      policyVersion: deps.policy.version
    }
  };
  const signed: AuditEvent = {
    type: 'ra.order.signed',
    actor: deps.config.instance,
    facts: { order: order.id, requests: [requestId], expiresAt: order.expiresAt.toISOString() }
  };
  return deps.audit.record(trx, [accepted, signed]);
}
