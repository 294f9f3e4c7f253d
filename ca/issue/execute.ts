/**
 * An order becomes certificates: steps 4 to 9 as a numbered list, each with its consequence of failure. Whatever
 * is thrown on the way leaves the order to the reconciler (step 10, `reconcile.ts`), which comes in again through
 * `takeOver`.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Profile } from '../../pki/index.js';
import { decodeOrder, MessageError, type ItemOutcome, type SignedOrder } from '../../pki/messages/index.js';
import { event } from '../audit-events.js';
import { OrderRefused, type RefusalCode } from '../errors.js';
import { certificatesOfOrder, uncertainAttempts } from '../ledger/certificate.js';
import { uuidOf } from '../ledger/identifier.js';
import { findIntent } from '../ledger/intent.js';
import {
  findOrder,
  findRefusals,
  heldRequests,
  insertOrder,
  insertRefusals,
  type Refusal
} from '../ledger/order.js';
import { insertOutbox } from '../ledger/outbox.js';
import { stopRaKey } from '../ledger/ra-key.js';
import type { AuditTicket } from '../../ops/kit/audit.js';
import type { RaPeer } from '../peers.js';
import type { IssueContext } from './context.js';
import { prepareGroup } from './prepare.js';
import { readRequests, type CheckedItem } from './read-requests.js';
import { recordIntent, type Beginning } from './record-intent.js';
import { checkSignatures, recordResult } from './record-result.js';
import { signGroup } from './sign.js';
import { admitOrder, openOrder, type OpenedOrder } from './verify-order.js';

/** A claimed order: executed, answered again, or refused. */
export async function executeOrder(signed: SignedOrder, ra: RaPeer, ctx: IssueContext): Promise<void> {
  // 4. Who ordered, for whom, until when? Not signed by a configured key: an alarm, and nothing is stored under
  //    an identifier that anybody could have chosen.
  await ctx.stage('ca:4:claimed');
  let opened: OpenedOrder;
  try {
    opened = openOrder(signed, ctx.keys);
  } catch (error) {
    if (!(error instanceof OrderRefused)) throw error;
    return refuseUnsigned(signed, error, ra, ctx);
  }
  const known = await findOrder(ctx.database, opened.orderId);
  if (known !== undefined) return answerAgain(opened, known, ra, ctx);
  try {
    const profile = admit(opened, ctx);
    const { checked, refused } = await readRequests(opened.order.items, profile, ctx);
    await runAttempts(
      { opened, profile, ra: ra.name, epoch: 1, beginning: { kind: 'first' }, checked, refused },
      ctx
    );
  } catch (error) {
    if (!(error instanceof OrderRefused)) throw error;
    await refuseOrder(opened, error, ra.name, ctx);
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
  const opened = openOrder(evidence, ctx.keys);
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
  let profile: Profile;
  try {
    profile = admit(opened, ctx);
  } catch (error) {
    if (!(error instanceof OrderRefused)) throw error;
    // The order was in time when it was admitted; what was not had in time is the signature.
    const code = error.code === 'ca/expired' ? 'ca/unavailable' : error.code;
    const refused = all.filter(isOpen).map(item => refuse(item, code, error.message));
    const intent = { opened, beginning, epoch, ra: '', prepared: [], refused, publish: true };
    const record = await recordIntent(intent, ctx);
    if (record.kind !== 'finished') return;
    ctx.delivery.remember(orderId, [record.ticket]);
    countRefusals(refused, ctx);
    return ctx.delivery.deliver(orderId);
  }
  const { checked, refused } = await readRequests(opened.order.items, profile, ctx);
  const group = { opened, profile, ra: '', epoch, beginning };
  await runAttempts({ ...group, checked: checked.filter(isOpen), refused: refused.filter(isOpen) }, ctx);
}

interface Group {
  readonly opened: OpenedOrder;
  readonly profile: Profile;
  /** Name of the peer the order came from; empty after a take-over. */
  readonly ra: string;
  readonly epoch: number;
  readonly beginning: Beginning;
  readonly checked: readonly CheckedItem[];
  readonly refused: readonly Refusal[];
}

async function runAttempts(group: Group, ctx: IssueContext): Promise<void> {
  const { opened, profile, ra } = group;
  const { orderId, order } = opened;
  if (ctx.inHand.has(orderId)) return;
  ctx.inHand.add(orderId);
  try {
    const issuer = ctx.issuers.get(profile.issuerProfile);
    if (issuer === undefined) throw new Error('admitted without an issuer');
    const uncertain =
      group.epoch === 1 ? new Map<number, number>() : await uncertainAttempts(ctx.database, orderId);
    let { epoch, beginning, checked } = group;
    let refused = [...group.refused];
    let certified = group.epoch > 1;
    const tickets: AuditTicket[] = [];
    let pauses = 0;
    for (;;) {
      const { attempts } = ctx.config.limits;
      refused.push(
        ...checked
          .filter(({ item }) => (uncertain.get(item) ?? 0) >= attempts)
          .map(item => refuse(item, 'ca/attempts', `${attempts} signatures without a known outcome`))
      );
      checked = checked.filter(({ item }) => (uncertain.get(item) ?? 0) < attempts);

      // 5. Build, lint the exact bytes, mint the permits. A finding refuses the item, never the group.
      const preparation = await prepareGroup(
        checked,
        { orderId: order.orderId, epoch, lane: order.lane, profile, issuer },
        ctx
      );
      refused.push(...preparation.refused);
      await ctx.stage('ca:5:prepared');

      // 6. Record the intent. Not recorded: nothing is signed. Recorded but reported failed: the reconciler
      //    finds it. Somebody else's: theirs to finish.
      await ctx.stage('ca:6:before');
      const { published: publish } = profile;
      const intent = await recordIntent(
        { opened, beginning, epoch, ra, prepared: preparation.prepared, refused, publish },
        ctx
      );
      await ctx.stage('ca:6:after');
      if (intent.kind === 'elsewhere') return;
      countRefusals(refused, ctx);
      tickets.push(intent.ticket);
      if (intent.kind === 'finished') {
        ctx.delivery.remember(orderId, tickets);
        break;
      }

      // 7. Sign, once. Certainly no signature: a later attempt. Nobody knows: the serial is given up.
      await ctx.stage('ca:7:before');
      const end = ctx.metrics.signing.startTimer();
      const results = await signGroup(
        ctx.signer,
        intent.items.map(({ prepared }) => prepared.signRequest)
      );
      end();
      await ctx.stage('ca:7:after');

      // 8. Verify over exactly the linted bytes, then record. A wrong signature is an alarm and never leaves.
      const { certificates, abandoned, remaining, alarms } = await checkSignatures(
        intent.items,
        results,
        issuer,
        ctx
      );
      for (const { item, reason } of abandoned)
        if (reason !== 'not-signed') uncertain.set(item, (uncertain.get(item) ?? 0) + 1);
      refused = remaining.flatMap(({ checked: item }) => lastRefusal(item, order.expiresAt, uncertain, ctx));
      const refusedItems = new Set(refused.map(({ item }) => item));
      checked = remaining.map(item => item.checked).filter(({ item }) => !refusedItems.has(item));
      certified ||= certificates.length > 0;
      await ctx.stage('ca:8:before');
      const close = checked.length === 0;
      const result = await recordResult(
        {
          ...{ opened, epoch, ra, certificates, abandoned, refused, alarms, close },
          publish: publish && certified
        },
        ctx
      );
      await ctx.stage('ca:8:after');
      if (result.kind === 'lost') {
        ctx.log.warn({ orderId, epoch }, 'taken over by another process, results discarded');
        return;
      }
      ctx.metrics.certificates.inc({ profile: profile.name }, certificates.length);
      countRefusals(refused, ctx);
      tickets.push(result.ticket);
      if (close) {
        ctx.delivery.remember(orderId, tickets);
        break;
      }
      refused = [];
      epoch += 1;
      beginning = { kind: 'next' };
      if (abandoned.some(({ reason }) => reason === 'not-signed'))
        await pause(pauses++, order.expiresAt, ctx);
      if (ctx.stopping.aborted) return;
    }
  } finally {
    ctx.inHand.delete(orderId);
  }
  // 9. Lodge, then report; the outbox keeps at it when either fails.
  await ctx.delivery.deliver(orderId);
}

/** A finished order answers with its stored results; an open one is somebody's, or is taken over. */
async function answerAgain(
  opened: OpenedOrder,
  known: SignedOrder,
  ra: RaPeer,
  ctx: IssueContext
): Promise<void> {
  const { orderId } = opened;
  if (Buffer.compare(known.bytes, opened.signed.bytes) !== 0) {
    ctx.log.fatal({ orderId, ra: ra.name }, 'two orders under one identifier');
    await ctx.audit.append([
      event('ca.alarm.order', ctx, { order: orderId, raKey: opened.key.name, code: 'two' })
    ]);
    return;
  }
  const intent = await findIntent(ctx.database, orderId, ctx.config.limits.leaseMs);
  if (intent?.state !== 'open') return ctx.delivery.answerAgain(orderId, ra);
  if (intent.stale && !ctx.inHand.has(orderId)) await takeOver(orderId, intent, ctx);
}

/** Refuses a whole order that an RA did sign, with the evidence. */
async function refuseOrder(
  opened: OpenedOrder,
  refusal: OrderRefused,
  ra: string,
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
    await insertOutbox(trx, { orderId, ra, publish: false, graceMs });
    return recorded;
  });
  await ctx.stage('ca:6:after');
  if (ticket === undefined) return;
  ctx.delivery.remember(orderId, [ticket]);
  ctx.log.warn({ orderId, code: refusal.code }, 'order refused');
  countRefusals(refused, ctx);
  await ctx.delivery.deliver(orderId);
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
function admit(opened: OpenedOrder, ctx: IssueContext): Profile {
  const profile = admitOrder(opened, ctx.admission, ctx.clock.now());
  if (!ctx.issuers.has(profile.issuerProfile))
    throw new OrderRefused('ca/profile', `this CA has no ${profile.issuerProfile}`);
  return profile;
}

