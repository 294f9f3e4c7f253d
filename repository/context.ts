import type { ComponentDeps, PeerComponent } from '../ops/kit/deps.js';
import type { Policy } from '../pki/index.js';
import type { Metrics } from './metrics.js';
import type { Authorities } from './publish/authorities.js';
import type { Strangers } from './query/strangers.js';
import type { ApiKeyRing } from './store/api-keys.js';
import type { CertificateLookUps } from './store/certificates.js';
import type { IssuerNames } from './store/issuer-names.js';
import type { Lodger } from './publish/lodge.js';

/** What the repository's own parts work with; made once in `repository.ts`. */
export interface RepositoryContext extends Omit<ComponentDeps, 'metrics'> {
  readonly policy: Policy;
  readonly basePath: string;
  readonly peerComponent: PeerComponent;
  readonly authorities: Authorities;
  readonly issuerNames: IssuerNames;
  readonly lodger: Lodger;
  readonly certificates: CertificateLookUps;
  readonly apiKeys: ApiKeyRing;
  readonly strangers: Strangers;
  readonly metrics: Metrics;
}
