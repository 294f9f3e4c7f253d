import { batchStages } from './batch/stages.js';

/**
 * The points of the RA's part of issuance at which `deps.stage` is called: before and after each write and each
 * call to another part. Fault tests stop the process there.
 */
export const raStages = [
  'ra:check:before',
  'ra:check:after',
  'ra:sign-order:before',
  'ra:sign-order:after',
  'ra:decide:before',
  'ra:decide:after',
  'ra:seal-decision:after',
  'ra:claim:before',
  'ra:claim:after',
  'ra:report:before',
  'ra:report:after',
  'ra:cancel:before',
  'ra:cancel:after',
  'ra:deliver:before',
  'ra:deliver:after',
  ...batchStages
] as const;

export type RaStage = (typeof raStages)[number];
