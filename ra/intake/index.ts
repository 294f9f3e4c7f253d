/**
 * The intake: a table of checks, one file each, in the order that decides which of several faults a client is
 * told. Nothing from a client is trusted before its check has passed; a check that cannot be made refuses.
 */
export { Intake, type IntakeInterface, type Message } from './intake.js';
export { checkIntakes, lookAgain } from './run.js';
export { intakeChecks } from './table.js';
export type { IntakeCheck } from './check.js';
