/**
 * Batches of device requests: the Batched Device CSR web service (SEC Appendix M 2.5), what the portal's files share
 * with it, and the processing of both. An upload is read as it comes and lies packed; nothing of a batch is acted on
 * before the RA has approved it and its content agrees with the seal that was taken when it was received. From there
 * its requests go group by group through the same checks, reservations and signed orders as any other.
 *
 * It trusts the database for the state of batches, not for their content, which it holds against the seal. No message
 * is trusted before its reader has passed it; a report of the CA must agree with the group it is for.
 */
export { serveBatch, batchPath } from './service.js';
export { serveBatchProgress } from './progress.js';
export { startBatches, type BatchProcessing } from './run.js';
export { BatchPart } from './part.js';
