/** A CA process: its loops, its start and its end. */
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Pkcs11Signer, Signer } from '../hsm/index.js';
import { compileTemplate, profiles, type PointVerifier } from '../pki/index.js';
import { lanes } from '../pki/messages/index.js';
import type { ComponentDeps } from '../ops/kit/deps.js';
import { startClaimLoop, type ClaimLoop } from './claim.js';
import type { CaConfig } from './config.js';
import { issueCrl, isCrlAlarm } from './crl/issue-crl.js';
import { importCrls, publishCrls } from './crl/publish-crls.js';
import { hasCrlSchedule } from './crl/schedule.js';
import { createDelivery } from './deliver.js';
import { CaError } from './errors.js';
import { caHealth, type CaHealth } from './health.js';
import { createCommits } from './issue/commit.js';
import type { IssueContext, RecordContext } from './issue/context.js';
import { readIssuers, type Issuer } from './issue/issuer.js';
import { createLintStage } from './issue/lint-stage.js';
import { pagedRandom } from './issue/random.js';
import { createRoom } from './issue/room.js';
import { createTurns } from './issue/turns.js';
import { event } from './audit-events.js';
import { raKeysById } from './issue/verify-order.js';
import { beat, releaseIntents } from './ledger/intent.js';
import { issuerNumbers } from './ledger/issuer.js';
import { lodgeAuthorities } from './lodge-authorities.js';
import { noteReleases } from './ledger/ra-key.js';
import { createMetrics } from './metrics.js';
import type { RaPeer, RepositoryPeer } from './peers.js';
import { createReconciler } from './reconcile.js';
import { repeat } from './repeat.js';

/**
 * DESIGN: items of a lane on their way to the signer, whose queue takes 4,096: eight groups of 250 keep it busy. More
 * and it would refuse some as busy, whose serials are then given up for nothing.
 */
const signerItems = 2_000;

/** What a CA is handed. `S` is a PKCS#11 signer in production, by type; tests may break the seam with another. */
export interface CaDeps<S extends Signer = Pkcs11Signer> extends ComponentDeps {
  readonly config: CaConfig;
  readonly signer: S;
  /** The start-up secret shared with the signer process; the caller keeps no copy. */
  readonly permitSecret: Uint8Array;
  readonly ras: readonly RaPeer[];
  readonly repositories: readonly RepositoryPeer[];
  /** For keys of requests, each met once: a faster way to verify, where this machine has one. */
  readonly verifyRequest?: PointVerifier | undefined;
}

export interface Ca {
  /**
   * Checks configuration, then begins: reconciler, CRL schedule, claims. Resolves when the loops run. A token, RA,
   * repository or database that is away does not fail the start; it shows in health and is tried again. Throws
   * `CaError` for configuration that does not fit together.
   */
  start(): Promise<void>;
  /**
   * Claims no more and finishes the orders in hand within the deadline; what is left is marked as free, so that
   * another process need not wait for the lease.
   */
  stop(): Promise<void>;
  health(): Promise<CaHealth>;
}

/** The production entry: takes a PKCS#11 signer only. */
export function createCa(deps: CaDeps): Ca {
  return createCaWith(deps, () => deps.signer.health());
}

