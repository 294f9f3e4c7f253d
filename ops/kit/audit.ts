import type { Transaction } from './deps.js';

/**
 * The audit log behind which the Merkle log will stand. An event is inserted in the transaction of the act it
 * records, then placed in the process's append-only, hash-chained log, durably, before any answer leaves.
 * Fails closed: when an event cannot be placed, `AuditUnavailable` is thrown and no answer may say success.
 */
export interface AuditLog {
  /**
   * Inserts events in the transaction of the act. Nothing is placed in the log until `seal`; if the process
   * dies in between, the next start places them.
   */
  record(trx: Transaction, events: readonly AuditEvent[]): Promise<AuditTicket>;
  /** After the commit: places the ticket's events in the log. Resolves when they are on stable storage. */
  seal(ticket: AuditTicket): Promise<void>;
  /** Places events that belong to no database act (a refusal, a query). Resolves when they are durable. */
  append(events: readonly AuditEvent[]): Promise<AuditReference>;
}

/**
 * What happened. Facts only: pseudonyms, identifiers, salted hashes; never a name, an address, a PIN or a key.
 */
export interface AuditEvent {
  /** From the component's table of audit events, e.g. `ra.request.refused`. */
  readonly type: string;
  /** Who acted: a party's or system's id, a component, or `-`. */
  readonly actor: string;
  /** JSON values only; big integers and octets as hex text. */
  readonly facts: Readonly<Record<string, string | number | boolean | null | readonly string[]>>;
}

/** Opaque: the ids of recorded, not yet sealed events. */
export interface AuditTicket {
  readonly ids: readonly string[];
}

/** Found again with `smki audit show REFERENCE`: decimal instance number, `-`, lower-case hex counter. */
export type AuditReference = string;

export class AuditUnavailable extends Error {
  readonly code = 'audit/unavailable';
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'AuditUnavailable';
  }
}
