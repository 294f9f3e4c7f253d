import { randomUUID } from 'node:crypto';
import type { AuditEvent, AuditTicket } from '../../ops/kit/audit.js';
import type { Transaction } from '../../ops/kit/deps.js';
import { eui64ToSigned, formatEui64, profiles } from '../../pki/index.js';
import type { Domain } from '../../pki/messages/index.js';
import type { RaContext } from '../deps.js';
import type { Answer } from '../group-commit.js';
import { continuationOf } from '../intake/check.js';
import type { Intake } from '../intake/intake.js';
import { Refusal } from '../refusal.js';
import type { RaStage } from '../stages.js';
import { forgetRequests, rememberRequests, type Creation, type IdempotencyKey } from './idempotency.js';
import { keyHash } from './key-registry.js';
import { insertOrders, signOrder, type NewOrder } from './order.js';
import type { Expectation } from './outcomes.js';
import type { StoredRequest } from './requests.js';
import { reserve } from './reserve.js';

/** Another request holds the key, or the request changed under the decision: look again at what is there. */
export class Overtaken extends Error {
  readonly code = 'decide/overtaken';
  constructor(what: 'key' | 'request') {
    super(`the ${what} was taken by another request`);
    this.name = 'Overtaken';
  }
}

/** A request that passed the checks and is to be ordered. */
export interface Wish {
  readonly intake: Intake;
  readonly idempotency: IdempotencyKey | undefined;
}

/** A request that is on record, and the wait for what comes of it. */
export interface Accepted {
  readonly request: StoredRequest;
  readonly expectation: Expectation;
}

interface Decision {
  readonly wish: Wish;
  readonly intake: Intake;
  readonly requestId: string;
  /** The earlier self that is ordered again. */
  readonly again: StoredRequest | undefined;
}

interface Ordered {
  readonly decision: Decision;
  readonly order: NewOrder;
}

/**
 * Step 2 and 3 of issuance for a group: one transaction holds the audit events, the reservations, the requests and the
 * signed orders; after it, the requests are open and any CA may claim the orders. A member that lost a reservation is
 * answered with `Overtaken`, one at its device's limit with a `Refusal`; nothing of either is left behind, and the
 * others go on.
 */
export async function decide(
  deps: RaContext,
  wishes: readonly Wish[]
): Promise<ReadonlyMap<Intake, Answer<Accepted>>> {
  const answers = new Map<Intake, Answer<Accepted>>();
  const decisions = distinct(deps, wishes, answers);
  let orders = await signOrders(deps, decisions);
  // From before the orders can be claimed, so that no report is missed.
  const seal = new DecisionSeal(deps);
  const expectations = new Map<Decision, Expectation>(
    decisions.map(decision => [decision, deps.outcomes.expect(decision.requestId, () => seal.done())])
  );
  try {
    await deps.stage('ra:decide:before' satisfies RaStage);
    const ticket = await deps.sql.transaction(deps.database, async trx => {
      const lost = await withoutReservation(deps, trx, decisions);
      if (lost.size === 0) return record(deps, trx, orders);
      for (const [intake, error] of lost) answers.set(intake, error);
      // What was signed holds requests that may not be ordered: it reaches nobody.
      orders = await signOrders(
        deps,
        decisions.filter(({ intake }) => !lost.has(intake))
      );
      return record(deps, trx, orders);
    });
    await deps.stage('ra:decide:after' satisfies RaStage);
    if (ticket !== undefined) seal.begin(ticket);
    for (const [order, members] of orders)
      for (const decision of members) {
        const expectation = expectations.get(decision);
        if (expectation === undefined) continue;
        expectations.delete(decision);
        answers.set(decision.intake, { request: openRequest(decision, order), expectation });
      }
    if (ticket !== undefined) deps.measures.orders.inc({ event: 'signed' }, orders.size);
  } finally {
    for (const expectation of expectations.values()) expectation.release();
  }
  return answers;
}

/**
 * Places a decision's events in the audit log; only then is the CA told that there are orders, and does anybody wait
 * for what comes of them. The next group is decided meanwhile.
 */
class DecisionSeal {
  readonly #deps: RaContext;
  #done: Promise<void> = Promise.resolve();

  constructor(deps: RaContext) {
    this.#deps = deps;
  }

  begin(ticket: AuditTicket): void {
    this.#done = this.#seal(ticket);
    // Each who waits hears of the fault; where nobody waits any more there is nobody to tell.
    this.#done.catch(() => undefined);
  }

  done(): Promise<void> {
    return this.#done;
  }

  async #seal(ticket: AuditTicket): Promise<void> {
    await this.#deps.sealing.seal(ticket);
    await this.#deps.stage('ra:seal-decision:after' satisfies RaStage);
    this.#deps.openOrders.adhoc.wake();
  }
}

