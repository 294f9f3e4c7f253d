import { createHash } from 'node:crypto';
import type { AuditEvent } from '../../ops/kit/audit.js';
import type { Transaction } from '../../ops/kit/deps.js';
import { parseCertificate, type Certificate } from '../../pki/index.js';
import type { RequestKind } from '../../pki/request/index.js';
import { decodeOrder, type ItemOutcome, type OrderReport } from '../../pki/messages/index.js';
import { batchItemOf } from '../batch/request-id.js';
import type { RaContext } from '../deps.js';
import { octetsToUuid } from '../uuid.js';
import { settleDevices } from './device-count.js';
import { Alarm } from './report-alarm.js';
import type { RequestOutcome, RequestState } from './requests.js';

export interface RequestRow {
  id: string;
  system_id: string;
  kind: RequestKind;
  eui: string | null;
  state: RequestState;
  order_id: string;
  public_key_hash: Buffer;
  /** Only where the request is issued already. */
  certificate: Buffer | null;
}

interface Settled {
  readonly row: RequestRow;
  readonly outcome: RequestOutcome;
}

/**
 * Closes the requests of an order by its report, within the report's transaction; answers what came of those that
 * changed. Throws an `Alarm` where the report is not of these requests or disagrees with what is on record.
 */
export async function settleRequests(
  deps: RaContext,
  trx: Transaction,
  {
    orderId,
    orderBytes,
    requests,
    report,
    at
  }: {
    orderId: string;
    orderBytes: Uint8Array;
    /** Of `lockReported`. */
    requests: readonly RequestRow[];
    report: OrderReport;
    at: Date;
  },
  events: AuditEvent[]
): Promise<ReadonlyMap<string, RequestOutcome>> {
  const settled: Settled[] = [];
  const devices = new Map<bigint, { released: number; issued: number }>();
  for (const { row, item } of sameRequests(orderBytes, report, requests)) {
    const outcome = outcomeFor(row, item, orderId, at);
    if (outcome === undefined) continue;
    settled.push({ row, outcome });
    if (row.kind !== 'device' || row.eui === null) continue;
    const count = devices.get(BigInt(row.eui)) ?? { released: 0, issued: 0 };
    devices.set(BigInt(row.eui), {
      released: count.released + (row.state === 'open' ? 1 : 0),
      issued: count.issued + (item.kind === 'issued' ? 1 : 0)
    });
  }
  await update(deps, trx, settled, at);
  await settleDevices(deps, trx, devices, at);
  for (const one of settled) {
    events.push(eventOf(one, orderId));
    if (one.row.kind === 'iki-client' && one.outcome.certificate !== undefined)
      await bindClient(deps, trx, one.row, one.outcome.certificate, at, events);
  }
  return new Map(settled.map(({ row, outcome }) => [row.id, outcome]));
}

/** The requests that a report names, locked; those of batches have no row of their own. */
export async function lockReported(
  deps: RaContext,
  trx: Transaction,
  { outcomes }: OrderReport
): Promise<readonly RequestRow[]> {
  const ids = outcomes.map(({ requestId }) => octetsToUuid(requestId));
  const single = ids.filter(id => batchItemOf(id) === undefined);
  if (single.length === 0) return [];
  return deps.sql.rows<RequestRow>(
    trx,
    'ra_lock_reported_requests',
    `select id, system_id, kind, eui, state, order_id, public_key_hash, certificate
     from ra.request where id = any($1::uuid[]) order by id for update`,
    [single]
  );
}

/** The order's own bytes say which requests it holds. */
function sameRequests(
  orderBytes: Uint8Array,
  report: OrderReport,
  rows: readonly RequestRow[]
): { row: RequestRow; item: ItemOutcome }[] {
  const ordered = new Set(decodeOrder(orderBytes).items.map(({ requestId }) => octetsToUuid(requestId)));
  const items = new Map(report.outcomes.map(item => [octetsToUuid(item.requestId), item]));
  if (items.size !== report.outcomes.length || items.size !== ordered.size || rows.length !== ordered.size)
    throw new Alarm('mismatch', 'the outcomes are not one for each request of the order');
  return rows.map(row => {
    const item = items.get(row.id);
    if (item === undefined || !ordered.has(row.id))
      throw new Alarm('mismatch', 'a request of the order has no outcome');
    return { row, item };
  });
}

/** What becomes of a request by an item of a report; `undefined` where it stays as it is. */
function outcomeFor(
  row: RequestRow,
  item: ItemOutcome,
  orderId: string,
  availableAt: Date
): RequestOutcome | undefined {
  if (item.kind === 'refused') {
    // A late refusal of an order that was replaced does not close the request that the fresh order serves.
    if (row.state !== 'open' || row.order_id !== orderId) return undefined;
    return { state: 'refused', outcome: item.code, certificate: undefined, serial: undefined, availableAt };
  }
  const { serialHex: serial } = certificateFor(row, item.certificate);
  if (row.state === 'issued') {
    if (row.certificate?.equals(item.certificate) === true) return undefined;
    throw new Alarm('conflict', 'the request has another certificate');
  }
  return { state: 'issued', outcome: undefined, certificate: item.certificate, serial, availableAt };
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

async function update(
  deps: RaContext,
  trx: Transaction,
  settled: readonly Settled[],
  at: Date
): Promise<void> {
  if (settled.length === 0) return;
  const column = <T>(of: (one: Settled) => T): T[] => settled.map(of);
  await deps.sql.also(
    trx,
    'ra_settle_requests',
    `update ra.request r
     set state = s.state, outcome = s.outcome, certificate = s.certificate, serial = s.serial, available_at = $6
     from unnest($1::uuid[], $2::text[], $3::text[], $4::bytea[], $5::text[])
       as s (id, state, outcome, certificate, serial)
     where r.id = s.id`,
    [
      column(({ row }) => row.id),
      column(({ outcome }) => outcome.state),
      column(({ outcome }) => outcome.outcome ?? null),
      column(({ outcome }) => outcome.certificate ?? null),
      column(({ outcome }) => outcome.serial ?? null),
      at
    ]
  );
}

function eventOf({ row, outcome }: Settled, order: string): AuditEvent {
  return outcome.state === 'issued'
    ? {
        type: 'ra.certificate.issued',
        actor: row.system_id,
        facts: { request: row.id, order, serial: outcome.serial ?? '' }
      }
    : {
        type: 'ra.request.ca-refused',
        actor: row.system_id,
        facts: { request: row.id, order, code: outcome.outcome ?? '' }
      };
}

/** From here on the system may connect with the certificate. */
async function bindClient(
  deps: RaContext,
  trx: Transaction,
  row: RequestRow,
  der: Uint8Array,
  now: Date,
  events: AuditEvent[]
): Promise<void> {
  const certificate = parseCertificate(der);
  const sha256 = createHash('sha256').update(der).digest();
  await deps.sql.also(
    trx,
    'ra_bind_client',
    'insert into ra.client_certificate (sha256, system_id, issuer, serial, bound_at) values ($1, $2, $3, $4, $5)',
    [sha256, row.system_id, certificate.issuer.der, certificate.serial, now]
  );
  events.push({
    type: 'ra.client.bound',
    actor: row.system_id,
    facts: { certificate: sha256.toString('hex'), serial: certificate.serialHex }
  });
}
