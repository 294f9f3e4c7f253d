/**
 * The validation service: is this certificate to be believed, for this purpose, at this moment? It answers from the
 * repository's authorities and revocation lists under the configured anchors, and signs a receipt of each answer with
 * a statement key of its own, in a process of its own: the repository's other processes do not reach that key.
 *
 * It trusts the anchors and the policy. The database is not trusted: whoever can change it can make the service
 * refuse, since every certificate and list it reads counts for its signature only. The receipt says what was asked,
 * what was found and on what it rests; it is no certificate, and whoever holds it checks it with the public key.
 */
export { createValidation, type Validation, type ValidationHealth } from './service.js';
export type { ValidationConfig, ValidationDeps } from './context.js';
export { validationOpenApi, validationProblems } from './openapi.js';
export type { ValidationAnswer } from './answer.js';
