/** The points of a batch's way at which `deps.stage` is called; part of `raStages`. */
export const batchStages = [
  'ra:batch-submit:before',
  'ra:batch-submit:after',
  'ra:batch-parse:before',
  'ra:batch-parse:after',
  'ra:batch-group:before',
  'ra:batch-group:after',
  'ra:batch-settle:before',
  'ra:batch-settle:after'
] as const;

export type BatchStage = (typeof batchStages)[number];
