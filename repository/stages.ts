/** Everything is checked, nothing is written. */
export const beforeLodging = 'repository:9:before';
/** The transaction is committed; its audit events are not yet in the log, no answer has left. */
export const afterLodging = 'repository:9:after';

/**
 * The numbered points of issuance the repository takes part in: step 9, "lodges in the repository". Fault tests
 * stop the process there.
 */
export const stages = [beforeLodging, afterLodging] as const;
