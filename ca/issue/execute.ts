/**
 * An order becomes certificates: steps 4 to 9 as a numbered list, each with its consequence of failure. Whatever
 * is thrown on the way leaves the order to the reconciler (step 10, `reconcile.ts`), which comes in again through
 * `takeOver`.
 */
import { decodeOrder, MessageError, type ItemOutcome, type SignedOrder } from '../../pki/messages/index.js';
import { event } from '../audit-events.js';
import { OrderRefused } from '../errors.js';
import { certificatesOfOrder } from '../ledger/certificate.js';
import { uuidOf } from '../ledger/identifier.js';
import { findIntent } from '../ledger/intent.js';
import {
  findOrder,
  findRefusals,
  heldRequests,
  insertOrder,
  insertRefusals,
  isKnown
} from '../ledger/order.js';
import { insertOutbox } from '../ledger/outbox.js';
import { stopRaKey } from '../ledger/ra-key.js';
import type { RaPeer } from '../peers.js';
import { countRefusals, refuse, runAttempts } from './attempts.js';
import type { IssueContext } from './context.js';
import { Outcomes } from './outcomes.js';
import { readRequests } from './read-requests.js';
import { admitOrder, openOrder, type OpenedOrder } from './verify-order.js';

/**
 * DESIGN: an order of more items than this is looked up before it is read, for an RA that was not told in time
 * offers it again: a look-up costs what reading some items costs, and nearly every order is a new one.
 */
const lookUpFrom = 64;

/** A claimed order: executed, answered again, or refused. */
export async function executeOrder(signed: SignedOrder, ra: RaPeer, ctx: IssueContext): Promise<void> {
  // 4. Who ordered, for whom, until when? Not signed by a configured key: an alarm, and nothing is stored under
  //    an identifier that anybody could have chosen.
  await ctx.stage('ca:4:claimed');
  let opened: OpenedOrder;
  try {
    opened = openOrder(signed, ctx.keys, ctx.verifyPoint);
  } catch (error) {
    if (!(error instanceof OrderRefused)) throw error;
    return refuseUnsigned(signed, error, ra, ctx);
  }
  const { order, orderId } = opened;
  if (ctx.inHand.has(orderId)) return sameOrder(opened, ra, ctx);
  if (order.items.length >= lookUpFrom && (await isKnown(ctx, orderId))) return answerAgain(opened, ra, ctx);
  try {
    admit(opened, ctx);
    const { checked, refused } = await readRequests(order, ctx);
    const beginning = { kind: 'first' } as const;
    const end = await runAttempts({ opened, ra: ra.name, epoch: 1, beginning, checked, refused }, ctx);
    if (end === 'known') await answerAgain(opened, ra, ctx);
  } catch (error) {
    if (!(error instanceof OrderRefused)) throw error;
    await refuseOrder(opened, error, ra, ctx);
  }
}

/**
 * Step 10 for one order: everything is rebuilt from the evidence, whose signature is verified again; the serials
 * of earlier attempts are given up and new ones taken.
 */
export async function takeOver(
  orderId: string,
  found: { epoch: number; holder: string },
  ctx: IssueContext
): Promise<void> {
  const evidence = await findOrder(ctx.database, orderId);
  if (evidence === undefined) throw new Error('an intent without its order');
  const opened = openOrder(evidence, ctx.keys, ctx.verifyPoint);
  if (opened.orderId !== orderId) throw new OrderRefused('ca/order-signature', 'evidence of another order');
  const settled = new Set([
    ...(await findRefusals(ctx.database, orderId)).map(refusal => refusal.item),
    ...(await certificatesOfOrder(ctx.database, orderId)).map(certificate => certificate.item)
  ]);
  const all = opened.order.items.map(({ requestId }, item) => ({ item, requestId: uuidOf(requestId) }));
  const held = await heldRequests(
    ctx.database,
    orderId,
    all.map(({ requestId }) => requestId)
  );
  const isOpen = ({ item, requestId }: { item: number; requestId: string }) =>
    held.has(requestId) && !settled.has(item);
  const epoch = found.epoch + 1;
  const beginning = { kind: 'take-over', formerHolder: found.holder } as const;
  try {
    admit(opened, ctx);
  } catch (error) {
    if (!(error instanceof OrderRefused)) throw error;
    // The order was in time when it was admitted; what was not had in time is the signature.
    const code = error.code === 'ca/expired' ? 'ca/unavailable' : error.code;
    const refused = all.filter(isOpen).map(item => refuse(item, code, error.message));
    const intent = { opened, beginning, epoch, ra: '', prepared: [], refused, publish: true };
    const record = await ctx.commits.intent(intent);
    if (record.kind !== 'finished') return;
    countRefusals(refused, ctx);
    const tickets = [record.ticket];
    return ctx.delivery.deliver({ orderId, ra: '', publish: true, tickets, told: undefined });
  }
  const { checked, refused } = await readRequests(opened.order, ctx);
  const group = { opened, ra: '', epoch, beginning };
  await runAttempts({ ...group, checked: checked.filter(isOpen), refused: refused.filter(isOpen) }, ctx);
}

