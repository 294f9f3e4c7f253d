import { z } from 'zod';
import { batchSettings } from './batch/config.js';

/**
 * The RA's own settings. Figures of the Smart Energy Code are not here but in the policy (`pki/profile`); these
 * are choices of the project, each with what breaks on either side.
 */
export const raConfigSchema = z.strictObject({
  environment: z.enum(['test', 'live']),
  /** Name of this process among the RAs of the installation; seen in audit events and metrics. */
  instance: z.string().regex(/^[a-z0-9][a-z0-9-]{0,31}$/),
  /** `Build` element of the ad hoc answer. */
  build: z.string().min(1).max(64),
  /** The CA restore epoch that orders are addressed to. */
  caEpoch: z
    .string()
    .regex(/^\d{1,20}$/)
    .default('1'),
  /**
   * Who approves organisation and IKI orders. `automatic` sends them with no officer's signature and exists in
   * the test environment only; `officers` refuses them until officers can sign.
   */
  approvals: z.enum(['automatic', 'officers']).default('officers'),
  /** How many interfaces one Authorised System's certificate may serve; SEC Appendix M App. G says one. */
  interfacesPerSystem: z.number().int().min(1).max(3).default(1),
  /** JSON answers 201 within this time and 202 after it. */
  jsonWaitMs: z.number().int().min(0).max(60_000).default(5_000),
  /**
   * Life of an order. Longer than `deadline.order`, so that an order claimed at the last moment can still be
   * signed; short enough that a request whose CA died is ordered afresh when it is sent again.
   */
  orderLifetimeMs: z.number().int().min(1_000).max(86_400_000).default(120_000),
  /** After this time a claimed order is offered to another CA. A hint: the CA's database decides. */
  leaseMs: z.number().int().min(100).max(600_000).default(10_000),
  /** Orders in one claim answer. */
  claimSize: z.number().int().min(1).max(256).default(64),
  /** Look for orders and outcomes that another RA of this database stored. */
  claimPollMs: z.number().int().min(10).max(5_000).default(150),
  outcomePollMs: z.number().int().min(10).max(5_000).default(75),
  /** Withdraw expired orders that nobody claimed. */
  sweepMs: z.number().int().min(100).max(3_600_000).default(5_000),
  /** Requests per second and party above which requests are refused; Appendix N is softer and only counted. */
  hardRatePerSecond: z.number().positive().max(10_000).default(50),
  /** The batched service. */
  batches: batchSettings.prefault({})
});

/** Settings that passed. */
export type RaConfig = Readonly<z.infer<typeof raConfigSchema>>;
/** Settings as they are written; defaults may be left out. */
export type RaConfigInput = z.input<typeof raConfigSchema>;
