/**
 * The registration authority: who may ask for certificates, and whether a request may go ahead. It answers the Ad
 * Hoc Device CSR web service (SEC Appendix M) and a JSON API to Authorised Systems, keeps parties, identifiers and
 * systems, and hands signed orders to the CA that claims them.
 *
 * It trusts its own database for who may do what, the IKI anchors and CRL for who is connected, the device-status
 * provider for the state of devices, and the pinned peers `ca*` and `operator` on its internal listener. It trusts
 * no request, no client certificate before it is checked, and no report that disagrees with its orders. It holds
 * no CA key and reaches no HSM; the key that signs orders is behind a `StatementSigner` it is given.
 */
export { createRa, takesUpload, type Ra, type RaHealth } from './component.js';
export type { ClientTrust, RaDeps, RequestToCheck, RequestVerdict } from './deps.js';
export { raConfigSchema, type RaConfig, type RaConfigInput } from './config.js';
export { migrations } from './schema/index.js';
export { auditEvents } from './audit-events.js';
export { raStages, type RaStage } from './stages.js';
export { codes, type CodeEntry, type RaCode } from './codes.js';
export { openApiDocument } from './enrolment/openapi.js';
