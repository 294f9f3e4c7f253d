/** A validation service beside a running repository, with a receipt key in memory. */
import { createHash } from 'node:crypto';
import { createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { pino } from 'pino';
import { Registry } from 'prom-client';
import { openAudit } from '../../../ops/audit/index.js';
import { createSql } from '../../../ops/database/index.js';
import type { StatementSigner } from '../../../pki/messages/index.js';
import { auditEvents, createValidation, type ValidationAnswer } from '../../../repository/index.js';
import { validationAnswer } from '../../../repository/validation/openapi.js';
import { testPolicy } from '../../kit/hierarchy.js';
import { p256Key, signRaw, type TestKey } from '../../kit/keys.js';
import { apiKey, type Answer, type Running } from '../running.js';

export interface RunningValidation {
  readonly key: TestKey;
  readonly metrics: Registry;
  readonly audit: Awaited<ReturnType<typeof openAudit>>;
  /** What the signer does; a test may put another in its place. */
  readonly signing: { sign: (statement: Uint8Array) => Promise<Uint8Array> };
  readonly health: () => Promise<{ readonly checks: { readonly database: string } }>;
  post(body: Uint8Array | string, options?: PostOptions): Promise<Answer>;
  /** A question as JSON; the answer must be 200. */
  ask(question: object): Promise<ValidationAnswer>;
  /** Any path. */
  get(path: string, method?: string): Promise<Answer>;
  stop(): Promise<void>;
}

export interface PostOptions {
  readonly apiKey?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

let instances = 0;

export async function startValidation(
  running: Running,
  key: TestKey = p256Key()
): Promise<RunningValidation> {
  const log = pino({ level: 'silent' });
  const audit = await openAudit({
    database: running.knex,
    environment: 'test',
    component: 'repository',
    instance: `repository-validation-${++instances}`,
    directory: running.auditDirectory,
    events: auditEvents,
    clock: running.clock,
    log
  });
  const signing: RunningValidation['signing'] = { sign: async statement => signRaw(key, statement) };
  const statementSigner: StatementSigner = {
    keyId: createHash('sha256').update(key.spki).digest(),
    spki: key.spki,
    sign: statement => signing.sign(statement)
  };
  const metrics = new Registry();
  const { organisation, device, iki } = running.domains;
  const validation = createValidation({
    database: running.knex,
    sql: createSql(),
    clock: running.clock,
    ...{ audit, log, metrics, statementSigner },
    stage: () => undefined,
    config: {
      environment: 'test',
      policy: testPolicy,
      basePath: '',
      refreshMs: 1_000,
      maxPastMs: 86_400_000,
      maxAheadMs: 60_000
    },
    anchors: [organisation, device, iki].map(({ root }) => root.certificate)
  });
  const server = createServer(validation.handler);
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;

  const send = (
    method: string,
    path: string,
    headers: Readonly<Record<string, string>>,
    body?: Uint8Array | string
  ): Promise<Answer> =>
    new Promise((resolve, reject) => {
      const outgoing = request({ host: '127.0.0.1', port, method, path, headers, agent: false }, incoming => {
        const parts: Buffer[] = [];
        incoming.on('data', (part: Buffer) => parts.push(part));
        incoming.once('error', reject);
        incoming.once('end', () =>
          resolve({ status: incoming.statusCode ?? 0, headers: incoming.headers, body: Buffer.concat(parts) })
        );
      });
      outgoing.once('error', reject);
      outgoing.end(body);
    });

  const self: RunningValidation = {
    ...{ key, metrics, audit, signing },
    health: () => validation.health(),
    post: (body, options = {}) =>
      send(
        'POST',
        `/validate/v1?apikey=${encodeURIComponent(options.apiKey ?? apiKey)}`,
        { 'content-type': 'application/json', ...options.headers },
        body
      ),
    async ask(question) {
      const answer = await self.post(JSON.stringify(question));
      if (answer.status !== 200) throw new Error(`${answer.status}: ${answer.body.toString()}`);
      const value: unknown = JSON.parse(answer.body.toString());
      // Whatever is answered is what the OpenAPI document says.
      validationAnswer.parse(value);
      return value as ValidationAnswer;
    },
    get: (path, method = 'GET') => send(method, path, {}),
    async stop() {
      server.closeAllConnections();
      await new Promise(resolve => server.close(resolve));
      await validation.stop();
      await audit.close();
    }
  };
  return self;
}
