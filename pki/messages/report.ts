import { MessageError, MessageReader, MessageWriter } from './codec.js';

/**
 * What the CA tells the RA of a finished order: for each item the certificate or the refusal. Idempotent: the
 * same report again is success, a report with other bytes for a finished order is an alarm.
 */
export interface OrderReport {
  readonly orderId: Uint8Array;
  readonly outcomes: readonly ItemOutcome[];
}

export type ItemOutcome = IssuedItem | RefusedItem;

export interface IssuedItem {
  readonly kind: 'issued';
  readonly requestId: Uint8Array;
  /** DER certificate. */
  readonly certificate: Uint8Array;
}

export interface RefusedItem {
  readonly kind: 'refused';
  readonly requestId: Uint8Array;
  /** A code of the CA's catalogue, e.g. `ca/lint`. */
  readonly code: string;
  readonly detail: string;
}

export function encodeReport(report: OrderReport): Uint8Array {
  let octets = 64;
  for (const outcome of report.outcomes)
    octets += outcome.kind === 'issued' ? 21 + outcome.certificate.length : 128;
  const writer = new MessageWriter(octets).raw(report.orderId).u32(report.outcomes.length);
  for (const outcome of report.outcomes) {
    writer.raw(outcome.requestId);
    if (outcome.kind === 'issued') writer.u8(1).octets(outcome.certificate);
    else writer.u8(2).string(outcome.code).string(outcome.detail);
  }
  return writer.finish();
}

export function decodeReport(message: Uint8Array): OrderReport {
  const reader = new MessageReader(message);
  const orderId = reader.raw(16, 'order id');
  const outcomes: ItemOutcome[] = [];
  const count = reader.count('outcomes', 1_000);
  for (let i = 0; i < count; i++) {
    const requestId = reader.raw(16, 'request id');
    const kind = reader.u8('outcome');
    if (kind === 1)
      outcomes.push({ kind: 'issued', requestId, certificate: reader.octets('certificate', 8_192) });
    else if (kind === 2) {
      outcomes.push({
        kind: 'refused',
        requestId,
        code: reader.string('code', 64),
        detail: reader.string('detail', 1_024)
      });
    } else throw new MessageError('unknown outcome', 0);
  }
  reader.end();
  return { orderId, outcomes };
}
