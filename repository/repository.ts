import type { RequestListener } from 'node:http';
import type { ComponentDeps, PeerComponent } from '../ops/kit/deps.js';
import type { Certificate } from '../pki/index.js';
import type { RepositoryConfig } from './config.js';
import type { RepositoryContext } from './context.js';
import { createInternalHandler } from './http/internal.js';
import { createPublicHandler } from './http/public.js';
import { createMetrics } from './metrics.js';
import { Authorities } from './publish/authorities.js';
import { Lodger } from './publish/lodge.js';
import { Strangers } from './query/strangers.js';
import { ApiKeyRing } from './store/api-keys.js';
import { certificateLookUps } from './store/certificates.js';
import { IssuerNames } from './store/issuer-names.js';
import { rows } from './store/prepared.js';

export interface RepositoryDeps extends ComponentDeps {
  readonly config: RepositoryConfig;
  /** Self-signed roots of the environment: the only certificates that are believed. */
  readonly anchors: readonly Certificate[];
  readonly peerComponent: PeerComponent;
}

export interface RepositoryHealth {
  readonly healthy: boolean;
  readonly checks: { readonly database: 'ok' | 'unavailable' };
}

/** A repository process without its listeners. Any number of them work on one database. */
export interface Repository {
  /** For relying parties: plain HTTP, API keys. */
  readonly publicHandler: RequestListener;
  /** For the CA and operators: behind mutual TLS with pinned peers. */
  readonly internalHandler: RequestListener;
  health(): Promise<RepositoryHealth>;
  /** Resolves when the requests under way are answered. Stop the listeners first. */
  stop(): Promise<void>;
}

/** Throws when an anchor is not a self-signed certificate of a root profile. */
export function createRepository(deps: RepositoryDeps): Repository {
  const { config, anchors, ...component } = deps;
  const context: RepositoryContext = {
    ...component,
    policy: config.policy,
    basePath: config.basePath,
    authorities: new Authorities(deps, config.policy, anchors),
    issuerNames: new IssuerNames(deps),
    lodger: new Lodger(deps),
    certificates: certificateLookUps(deps),
    apiKeys: new ApiKeyRing(deps.database, deps.clock),
    strangers: new Strangers(deps.audit, deps.clock),
    metrics: createMetrics(deps.metrics)
  };
  let underWay = 0;
  let whenIdle: (() => void) | undefined;
  const answered = (): void => {
    underWay -= 1;
    if (underWay === 0) whenIdle?.();
  };

  /** Keeps count of the requests whose answers have not ended. */
  function counted(handler: RequestListener): RequestListener {
    return (request, response) => {
      underWay += 1;
      response.once('close', answered);
      handler(request, response);
    };
  }

  return {
    publicHandler: counted(createPublicHandler(context)),
    internalHandler: counted(createInternalHandler(context)),
    async health() {
      try {
        await rows(deps, 'health', 'select last from repository.feed_head', []);
        return { healthy: true, checks: { database: 'ok' } };
      } catch (error) {
        deps.log.warn({ err: error }, 'the database does not answer');
        return { healthy: false, checks: { database: 'unavailable' } };
      }
    },
    async stop() {
      if (underWay > 0) await new Promise<void>(resolve => (whenIdle = resolve));
      await context.strangers.close();
    }
  };
}
