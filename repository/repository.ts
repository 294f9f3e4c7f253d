import type { RequestListener } from 'node:http';
import type { ComponentDeps, PeerComponent } from '../ops/kit/deps.js';
import type { Certificate } from '../pki/index.js';
import type { RepositoryConfig } from './config.js';
import type { RepositoryContext } from './context.js';
import { createInternalHandler } from './http/internal.js';
import { createPublicHandler } from './http/public.js';
import { createMetrics } from './metrics.js';
import { Authorities } from './publish/authorities.js';
import { Strangers } from './query/strangers.js';
import { ApiKeyRing } from './store/api-keys.js';
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
    authorities: new Authorities(deps.database, config.policy, anchors),
    apiKeys: new ApiKeyRing(deps.database, deps.clock),
    strangers: new Strangers(deps.audit, deps.clock),
    metrics: createMetrics(deps.metrics)
  };
  const underWay = new Set<Promise<void>>();

  /** Keeps count of the requests whose answers have not ended. */
  function counted(handler: RequestListener): RequestListener {
    return (request, response) => {
      const closed = new Promise<void>(resolve => response.once('close', resolve));
      underWay.add(closed);
      void closed.then(() => underWay.delete(closed));
      handler(request, response);
    };
  }

  return {
    publicHandler: counted(createPublicHandler(context)),
    internalHandler: counted(createInternalHandler(context)),
    async health() {
      try {
        await rows(deps.database, 'health', 'select last from repository.feed_head', []);
        return { healthy: true, checks: { database: 'ok' } };
      } catch (error) {
        deps.log.warn({ err: error }, 'the database does not answer');
        return { healthy: false, checks: { database: 'unavailable' } };
      }
    },
    async stop() {
      await Promise.all(underWay);
      await context.strangers.close();
    }
  };
}
