import { createHash } from 'node:crypto';
import type { Knex } from 'knex';
import type { AuditEvent } from '../../ops/kit/audit.js';
import { parseCertificate, type Certificate } from '../../pki/index.js';
import type { RequestKind } from '../../pki/request/index.js';
import { decodeOrder, decodeReport, type ItemOutcome, type OrderReport } from '../../pki/messages/index.js';
import type { RaContext } from '../deps.js';
import type { RaStage } from '../stages.js';
import { octetsToUuid } from '../uuid.js';
import { settleDevices } from './device-count.js';
import type { RequestState } from './requests.js';

/** What became of a report. Everything but `recorded` and `repeated` is an alarm. */
export type ReportResult =
  | 'recorded'
  | 'repeated'
  /** No such order. */
  | 'unknown-order'
  /** The order is finished with other bytes, or was withdrawn. */
  | 'conflict'
  /** The outcomes are not those of the order's requests, or a certificate is not for the request's key. */
  | 'mismatch';

/** Thrown inside the transaction to roll it back. */
class Alarm extends Error {
  readonly code = 'report/alarm';
  readonly result: Exclude<ReportResult, 'recorded' | 'repeated'>;
  constructor(result: Alarm['result'], what: string) {
    super(what);
    this.name = 'Alarm';
    this.result = result;
  }
}

interface RequestRow {
  id: string;
  system_id: string;
  kind: RequestKind;
  eui: string | null;
  state: RequestState;
  order_id: string;
  public_key_hash: Buffer;
  certificate: Buffer | null;
}

/**
 * Records what the CA reports of an order, in one transaction: outcomes, device counts, client certificates and
 * audit events. The same report again changes nothing; one that disagrees raises an alarm and changes nothing.
 * Throws `MessageError` for bytes that are no report.
 */
export async function recordReport(
  deps: RaContext,
  body: Uint8Array,
  reporter: string
): Promise<ReportResult> {
  const report = decodeReport(body);
  const order = octetsToUuid(report.orderId);
  await deps.stage('ra:report:before' satisfies RaStage);
  try {
    const requests = await deps.database.transaction(trx => apply(deps, trx, report, body, reporter));
    if (requests === undefined) {
      // The first report may have been recorded and not sealed: while the log is away, this one does not stand.
      const facts = { order, reportHash: hashOf(body).toString('hex') };
      await deps.audit.append([{ type: 'ra.order.reported-again', actor: reporter, facts }]);
      return 'repeated';
    }
    await deps.audit.seal(requests.ticket);
    await deps.stage('ra:report:after' satisfies RaStage);
    deps.measures.orders.inc({ event: 'reported' });
    deps.outcomes.announce(requests.ids);
    return 'recorded';
  } catch (error) {
    if (!(error instanceof Alarm)) throw error;
    deps.measures.alarms.inc({ kind: 'report' });
    deps.log.error({ order, reporter, result: error.result, reason: error.message }, 'report refused');
    await deps.audit.append([
      {
        type: 'ra.alarm.report',
        actor: reporter,
        facts: { order, result: error.result, reportHash: hashOf(body).toString('hex') }
      }
    ]);
    return error.result;
  }
}

function hashOf(body: Uint8Array): Buffer {
  return createHash('sha256').update(body).digest();
}

async function apply(
  deps: RaContext,
  trx: Knex.Transaction,
  report: OrderReport,
  body: Uint8Array,
  reporter: string
) {
  const orderId = octetsToUuid(report.orderId);
  const reportHash = hashOf(body);
  const order = (await trx('ra.orders')
    .select('state', 'bytes', 'report_hash')
    .where({ id: orderId })
    .forUpdate()
    .first()) as { state: string; bytes: Buffer; report_hash: Buffer | null } | undefined;
  if (order === undefined) throw new Alarm('unknown-order', 'no such order');
  if (order.state === 'finished') {
    if (order.report_hash?.equals(reportHash) === true) return undefined;
    throw new Alarm('conflict', 'the order was reported with other bytes');
  }
  if (order.state === 'cancelled') throw new Alarm('conflict', 'the order was withdrawn');

  const now = deps.clock.now();
  const rows = await requestsOf(trx, order.bytes);
  const events: AuditEvent[] = [
    {
      type: 'ra.order.reported',
      actor: reporter,
      facts: { order: orderId, outcomes: report.outcomes.length }
    }
  ];
  const settled = new Map<bigint, { released: number; issued: number }>();
  for (const outcome of sameRequests(report, rows)) {
    const { row, item } = outcome;
    const changed = await settleRequest(trx, orderId, row, item, now, events);
    if (!changed || row.kind !== 'device' || row.eui === null) continue;
    const count = settled.get(BigInt(row.eui)) ?? { released: 0, issued: 0 };
    settled.set(BigInt(row.eui), {
      released: count.released + (row.state === 'open' ? 1 : 0),
      issued: count.issued + (item.kind === 'issued' ? 1 : 0)
    });
  }
  await settleDevices(trx, settled, now);
  await trx('ra.orders')
    .where({ id: orderId })
    .update({ state: 'finished', finished_at: now, report_hash: reportHash });
  return { ids: rows.map(({ id }) => id), ticket: await deps.audit.record(trx, events) };
}