/** The refusal of an item that has used up its attempts or its time; none while it may be tried again. */
function lastRefusal(
  item: CheckedItem,
  expiresAt: Date,
  uncertain: ReadonlyMap<number, number>,
  ctx: IssueContext
): Refusal[] {
  const { attempts } = ctx.config.limits;
  if ((uncertain.get(item.item) ?? 0) >= attempts)
    return [refuse(item, 'ca/attempts', `${attempts} signatures without a known outcome`)];
  if (ctx.clock.now() >= expiresAt)
    return [refuse(item, 'ca/unavailable', 'no signature before the order expired')];
  return [];
}

function refuse(item: Pick<CheckedItem, 'item' | 'requestId'>, code: RefusalCode, detail: string): Refusal {
  return { item: item.item, requestId: item.requestId, code, detail };
}

function countRefusals(refused: readonly Refusal[], ctx: IssueContext): void {
  for (const { code } of refused) ctx.metrics.refusals.inc({ code });
}

/**
 * DESIGN: each pause twice the last, up to eight times `retryMs`, 4 s: every attempt writes serials and events that
 * stay for ever, and a token that is away is away for all orders in hand. Not past the order's expiry.
 */
async function pause(before: number, expiresAt: Date, ctx: IssueContext): Promise<void> {
  const { retryMs } = ctx.config.limits;
  const left = Math.max(retryMs, expiresAt.getTime() - ctx.clock.now().getTime());
  const ms = Math.min(retryMs * 2 ** Math.min(before, 3), left);
  await sleep(ms, undefined, { signal: ctx.stopping }).catch(() => undefined);
}
