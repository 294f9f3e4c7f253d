import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from 'pino';
import { collectDefaultMetrics, Registry } from 'prom-client';
import { auditMigrations, openAudit, type OpenAuditLog } from '../audit/index.js';
import {
  checkLive,
  componentNames,
  loadConfig,
  schemaOwner,
  type ComponentName,
  type PassedConfig,
  type RunningFacts
} from '../config/index.js';
import {
  checkEnvironment,
  checkMigrated,
  connect,
  createSql,
  DatabaseUnavailable,
  otherComponents
} from '../database/index.js';
import { policyEntries } from '../../pki/profile/index.js';
import { createLogger, metricsServer, socketPath, type HealthPart } from '../http/index.js';
import { systemClock, type Clock } from '../kit/clock.js';
import type { ComponentDeps, Migration, Stage } from '../kit/deps.js';
import { loadPointVerifier } from '../native/point-verifier.js';
import { readTrimmed, sha256OfFile } from './read.js';
import { writeProcessStatus } from './status.js';

/** What tests may put in the place of production wiring. */
export interface ProcessOverrides {
  readonly clock?: Clock;
  /** Called at each numbered point of issuance. */
  readonly stage?: Stage;
}

/** What every component process stands on. */
export interface Foundation<C extends ComponentName> {
  readonly config: PassedConfig<C>;
  readonly deps: ComponentDeps;
  readonly audit: OpenAuditLog;
  readonly log: Logger;
  /** Run in reverse order at the end. */
  readonly onStop: (what: string, stop: () => Promise<void> | void) => void;
  /** Puts the event of that type into the audit log: from here on this process decides under this policy. */
  readonly recordStart: (type: `${string}.started`) => Promise<void>;
  /** Refuses live what live refuses, now that the process knows its signer. */
  readonly refuseInLive: (facts: RunningFacts) => void;
  /** Tells the launcher and operators that the process serves, and again when its signers change. */
  serving(
    urls: Readonly<Record<string, string>>,
    signerPids: () => Promise<readonly number[]>
  ): Promise<void>;
}

/** A configuration that live refuses. */
export class LiveRefusal extends Error {
  readonly code = 'live/refused';
}

/**
 * Builds a component process on its configuration file: log, database, audit, metrics and health, then the
 * component itself, and takes it all down again in reverse order at SIGTERM or SIGINT. A database that is away is
 * waited for; everything else that is wrong ends the process with status 1 and one clear line.
 */
