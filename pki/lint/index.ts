/**
 * The rules a certificate is judged by before it is signed and when it is met again: one file a rule. They read
 * octets, not the values that were meant to be encoded, and trust nothing but the context they are handed.
 */
export type { BadExample, Finding, Lint, LintContext, LintId, Severity } from './lint.js';
export { lints } from './lints.js';
export { lintCertificate, lintTbs } from './run.js';
export { guessProfile } from './guess-profile.js';
