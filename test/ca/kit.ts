/**
 * A CA in its surroundings: a real database, a real audit log, a hierarchy made by the real ceremony, and peers in
 * this process that speak in the real messages and keep the peers' promises (idempotent, conflicts refused).
 */
import { createHash, randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { pino } from 'pino';
import { Registry } from 'prom-client';
import {
  auditEvents,
  defaultLimits,
  migrations,
  PeerConflict,
  runTestHierarchyCeremony,
  type Ca,
  type CaConfig,
  type CaLimits,
  type Hierarchy,
  type RaPeer,
  type RepositoryPeer,
  type TranscriptLine
} from '../../ca/index.js';
import { createCaWith } from '../../ca/ca.js';
import type { Signer, SignerHealth } from '../../hsm/index.js';
import { SoftwareSigner } from '../../hsm/software/signer.js';
import { createSql } from '../../ops/database/index.js';
import { openAudit, type OpenAuditLog } from '../../ops/audit/index.js';
import type { Clock } from '../../ops/kit/clock.js';
import { loadPointVerifier } from '../../ops/native/point-verifier.js';
import { defaultPolicy, parseCertificate, type ProfileName } from '../../pki/index.js';
import {
  decodeClaim,
  decodePublication,
  decodeReport,
  encodeClaim,
  encodeOrder,
  encodePublication,
  encodeReport,
  type Order,
  type OrderReport,
  type Publication,
  type SignedOrder
} from '../../pki/messages/index.js';
import { requestPolicy } from '../../pki/request/index.js';
import { testDatabase, type TestComponent, type TestDatabase } from '../kit/database.js';
import { p256Key, signRaw, type TestKey } from '../kit/keys.js';

export const policy = defaultPolicy('test');

/** Short, so that take-over happens within a test. */
export const quick: CaLimits = {
  ...defaultLimits,
  leaseMs: 900,
  heartbeatMs: 150,
  sweepMs: 100,
  crlCheckMs: 100,
  claimWaitMs: 300,
  retryMs: 40,
  maxRetryMs: 200,
  stopDeadlineMs: 3_000
};

/** The real time plus what a test has added. */
export class TestClock implements Clock {
  aheadMs = 0;
  now(): Date {
    return new Date(Date.now() + this.aheadMs);
  }
}

/** An RA's internal listener without the network. */
export class TestRa implements RaPeer {
  readonly name: string;
  readonly reports = new Map<string, Uint8Array>();
  reportCalls = 0;
  /** Called with each report; may throw before or after it is kept. */
  onReport: (when: 'before' | 'after') => void = () => undefined;
  readonly #waiting: SignedOrder[] = [];

  constructor(name: string) {
    this.name = name;
  }

  offer(...orders: SignedOrder[]): void {
    this.#waiting.push(...orders);
  }

  async claim(lane: Order['lane'], waitMs: number, signal: AbortSignal): Promise<SignedOrder[]> {
    // All tests order in the ad hoc lane; the batch lane stays empty.
    const until = Date.now() + waitMs;
    while (lane === 'adhoc' && this.#waiting.length === 0 && Date.now() < until && !signal.aborted)
      await sleep(10);
    if (lane === 'batch') await sleep(waitMs, undefined, { signal }).catch(() => undefined);
    return lane === 'adhoc' ? decodeClaim(encodeClaim(this.#waiting.splice(0))) : [];
  }

  async report(report: OrderReport): Promise<void> {
    this.reportCalls += 1;
    this.onReport('before');
    const bytes = encodeReport(report);
    const id = hex(report.orderId);
    const known = this.reports.get(id);
    if (known !== undefined && Buffer.compare(known, bytes) !== 0) throw new PeerConflict('another report');
    this.reports.set(id, bytes);
    this.onReport('after');
  }

  async reported(order: SignedOrder | Uint8Array, withinMs = 12_000): Promise<OrderReport> {
    const id = hex(order instanceof Uint8Array ? order : orderIdOf(order));
    for (const until = Date.now() + withinMs; Date.now() < until; await sleep(10)) {
      const bytes = this.reports.get(id);
      if (bytes !== undefined) return decodeReport(bytes);
    }
    throw new Error(`no report of ${id} within ${withinMs} ms`);
  }
}

export class TestRepository implements RepositoryPeer {
  readonly name = 'repository-1';
  /** DER by issuer and serial. */
  readonly certificates = new Map<string, Uint8Array>();
  readonly crls: Uint8Array[] = [];
  calls = 0;
  onPublish: (when: 'before' | 'after') => void = () => undefined;

  async publish(publication: Publication): Promise<void> {
    this.calls += 1;
    this.onPublish('before');
    const read = decodePublication(encodePublication(publication));
    if (read.kind === 'crl') this.crls.push(read.crl);
    else
      for (const der of read.certificates) {
        const certificate = parseCertificate(der);
        const key = `${hex(certificate.issuer.der)} ${certificate.serialHex}`;
        const known = this.certificates.get(key);
        if (known !== undefined && Buffer.compare(known, der) !== 0) throw new PeerConflict('other DER');
        this.certificates.set(key, der);
      }
    this.onPublish('after');
  }
}

export function hex(octets: Uint8Array): string {
  return Buffer.from(octets).toString('hex');
}

export function orderIdOf(signed: SignedOrder): Uint8Array {
  // type string, environment, domain, epoch, then the id: fields with their length in front.
  const at = 'OpenSMKI order v1\n'.length;
  const view = Buffer.from(signed.bytes);
  const environment = at + 4 + view.readUInt32BE(at);
  const domain = environment + 4 + view.readUInt32BE(environment);
  return view.subarray(domain + 8, domain + 24);
}

/** An RA's statement key. */
export interface RaIdentity {
  readonly key: TestKey;
  readonly keyId: Uint8Array;
}

export function raIdentity(): RaIdentity {
  const key = p256Key();
  return { key, keyId: createHash('sha256').update(key.spki).digest() };
}

export interface OrderOptions extends Partial<Omit<Order, 'items'>> {
  /** By item, where they differ from the order's one. */
  readonly profiles?: readonly string[];
  readonly requestIds?: readonly Uint8Array[];
}

const domainOf = (profile: string): Order['domain'] =>
  profile.startsWith('device') ? 'smki-device' : profile.startsWith('iki') ? 'iki' : 'smki-organisation';

/** An order for these requests, signed by the RA over its exact bytes. */
export function signOrder(
  ra: RaIdentity,
  profile: string,
  csrs: readonly Uint8Array[],
  { requestIds, profiles, ...changes }: OrderOptions = {}
): SignedOrder {
  const issuedAt = new Date();
  const bytes = encodeOrder({
    environment: 'test',
    domain: domainOf(profile),
    caEpoch: 1n,
    orderId: randomBytes(16),
    issuedAt,
    expiresAt: new Date(issuedAt.getTime() + 60_000),
    lane: 'adhoc',
    policyVersion: policy.version,
    approvals: [],
    ...changes,
    items: csrs.map((csr, index) => ({
      requestId: requestIds?.[index] ?? randomBytes(16),
      profile: profiles?.[index] ?? profile,
      csr
    }))
  });
  return { bytes, keyId: ra.keyId, signature: signRaw(ra.key, bytes) };
}

export interface MadeHierarchy {
  readonly hierarchy: Hierarchy;
  readonly issuing: Signer;
  readonly permitSecret: Uint8Array;
  readonly files: Map<string, Uint8Array>;
  readonly lines: TranscriptLine[];
}

/** A hierarchy on software keys, for tests that break the seam to the signer on purpose. */
export async function softwareHierarchy(clock: Clock): Promise<MadeHierarchy> {
  const token = (label: string) => {
    const permitSecret = randomBytes(32);
    return { label, permitSecret, signer: new SoftwareSigner({ permitSecret }) };
  };
  const tokens = { root: token('t-root'), issuing: token('t-issuing'), statements: token('t-statements') };
  const files = new Map<string, Uint8Array>();
  const lines: TranscriptLine[] = [];
  const hierarchy = await runTestHierarchyCeremony({
    ...{ policy, tokens, clock, software: 'opensmki test', actors: ['test'] },
    files: {
      read: async name => files.get(name),
      write: async (name, octets) => {
        if (files.has(name)) throw new Error(`${name} is there`);
        files.set(name, octets);
      }
    },
    transcript: async line => void lines.push(line)
  });
  const { signer, permitSecret } = tokens.issuing;
  return { hierarchy, issuing: signer, permitSecret, files, lines };
}

export interface RunningCa {
  readonly ca: Ca;
  readonly registry: Registry;
  readonly audit: OpenAuditLog;
  stop(): Promise<void>;
}

export interface CaOptions {
  readonly signer?: Signer;
  readonly stage?: (point: string) => void | Promise<void>;
  readonly ras?: readonly RaPeer[];
  readonly limits?: Partial<CaLimits>;
  readonly perHour?: number;
  readonly profiles?: readonly ProfileName[];
  readonly initialCrls?: readonly Uint8Array[];
}

const endEntities: readonly ProfileName[] = [
  'device-ds',
  'device-ka',
  'organisation-ds',
  'organisation-ka',
  'organisation-xml',
  'iki-client'
];

const healthy: SignerHealth = {
  state: 'ready',
  tokenLabel: 't-issuing',
  pid: undefined,
  sessions: 1,
  restarts: 0,
  manufacturer: 'software',
  reason: undefined,
  problem: undefined
};

/** One database with a hierarchy and peers; any number of CA processes may be started on it. */
export class World {
  readonly clock = new TestClock();
  readonly ra = raIdentity();
  readonly ras = new TestRa('ra-1');
  readonly repository = new TestRepository();
  readonly logs: { level: number; msg: string }[] = [];
  made!: MadeHierarchy;
  component!: TestComponent;
  #database!: TestDatabase;
  readonly #folder = mkdtempSync(join(tmpdir(), 'opensmki-ca-'));
  readonly #running = new Set<RunningCa>();
  #instances = 0;

  /** `earlier` fills the database as the first migration left it; then it is brought up to date. */
  static async create(
    hierarchy?: (clock: Clock) => Promise<MadeHierarchy>,
    earlier?: (world: World) => Promise<void>
  ): Promise<World> {
    const world = new World();
    world.#database = await testDatabase();
    world.made = await (hierarchy ?? softwareHierarchy)(world.clock);
    if (earlier !== undefined) {
      world.component = await world.#database.component('ca', migrations.slice(0, 1));
      await earlier(world);
    }
    world.component = await world.#database.component('ca', migrations);
    return world;
  }

  config(options: CaOptions = {}): CaConfig {
    const { hierarchy } = this.made;
    const issuer = (name: 'oca' | 'dca' | 'ica') => ({
      certificate: hierarchy.certificates[`issuing-${name}`],
      root: hierarchy.certificates[`root-${name}`],
      keyLabel: hierarchy.keyLabels[`issuing-${name}`]
    });
    return {
      instance: `ca-${this.#instances}`,
      environment: 'test',
      configurationSha256: '00'.repeat(32),
      caEpoch: 1n,
      policy,
      requests: requestPolicy(policy, new Set()),
      issuers: [issuer('oca'), issuer('dca'), issuer('ica')],
      raKeys: [
        {
          name: 'ra',
          spki: this.ra.key.spki,
          profiles: options.profiles ?? endEntities,
          certificatesPerHour: options.perHour ?? 100_000
        }
      ],
      initialCrls: options.initialCrls ?? Object.values(hierarchy.crls),
      approvals: 'not-collected-in-test',
      limits: { ...quick, ...options.limits }
    };
  }

  async start(options: CaOptions = {}): Promise<RunningCa> {
    this.#instances += 1;
    const config = this.config(options);
    const log = pino(
      { level: 'info' },
      { write: (line: string) => void this.logs.push(JSON.parse(line) as never) }
    );
    const database = this.component.knex;
    const audit = await openAudit({
      ...{
        database,
        log,
        clock: this.clock,
        environment: 'test',
        component: 'ca',
        instance: config.instance
      },
      directory: join(this.#folder, 'audit'),
      events: auditEvents
    });
    const registry = new Registry();
    const ca = createCaWith(
      {
        ...{ config, database, sql: createSql(), log, audit, clock: this.clock, metrics: registry },
        stage: options.stage ?? (() => undefined),
        signer: options.signer ?? this.made.issuing,
        permitSecret: this.made.permitSecret,
        ras: options.ras ?? [this.ras],
        repositories: [this.repository],
        verifyPoint: loadPointVerifier('often'),
        verifyRequest: loadPointVerifier()
      },
      async () => healthy
    );
    await ca.start();
    const running: RunningCa = {
      ...{ ca, registry, audit },
      stop: async () => {
        if (!this.#running.delete(running)) return;
        await ca.stop();
        await audit.close();
      }
    };
    this.#running.add(running);
    return running;
  }

  async stopAll(): Promise<void> {
    for (const running of [...this.#running]) await running.stop();
  }

  async close(): Promise<void> {
    await this.stopAll();
    await this.#database.drop();
    rmSync(this.#folder, { recursive: true, force: true });
  }

  /** Rows of a statement, read by the owner. */
  async rows<Row>(sql: string, ...bindings: readonly unknown[]): Promise<Row[]> {
    const { rows } = await this.component.ownerKnex.raw<{ rows: Row[] }>(sql, bindings as never);
    return rows;
  }

  async count(table: string): Promise<number> {
    const [row] = await this.rows<{ n: number }>(`select count(*)::int as n from ca.${table}`);
    return row?.n ?? 0;
  }

  /** Audit events recorded with acts, by type. */
  async events(type: string): Promise<number> {
    const [row] = await this.rows<{ n: number }>(
      `select count(*)::int as n from ca.audit_event where type = ?`,
      type
    );
    return row?.n ?? 0;
  }

  /**
   * What must hold after anything: every serial that may have gone to the token is a certificate or given up, no
   * request has two certificates, every order is settled, nothing stays open.
   */
  async balance(): Promise<void> {
    const [row] = await this.rows<
      Record<'items' | 'certificates' | 'abandoned' | 'open' | 'requests', number>
    >(
      `select (select count(*)::int from ca.intent_item) as items,
              (select count(*)::int from ca.certificate) as certificates,
              (select count(*)::int from ca.abandoned_serial) as abandoned,
              (select count(*)::int from ca.intent where state = 'open') as open,
              (select count(distinct request_id)::int from ca.certificate) as requests`
    );
    if (row === undefined) throw new Error('no row');
    if (row.items !== row.certificates + row.abandoned || row.open !== 0 || row.requests !== row.certificates)
      throw new Error(`out of balance: ${JSON.stringify(row)}`);
  }
}

/** The one outcome of a report of one item. */
export function only(report: OrderReport): OrderReport['outcomes'][number] {
  const [outcome] = report.outcomes;
  if (outcome === undefined || report.outcomes.length !== 1) throw new Error('not one outcome');
  return outcome;
}

export function issuedDer(outcome: OrderReport['outcomes'][number]): Uint8Array {
  if (outcome.kind !== 'issued') throw new Error(`${outcome.code}: ${outcome.detail}`);
  return outcome.certificate;
}

export function codesOf(report: OrderReport): string[] {
  return report.outcomes.map(outcome => (outcome.kind === 'issued' ? 'issued' : outcome.code));
}