/** Those that cannot be ordered, with why; of the others everything that must be unique or limited is reserved. */
async function withoutReservation(
  deps: RaContext,
  trx: Transaction,
  decisions: readonly Decision[]
): Promise<ReadonlyMap<Intake, Error>> {
  const creations = creationsOf(deps, decisions);
  const lost = new Map<Intake, Error>(await rememberRequests(deps, trx, creations));
  for (const [intake, error] of await overtaken(deps, trx, decisions)) lost.set(intake, error);
  const going = decisions.filter(({ intake }) => !lost.has(intake));
  for (const [intake, what] of await reserve(deps, trx, going))
    lost.set(intake, what === 'key' ? new Overtaken('key') : new Refusal('device/limit'));
  if (lost.size > 0)
    await forgetRequests(
      deps,
      trx,
      creations.filter(({ intake }) => lost.has(intake))
    );
  return lost;
}

/** Of equal requests, and of requests for one key, the first goes on; the others look again when it stands. */
function distinct(deps: RaContext, wishes: readonly Wish[], lost: Map<Intake, unknown>): Decision[] {
  const keys = new Set<string>();
  const decisions: Decision[] = [];
  for (const wish of wishes) {
    const { intake } = wish;
    const hash = keyHash(intake.facts.publicKeyHash);
    if (keys.has(hash)) {
      lost.set(intake, new Overtaken('key'));
      continue;
    }
    keys.add(hash);
    const again = continuationOf(deps, intake) === 'order-again' ? intake.earlier : undefined;
    decisions.push({ wish, intake, requestId: again?.id ?? randomUUID(), again });
  }
  return decisions;
}

/**
 * One order for each domain, with the requests of JSON apart: an order is withdrawn at the deadline of a request whose
 * interface answers once, and that must not end what another interface began.
 */
async function signOrders(
  deps: RaContext,
  decisions: readonly Decision[]
): Promise<Map<NewOrder, readonly Decision[]>> {
  const classes = new Map<string, { domain: Domain; members: Decision[] }>();
  for (const decision of decisions) {
    const { domain } = profiles[decision.intake.facts.profile];
    const through = (decision.again ?? decision.intake).interface;
    const name = `${domain} ${through === 'json'}`;
    const known = classes.get(name);
    if (known === undefined) classes.set(name, { domain, members: [decision] });
    else known.members.push(decision);
  }
  const orders = new Map<NewOrder, readonly Decision[]>();
  for (const { domain, members } of classes.values()) {
    const items = members.map(({ requestId, intake }) => ({
      requestId,
      profile: intake.facts.profile,
      csr: intake.csr
    }));
    orders.set(await signOrder(deps, domain, 'adhoc', items), members);
  }
  return orders;
}

/**
 * Those of the requests ordered again that changed since they were looked at: of two resent requests one orders and
 * the other joins it. The rows stay locked; those whose keys are to be taken over are locked with them.
 */
async function overtaken(
  deps: RaContext,
  trx: Transaction,
  decisions: readonly Decision[]
): Promise<ReadonlyMap<Intake, Error>> {
  const changed = new Map<Intake, Error>();
  const again = decisions.filter(decision => decision.again !== undefined);
  const ids = decisions.flatMap(({ again: earlier, intake }) =>
    [earlier?.id ?? [], intake.takesOver ?? []].flat()
  );
  if (ids.length === 0) return changed;
  const rows = await deps.sql.rows<{ id: string; state: string; order_id: string }>(
    trx,
    'ra_lock_requests',
    'select id, state, order_id from ra.request where id = any($1::uuid[]) order by id for update',
    [[...new Set(ids)]]
  );
  const now = new Map(rows.map(row => [row.id, row]));
  for (const { intake, again: seen } of again) {
    const row = seen && now.get(seen.id);
    if (row !== undefined && row.state === seen?.state && row.order_id === seen.orderId) continue;
    deps.measures.conflicts.inc({ reserved: 'request' });
    changed.set(intake, new Overtaken('request'));
  }
  return changed;
}

/** Writes what was reserved and signed; no ticket where nothing of the group is left. */
async function record(
  deps: RaContext,
  trx: Transaction,
  orders: ReadonlyMap<NewOrder, readonly Decision[]>
): Promise<AuditTicket | undefined> {
  const ordered: Ordered[] = [...orders].flatMap(([order, of]) => of.map(decision => ({ decision, order })));
  if (ordered.length === 0) return undefined;
  for (const [order, of] of orders) await insertOrders(deps, trx, [order], { partyId: onlyParty(of) });
  await insertRequests(
    deps,
    trx,
    ordered.filter(({ decision }) => decision.again === undefined)
  );
  await orderAgain(
    deps,
    trx,
    ordered.filter(({ decision }) => decision.again !== undefined)
  );
  const events = ordered.map(({ decision }) => accepted(deps, decision));
  for (const [order, of] of orders) events.push(signed(deps, order, of));
  return deps.audit.record(trx, events);
}

