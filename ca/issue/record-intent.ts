/**
 * Step 6: one transaction says what is about to be signed. The rows are the spent permits: of two processes with
 * the same order one finds the other's intent, and signs nothing.
 */
import { hash } from 'node:crypto';
import type { AuditEvent, AuditTicket } from '../../ops/kit/audit.js';
import type { Lane } from '../../pki/messages/index.js';
import { OrderRefused } from '../errors.js';
import { abandonEarlierAttempts, certificatesOfRequests } from '../ledger/certificate.js';
import { serialHexOf } from '../ledger/identifier.js';
import {
  continueIntent,
  holdIntent,
  insertIntentItems,
  openIntent,
  takeOverIntent
} from '../ledger/intent.js';
import { holdRequests, insertOrder, insertRefusals, type Refusal } from '../ledger/order.js';
import { insertOutbox } from '../ledger/outbox.js';
import { countCertificates, isStopped } from '../ledger/ra-key.js';
import { event, listing } from '../audit-events.js';
import type { RecordContext } from './context.js';
import { ledgerKey, type PreparedItem } from './prepare.js';
import type { OpenedOrder } from './verify-order.js';

/** How an attempt begins. */
export type Beginning =
  | { readonly kind: 'first' }
  /** The process's own next attempt. */
  | { readonly kind: 'next' }
  /** Compare-and-set from the attempt of a process that was not heard of. */
  | { readonly kind: 'take-over'; readonly formerHolder: string };

export interface IntentInput {
  readonly opened: OpenedOrder;
  readonly beginning: Beginning;
  readonly epoch: number;
  readonly ra: string;
  readonly prepared: readonly PreparedItem[];
  readonly refused: readonly Refusal[];
  /** Whether certificates of earlier attempts go to the repository, should nothing be left to sign. */
  readonly publish: boolean;
}

export type IntentRecord =
  /** Another process has the order: nothing was recorded and nothing may be signed. */
  | { readonly kind: 'elsewhere' }
  /** `items` may be signed, and only those. */
  | {
      readonly kind: 'recorded';
      readonly items: readonly PreparedItem[];
      /** The refusals given and those of requests that other orders hold. */
      readonly refused: readonly Refusal[];
      readonly ticket: AuditTicket;
    }
  /** Nothing to sign was left: the order is finished. */
  | { readonly kind: 'finished'; readonly refused: readonly Refusal[]; readonly ticket: AuditTicket };

/**
 * The record of one order, with every case there may be. Throws `OrderRefused` with `ca/ra-stopped` or
 * `ca/ra-limit`: nothing was recorded then.
 */
export async function recordIntent(input: IntentInput, ctx: RecordContext): Promise<IntentRecord> {
  const { opened, epoch, prepared } = input;
  const { orderId, key, order } = opened;
  const refused = [...input.refused];
  return ctx.database.transaction(async trx => {
    let items = prepared;
    const events: AuditEvent[] = [];
    switch (input.beginning.kind) {
      case 'first': {
        if (!(await insertOrder(trx, orderId, opened.signed))) return { kind: 'elsewhere' };
        if (await isStopped(trx, key.keyId))
          throw new OrderRefused('ca/ra-stopped', `${key.name} is stopped`);
        const held = await holdRequests(
          trx,
          orderId,
          prepared.map(({ checked }) => checked.requestId)
        );
        items = prepared.filter(({ checked }) => held.has(checked.requestId));
        const others = prepared.filter(({ checked }) => !held.has(checked.requestId));
        if (others.length > 0) refused.push(...(await refuseOthers(trx, others, events, ctx)));
        await openIntent(trx, { orderId, holder: ctx.holder, domain: order.domain, lane: order.lane });
        break;
      }
      case 'next':
        if (!(await continueIntent(trx, orderId, epoch - 1, ctx.holder))) return { kind: 'elsewhere' };
        break;
      case 'take-over': {
        const { leaseMs } = ctx.config.limits;
        if (!(await takeOverIntent(trx, orderId, epoch - 1, ctx.holder, leaseMs)))
          return { kind: 'elsewhere' };
        const abandoned = await abandonEarlierAttempts(trx, orderId, epoch);
        ctx.metrics.abandoned.inc({ reason: 'taken-over' }, abandoned.length);
        const { formerHolder } = input.beginning;
        const serials = abandoned.map(serial => `${serialHexOf(serial)} taken-over`);
        events.push(
          event('ca.intent.taken-over', ctx, { order: orderId, attempt: epoch, formerHolder }),
          ...listing('ca.serials.abandoned', ctx, { order: orderId, attempt: epoch }, serials)
        );
        break;
      }
    }
    await insertIntentItems(ctx.sql, trx, [{ orderId, epoch, items: items.map(({ intent }) => intent) }]);
    await insertRefusals(trx, orderId, refused);
    if (items.length > 0) events.push(intentEvent(opened, epoch, items, ctx));
    events.push(...refusalEvents(orderId, refused, ctx));
    const ticket = await ctx.audit.record(trx, events);
    if (items.length > 0) {
      // Last, because every order of the key meets in this row: whoever has it makes the others wait.
      if (input.beginning.kind === 'first') await countOrRefuse(trx, opened, items.length, ctx);
      return { kind: 'recorded', items, refused, ticket };
    }
    await holdIntent(trx, orderId, epoch, ctx.holder, 'closed');
    await insertOutbox(trx, {
      orderId,
      ra: input.ra,
      publish: input.publish,
      graceMs: ctx.config.limits.leaseMs
    });
    return { kind: 'finished', refused, ticket };
  });
}

