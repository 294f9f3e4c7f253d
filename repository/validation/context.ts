import type { ComponentDeps } from '../../ops/kit/deps.js';
import type { Certificate, Policy } from '../../pki/index.js';
import type { Environment, StatementSigner } from '../../pki/messages/index.js';
import type { ValidationMetrics } from '../metrics.js';
import type { Strangers } from '../query/strangers.js';
import type { ApiKeyRing } from '../store/api-keys.js';
import type { CertificateLookUps } from '../store/certificates.js';
import type { TimePolicy } from './request.js';
import type { CurrentTrust } from './trust.js';

/** The validation service's slice of its process's configuration, validated by whoever read it. */
export interface ValidationConfig extends TimePolicy {
  readonly environment: Environment;
  readonly policy: Policy;
  /** What stands before every path: empty, or such as `/smki`, without a slash at its end. */
  readonly basePath: string;
  /** How old authorities and lists may be that were read from the database, in milliseconds. */
  readonly refreshMs: number;
}

export interface ValidationDeps extends ComponentDeps {
  readonly config: ValidationConfig;
  /** Self-signed roots of the environment: the only certificates that are believed. */
  readonly anchors: readonly Certificate[];
  /** Signs receipts and nothing else. */
  readonly statementSigner: StatementSigner;
}

/** What the parts of the service work with; made once in `service.ts`. */
export interface ValidationContext extends Omit<ValidationDeps, 'metrics'> {
  readonly trust: CurrentTrust;
  readonly certificates: CertificateLookUps;
  readonly apiKeys: ApiKeyRing;
  readonly strangers: Strangers;
  readonly metrics: ValidationMetrics;
}
