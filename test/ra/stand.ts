import { createHash } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { createServer, type AgentOptions, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { Registry } from 'prom-client';
import { connect, createSql } from '../../ops/database/index.js';
import { openAudit, type OpenAuditLog } from '../../ops/audit/index.js';
import type { AuditLog } from '../../ops/kit/audit.js';
import type { Clock } from '../../ops/kit/clock.js';
import type { Stage } from '../../ops/kit/deps.js';
import {
  ensureComponentTls,
  ensurePublicTls,
  internalClientOptions,
  internalServerOptions,
  publicServerOptions,
  peerComponent
} from '../../ops/tls/index.js';
import { defaultPolicy, encodePem, parseEui64, policyWith, type Policy } from '../../pki/index.js';
import type { DeviceRecord, Lane, StatementSigner } from '../../pki/messages/index.js';
import { DeviceStatusUnavailable } from '../../pki/messages/index.js';
import { checkRequestAndPossession, requestPolicy, RequestRefused } from '../../pki/request/index.js';
import {
  auditEvents,
  createRa,
  migrations,
  raConfigSchema,
  type Ra,
  type RaConfigInput,
  type RaDeps,
  type RequestToCheck,
  type RequestVerdict
} from '../../ra/index.js';
import { testDatabase, type TestComponent } from '../kit/database.js';
import { p256Key, rsaKey, signRaw, type TestKey } from '../kit/keys.js';
import { ikiClientRequest } from '../kit/requests.js';
import { Client } from './client.js';
import { TestHierarchy } from './hierarchy.js';
import { TestCa } from './test-ca.js';

/** Everything a fault test may bend. */
export interface Faults {
  stage: Stage;
  /** Thrown by the statement signer. */
  signer: Error | undefined;
  /** Thrown by the device inventory. */
  inventory: 'ok' | 'unavailable';
  clientStatus: 'good' | 'revoked' | 'unknown';
  /** Thrown by the audit log's writes. */
  audit: Error | undefined;
  /** Thrown by the audit log once an act has been recorded in its transaction. */
  sealing: Error | undefined;
  checker: Error | undefined;
  /** Added to the clock, ms. */
  clockOffset: number;
}

export interface RunningRa {
  readonly ra: Ra;
  readonly internal: Client;
  readonly operator: Client;
  readonly metrics: Registry;
  readonly publicPort: () => number;
  close(): Promise<void>;
}

export interface Subscriber {
  readonly partyId: string;
  readonly systemId: string;
  readonly key: TestKey;
  readonly certificate: Uint8Array;
  /** The system's connection to the (first) RA. */
  readonly client: Client;
}

export interface SubscriberOptions {
  readonly signifier?: string;
  readonly deviceSubscriber?: boolean;
  readonly organisationSubscriber?: boolean;
  readonly identifiers?: readonly { eui: string; roles: number[] }[];
  readonly interfaces?: readonly string[];
  readonly actingRoles?: readonly string[];
  readonly name?: string;
  readonly ou?: string;
}

/** A real RA on real PostgreSQL behind real mutual TLS, with a stand-in for the CA. */
export class Stand {
  readonly faults: Faults = {
    stage: () => undefined,
    signer: undefined,
    inventory: 'ok',
    clientStatus: 'good',
    audit: undefined,
    sealing: undefined,
    checker: undefined,
    clockOffset: 0
  };
  readonly devices = new Map<bigint, DeviceRecord>();
  readonly clock: Clock = { now: () => new Date(this.now().getTime() + this.faults.clockOffset) };
  /** The time before the offset; a test may hold it. */
  now: () => Date = () => new Date();
  readonly hierarchy: TestHierarchy;
  readonly database: TestComponent;
  readonly #directory: string;
  readonly #adminUrl: string;
  readonly #policy: Policy;
  readonly #config: Partial<RaConfigInput>;
  readonly #statementKey = p256Key();
  readonly #closers: (() => Promise<void> | void)[] = [];
  #subscribers = 0;
  first!: RunningRa;
  ca!: TestCa;

  private constructor(
    directory: string,
    adminUrl: string,
    database: TestComponent,
    policy: Policy,
    config: Partial<RaConfigInput>
  ) {
    this.#directory = directory;
    this.#adminUrl = adminUrl;
    this.database = database;
    this.#policy = policy;
    this.#config = config;
    this.hierarchy = new TestHierarchy(policy, new Date(Math.floor(Date.now() / 1000) * 1000));
  }

  static async open(
    config: Partial<RaConfigInput> = {},
    figures: Readonly<Record<string, unknown>> = {}
  ): Promise<Stand> {
    const directory = await mkdtemp(join(tmpdir(), 'opensmki-ra-'));
    const database = await testDatabase();
    const component = await database.component('ra', migrations);
    const stand = new Stand(directory, database.adminUrl, component, policyWith('test', figures), config);
    stand.#closers.push(
      () => rm(directory, { recursive: true, force: true }),
      () => database.drop()
    );
    stand.first = await stand.start('ra-1');
    stand.ca = stand.newCa(stand.first);
    return stand;
  }

  /** An RA with other settings, without listeners. */
  create(config: Partial<RaConfigInput>, policy = this.#policy): Ra {
    const refuse = async (): Promise<never> => raise('audit log');
    return createRa({
      ...this.#deps('ra-x', config),
      policy,
      audit: { record: refuse, seal: refuse, append: refuse },
      log: pino({ level: 'silent' }),
      metrics: new Registry(),
      database: this.database.knex
    });
  }

  /** Another RA of the same database. */
  async start(instance: string): Promise<RunningRa> {
    const log = pino({ level: 'silent' });
    const { knex } = this.database;
    const audit = await openAudit({
      database: knex,
      environment: 'test',
      component: 'ra',
      instance,
      directory: join(this.#directory, 'audit'),
      events: auditEvents,
      clock: this.clock,
      log
    });
    const metrics = new Registry();
    const ra = createRa({
      ...this.#deps(instance),
      audit: this.#faulty(audit),
      log,
      metrics,
      database: knex
    });
    const now = new Date();
    const tls = join(this.#directory, 'tls');
    const files = await ensureComponentTls({
      directory: tls,
      environment: 'test',
      names: ['ra', 'ca-1', 'operator', 'repository'],
      now
    });
    const named = (name: string) => files.get(name) ?? raise(name);
    const publicTls = await ensurePublicTls({ directory: tls, environment: 'test', now });
    const iki = [this.hierarchy.authority('root-ica'), this.hierarchy.authority('issuing-ica')];
    const publicServer = createServer(
      await publicServerOptions(
        publicTls,
        iki.map(({ certificate }) => certificate.der)
      ),
      ra.publicHandler
    );
    const internalServer = createServer(await internalServerOptions(named('ra')), ra.internalHandler);
    const internalPort = await listen(internalServer);
    const publicPort = await listen(publicServer);
    const peer = (name: string): Promise<AgentOptions> => internalClientOptions(named(name), { name: 'ra' });
    const internal = new Client(() => internalPort, await peer('ca-1'));
    const operator = new Client(() => internalPort, await peer('operator'));
    let closed = false;
    const close = async (): Promise<void> => {
      if (closed) return;
      closed = true;
      await ra.stop();
      internal.close();
      operator.close();
      for (const server of [publicServer, internalServer]) {
        server.closeAllConnections();
        await new Promise(resolve => server.close(resolve));
      }
      await audit.close();
    };
    this.#closers.push(close);
    return { ra, internal, operator, metrics, publicPort: () => publicPort, close };
  }

  /** A connection without a certificate. */
  async anonymous(ra: RunningRa): Promise<Client> {
    const client = new Client(ra.publicPort, {
      ca: await readFile(join(this.#directory, 'tls', 'ra-ca.pem'))
    });
    this.#closers.push(() => client.close());
    return client;
  }

  newCa(ra: RunningRa, lane: Lane = 'adhoc'): TestCa {
    const ca = new TestCa(ra.internal, this.hierarchy, this.#statementKey.spki, lane);
    this.#closers.push(() => ca.stop());
    return ca;
  }

  /** A connection to an RA with a subscriber's certificate. */
  async connect(ra: RunningRa, key: TestKey, certificate: Uint8Array): Promise<Client> {
    const issuing = this.hierarchy.authority('issuing-ica').certificate.der;
    const client = new Client(ra.publicPort, {
      ca: await readFile(join(this.#directory, 'tls', 'ra-ca.pem')),
      key: key.privateKey.export({ type: 'pkcs8', format: 'pem' }),
      cert: encodePem('CERTIFICATE', certificate) + encodePem('CERTIFICATE', issuing)
    });
    this.#closers.push(() => client.close());
    return client;
  }

  /** Registers a party and a system of it through the operator's routes; the CA stand-in must be running. */
  async subscriber(options: SubscriberOptions = {}): Promise<Subscriber> {
    this.#subscribers += 1;
    const { operator } = this.first;
    const party = await operator.json('POST', '/admin/v1/parties', {
      signifier: options.signifier ?? `P${this.#subscribers}`,
      deviceSubscriber: options.deviceSubscriber ?? true,
      organisationSubscriber: options.organisationSubscriber ?? true,
      identifiers: options.identifiers ?? []
    });
    if (party.status !== 201) throw new Error(`party: ${party.status} ${party.body.toString()}`);
    const partyId = field(party.body, 'id');
    const system = await this.system(partyId, options);
    return { partyId, ...system };
  }

  async system(partyId: string, options: SubscriberOptions = {}): Promise<Omit<Subscriber, 'partyId'>> {
    const name = options.name ?? `system-${this.#subscribers}-${Math.random().toString(36).slice(2, 8)}`;
    const key = rsaKey();
    const reply = await this.first.operator.json('POST', '/admin/v1/systems', {
      partyId,
      name,
      interfaces: options.interfaces ?? ['json', 'adhoc', 'batch'],
      actingRoles: options.actingRoles ?? ['import-supplier', 'gas-supplier'],
      csr: Buffer.from(ikiClientRequest({ key, commonName: name, ou: options.ou ?? '02' })).toString('base64')
    });
    if (reply.status !== 201) throw new Error(`system: ${reply.status} ${reply.body.toString()}`);
    const answer = JSON.parse(reply.body.toString()) as { system: { id: string }; certificate: string };
    const certificate = new Uint8Array(Buffer.from(answer.certificate, 'base64'));
    const client = await this.connect(this.first, key, certificate);
    return { systemId: answer.system.id, key, certificate, client };
  }

  /** Devices that have had a certificate, as the ad hoc service demands. */
  async certified(eui: string, issued = 1): Promise<void> {
    await this.database
      .ownerKnex('ra.device_counter')
      .insert({
        eui: BigInt.asIntN(64, parseEui64(eui)).toString(),
        issued,
        first_issued_at: new Date()
      })
      .onConflict('eui')
      .merge();
  }

  /** Facts of the events of a type in the audit logs of all RAs, oldest first. */
  async events(type: string): Promise<Record<string, unknown>[]> {
    const directory = join(this.#directory, 'audit');
    const logs = (await readdir(directory)).filter(name => name.endsWith('.log'));
    const texts = await Promise.all(logs.map(name => readFile(join(directory, name), 'utf8')));
    return texts
      .flatMap(text => text.split('\n').filter(line => line !== ''))
      .map(line => JSON.parse(line) as { type: string; facts: Record<string, unknown> })
      .filter(entry => entry.type === type)
      .map(({ facts }) => facts);
  }

  async count(table: string, where: Record<string, unknown> | string = {}): Promise<number> {
    const query = this.database.knex(table);
    const narrowed = typeof where === 'string' ? query.whereRaw(where) : query.where(where);
    const row = (await narrowed.count({ n: '*' }).first()) as { n: string };
    return Number(row.n);
  }

  /** Cuts every connection to the database and lets no new one in, until the answer is called. */
  async outage(): Promise<() => Promise<void>> {
    const row = await this.database.knex.raw<{ rows: { name: string }[] }>(
      'select current_database() as name'
    );
    const name = row.rows[0]?.name ?? raise('database');
    const admin = connect(this.#adminUrl, { applicationName: 'test-outage', poolMax: 1 });
    await admin.raw('alter database ?? with allow_connections false', [name]);
    await admin.raw('select pg_terminate_backend(pid) from pg_stat_activity where datname = ?', [name]);
    return async () => {
      await admin.raw('alter database ?? with allow_connections true', [name]);
      await admin.destroy();
    };
  }

  async close(): Promise<void> {
    for (const close of this.#closers.splice(0).reverse()) await close();
  }

  #deps(
    instance: string,
    config: Partial<RaConfigInput> = {}
  ): Omit<RaDeps, 'audit' | 'log' | 'metrics' | 'database'> {
    const { faults, devices, hierarchy } = this;
    const signer: StatementSigner = {
      spki: this.#statementKey.spki,
      keyId: new Uint8Array(createHash('sha256').update(this.#statementKey.spki).digest()),
      sign: async statement => {
        if (faults.signer !== undefined) throw faults.signer;
        return new Uint8Array(signRaw(this.#statementKey, statement));
      }
    };
    return {
      config: raConfigSchema.parse({
        environment: 'test',
        instance,
        build: 'test',
        approvals: 'automatic',
        interfacesPerSystem: 3,
        hardRatePerSecond: 1_000,
        sweepMs: 60_000,
        ...this.#config,
        ...config
      }),
      policy: this.#policy,
      sql: createSql(),
      clock: this.clock,
      stage: point => faults.stage(point),
      statementSigner: signer,
      deviceStatus: {
        async get(deviceId) {
          if (faults.inventory === 'unavailable') throw new DeviceStatusUnavailable('stale');
          return devices.get(deviceId);
        }
      },
      async checkRequests(requests) {
        if (faults.checker !== undefined) throw faults.checker;
        return Promise.all(requests.map(checkOne));
      },
      peerComponent,
      clientTrust: {
        anchors: [hierarchy.authority('root-ica').certificate],
        issuers: [hierarchy.authority('issuing-ica').certificate],
        status: async () => faults.clientStatus
      }
    };
  }

  #faulty(audit: OpenAuditLog): AuditLog {
    const { faults } = this;
    const check = (): void => {
      if (faults.audit !== undefined) throw faults.audit;
    };
    return {
      async record(trx, events) {
        check();
        return audit.record(trx, events);
      },
      async seal(ticket) {
        check();
        if (faults.sealing !== undefined) throw faults.sealing;
        return audit.seal(ticket);
      },
      async append(events) {
        check();
        if (faults.sealing !== undefined) throw faults.sealing;
        return audit.append(events);
      }
    };
  }
}

async function checkOne({ bytes, kind }: RequestToCheck): Promise<RequestVerdict> {
  try {
    const policy = requestPolicy(defaultPolicy('test'), new Set());
    return { ok: true, facts: await checkRequestAndPossession(bytes, kind, policy) };
  } catch (error) {
    if (!(error instanceof RequestRefused)) throw error;
    return { ok: false, rule: error.rule, code: error.code, detail: error.detail };
  }
}

function listen(server: Server): Promise<number> {
  return new Promise(resolve =>
    server.listen(0, '127.0.0.1', () => resolve((server.address() as AddressInfo).port))
  );
}

export function field(body: Buffer, name: string): string {
  const value = (JSON.parse(body.toString()) as Record<string, unknown>)[name];
  if (typeof value !== 'string') throw new Error(`${name} is not text in ${body.toString()}`);
  return value;
}

function raise(name: string): never {
  throw new Error(`no ${name}`);
}
