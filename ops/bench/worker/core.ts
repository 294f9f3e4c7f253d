/**
 * A whole CA in a process of its own, fed from memory: signed orders come from a peer in this process, what it
 * publishes goes nowhere, everything between is the product's.
 */
import { createHash, createPrivateKey, randomBytes, sign } from 'node:crypto';
import { Session } from 'node:inspector/promises';
import { EventEmitter, once } from 'node:events';
import { pino } from 'pino';
import { Registry } from 'prom-client';
import { auditEvents, createCa, defaultLimits, type CaConfig, type RaPeer } from '../../../ca/index.js';
import { policyWith } from '../../../pki/index.js';
import { encodeOrder, type Lane, type SignedOrder } from '../../../pki/messages/index.js';
import { examineRequest, requestPolicy } from '../../../pki/request/index.js';
import { openAudit } from '../../audit/index.js';
import { connect, createSql } from '../../database/index.js';
import { systemClock } from '../../kit/clock.js';
import { loadPointVerifier } from '../../native/point-verifier.js';
import { stageMicros, type CpuProfile } from '../cpu-profile.js';
import { childrenOf, cpuMicros, peakMiB } from '../process-cost.js';
import type { Round } from '../rounds.js';
import { startStandSigner, type SignerPlace } from '../stand/stand.js';
import type { Job } from './jobs.js';
import { unpackRequests } from './requests.js';

export interface CoreOptions {
  readonly instance: string;
  readonly signer: SignerPlace;
  readonly databaseUrl: string;
  readonly auditDirectory: string;
  readonly issuers: readonly {
    readonly certificate: Uint8Array;
    readonly root: Uint8Array;
    readonly keyLabel: string;
  }[];
  readonly initialCrls: readonly Uint8Array[];
  /** The RA's statement key: PKCS#8 DER, and its SubjectPublicKeyInfo. */
  readonly raKey: { readonly pkcs8: Uint8Array; readonly spki: Uint8Array };
  /** Packed device requests; used again and again, each time as another request. */
  readonly requests: Uint8Array;
}

export interface CoreTask {
  readonly certificates: number;
  readonly group: number;
  /** Whether this run is profiled. */
  readonly profiled: boolean;
}

export interface CoreRound extends Round {
  readonly signerCpuMicros: number;
  readonly rssMiB: number;
  readonly signerRssMiB: number;
  /** Microseconds by stage, of a profiled run. */
  readonly stages: Readonly<Record<string, number>> | undefined;
}