async function countOrRefuse(
  trx: Parameters<typeof countCertificates>[0],
  { key, order }: OpenedOrder,
  certificates: number,
  ctx: RecordContext
): Promise<void> {
  const { keyId, name, certificatesPerHour } = key;
  const shard = shardOf(order.lane, ctx);
  if (await countCertificates(trx, keyId, ctx.clock.now(), shard, certificates, certificatesPerHour)) return;
  throw new OrderRefused('ca/ra-limit', `${name} went over ${certificatesPerHour} certificates per hour`);
}

/**
 * Requests that another order holds: one certified with the same key is answered with that certificate, with
 * another key is an alarm, and one that is still under way is refused here.
 */
async function refuseOthers(
  trx: Parameters<typeof insertOrder>[0],
  others: readonly PreparedItem[],
  events: AuditEvent[],
  ctx: RecordContext
): Promise<Refusal[]> {
  const certified = await certificatesOfRequests(
    trx,
    others.map(({ checked }) => checked.requestId)
  );
  const refused: Refusal[] = [];
  for (const { checked } of others) {
    const { item, requestId } = checked;
    const stored = certified.get(requestId);
    if (stored === undefined)
      refused.push({ item, requestId, code: 'ca/request-in-progress', detail: 'in another order' });
    else if (!stored.publicKey.equals(ledgerKey(checked.facts))) {
      refused.push({ item, requestId, code: 'ca/request-conflict', detail: 'certified with another key' });
      events.push(event('ca.alarm.request', ctx, { request: requestId, order: stored.orderId }));
    }
  }
  return refused;
}

/** Where this process counts the certificates of a lane: see `countCertificates`. */
export function shardOf(lane: Lane, ctx: Pick<RecordContext, 'holder'>): string {
  return `${ctx.holder} ${lane}`;
}

/**
 * What is about to be signed, in one event however many: their number, and the SHA-256 over serial (16 octets) and
 * SHA-256 of the TBS (32 octets) of each, in the order of the items. The serials themselves are in the log with what
 * became of them.
 */
export function intentEvent(
  { orderId, key, order }: OpenedOrder,
  epoch: number,
  items: readonly PreparedItem[],
  ctx: Pick<RecordContext, 'config'>
): AuditEvent {
  const digest = hash(
    'sha256',
    Buffer.concat(items.flatMap(({ serial, prepared }) => [serial, prepared.tbsSha256]))
  );
  return event('ca.intent.recorded', ctx, {
    ...{ order: orderId, attempt: epoch, raKey: key.name, domain: order.domain },
    ...{ certificates: items.length, digest }
  });
}

export function refusalEvents(
  order: string,
  refused: readonly Refusal[],
  ctx: Pick<RecordContext, 'config'>
): AuditEvent[] {
  const entries = refused.map(({ requestId, code }) => `${requestId} ${code}`);
  return listing('ca.items.refused', ctx, { order }, entries);
}
