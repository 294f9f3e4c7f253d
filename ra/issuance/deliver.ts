import type { RaContext } from '../deps.js';
import { Refusal } from '../refusal.js';
import type { RaStage } from '../stages.js';

/** What is handed out. */
export interface Delivery {
  readonly requestId: string;
  /** DER. */
  readonly certificate: Uint8Array;
  /**
   * Call when the answer was written whole: from then on the same request again is a duplicate. Best effort: when
   * it is not recorded, the same request again receives the certificate again.
   */
  confirm(): void;
  /** Call when the connection broke before: the same request again receives the certificate. */
  withdraw(): void;
}

interface DeliveredRow {
  certificate: Buffer;
  serial: string;
  validated_at: Date;
  available_at: Date;
}

/**
 * Marks a request as delivered, with its audit event, before the answer leaves. Throws where the event cannot be
 * placed: then no answer may say success. `answer` adds to the event what names the answer.
 */
export async function deliver(
  deps: RaContext,
  requestId: string,
  actor: string,
  answer: Readonly<Record<string, string>> = {}
): Promise<Delivery> {
  await deps.stage('ra:deliver:before' satisfies RaStage);
  const now = deps.clock.now();
  const delivered = await deps.database.transaction(async trx => {
    const rows: DeliveredRow[] = await trx('ra.request')
      .where({ id: requestId, state: 'issued' })
      .update({ delivered_at: trx.raw('coalesce(delivered_at, ?)', [now]) })
      .returning(['certificate', 'serial', 'validated_at', 'available_at']);
    const [row] = rows;
    if (row === undefined) throw new Refusal('internal', 'no certificate to deliver');
    const ticket = await deps.audit.record(trx, [
      {
        type: 'ra.certificate.delivered',
        actor,
        facts: {
          ...answer,
          request: requestId,
          serial: row.serial,
          validatedAt: row.validated_at.toISOString(),
          availableAt: row.available_at.toISOString()
        }
      }
    ]);
    return { ticket, certificate: new Uint8Array(row.certificate) };
  });
  await deps.audit.seal(delivered.ticket);
  await deps.stage('ra:deliver:after' satisfies RaStage);
  const mark = (columns: Record<string, Date | null>): void => {
    deps
      .database('ra.request')
      .where({ id: requestId })
      .update(columns)
      .catch((error: unknown) =>
        deps.log.warn({ err: error, request: requestId }, 'delivery mark not changed')
      );
  };
  return {
    requestId,
    certificate: delivered.certificate,
    confirm: () => mark({ delivery_confirmed_at: deps.clock.now() }),
    withdraw: () => mark({ delivered_at: null })
  };
}