export async function openCore(options: CoreOptions): Promise<Job<CoreTask, CoreRound>> {
  // Possession is proved by CA as well: with the RA's check left out, this is what a certificate costs in all.
  const policy = policyWith('test', { 'request.possession.device': { value: 'both' } });
  const rules = requestPolicy(policy, new Set());
  const requests = unpackRequests(options.requests);
  const profilesOf = requests.map(csr => examineRequest(csr, 'device', rules).facts.profile);
  const raKey = createPrivateKey({ key: Buffer.from(options.raKey.pkcs8), format: 'der', type: 'pkcs8' });
  const keyId = createHash('sha256').update(options.raKey.spki).digest();

  const log = pino({ level: 'warn' }, process.stderr);
  const database = connect(options.databaseUrl, { schema: 'ca', applicationName: options.instance });
  const { signer, permitSecret } = await startStandSigner(options.signer, { processes: 1 });
  const audit = await openAudit({
    ...{
      database,
      log,
      clock: systemClock,
      environment: 'test',
      component: 'ca',
      instance: options.instance
    },
    directory: options.auditDirectory,
    events: auditEvents
  });
  const ra = new MemoryRa();
  const config: CaConfig = {
    instance: options.instance,
    environment: 'test',
    configurationSha256: '00'.repeat(32),
    caEpoch: 1n,
    policy,
    requests: rules,
    issuers: options.issuers,
    raKeys: [
      {
        name: 'bench',
        spki: options.raKey.spki,
        profiles: ['device-ds', 'device-ka'],
        certificatesPerHour: 1_000_000_000
      }
    ],
    initialCrls: options.initialCrls,
    approvals: 'not-collected-in-test',
    limits: defaultLimits
  };
  const ca = createCa({
    ...{ config, database, audit, log, signer, permitSecret, sql: createSql(), clock: systemClock },
    metrics: new Registry(),
    verifyPoint: loadPointVerifier('often'),
    verifyRequest: loadPointVerifier(),
    stage: () => undefined,
    ras: [ra],
    repositories: [{ name: 'sink', publish: () => Promise.resolve() }]
  });
  await ca.start();

  let next = 0;
  function order(size: number): SignedOrder {
    const issuedAt = new Date();
    const items = Array.from({ length: size }, () => {
      const at = next++ % requests.length;
      return {
        requestId: randomBytes(16),
        profile: profilesOf[at] as string,
        csr: requests[at] as Uint8Array
      };
    });
    const bytes = encodeOrder({
      ...{ environment: 'test', domain: 'smki-device', caEpoch: 1n, lane: 'batch', approvals: [], items },
      orderId: randomBytes(16),
      issuedAt,
      expiresAt: new Date(issuedAt.getTime() + 600_000),
      policyVersion: policy.version
    });
    const signature = sign('sha256', bytes, { key: raKey, dsaEncoding: 'ieee-p1363' });
    return { bytes, keyId, signature };
  }

  return {
    async run({ certificates, group, profiled }) {
      const orders: SignedOrder[] = [];
      for (let left = certificates; left > 0; left -= group) orders.push(order(Math.min(group, left)));
      const signers = childrenOf(process.pid);
      const signersBefore = signers.map(cpuMicros);
      const profiler = profiled ? await startProfiler() : undefined;
      const cpu = process.cpuUsage();
      const began = performance.now();
      const issued = await ra.execute(orders);
      const elapsedMs = performance.now() - began;
      const { user, system } = process.cpuUsage(cpu);
      if (issued !== certificates)
        throw new Error(`${issued} of ${certificates} requests became certificates`);
      const signerCpuMicros = signers.reduce(
        (sum, pid, at) => sum + cpuMicros(pid) - (signersBefore[at] ?? 0),
        0
      );
      return {
        items: issued,
        elapsedMs,
        cpuMicros: user + system,
        signerCpuMicros,
        rssMiB: peakMiB(process.pid),
        signerRssMiB: Math.max(0, ...signers.map(peakMiB)),
        stages: await profiler?.()
      };
    },
    async close() {
      await ca.stop();
      await signer.close();
      await audit.close();
      await database.destroy();
    }
  };
}

/** An RA's internal listener without the network: hands out what it is given and counts what is reported. */
class MemoryRa implements RaPeer {
  readonly name = 'bench';
  readonly #waiting: SignedOrder[] = [];
  readonly #bell = new EventEmitter();
  #open = 0;
  #issued = 0;

  /** Resolves with the number of certificates when every order has been reported. */
  async execute(orders: readonly SignedOrder[]): Promise<number> {
    this.#open = orders.length;
    this.#issued = 0;
    this.#waiting.push(...orders);
    const done = once(this.#bell, 'done');
    this.#bell.emit('orders');
    await done;
    return this.#issued;
  }

  async claim(lane: Lane, waitMs: number, signal: AbortSignal): Promise<SignedOrder[]> {
    if (lane === 'batch' && this.#waiting.length === 0)
      await once(this.#bell, 'orders', {
        signal: AbortSignal.any([signal, AbortSignal.timeout(waitMs)])
      }).catch(() => undefined);
    if (lane === 'adhoc')
      await once(this.#bell, 'never', {
        signal: AbortSignal.any([signal, AbortSignal.timeout(waitMs)])
      }).catch(() => undefined);
    return lane === 'batch' ? this.#waiting.splice(0, 2) : [];
  }

  async report(report: Parameters<RaPeer['report']>[0]): Promise<void> {
    this.#issued += report.outcomes.filter(({ kind }) => kind === 'issued').length;
    this.#open -= 1;
    if (this.#open === 0) this.#bell.emit('done');
  }
}

/** Begins to profile this process; the answer ends it and says what each stage took. */
async function startProfiler(): Promise<() => Promise<Record<string, number>>> {
  const session = new Session();
  session.connect();
  await session.post('Profiler.enable');
  await session.post('Profiler.start');
  return async () => {
    const { profile } = await session.post('Profiler.stop');
    session.disconnect();
    return stageMicros(profile as CpuProfile);
  };
}
