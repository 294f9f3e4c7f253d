import type { AuditEvent, AuditLog, AuditTicket } from '../ops/kit/audit.js';
import { GroupCommit } from './group-commit.js';

/** DESIGN: members of one write to the audit log; each has a few events of some 500 octets. */
const maxGroup = 512;

/**
 * Places in the audit log what is left behind at the same moment: a decision's events, a report's and the deliveries'
 * of another group. One after the other they would cost three writes to stable storage and three moves of the log's head.
 * Each is answered when its own events are durable, and with its own fault where they are not.
 */
export class Sealing {
  readonly #places: GroupCommit<() => Promise<unknown>, true>;
  readonly #audit: AuditLog;

  constructor(audit: AuditLog) {
    this.#audit = audit;
    this.#places = new GroupCommit({
      maxGroup,
      // Nothing is refused here: who waits was admitted by another bound.
      maxWaiting: Infinity,
      full: () => new Error('the audit log is not waited for'),
      work: async members => {
        const placed = await Promise.allSettled(members.map(place => place()));
        return placed.map(one => (one.status === 'fulfilled' ? true : asError(one.reason)));
      }
    });
  }

  async seal(ticket: AuditTicket): Promise<void> {
    await this.#places.submit(() => this.#audit.seal(ticket));
  }

  async append(events: readonly AuditEvent[]): Promise<void> {
    await this.#places.submit(() => this.#audit.append(events));
  }
}

function asError(reason: unknown): Error {
  return reason instanceof Error ? reason : new Error('not an error was thrown', { cause: reason });
}
