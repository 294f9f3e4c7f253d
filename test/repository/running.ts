import { peerComponent } from '../../ops/tls/index.js';
/**
 * A repository as it runs: real PostgreSQL under its least-privileged role, the real audit log, a real HTTP
 * listener for relying parties and a real mutual-TLS listener for components. Certificates and TLS keys are made
 * here.
 */
import { randomBytes } from 'node:crypto';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer, request as httpRequest, type IncomingHttpHeaders } from 'node:http';
import { createServer as createSecureServer, request as httpsRequest } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Knex } from 'knex';
import { pino } from 'pino';
import { Registry } from 'prom-client';
import { findAuditEvent, openAudit, type OpenAuditLog } from '../../ops/audit/index.js';
import type { Entry } from '../../ops/audit/entry.js';
import { createSql } from '../../ops/database/index.js';
import type { Clock } from '../../ops/kit/clock.js';
import { encodePem, encodeName, oids, subjectAltNameExtension } from '../../pki/x509/index.js';
import { encodePublication } from '../../pki/messages/index.js';
import {
  auditEvents,
  createRepository,
  ensureApiKey,
  migrations,
  type Repository
} from '../../repository/index.js';
import { testCertificate } from '../kit/certificates.js';
import { testDatabase } from '../kit/database.js';
import {
  deviceDomain,
  ikiDomain,
  organisationDomain,
  testPolicy,
  type TestDomain
} from '../kit/hierarchy.js';
import { p256Key, type TestKey } from '../kit/keys.js';

export const apiKey = 'a-key-of-the-tests';

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

export interface Asked {
  readonly method?: string;
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array | string;
}

/** Set by tests; starts in the middle of the hierarchies' issue day. */
export class TestClock implements Clock {
  at = new Date('2026-11-23T12:00:00Z');
  now(): Date {
    return new Date(this.at);
  }
  advance(ms: number): void {
    this.at = new Date(this.at.getTime() + ms);
  }
}

export interface Domains {
  readonly organisation: TestDomain;
  readonly device: TestDomain;
  readonly iki: TestDomain;
}

export interface Running {
  readonly knex: Knex;
  readonly ownerKnex: Knex;
  readonly adminUrl: string;
  readonly clock: TestClock;
  readonly audit: OpenAuditLog;
  readonly auditDirectory: string;
  readonly domains: Domains;
  readonly repository: Repository;
  readonly publicPort: number;
  /** Stage points that were passed; a test may set `onStage`. */
  readonly hooks: { onStage: (point: string) => void | Promise<void> };
  ask(asked: Asked): Promise<Answer>;
  /** As a component over mutual TLS; `undefined` comes without a certificate. */
  call(peer: string | undefined, asked: Asked): Promise<Answer>;
  publish(...certificates: readonly Uint8Array[]): Promise<Answer>;
  publishGroup(groupId: Uint8Array, certificates: readonly Uint8Array[]): Promise<Answer>;
  publishCrl(crl: Uint8Array): Promise<Answer>;
  /** Another repository on the same database. */
  another(): Promise<Running>;
  stop(): Promise<void>;
}

const tlsRoot = p256Key();
const rootName = encodeName([{ type: oids.commonName, printable: 'component root' }]);
const rootPem = encodePem('CERTIFICATE', testCertificate({ key: tlsRoot, subject: rootName }));

function tlsIdentity(...uris: readonly string[]): { cert: string; key: string } {
  const key: TestKey = p256Key();
  const der = testCertificate({
    key,
    issuerKey: tlsRoot,
    issuer: rootName,
    subject: encodeName([{ type: oids.commonName, printable: 'component' }]),
    serial: Uint8Array.of(0x11, ...randomBytes(7)),
    extensions: [subjectAltNameExtension(false, ...uris.map(uri => ({ uri })))]
  });
  return {
    cert: encodePem('CERTIFICATE', der),
    key: key.privateKey.export({ format: 'pem', type: 'pkcs8' }) as string
  };
}

/** A component's certificate under the root that the listener trusts. */
export function componentIdentity(...names: readonly string[]): { cert: string; key: string } {
  return tlsIdentity(...names.map(name => `urn:opensmki:component:${name}`));
}

const domains: Domains = {
  organisation: organisationDomain(),
  device: deviceDomain(),
  iki: ikiDomain()
};

const allDomains: readonly TestDomain[] = [domains.organisation, domains.device, domains.iki];

export interface RunOptions {
  /** Do not lodge the issuing authorities. */
  readonly empty?: boolean;
  readonly basePath?: string;
}

