/**
 * What relying parties see: certificates with their status, revocation lists, and nothing secret. The repository
 * decides what is published and which certificate of a device is in use; it signs no PKI object (the validation
 * service, in a process of its own, signs receipts) and reaches neither RA nor CA: the CA lodges here, operators state
 * what is in use, relying parties ask.
 *
 * It believes the configured anchors and, through them, what they signed. A publication is checked whole, whoever
 * the peer is. The database is not trusted: whoever can change it can only make relying parties refuse, since they
 * verify every certificate and list they get. Status R comes from signed lists only.
 */
export {
  createRepository,
  type Repository,
  type RepositoryDeps,
  type RepositoryHealth
} from './repository.js';
export type { RepositoryConfig } from './config.js';
export { migrations } from './migrations.js';
export { auditEvents } from './audit-events.js';
export { stages } from './stages.js';
export { ensureApiKey } from './store/api-keys.js';
export {
  createValidation,
  validationOpenApi,
  validationProblems,
  type Validation,
  type ValidationAnswer,
  type ValidationConfig,
  type ValidationDeps,
  type ValidationHealth
} from './validation/index.js';
