import type { Signer } from '../../hsm/index.js';
import type { Policy, ProfileName } from '../../pki/index.js';
import type { ComponentDeps } from '../../ops/kit/deps.js';
import type { CaConfig } from '../config.js';
import type { CaMetrics } from '../metrics.js';
import type { CaStage } from '../stages.js';
import type { Delivery } from '../deliver.js';
import type { Issuer } from './issuer.js';
import type { LintStage } from './lint-stage.js';
import type { Admission, RaKeys } from './verify-order.js';

/** What the steps of issuance work with: one per process. */
export interface IssueContext extends Pick<ComponentDeps, 'database' | 'clock' | 'audit' | 'log'> {
  readonly config: CaConfig;
  readonly policy: Policy;
  /** What orders must be addressed to. */
  readonly admission: Admission;
  /** This process in the column `holder`: its name and a random part, so that a restart is somebody else. */
  readonly holder: string;
  readonly stage: (point: CaStage) => Promise<void>;
  readonly metrics: CaMetrics;
  readonly signer: Signer;
  readonly lint: LintStage;
  readonly keys: RaKeys;
  /** By issuing profile. */
  readonly issuers: ReadonlyMap<ProfileName, Issuer>;
  readonly delivery: Delivery;
  readonly random: (octets: number) => Uint8Array;
  /** uuid texts of the orders this process executes at the moment: their intents are kept alive. */
  readonly inHand: Set<string>;
  /** Aborted when the process stops: no new attempt begins. */
  readonly stopping: AbortSignal;
}