/** The order's own bytes say which requests it holds. */
async function requestsOf(trx: Knex.Transaction, orderBytes: Uint8Array): Promise<RequestRow[]> {
  const ids = decodeOrder(orderBytes).items.map(({ requestId }) => octetsToUuid(requestId));
  return (await trx('ra.request')
    .select('id', 'system_id', 'kind', 'eui', 'state', 'order_id', 'public_key_hash', 'certificate')
    .whereRaw('id = any(?::uuid[])', [ids])
    .orderBy('id')
    .forUpdate()) as RequestRow[];
}

function sameRequests(report: OrderReport, rows: RequestRow[]): { row: RequestRow; item: ItemOutcome }[] {
  const items = new Map(report.outcomes.map(item => [octetsToUuid(item.requestId), item]));
  if (items.size !== report.outcomes.length || items.size !== rows.length)
    throw new Alarm('mismatch', 'the outcomes are not one for each request of the order');
  return rows.map(row => {
    const item = items.get(row.id);
    if (item === undefined) throw new Alarm('mismatch', 'a request of the order has no outcome');
    return { row, item };
  });
}

/** True when the request's state changed. */
async function settleRequest(
  trx: Knex.Transaction,
  orderId: string,
  row: RequestRow,
  item: ItemOutcome,
  now: Date,
  events: AuditEvent[]
): Promise<boolean> {
  if (item.kind === 'refused') {
    // A late refusal of an order that was replaced does not close the request that the fresh order serves.
    if (row.state !== 'open' || row.order_id !== orderId) return false;
    await trx('ra.request')
      .where({ id: row.id })
      .update({ state: 'refused', outcome: item.code, available_at: now });
    events.push({
      type: 'ra.request.ca-refused',
      actor: row.system_id,
      facts: { request: row.id, order: orderId, code: item.code }
    });
    return true;
  }
  const certificate = certificateFor(row, item.certificate);
  if (row.state === 'issued') {
    if (row.certificate?.equals(item.certificate) === true) return false;
    throw new Alarm('conflict', 'the request has another certificate');
  }
  await trx('ra.request')
    .where({ id: row.id })
    .update({
      state: 'issued',
      outcome: null,
      certificate: Buffer.from(item.certificate),
      serial: certificate.serialHex,
      available_at: now
    });
  events.push({
    type: 'ra.certificate.issued',
    actor: row.system_id,
    facts: { request: row.id, order: orderId, serial: certificate.serialHex }
  });
  if (row.kind === 'iki-client') await bindClient(trx, row, certificate, now, events);
  return true;
}

/** The certificate must be for the key that the request proved possession of. */
function certificateFor(row: RequestRow, der: Uint8Array): Certificate {
  let certificate: Certificate;
  try {
    certificate = parseCertificate(der);
  } catch (cause) {
    throw new Alarm('mismatch', `a certificate cannot be decoded: ${String(cause)}`);
  }
  const hash = createHash('sha256').update(certificate.publicKey.spki).digest();
  if (!hash.equals(row.public_key_hash)) throw new Alarm('mismatch', 'a certificate is for another key');
  return certificate;
}

/** From here on the system may connect with the certificate. */
async function bindClient(
  trx: Knex.Transaction,
  row: RequestRow,
  certificate: Certificate,
  now: Date,
  events: AuditEvent[]
): Promise<void> {
  const sha256 = createHash('sha256').update(certificate.der).digest();
  await trx('ra.client_certificate').insert({
    sha256,
    system_id: row.system_id,
    issuer: Buffer.from(certificate.issuer.der),
    serial: Buffer.from(certificate.serial),
    bound_at: now
  });
  events.push({
    type: 'ra.client.bound',
    actor: row.system_id,
    facts: { certificate: sha256.toString('hex'), serial: certificate.serialHex }
  });
}
