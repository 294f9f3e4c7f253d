import type { Signer } from '../../hsm/index.js';
import type { PointVerifier, Policy, ProfileName } from '../../pki/index.js';
import type { Lane } from '../../pki/messages/index.js';
import type { ComponentDeps } from '../../ops/kit/deps.js';
import type { CaConfig } from '../config.js';
import type { CaMetrics } from '../metrics.js';
import type { CaStage } from '../stages.js';
import type { Delivery } from '../deliver.js';
import type { Commits } from './commit.js';
import type { Issuer } from './issuer.js';
import type { LintStage } from './lint-stage.js';
import type { Room } from './room.js';
import type { Turns } from './turns.js';
import type { Admission, RaKeys } from './verify-order.js';

/** What the records of steps 6 and 8 work with. */
export interface RecordContext extends Pick<
  ComponentDeps,
  'database' | 'sql' | 'clock' | 'audit' | 'log' | 'verifyPoint'
> {
  readonly config: CaConfig;
  readonly policy: Policy;
  /** This process in the column `holder`: its name and a random part, so that a restart is somebody else. */
  readonly holder: string;
  readonly metrics: CaMetrics;
}

/** What the steps of issuance work with: one per process. */
export interface IssueContext extends RecordContext {
  /** What orders must be addressed to. */
  readonly admission: Admission;
  readonly stage: (point: CaStage) => Promise<void>;
  readonly signer: Signer;
  readonly lint: LintStage;
  /** For keys of requests. */
  readonly verifyRequest: PointVerifier | undefined;
  readonly keys: RaKeys;
  /** By issuing profile. */
  readonly issuers: ReadonlyMap<ProfileName, Issuer>;
  /** Numbers of the issuers in the ledger, by name; filled before anything is claimed. */
  readonly issuerNumbers: ReadonlyMap<string, number>;
  readonly turns: Turns;
  /** By lane: a batch never takes the room of a single request. */
  readonly room: Readonly<Record<Lane, Room>>;
  readonly commits: Commits;
  readonly delivery: Delivery;
  readonly random: (octets: number) => Uint8Array;
  /** uuid texts of the orders this process executes at the moment: their intents are kept alive. */
  readonly inHand: Set<string>;
  /** Aborted when the process stops: no new attempt begins. */
  readonly stopping: AbortSignal;
}
