import type { AuditEvent } from '../ops/kit/audit.js';
import type { RepositoryAuditType } from './audit-events.js';

/** An event of the repository's own table. */
export function auditEvent(type: RepositoryAuditType, actor: string, facts: AuditEvent['facts']): AuditEvent {
  return { type, actor, facts };
}
