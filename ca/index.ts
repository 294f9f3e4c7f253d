/**
 * The certification authority: signed orders in, certificates and revocation lists out. It decides what may be
 * signed and signs nothing but by an RA's signed order, the CRL schedule or a ceremony, each with a permit that
 * is spent once. It listens to nobody: it claims orders, lodges what it made and reports.
 *
 * It trusts its configuration, its clock and what its own lint stage has checked. It does not trust the RA beyond
 * the limits of its key, the token's answers, or its own database: whoever can change that can stop it or make
 * it give serials up, and cannot make it sign anything.
 */
export { createCa, type Ca, type CaDeps } from './ca.js';
export {
  defaultLimits,
  type CaConfig,
  type CaLimits,
  type IssuerConfig,
  type RaKeyConfig
} from './config.js';
export { PeerConflict, type RaPeer, type RepositoryPeer } from './peers.js';
export type { CaHealth, HealthPart, HealthState } from './health.js';
export { CaError, refusalCodes, type CaErrorCode, type RefusalCode } from './errors.js';
export { auditEvents, type CaAuditEvent } from './audit-events.js';
export { stages, type CaStage } from './stages.js';
export { migrations } from './ledger/migrations.js';
export { listAbandoned, type AbandonedRow } from './ledger/certificate.js';
export { releaseRaKey, stoppedRaKeys, type StoppedRaKey } from './ledger/ra-key.js';
export * from './ceremony/index.js';
