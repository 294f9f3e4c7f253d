/**
 * Step 8: what verified is written with the closing of the group in one transaction, and only while the attempt
 * is this process's own. A late process finds another epoch and discards what it has; its serials were given up
 * by the one that took over.
 */
import type { AuditEvent, AuditTicket } from '../../ops/kit/audit.js';
import { event, listing } from '../audit-events.js';
import { CaError } from '../errors.js';
import {
  insertAbandoned,
  insertCertificates,
  type AbandonedSerial,
  type AbandonReason,
  type CertificateRow
} from '../ledger/certificate.js';
import { serialHexOf } from '../ledger/identifier.js';
import { holdIntent } from '../ledger/intent.js';
import { insertRefusals, type Refusal } from '../ledger/order.js';
import { insertOutbox } from '../ledger/outbox.js';
import { certificateFrom } from './check-signature.js';
import type { RecordContext } from './context.js';
import type { Pace } from './turns.js';
import { ledgerKey, type PreparedItem } from './prepare.js';
import { refusalEvents } from './record-intent.js';
import type { SignatureResult } from './sign.js';
import type { OpenedOrder } from './verify-order.js';

/** Every item of an attempt ends as one of these. */
export interface CheckedSignatures {
  readonly certificates: readonly CertificateRow[];
  readonly abandoned: readonly AbandonedSerial[];
  /** Items without a certificate, to be tried again or refused. */
  readonly remaining: readonly PreparedItem[];
}

/** Verifies each signature over exactly the linted bytes; raises the alarm for one that is none. */
export async function checkSignatures(
  items: readonly PreparedItem[],
  results: readonly SignatureResult[],
  orderId: string,
  pace: Pace,
  ctx: RecordContext
): Promise<CheckedSignatures & { alarms: AuditEvent[] }> {
  const certificates: CertificateRow[] = [];
  const abandoned: AbandonedSerial[] = [];
  const remaining: PreparedItem[] = [];
  const alarms: AuditEvent[] = [];
  const codes = new Set<string>();
  const giveUp = (item: PreparedItem, reason: AbandonReason): void => {
    const { issuer, serial, notAfter } = item.intent;
    abandoned.push({ issuer, serial, item: item.intent.item, reason, notAfter });
    remaining.push(item);
    ctx.metrics.abandoned.inc({ reason });
  };
  for (const [index, item] of items.entries()) {
    const turn = pace();
    if (turn !== undefined) await turn;
    const result = results[index];
    if (result?.kind === 'none') {
      codes.add(result.code);
      giveUp(item, 'not-signed');
    } else if (result?.kind !== 'signature') {
      ctx.log.error(
        { err: result?.cause, serial: serialHexOf(item.intent.serial) },
        'signature outcome unknown'
      );
      giveUp(item, 'outcome-unknown');
    } else {
      try {
        certificates.push(
          rowFor(
            item,
            orderId,
            certificateFrom(
              item.prepared.tbs,
              result.signature,
              item.issuer.certificate.publicKey.spki,
              item.checked.facts.profile,
              ctx.policy,
              ctx.verifyPoint
            )
          )
        );
      } catch (error) {
        if (!(error instanceof CaError)) throw error;
        const serial = serialHexOf(item.intent.serial);
        ctx.log.fatal({ err: error, serial }, 'the token returned a wrong signature');
        alarms.push(event('ca.alarm.signature', ctx, { issuer: item.issuer.name, serial }));
        giveUp(item, 'wrong-signature');
      }
    }
  }
  if (codes.size > 0) {
    const items = abandoned.filter(({ reason }) => reason === 'not-signed').length;
    ctx.log.warn({ codes: [...codes], items }, 'no signature');
  }
  return { certificates, abandoned, remaining, alarms };
}

function rowFor({ checked, intent }: PreparedItem, orderId: string, der: Uint8Array): CertificateRow {
  const { facts, requestId } = checked;
  const { item, issuerNumber: issuer, serial } = intent;
  const { profile } = facts;
  return { orderId, item, requestId, issuer, serial, profile, publicKey: ledgerKey(facts), der };
}

export interface ResultInput {
  readonly opened: OpenedOrder;
  readonly epoch: number;
  readonly ra: string;
  readonly certificates: readonly CertificateRow[];
  readonly abandoned: readonly AbandonedSerial[];
  readonly refused: readonly Refusal[];
  readonly alarms: readonly AuditEvent[];
  /** Nothing is left to sign: the group is closed and may be told. */
  readonly close: boolean;
  readonly publish: boolean;
}

/** The audit ticket of the transaction, or `lost` when the attempt is no longer this process's own. */
export type ResultRecord =
  { readonly kind: 'lost' } | { readonly kind: 'recorded'; readonly ticket: AuditTicket };

/** The record of one order, with every case there may be. */
export async function recordResult(input: ResultInput, ctx: RecordContext): Promise<ResultRecord> {
  const { opened, epoch, certificates, abandoned, refused } = input;
  const { orderId } = opened;
  return ctx.database.transaction(async trx => {
    if (!(await holdIntent(trx, orderId, epoch, ctx.holder, input.close ? 'closed' : 'open')))
      return { kind: 'lost' };
    await insertCertificates(ctx.sql, trx, certificates);
    await insertAbandoned(trx, orderId, epoch, abandoned);
    await insertRefusals(trx, orderId, refused);
    const ticket = await ctx.audit.record(trx, resultEvents(input, ctx));
    if (input.close)
      await insertOutbox(trx, {
        orderId,
        ra: input.ra,
        publish: input.publish,
        graceMs: ctx.config.limits.leaseMs
      });
    return { kind: 'recorded', ticket };
  });
}

/** Issued serials are listed one by one: every serial that exists is found in the log. */
export function resultEvents(
  { opened, epoch, certificates, abandoned, refused, alarms }: ResultInput,
  ctx: Pick<RecordContext, 'config'>
): AuditEvent[] {
  const { orderId, order } = opened;
  const facts = { order: orderId, attempt: epoch };
  const issued = certificates.map(row => serialHexOf(row.serial));
  const givenUp = abandoned.map(row => `${serialHexOf(row.serial)} ${row.reason}`);
  return [
    ...alarms,
    ...listing('ca.certificates.issued', ctx, { ...facts, domain: order.domain }, issued),
    ...listing('ca.serials.abandoned', ctx, facts, givenUp),
    ...refusalEvents(orderId, refused, ctx)
  ];
}
