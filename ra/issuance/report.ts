import { createHash } from 'node:crypto';
import type { AuditEvent, AuditTicket } from '../../ops/kit/audit.js';
import type { Transaction } from '../../ops/kit/deps.js';
import { decodeReport, type OrderReport } from '../../pki/messages/index.js';
import { settleBatchGroup } from '../batch/settle.js';
import type { RaContext } from '../deps.js';
import type { RaStage } from '../stages.js';
import { octetsToUuid } from '../uuid.js';
import { Alarm, type ReportResult } from './report-alarm.js';
import type { RequestOutcome } from './requests.js';
import { lockReported, settleRequests } from './settle.js';

/** What a report changed. */
interface Recorded {
  readonly ticket: AuditTicket;
  readonly outcomes: ReadonlyMap<string, RequestOutcome>;
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
  const reportHash = createHash('sha256').update(body).digest();
  await deps.stage('ra:report:before' satisfies RaStage);
  try {
    const recorded = await deps.sql.transaction(deps.database, trx =>
      apply(deps, trx, report, reportHash, reporter)
    );
    if (recorded === undefined) {
      // The first report may have been recorded and not sealed: while the log is away, this one does not stand.
      const facts = { order, reportHash: reportHash.toString('hex') };
      await deps.audit.append([{ type: 'ra.order.reported-again', actor: reporter, facts }]);
      return 'repeated';
    }
    const sealed = deps.sealing.seal(recorded.ticket);
    // Who waits goes on at once, and is answered when this is in the log too.
    deps.outcomes.announce(recorded.outcomes, sealed);
    await sealed;
    await deps.stage('ra:report:after' satisfies RaStage);
    deps.measures.orders.inc({ event: 'reported' });
    return 'recorded';
  } catch (error) {
    if (!(error instanceof Alarm)) throw error;
    deps.measures.alarms.inc({ kind: 'report' });
    deps.log.error({ order, reporter, result: error.result, reason: error.message }, 'report refused');
    await deps.audit.append([
      {
        type: 'ra.alarm.report',
        actor: reporter,
        facts: { order, result: error.result, reportHash: reportHash.toString('hex') }
      }
    ]);
    return error.result;
  }
}

interface OrderRow {
  state: string;
  bytes: Buffer | null;
  report_hash: Buffer | null;
  batch_group: string | null;
}

async function apply(
  deps: RaContext,
  trx: Transaction,
  report: OrderReport,
  reportHash: Uint8Array,
  reporter: string
): Promise<Recorded | undefined> {
  const orderId = octetsToUuid(report.orderId);
  // A batch's group knows its requests by itself; reading an order of hundreds again would cost as much as writing it.
  // In one turn, so that both travel together; whether these are the order's own requests is looked at after.
  const [[order], requests] = await Promise.all([
    deps.sql.rows<OrderRow>(
      trx,
      'ra_lock_reported_order',
      `select state, case when batch_group is null then bytes end as bytes, report_hash, batch_group
       from ra.orders where id = $1 for update`,
      [orderId]
    ),
    lockReported(deps, trx, report)
  ]);
  if (order === undefined) throw new Alarm('unknown-order', 'no such order');
  if (order.state === 'finished') {
    if (order.report_hash?.equals(reportHash) === true) return undefined;
    throw new Alarm('conflict', 'the order was reported with other bytes');
  }
  if (order.state === 'cancelled') throw new Alarm('conflict', 'the order was withdrawn');

  const at = deps.clock.now();
  const events: AuditEvent[] = [
    {
      type: 'ra.order.reported',
      actor: reporter,
      facts: { order: orderId, outcomes: report.outcomes.length }
    }
  ];
  let outcomes: ReadonlyMap<string, RequestOutcome> = new Map();
  if (order.batch_group !== null)
    await settleBatchGroup(deps, trx, { orderId, batchGroup: order.batch_group, report, at }, events);
  else if (order.bytes === null) throw new Error('an order without its bytes');
  else
    outcomes = await settleRequests(
      deps,
      trx,
      { orderId, orderBytes: order.bytes, requests, report, at },
      events
    );
  await deps.sql.also(
    trx,
    'ra_finish_order',
    `update ra.orders set state = 'finished', finished_at = $2, report_hash = $3 where id = $1`,
    [orderId, at, reportHash]
  );
  return { outcomes, ticket: await deps.audit.record(trx, events) };
}
