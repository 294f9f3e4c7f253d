import type { AuditLog, AuditReference } from '../../ops/kit/audit.js';
import type { Clock } from '../../ops/kit/clock.js';
import { auditEvent } from '../audit.js';

/**
 * DESIGN: one event a second. Whoever has no API key could otherwise write to the audit store as fast as it takes
 * events, and a full store stops everybody; an event a second is some 30 MB a day at most.
 */
const intervalMs = 1_000;

/**
 * Records refusals of callers without an API key that works: the first at once, those within the same second under
 * its reference, counted and told by the next event. Nobody else shares a reference.
 */
export class Strangers {
  readonly #audit: AuditLog;
  readonly #clock: Clock;
  #last: { readonly at: number; readonly reference: Promise<AuditReference> } | undefined;
  #uncounted = 0;

  constructor(audit: AuditLog, clock: Clock) {
    this.#audit = audit;
    this.#clock = clock;
  }

  /** The reference of the event that stands for this refusal; throws `AuditUnavailable` when there is none. */
  async refused(operation: string): Promise<AuditReference> {
    const now = this.#clock.now().getTime();
    const last = this.#last;
    // A clock that was set back begins anew.
    if (last !== undefined && now >= last.at && now - last.at < intervalMs) {
      const reference = await last.reference;
      this.#uncounted += 1;
      return reference;
    }
    const reference = this.#append(operation);
    this.#last = { at: now, reference };
    try {
      return await reference;
    } catch (error) {
      // Nothing stands for anybody: the next one tries again.
      if (this.#last?.reference === reference) this.#last = undefined;
      throw error;
    }
  }

  /** Tells what is counted and not yet told. */
  async close(): Promise<void> {
    if (this.#uncounted > 0) await this.#append('-');
  }

  async #append(operation: string): Promise<AuditReference> {
    const before = this.#uncounted;
    this.#uncounted = 0;
    try {
      return await this.#audit.append([
        auditEvent('repository.query.refused', '-', { operation, code: 'repository/api-key', before })
      ]);
    } catch (error) {
      this.#uncounted += before;
      throw error;
    }
  }
}
