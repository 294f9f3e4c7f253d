import { z } from 'zod';

/** Settings of the batched service: choices of the project, each with what breaks on either side. */
export const batchSettings = z.strictObject({
  /**
   * Who approves a batch. `officer`: a person, always. `rule`: the RA itself up to `ruleMaxRequests` requests, unless
   * the party is over its notice (`batch.notice.requests`); the rest waits for an officer.
   */
  approval: z.enum(['officer', 'rule']).default('officer'),
  ruleMaxRequests: z.number().int().min(1).max(1_000_000).default(50_000),
  /**
   * Where an upload lies until it is whole: a file without a name, so that a killed process leaves nothing. On a disk:
   * `uploads` times `uploadOctets` is the most that may lie there.
   */
  spoolDirectory: z.string().min(1).default('/var/tmp'),
  /**
   * DESIGN: 50,000 requests of a device take 30 MiB as XML. Below that, whole batches are refused; far above it, a
   * few clients fill the spool.
   */
  uploadOctets: z
    .number()
    .int()
    .min(65_536)
    .max(1024 * 1024 * 1024)
    .default(128 * 1024 * 1024),
  /** Uploads at once, in all and per party; Appendix N 3.1.3 has a client send one after the other. */
  uploads: z.number().int().min(1).max(1_000).default(16),
  uploadsPerParty: z.number().int().min(1).max(100).default(4),
  /**
   * An upload that stands still this long is cut, and any upload after the total. Shorter loses subscribers on thin
   * lines; longer lets silent ones hold the places.
   */
  uploadIdleMs: z.number().int().min(10).max(600_000).default(30_000),
  uploadTotalMs: z.number().int().min(10).max(7_200_000).default(900_000),
  /**
   * Batches that one process has under way at once: one of each party while it has requests left. Each holds a chunk;
   * with fewer, a party may wait for the end of others' batches.
   */
  concurrency: z.number().int().min(1).max(256).default(16),
  /**
   * Groups of this process that are ordered and not settled. Fewer leave the CA waiting for the checks; more only
   * lengthen the line at the CA, and what is done twice after a crash of it.
   */
  groupsInFlight: z.number().int().min(1).max(64).default(8),
  /**
   * Requests in a group. Below the minimum a transaction and a signature cost more than the requests in them; above
   * the maximum transactions hold their locks for long, and an order has at most 1,000.
   */
  groupMin: z.number().int().min(1).max(1_000).default(64),
  groupMax: z.number().int().min(1).max(1_000).default(500),
  /** A process that has not renewed its lease of a batch for this time has lost it to another. */
  leaseMs: z.number().int().min(200).max(600_000).default(10_000),
  /** Look for batches and reports that another RA of this database stored. */
  pollMs: z.number().int().min(10).max(60_000).default(250),
  /**
   * How often a request is ordered when the CA answers with a fault; then it is CA_ERROR. The first pause between two
   * tries, doubled each time: five tries outlast a restart of a signer, not an outage, which holds orders back by
   * leaving them unclaimed.
   */
  caTries: z.number().int().min(1).max(100).default(5),
  caRetryMs: z.number().int().min(1).max(600_000).default(2_000),
  /** Look for batches whose results are past their time. */
  retentionMs: z.number().int().min(100).max(86_400_000).default(600_000)
});

/** Settings that passed. */
export type BatchSettings = Readonly<z.infer<typeof batchSettings>>;
