/**
 * The audit log: what every decision, signature and change leaves behind. One append-only file a process, each
 * event chained to the one before by its hash, its head kept in the component's database as well, so that
 * neither can be cut short or rewritten without the other showing it. Events of an act are inserted in the
 * transaction of the act and placed in the file before anything is answered; when that cannot be, nothing is
 * answered with success.
 *
 * It trusts whoever holds both the files and the database: against them stand copies of heads kept elsewhere.
 */
export type { AuditErrorCode, AuditFindingCode } from './errors.js';
export { openAudit, type AuditHealth, type AuditOptions, type OpenAuditLog } from './open.js';
export { auditMigrations } from './tables.js';
export {
  findAuditEvent,
  verifyAudit,
  type AuditFinding,
  type AuditReport,
  type VerifyOptions
} from './verify.js';
