/**
 * Steps 5 to 8 for one order, attempt after attempt until each item is issued or refused; then it is told. Whatever
 * is thrown on the way leaves the order to the reconciler.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { AuditTicket } from '../../ops/kit/audit.js';
import type { FinishedOrder } from '../kept-orders.js';
import type { RefusalCode } from '../errors.js';
import { uncertainAttempts, type CertificateRow } from '../ledger/certificate.js';
import type { Refusal } from '../ledger/order.js';
import type { IssueContext } from './context.js';
import { Outcomes } from './outcomes.js';
import { prepareGroup } from './prepare.js';
import type { CheckedItem } from './read-requests.js';
import type { Beginning } from './record-intent.js';
import { checkSignatures } from './record-result.js';
import { signGroup } from './sign.js';
import type { OpenedOrder } from './verify-order.js';

/** An order as an attempt begins: its items checked, the refused ones named. */
export interface Group {
  readonly opened: OpenedOrder;
  /** Name of the peer the order came from; empty after a take-over. */
  readonly ra: string;
  readonly epoch: number;
  readonly beginning: Beginning;
  readonly checked: readonly CheckedItem[];
  readonly refused: readonly Refusal[];
}

const nobody = (): void => undefined;

/** `known`: the order is in the database already, this process did not put it there now. */
export async function runAttempts(group: Group, ctx: IssueContext): Promise<'known' | 'done'> {
  const { opened, ra } = group;
  const { orderId, order } = opened;
  if (ctx.inHand.has(orderId)) return 'done';
  ctx.inHand.add(orderId);
  let finished: FinishedOrder;
  let leave = nobody;
  try {
    const uncertain =
      group.epoch === 1 ? new Map<number, number>() : await uncertainAttempts(ctx.database, orderId);
    let { epoch, beginning, checked } = group;
    let refused = [...group.refused];
    const outcomes = new Outcomes(opened);
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
      const { lane } = order;
      leave = await ctx.room[lane](checked.length);
      const preparation = await prepareGroup(checked, { orderId: order.orderId, epoch, lane }, ctx);
      refused.push(...preparation.refused);
      await ctx.stage('ca:5:prepared');

      // 6. Record the intent. Not recorded: nothing is signed. Recorded but reported failed: the reconciler
      //    finds it. Somebody else's: theirs to finish.
      await ctx.stage('ca:6:before');
      // An earlier attempt may have certified some of the items.
      const publish = group.epoch > 1 || outcomes.toPublish;
      const { prepared } = preparation;
      const intent = await ctx.commits.intent({ opened, beginning, epoch, ra, prepared, refused, publish });
      await ctx.stage('ca:6:after');
      if (intent.kind === 'elsewhere') return beginning.kind === 'first' ? 'known' : 'done';
      countRefusals(intent.refused, ctx);
      outcomes.refuse(intent.refused);
      tickets.push(intent.ticket);
      if (intent.kind === 'finished') {
        finished = { orderId, ra, publish, tickets, told: outcomes.told() };
        break;
      }

      // 7. Sign, once. Certainly no signature: a later attempt. Nobody knows: the serial is given up.
      await ctx.stage('ca:7:before');
      const end = ctx.metrics.signing.startTimer();
      const results = await signGroup(
        ctx.signer,
        intent.items.map(({ prepared: { signRequest } }) => signRequest)
      );
      end();
      leave();
      leave = nobody;
      await ctx.stage('ca:7:after');

      // 8. Verify over exactly the linted bytes, then record. A wrong signature is an alarm and never leaves.
      const pace = ctx.turns(lane);
      const checks = await checkSignatures(intent.items, results, orderId, pace, ctx);
      const { certificates, abandoned, remaining, alarms } = checks;
      for (const { item, reason } of abandoned)
        if (reason !== 'not-signed') uncertain.set(item, (uncertain.get(item) ?? 0) + 1);
      refused = remaining.flatMap(({ checked: item }) => lastRefusal(item, order.expiresAt, uncertain, ctx));
      const refusedItems = new Set(refused.map(({ item }) => item));
      checked = remaining.map(item => item.checked).filter(({ item }) => !refusedItems.has(item));
      outcomes.issue(certificates);
      outcomes.refuse(refused);
      await ctx.stage('ca:8:before');
      const close = checked.length === 0;
      const toPublish = group.epoch > 1 || outcomes.toPublish;
      const result = await ctx.commits.result({
        ...{ opened, epoch, ra, certificates, abandoned, refused, alarms, close },
        publish: toPublish
      });
      await ctx.stage('ca:8:after');
      if (result.kind === 'lost') {
        ctx.log.warn({ orderId, epoch }, 'taken over by another process, results discarded');
        return 'done';
      }
      for (const [profile, issued] of byProfile(certificates))
        ctx.metrics.certificates.inc({ profile }, issued);
      countRefusals(refused, ctx);
      tickets.push(result.ticket);
      if (close) {
        finished = { orderId, ra, publish: toPublish, tickets, told: outcomes.told() };
        break;
      }
      refused = [];
      epoch += 1;
      beginning = { kind: 'next' };
      if (abandoned.some(({ reason }) => reason === 'not-signed'))
        await pause(pauses++, order.expiresAt, ctx);
      if (ctx.stopping.aborted) return 'done';
    }
  } finally {
    leave();
    ctx.inHand.delete(orderId);
  }
  // 9. Lodge, then report; the outbox keeps at it when either fails.
  await ctx.delivery.deliver(finished);
  return 'done';
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

export function refuse(
  item: Pick<CheckedItem, 'item' | 'requestId'>,
  code: RefusalCode,
  detail: string
): Refusal {
  return { item: item.item, requestId: item.requestId, code, detail };
}

function byProfile(certificates: readonly CertificateRow[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const { profile } of certificates) counts.set(profile, (counts.get(profile) ?? 0) + 1);
  return counts;
}

export function countRefusals(refused: readonly Refusal[], ctx: IssueContext): void {
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