export async function runComponent<C extends ComponentName>(options: {
  readonly component: C;
  readonly configFile: string;
  readonly auditEvents: Readonly<Record<string, string>>;
  /** Of the component's schema, without those of the audit tables. */
  readonly migrations: readonly Migration[];
  readonly overrides: ProcessOverrides;
  /** Builds the component; answers its health for the readiness endpoint. */
  build(foundation: Foundation<C>): Promise<() => Promise<Readonly<Record<string, HealthPart>>>>;
}): Promise<void> {
  const config = loadConfig(options.configFile, options.component);
  const schema = schemaOwner(options.component);
  const log = createLogger({
    component: options.component,
    instance: config.instance,
    level: config.log.level
  });
  const clock = options.overrides.clock ?? systemClock;
  const stops: { what: string; stop: () => Promise<void> | void }[] = [];
  let stopping = false;

  async function end(status: number): Promise<void> {
    if (stopping) return;
    stopping = true;
    for (const { what, stop } of stops.reverse()) {
      try {
        await stop();
      } catch (error) {
        log.error({ err: error, what }, 'could not be stopped in order');
      }
    }
    log.info('stopped');
    process.exitCode = status;
    // Whatever still holds the event loop must not hold the operator.
    setTimeout(() => process.exit(status), 2_000).unref();
  }

  process.on('SIGTERM', () => void end(0));
  process.on('SIGINT', () => void end(0));
  process.on('unhandledRejection', error => {
    log.fatal({ err: error }, 'a failure nobody handled');
    process.exit(1);
  });
  process.on('uncaughtException', error => {
    log.fatal({ err: error }, 'a failure nobody handled');
    process.exit(1);
  });

  const refuseInLive = (facts: RunningFacts): void => {
    const findings = checkLive([config as never], facts);
    if (findings.length > 0) {
      throw new LiveRefusal(findings.map(({ code, detail }) => `${code}: ${detail}`).join('; '));
    }
  };

  try {
    const unverified = policyEntries(config.policy).filter(figure => !figure.verified);
    log.info(
      {
        environment: config.environment,
        policy: config.policy.version,
        unverified: Object.fromEntries(unverified.map(({ name, value }) => [name, value]))
      },
      'starting; see smki policy show'
    );
    refuseInLive({});

    const database = connect(readTrimmed(config.database.urlFile), {
      schema,
      applicationName: config.instance,
      poolMax: config.database.poolMax
    });
    stops.push({ what: 'database', stop: () => database.destroy() });
    await whenDatabaseAnswers(log, async () => {
      await checkEnvironment(database, config.environment);
      refuseInLive({
        otherComponents: await otherComponents(database, schema, componentNames)
      });
      await checkMigrated(database, schema, [...auditMigrations(schema), ...options.migrations]);
    });

    const audit = await whenDatabaseAnswers(log, () =>
      openAudit({
        database,
        environment: config.environment,
        component: schema,
        instance: config.instance,
        directory: config.audit.directory,
        events: options.auditEvents,
        clock,
        log
      })
    );
    stops.push({ what: 'audit', stop: () => audit.close() });

    const registry = new Registry();
    registry.setDefaultLabels({ instance: config.instance });
    collectDefaultMetrics({ register: registry });

    const statusFile = join(config.run.directory, `${config.instance}.json`);
    let metricsAt = '';
    const foundation: Foundation<C> = {
      config,
      audit,
      log,
      deps: {
        database,
        sql: createSql(),
        clock,
        audit,
        log,
        metrics: registry,
        stage: options.overrides.stage ?? (() => undefined),
        verifyPoint: loadPointVerifier('often')
      },
      onStop: (what, stop) => void stops.push({ what, stop }),
      refuseInLive,
      async recordStart(type) {
        const facts = {
          environment: config.environment,
          policyVersion: config.policy.version,
          configuration: sha256OfFile(options.configFile)
        };
        await audit.append([{ type, actor: config.instance, facts }]);
      },
      async serving(urls, signerPids) {
        let last: string | undefined;
        const write = async (): Promise<void> => {
          const pids = await signerPids();
          const line = pids.join(' ');
          if (line === last) return;
          last = line;
          writeProcessStatus(statusFile, {
            instance: config.instance,
            pid: process.pid,
            urls,
            signerPids: pids,
            metrics: metricsAt
          });
        };
        await write();
        const timer = setInterval(
          () => void write().catch((error: unknown) => log.warn({ err: error }, 'status not written')),
          500
        );
        timer.unref();
        stops.push({ what: 'status', stop: () => clearInterval(timer) });
      }
    };

    const component: { health?: () => Promise<Readonly<Record<string, HealthPart>>> } = {};
    const metrics = await metricsServer(
      registry,
      {
        live: () => !stopping,
        async ready() {
          const auditHealth = audit.health();
          return {
            audit: { ok: auditHealth.state === 'ready', reason: auditHealth.reason },
            ...(component.health === undefined
              ? { component: { ok: false, reason: 'starting' } }
              : await component.health())
          };
        }
      },
      config.run.metricsPort === undefined
        ? { socket: socketPath(config.run.directory, config.instance) }
        : { port: config.run.metricsPort }
    );
    stops.push({ what: 'metrics', stop: () => metrics.close(1_000) });
    metricsAt = metrics.at;

    component.health = await options.build(foundation);
  } catch (error) {
    log.fatal({ err: error }, 'cannot start');
    await end(1);
  }
}

async function whenDatabaseAnswers<T>(log: Logger, work: () => Promise<T>): Promise<T> {
  for (let waited = 0; ; waited++) {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof DatabaseUnavailable)) throw error;
      if (waited % 20 === 0) log.warn({ err: error }, 'the database does not answer yet');
      await sleep(500);
    }
  }
}
