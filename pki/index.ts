/**
 * What a certificate is: identifiers, DER, X.509, the profiles and the policy behind them, lints, request checks
 * and verification. Pure: no files, no network, no clock of its own, no environment. It decides what is well
 * formed, what is of a profile and what verifies; it never decides who may ask.
 *
 * Components use what stands here; each folder's own index.ts says what it trusts.
 */
export * from './digest.js';
export * from './identifier/index.js';
export * from './der/index.js';
export * from './x509/index.js';
export * from './profile/index.js';
export * from './request/index.js';
export * from './lint/index.js';
export * from './verify/index.js';
