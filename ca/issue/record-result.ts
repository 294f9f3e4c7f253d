/**
 * Step 8: what verified is written with the closing of the group in one transaction, and only while the attempt
 * is this process's own. A late process finds another epoch and discards what it has; its serials were given up
 * by the one that took over.
 */
import { createHash } from 'node:crypto';
import { setImmediate as breathe } from 'node:timers/promises';
import type { AuditEvent, AuditTicket } from '../../ops/kit/audit.js';
import { eui64ToSigned, type Certificate } from '../../pki/index.js';
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
import type { IssueContext } from './context.js';
import type { Issuer } from './issuer.js';
import { publicKeyHash, type PreparedItem } from './prepare.js';
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

/** DESIGN: a P-256 verification is 0.1 ms; this many keep a turn of the event loop at some 5 ms. */
const verificationsPerTurn = 48;

/** Verifies each signature over exactly the linted bytes; raises the alarm for one that is none. */
export async function checkSignatures(
  items: readonly PreparedItem[],
  results: readonly SignatureResult[],
  issuer: Issuer,
  ctx: IssueContext
): Promise<CheckedSignatures & { alarms: AuditEvent[] }> {
  const certificates: CertificateRow[] = [];
  const abandoned: AbandonedSerial[] = [];
  const remaining: PreparedItem[] = [];
  const alarms: AuditEvent[] = [];
  for (const [index, item] of items.entries()) {
    if (index % verificationsPerTurn === verificationsPerTurn - 1) await breathe();
    const giveUp = (reason: AbandonReason) => {
      const { issuer: name, serial, notAfter } = item.intent;
      abandoned.push({ issuer: name, serial, item: item.intent.item, reason, notAfter });
      remaining.push(item);
      ctx.metrics.abandoned.inc({ reason });
    };
    const result = results[index];
    if (result?.kind === 'none') {
      ctx.log.warn({ code: result.code }, 'no signature');
      giveUp('not-signed');
    } else if (result?.kind !== 'signature') {
      ctx.log.error(
        { err: result?.cause, serial: serialHexOf(item.intent.serial) },
        'signature outcome unknown'
      );
      giveUp('outcome-unknown');
    } else {
      try {
        certificates.push(
          rowFor(
            item,
            certificateFrom(
              item.prepared.tbs,
              result.signature,
              issuer.certificate.publicKey.spki,
              item.checked.facts.profile,
              ctx.policy
            )
          )
        );
      } catch (error) {
        if (!(error instanceof CaError)) throw error;
        const serial = serialHexOf(item.intent.serial);
        ctx.log.fatal({ err: error, serial }, 'the token returned a wrong signature');
        alarms.push(event('ca.alarm.signature', ctx, { issuer: issuer.name, serial }));
        giveUp('wrong-signature');
      }
    }
  }
  return { certificates, abandoned, remaining, alarms };
}

function rowFor(item: PreparedItem, certificate: Certificate): CertificateRow {
  const { facts, requestId } = item.checked;
  const { der } = certificate;
  return {
    issuer: item.intent.issuer,
    serial: item.intent.serial,
    item: item.intent.item,
    requestId,
    profile: facts.profile,
    der,
    sha256: createHash('sha256').update(der).digest(),
    sha1: createHash('sha1').update(der).digest(),
    publicKey: publicKeyHash(facts.spki),
    eui: facts.eui === undefined ? null : eui64ToSigned(facts.eui).toString(),
    usage: facts.usage,
    ski: certificate.subjectKeyIdentifier ?? new Uint8Array(),
    notBefore: certificate.notBefore,
    notAfter: certificate.notAfter
  };
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

/** Answers the audit ticket of this transaction, or `lost` when the attempt is no longer this process's own. */
export async function recordResult(
  input: ResultInput,
  ctx: IssueContext
): Promise<{ kind: 'lost' } | { kind: 'recorded'; ticket: AuditTicket }> {
  const { opened, epoch, certificates, abandoned, refused } = input;
  const { orderId, order } = opened;
  const facts = { order: orderId, attempt: epoch };
  const issued = certificates.map(row => serialHexOf(row.serial));
  const givenUp = abandoned.map(row => `${serialHexOf(row.serial)} ${row.reason}`);
  const events = [
    ...input.alarms,
    ...listing('ca.certificates.issued', ctx, { ...facts, profile: order.profile }, issued),
    ...listing('ca.serials.abandoned', ctx, facts, givenUp),
    ...refusalEvents(orderId, refused, ctx)
  ];
  return ctx.database.transaction(async trx => {
    if (!(await holdIntent(trx, orderId, epoch, ctx.holder, input.close ? 'closed' : 'open')))
      return { kind: 'lost' };
    await insertCertificates(trx, orderId, order.policyVersion, certificates);
    await insertAbandoned(trx, orderId, epoch, abandoned);
    await insertRefusals(trx, orderId, refused);
    const ticket = await ctx.audit.record(trx, events);
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
