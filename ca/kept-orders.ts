/** Finished orders in memory until everybody is told, so that telling reads nothing from the database. */
import type { AuditTicket } from '../ops/kit/audit.js';
import type { Told } from './issue/outcomes.js';

/** An order this process has finished. */
export interface FinishedOrder {
  /** uuid text. */
  readonly orderId: string;
  /** Name of the peer the order came from; empty after a take-over. */
  readonly ra: string;
  /** The repository is to be told. */
  readonly publish: boolean;
  /** Sealed before anybody is told. */
  readonly tickets: readonly AuditTicket[];
  /** What is told; undefined where only the database knows all of it. */
  readonly told: Told | undefined;
}

/**
 * DESIGN: finished orders kept until they are told, a lane's orders many times over. While a peer or the audit log is
 * away they pile up, and another process may tell an order that is kept here.
 */
export const maxKept = 1_000;

/** DESIGN: octets of certificates kept with them, a hundred groups of 250; of older orders the database has them. */
const maxKeptOctets = 16 * 1024 * 1024;

/** What is known of finished orders until they are told; the oldest are forgotten first. */
export class KeptOrders {
  readonly #orders = new Map<string, { tickets: readonly AuditTicket[]; told: Told | undefined }>();
  #octets = 0;

  keep({ orderId, tickets, told }: FinishedOrder): void {
    this.forget(orderId);
    this.#orders.set(orderId, { tickets, told });
    this.#octets += octetsOf(told);
    // Their events and certificates are in the database; the audit log finds its own by itself.
    for (const [oldest, { told: large }] of this.#orders) {
      if (this.#orders.size > maxKept) this.forget(oldest);
      else if (this.#octets > maxKeptOctets) this.#release(oldest, large);
      else break;
    }
  }

  tickets(orderId: string): readonly AuditTicket[] | undefined {
    return this.#orders.get(orderId)?.tickets;
  }

  told(orderId: string): Told | undefined {
    return this.#orders.get(orderId)?.told;
  }

  forget(orderId: string): void {
    this.#octets -= octetsOf(this.told(orderId));
    this.#orders.delete(orderId);
  }

  #release(orderId: string, told: Told | undefined): void {
    const order = this.#orders.get(orderId);
    if (order === undefined) return;
    this.#octets -= octetsOf(told);
    order.told = undefined;
  }
}

function octetsOf(told: Told | undefined): number {
  let octets = 0;
  for (const outcome of told?.report.outcomes ?? [])
    octets += outcome.kind === 'issued' ? outcome.certificate.length : outcome.detail.length;
  return octets;
}