/** An order in hand is offered again: its own bytes change nothing. */
async function sameOrder(opened: OpenedOrder, ra: RaPeer, ctx: IssueContext): Promise<void> {
  const known = await findOrder(ctx.database, opened.orderId);
  if (known !== undefined && Buffer.compare(known.bytes, opened.signed.bytes) !== 0)
    await twoOrders(opened, ra, ctx);
}

/** Two orders under one identifier: the first stands, the other gets no answer. */
async function twoOrders({ orderId, key }: OpenedOrder, ra: RaPeer, ctx: IssueContext): Promise<void> {
  ctx.log.fatal({ orderId, ra: ra.name }, 'two orders under one identifier');
  await ctx.audit.append([event('ca.alarm.order', ctx, { order: orderId, raKey: key.name, code: 'two' })]);
}

/** A finished order answers with its stored results; an open one is somebody's, or is taken over. */
async function answerAgain(opened: OpenedOrder, ra: RaPeer, ctx: IssueContext): Promise<void> {
  const { orderId } = opened;
  const known = await findOrder(ctx.database, orderId);
  // Gone again: the transaction that held it was rolled back. The RA offers the order once more.
  if (known === undefined) return;
  if (Buffer.compare(known.bytes, opened.signed.bytes) !== 0) return twoOrders(opened, ra, ctx);
  const intent = await findIntent(ctx.database, orderId, ctx.config.limits.leaseMs);
  if (intent?.state !== 'open') return ctx.delivery.answerAgain(orderId, ra);
  if (intent.stale && !ctx.inHand.has(orderId)) await takeOver(orderId, intent, ctx);
}

/** Refuses a whole order that an RA did sign, with the evidence. */
async function refuseOrder(
  opened: OpenedOrder,
  refusal: OrderRefused,
  ra: RaPeer,
  ctx: IssueContext
): Promise<void> {
  const { order, orderId, key, signed } = opened;
  const refused = order.items.map(({ requestId }, item) =>
    refuse({ item, requestId: uuidOf(requestId) }, refusal.code, refusal.message)
  );
  await ctx.stage('ca:6:before');
  const ticket = await ctx.database.transaction(async trx => {
    if (!(await insertOrder(trx, orderId, signed))) return undefined;
    await insertRefusals(trx, orderId, refused);
    const facts = { order: orderId, raKey: key.name, code: refusal.code };
    const events = [event('ca.order.refused', ctx, facts)];
    if (refusal.code === 'ca/ra-limit') {
      await stopRaKey(trx, key.keyId, refusal.message);
      events.push(event('ca.ra-key.stopped', ctx, { raKey: key.name, perHour: key.certificatesPerHour }));
      ctx.log.fatal({ raKey: key.name }, 'RA key stopped: over its certificates per hour');
    }
    const recorded = await ctx.audit.record(trx, events);
    const { leaseMs: graceMs } = ctx.config.limits;
    await insertOutbox(trx, { orderId, ra: ra.name, publish: false, graceMs });
    return recorded;
  });
  await ctx.stage('ca:6:after');
  if (ticket === undefined) return answerAgain(opened, ra, ctx);
  ctx.log.warn({ orderId, code: refusal.code }, 'order refused');
  countRefusals(refused, ctx);
  const outcomes = new Outcomes(opened);
  outcomes.refuse(refused);
  const told = outcomes.told();
  await ctx.delivery.deliver({ orderId, ra: ra.name, publish: false, tickets: [ticket], told });
}

/** An order no configured key signed: an alarm; told to the peer that delivered it, stored nowhere but the log. */
async function refuseUnsigned(
  signed: SignedOrder,
  refusal: OrderRefused,
  ra: RaPeer,
  ctx: IssueContext
): Promise<void> {
  const keyId = Buffer.from(signed.keyId).toString('hex');
  ctx.log.fatal({ code: refusal.code, ra: ra.name, keyId }, 'order refused');
  ctx.metrics.refusals.inc({ code: refusal.code });
  await ctx.audit.append([event('ca.alarm.order', ctx, { ra: ra.name, raKey: keyId, code: refusal.code })]);
  try {
    const { orderId, items } = decodeOrder(signed.bytes);
    const outcomes = items.map(({ requestId }): ItemOutcome => ({
      kind: 'refused',
      requestId,
      code: refusal.code,
      detail: refusal.message
    }));
    await ra.report({ orderId, outcomes });
  } catch (error) {
    if (!(error instanceof MessageError)) throw error;
  }
}

/** Whether the order may be executed here and now. Throws `OrderRefused`. */
function admit(opened: OpenedOrder, ctx: IssueContext): void {
  for (const { issuerProfile } of admitOrder(opened, ctx.admission, ctx.clock.now()).values())
    if (!ctx.issuers.has(issuerProfile))
      throw new OrderRefused('ca/profile', `this CA has no ${issuerProfile}`);
}