/** For tests that break the seam between CA and signer on purpose. */
export function createCaWith<S extends Signer>(
  deps: CaDeps<S>,
  signerHealth: () => ReturnType<Pkcs11Signer['health']>
): Ca {
  const { config, database, sql, clock, audit, log } = deps;
  const { policy, limits } = config;
  const stopping = new AbortController();
  const issuers = readIssuers(config.issuers, config.environment, policy, clock.now());
  checkConfiguration(config, issuers);
  const stage = async (point: string) => {
    await deps.stage(point);
  };
  const metrics = createMetrics(deps.metrics, database, clock);
  const records: RecordContext = {
    ...{ config, database, sql, clock, audit, log, policy, metrics, verifyPoint: deps.verifyPoint },
    holder: `${config.instance}/${randomUUID()}`
  };
  const numbers = new Map<string, number>();
  const ctx: IssueContext = {
    ...{ ...records, stage, verifyRequest: deps.verifyRequest },
    issuerNumbers: numbers,
    turns: createTurns(),
    room: { adhoc: createRoom(signerItems), batch: createRoom(signerItems) },
    commits: createCommits(records),
    admission: { environment: config.environment, caEpoch: config.caEpoch, policy },
    signer: deps.signer,
    lint: createLintStage(deps.permitSecret, policy),
    keys: raKeysById(config.raKeys),
    issuers: new Map(issuers.map(issuer => [issuer.profile, issuer])),
    delivery: createDelivery({ ...deps, stage }),
    random: pagedRandom(),
    inHand: new Set(),
    stopping: stopping.signal
  };
  const reconciler = createReconciler(ctx);
  let claims: ClaimLoop[] = [];
  const loops: Promise<void>[] = [];
  /** Issuers whose key on the token was seen to be the certificate's. */
  const keysSeen = new Set<string>();
  let imported = false;
  let lodged = false;

  /** The token must hold the very keys of the certificates before anything is signed with them. */
  async function checkKeys(): Promise<void> {
    for (const { name, keyLabel, certificate } of issuers) {
      if (keysSeen.has(name)) continue;
      const { spki } = await deps.signer.publicKey(keyLabel);
      if (Buffer.compare(spki, certificate.publicKey.spki) !== 0)
        throw new CaError('ca/issuer-key', `${keyLabel} is not the key of ${name}`);
      keysSeen.add(name);
    }
  }

  async function crlRound(): Promise<void> {
    if (!imported) {
      const authorities = issuers.flatMap(({ certificate, root }) => [certificate, root]);
      for (const ticket of await importCrls(config.initialCrls, authorities, ctx)) await audit.seal(ticket);
      imported = true;
    }
    for (const issuer of issuers.filter(({ profile }) => hasCrlSchedule(profile))) {
      try {
        const outcome = await issueCrl(issuer, ctx);
        if (outcome.kind !== 'issued') continue;
        await audit.seal(outcome.ticket);
        log.info({ issuer: issuer.name, number: outcome.number.toString() }, 'revocation list issued');
      } catch (error) {
        if (!isCrlAlarm(error))
          log.warn({ err: error, issuer: issuer.name }, 'revocation list not issued yet');
        else {
          log.fatal({ err: error, issuer: issuer.name }, 'revocation list refused');
          await audit.append([event('ca.alarm.crl', ctx, { issuer: issuer.name, code: error.code })]);
        }
      }
    }
    if (!lodged) {
      await lodgeAuthorities(issuers, deps.repositories);
      lodged = true;
    }
    await publishCrls(deps.repositories, ctx);
  }

  /** A person's release of an RA key happens in the database; the log learns of it here. */
  async function noteRound(): Promise<void> {
    const ticket = await database.transaction(async trx => {
      const released = await noteReleases(trx);
      const events = released.map(({ keyId, actor }) =>
        event('ca.ra-key.released', ctx, { raKey: keyId, by: actor })
      );
      return audit.record(trx, events);
    });
    if (ticket.ids.length > 0) await audit.seal(ticket);
  }

  /** Nothing is claimed or signed before the keys have been seen once. */
  async function begin(): Promise<void> {
    while (!stopping.signal.aborted) {
      try {
        await checkKeys();
        const known = await issuerNumbers(
          database,
          issuers.map(({ name }) => name)
        );
        for (const [name, number] of known) numbers.set(name, number);
        await audit.append([
          event('ca.started', ctx, {
            holder: ctx.holder,
            environment: config.environment,
            policyVersion: policy.version,
            configuration: config.configurationSha256,
            issuers: issuers.map(({ name }) => name),
            raKeys: config.raKeys.map(({ name }) => name)
          })
        ]);
        break;
      } catch (error) {
        log[error instanceof CaError ? 'fatal' : 'warn']({ err: error }, 'cannot begin to sign yet');
        await sleep(limits.retryMs, undefined, { signal: stopping.signal }).catch(() => undefined);
      }
    }
    if (stopping.signal.aborted) return;
    claims = deps.ras.flatMap(ra => lanes.map(lane => startClaimLoop(ra, lane, ctx)));
    loop(limits.sweepMs, () => reconciler.reconcile());
    loop(limits.sweepMs, () => ctx.delivery.sweep());
    loop(limits.crlCheckMs, crlRound);
    loop(limits.crlCheckMs, noteRound);
    loop(limits.heartbeatMs, () => beat(database, [...ctx.inHand], ctx.holder));
  }

  function loop(everyMs: number, work: () => Promise<unknown>): void {
    loops.push(
      repeat(everyMs, stopping.signal, work, error => log.warn({ err: error }, 'tried again later'))
    );
  }

  return {
    async start() {
      loops.push(begin());
    },
    async stop() {
      stopping.abort();
      const done = (async () => {
        await Promise.all(loops);
        await Promise.all([...claims.map(claim => claim.ended), ...loops]);
      })();
      const late = new AbortController();
      const deadline = sleep(limits.stopDeadlineMs, undefined, { signal: late.signal }).catch(
        () => undefined
      );
      await Promise.race([done, deadline]);
      late.abort();
      try {
        await releaseIntents(database, ctx.holder, limits.leaseMs);
        await audit.append([event('ca.stopped', ctx, { holder: ctx.holder, inHand: ctx.inHand.size })]);
      } catch (error) {
        log.warn({ err: error }, 'stopped without saying so');
      }
    },
    health: () => caHealth({ ctx, claims, keysSeen: keysSeen.size === issuers.length, audit, signerHealth })
  };
}

function checkConfiguration(config: CaConfig, issuers: readonly Issuer[]): void {
  const { policy, environment } = config;
  if (policy.environment !== environment)
    throw new CaError('ca/configuration', `the policy is of the ${policy.environment} environment`);
  if (environment === 'live')
    throw new CaError('ca/live-refuses', "officers' signatures on orders are not checked yet");
  if (config.limits.heartbeatMs * 2 > config.limits.leaseMs)
    throw new CaError('ca/configuration', 'a lease must outlive a lost heartbeat');
  for (const { profile: issuing, certificate } of issuers)
    for (const profile of Object.values(profiles))
      if (profile.issuerProfile === issuing) {
        // Throws when the environment has no policy OID or the key does not fit.
        compileTemplate(profile.name, { issuer: certificate, policy });
      }
}