export async function startRepository(options: RunOptions = {}): Promise<Running> {
  const database = await testDatabase();
  const component = await database.component('repository', migrations);
  const clock = new TestClock();
  await ensureApiKey(component.knex, 'test', apiKey);
  const first = await run({ ...component, adminUrl: database.adminUrl }, clock, options, () =>
    database.drop()
  );
  if (options.empty !== true) {
    for (const { issuing } of allDomains) {
      const { status } = await first.publish(issuing.certificate.der);
      if (status !== 200) throw new Error(`an issuing authority was not taken: ${status}`);
    }
  }
  return first;
}

let instances = 0;

async function run(
  component: Pick<Running, 'knex' | 'ownerKnex' | 'adminUrl'>,
  clock: TestClock,
  options: RunOptions,
  drop: () => Promise<void>
): Promise<Running> {
  const { knex, ownerKnex, adminUrl } = component;
  const auditDirectory = await mkdtemp(join(tmpdir(), 'opensmki-repository-'));
  const log = pino({ level: 'silent' });
  const audit = await openAudit({
    database: knex,
    environment: 'test',
    component: 'repository',
    instance: `repository-${++instances}`,
    directory: auditDirectory,
    events: auditEvents,
    clock,
    log
  });
  const hooks: Running['hooks'] = { onStage: () => undefined };
  const repository = createRepository({
    database: knex,
    sql: createSql(),
    clock,
    audit,
    log,
    metrics: new Registry(),
    stage: point => hooks.onStage(point),
    config: { policy: testPolicy, basePath: options.basePath ?? '' },
    anchors: allDomains.map(({ root }) => root.certificate),
    peerComponent
  });
  const open = createServer(repository.publicHandler);
  const internal = createSecureServer(
    { ...componentIdentity('repository'), ca: rootPem, requestCert: true, rejectUnauthorized: false },
    repository.internalHandler
  );
  const [publicPort, internalPort] = await Promise.all([open, internal].map(listening));
  const identities = new Map<string, { cert: string; key: string }>();

  const running: Running = {
    knex,
    ownerKnex,
    adminUrl,
    clock,
    audit,
    auditDirectory,
    domains,
    repository,
    publicPort: publicPort ?? 0,
    hooks,
    ask: asked => send(httpRequest, { port: publicPort, agent: false }, asked),
    call(peer, asked) {
      let identity = peer === undefined ? undefined : identities.get(peer);
      if (peer !== undefined && identity === undefined) {
        identity = componentIdentity(...peer.split('+'));
        identities.set(peer, identity);
      }
      const tls = { ca: rootPem, ...identity, checkServerIdentity: () => undefined };
      return send(httpsRequest, { port: internalPort, agent: false, ...tls }, asked);
    },
    publish: (...certificates) => running.publishGroup(randomBytes(16), certificates),
    publishGroup: (groupId, certificates) =>
      running.call('ca', {
        method: 'POST',
        path: '/ca/v1/publications',
        body: encodePublication({ kind: 'certificates', groupId, certificates })
      }),
    publishCrl: crl =>
      running.call('ca-2', {
        method: 'POST',
        path: '/ca/v1/publications',
        body: encodePublication({ kind: 'crl', crl })
      }),
    another: () => run(component, clock, options, async () => undefined),
    async stop() {
      for (const server of [open, internal]) {
        server.closeAllConnections();
        await new Promise(resolve => server.close(resolve));
      }
      await repository.stop();
      await audit.close();
      await drop();
      await rm(auditDirectory, { recursive: true, force: true });
    }
  };
  return running;
}

async function listening(server: ReturnType<typeof createServer>): Promise<number> {
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port;
}

function send(
  start: typeof httpRequest,
  options: Readonly<Record<string, unknown>>,
  asked: Asked
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const outgoing = start(
      {
        host: '127.0.0.1',
        ...options,
        method: asked.method ?? 'GET',
        path: asked.path,
        headers: asked.headers ?? {}
      },
      incoming => {
        const parts: Buffer[] = [];
        incoming.on('data', (part: Buffer) => parts.push(part));
        incoming.once('error', reject);
        incoming.once('end', () =>
          resolve({
            status: incoming.statusCode ?? 0,
            headers: incoming.headers,
            body: Buffer.concat(parts)
          })
        );
      }
    );
    outgoing.once('error', reject);
    outgoing.end(asked.body);
  });
}

/** The code of a problem+json answer. */
export function problemCode(answer: Answer): string {
  return (JSON.parse(answer.body.toString()) as { code: string }).code;
}

/** The type, actor and facts of the event that an AuditReference names. */
export async function eventOf(running: Running, reference: string): Promise<Entry> {
  const found = await findAuditEvent(running.auditDirectory, reference);
  if (found === undefined) throw new Error(`${reference} is not in the log`);
  return found;
}

/** Every event of the log so far. */
export async function events(running: Running): Promise<Entry[]> {
  const text = await readFile(running.audit.path, 'utf8');
  return text
    .split('\n')
    .filter(line => line !== '')
    .map(line => JSON.parse(line) as Entry);
}