function creationsOf(deps: RaContext, decisions: readonly Decision[]): Creation[] {
  const at = deps.clock.now();
  return decisions.flatMap(({ wish: { intake, idempotency: key }, requestId }) =>
    key === undefined ? [] : [{ intake, key, requestId, at }]
  );
}

function onlyParty(decisions: readonly Decision[]): string | null {
  const parties = new Set(decisions.map(({ intake }) => intake.client.party.id));
  return parties.size === 1 ? ([...parties][0] ?? null) : null;
}

async function insertRequests(deps: RaContext, trx: Transaction, ordered: readonly Ordered[]): Promise<void> {
  if (ordered.length === 0) return;
  const column = <T>(of: (decision: Decision, order: NewOrder) => T): T[] =>
    ordered.map(({ decision, order }) => of(decision, order));
  await deps.sql.also(
    trx,
    'ra_insert_requests',
    `insert into ra.request (id, party_id, system_id, interface, kind, profile, eui, request_hash, public_key_hash,
       csr, order_id, state, arrived_at, validated_at)
     select id, party_id, system_id, interface, kind, profile, eui, request_hash, public_key_hash,
       csr, order_id, 'open', arrived_at, validated_at
     from unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::text[], $5::text[], $6::text[], $7::bigint[], $8::bytea[],
       $9::bytea[], $10::bytea[], $11::uuid[], $12::timestamptz[], $13::timestamptz[])
       as r (id, party_id, system_id, interface, kind, profile, eui, request_hash, public_key_hash, csr, order_id,
         arrived_at, validated_at)`,
    [
      column(({ requestId }) => requestId),
      column(({ intake }) => intake.client.party.id),
      column(({ intake }) => intake.client.system.id),
      column(({ intake }) => intake.interface),
      column(({ intake }) => intake.kind),
      column(({ intake }) => intake.facts.profile),
      column(({ intake: { facts } }) => (facts.eui === undefined ? null : eui64ToSigned(facts.eui))),
      column(({ intake }) => intake.facts.requestHash),
      column(({ intake }) => intake.facts.publicKeyHash),
      column(({ intake }) => intake.csr),
      column((_decision, order) => order.id),
      column(({ intake }) => intake.arrivedAt),
      column(({ intake }) => intake.validatedAt)
    ]
  );
}

/**
 * A fresh order for requests whose last one failed, was withdrawn or expired. The older order keeps its other
 * requests: one that expired unclaimed is withdrawn by the sweep, with those that still wait for it.
 */
async function orderAgain(deps: RaContext, trx: Transaction, ordered: readonly Ordered[]): Promise<void> {
  if (ordered.length === 0) return;
  await deps.sql.also(
    trx,
    'ra_order_again',
    `update ra.request r set order_id = n.order_id, state = 'open', outcome = null, ordered_again = true
     from unnest($1::uuid[], $2::uuid[]) as n (id, order_id) where r.id = n.id`,
    [ordered.map(({ decision }) => decision.requestId), ordered.map(({ order }) => order.id)]
  );
}

function accepted(deps: RaContext, { intake, requestId }: Decision): AuditEvent {
  const { facts, client } = intake;
  return {
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
}

function signed(deps: RaContext, order: NewOrder, decisions: readonly Decision[]): AuditEvent {
  return {
    type: 'ra.order.signed',
    actor: deps.config.instance,
    facts: {
      order: order.id,
      requests: decisions.map(({ requestId }) => requestId),
      expiresAt: order.expiresAt.toISOString()
    }
  };
}

/** As it is now on record. */
function openRequest({ intake, requestId, again }: Decision, order: NewOrder): StoredRequest {
  const { client, facts } = intake;
  const fresh: StoredRequest = {
    id: requestId,
    partyId: client.party.id,
    systemId: client.system.id,
    interface: intake.interface,
    kind: intake.kind,
    profile: facts.profile,
    arrivedAt: intake.arrivedAt,
    validatedAt: intake.validatedAt,
    delivered: false,
    state: 'open',
    outcome: undefined,
    certificate: undefined,
    serial: undefined,
    availableAt: undefined,
    orderId: order.id,
    orderExpiresAt: order.expiresAt
  };
  if (again === undefined) return fresh;
  const { partyId, arrivedAt, validatedAt } = again;
  return { ...fresh, interface: again.interface, partyId, arrivedAt, validatedAt };
}
