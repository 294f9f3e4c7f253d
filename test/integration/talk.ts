/** How a test talks to a whole system: as a subscriber, the operator or a relying party would. */
import { createHash, randomBytes } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { createHttpClient, type HttpAnswer, type HttpClient } from '../../ops/http/index.js';
import { operatorClient, readAdHocAnswer, sendJson, type SubscriberFiles } from '../../ops/launch/clients.js';
import { newSystemRequest } from '../../ops/launch/new-request.js';
import { encodePem, parseEui64 } from '../../pki/index.js';
import { readXml } from '../../pki/xml/index.js';
import type { TestSystem } from '../kit/system.js';

/** What became of one request, by whichever interface. */
export type Answer =
  | { readonly kind: 'issued'; readonly certificate: Uint8Array }
  /** JSON 202: on record, no outcome yet. */
  | { readonly kind: 'accepted'; readonly location: string }
  | Refused;

export interface Refused {
  readonly kind: 'refused';
  readonly http: number;
  /** `ErrorCode` of the ad hoc answer, catalogue code of a JSON problem. */
  readonly code: string;
  /** Finer than the code, where a JSON problem has it. */
  readonly detail: string | undefined;
  /** `Status` of the ad hoc answer. */
  readonly status: string | undefined;
  readonly retryAfter: string | undefined;
  readonly transactionId: string | undefined;
  readonly body: string;
}

/** Longer than any answer may take: the interfaces answer within 30 s. */
const timeoutMs = 45_000;

export async function sendAdHoc(client: HttpClient, csr: Uint8Array): Promise<Answer> {
  const reply = await client.send({
    method: 'POST',
    path: '/1.0/AdHocDeviceCSR',
    headers: { 'content-type': 'application/xml;charset=UTF-8' },
    body:
      '<?xml version="1.0" encoding="UTF-8"?><DeviceCertificateSigningRequest ID="T1"><Version>1.0</Version>' +
      `<CertificateSigningRequest>${Buffer.from(csr).toString('base64')}</CertificateSigningRequest>` +
      '</DeviceCertificateSigningRequest>',
    timeoutMs
  });
  const { status, certificate, errorCode, transactionId } = readAdHocAnswer(reply.body);
  if (status === 'SUCCESS' && certificate !== undefined && reply.status === 200)
    return { kind: 'issued', certificate };
  return { ...refusal(reply), code: errorCode ?? '', status, transactionId };
}

/** One creation over the JSON API. The same request has the same Idempotency-Key, so that it may be sent again. */
export async function sendEnrolment(
  client: HttpClient,
  kind: 'device' | 'organisation',
  csr: Uint8Array
): Promise<Answer> {
  const reply = await client.send({
    method: 'POST',
    path: `/ra/v1/requests/${kind}`,
    headers: {
      'content-type': 'application/json',
      'idempotency-key': createHash('sha256').update(csr).digest('hex')
    },
    body: JSON.stringify({ csr: Buffer.from(csr).toString('base64') }),
    timeoutMs
  });
  return readJsonAnswer(reply);
}

export function readJsonAnswer(reply: HttpAnswer): Answer {
  const body = JSON.parse(reply.body.toString('utf8')) as {
    certificate?: string;
    code?: string;
    detail?: string;
  };
  if (reply.status === 201 && body.certificate !== undefined)
    return { kind: 'issued', certificate: new Uint8Array(Buffer.from(body.certificate, 'base64')) };
  if (reply.status === 202) return { kind: 'accepted', location: reply.headers.location ?? '' };
  return { ...refusal(reply), code: body.code ?? '', detail: body.detail };
}

function refusal({ status, headers, body }: HttpAnswer): Refused {
  return {
    kind: 'refused',
    http: status,
    code: '',
    detail: undefined,
    status: undefined,
    retryAfter: headers['retry-after'],
    transactionId: undefined,
    body: body.toString('utf8')
  };
}

/** Nothing is wrong with the request: the client is to come again, or for its result. */
export function isPassing(answer: Answer): boolean {
  if (answer.kind !== 'refused') return answer.kind === 'accepted';
  return answer.status === 'CA_ERROR' || (answer.http === 503 && answer.retryAfter !== undefined);
}

/** Sends until there is a certificate; an answer that coming again does not change is an error. */
export async function untilIssued(send: () => Promise<Answer>, withinMs = 90_000): Promise<Uint8Array> {
  const until = Date.now() + withinMs;
  for (;;) {
    const answer = await send();
    if (answer.kind === 'issued') return answer.certificate;
    if (!isPassing(answer) || Date.now() > until) throw new Error(`answered ${JSON.stringify(answer)}`);
    await sleep(250);
  }
}

/** Runs `work` on every item, at most `width` at a time; answers in the order of the items. */
export async function inParallel<T, R>(
  items: readonly T[],
  width: number,
  work: (item: T, index: number) => Promise<R>
): Promise<R[]> {
  const results: R[] = [];
  let next = 0;
  const lane = async (): Promise<void> => {
    for (let index = next++; index < items.length; index = next++)
      results[index] = await work(items[index]!, index);
  };
  await Promise.all(Array.from({ length: Math.min(width, items.length) }, lane));
  return results;
}

/** A measured figure, for whoever reads the run. */
export function show(line: string): void {
  process.stdout.write(`      ${line}\n`);
}

/** An identifier of a device that nobody has used; the inventory does not know it, which counts as pending. */
export function newDeviceId(): bigint {
  return parseEui64(`02-5A-${randomBytes(6).toString('hex').match(/../g)!.join('-')}`);
}

export interface RegisteredSystem {
  readonly files: SubscriberFiles;
  readonly certificate: Uint8Array;
  readonly partyId: string;
  readonly systemId: string;
}

/** A party with one Authorised System, registered by the operator as any other. */
export async function registerSupplier(
  { system, demo }: TestSystem,
  signifier: string,
  interfaces: readonly string[] = ['json', 'adhoc']
): Promise<RegisteredSystem> {
  const operator = await operatorClient(system, 'ra');
  try {
    const { id: partyId } = await sendJson<{ id: string }>(
      operator,
      '/admin/v1/parties',
      { signifier, deviceSubscriber: true, organisationSubscriber: true, identifiers: [] },
      { expect: 201, what: `registering ${signifier}` }
    );
    const name = signifier.toLowerCase();
    const request = newSystemRequest('Test Party', '02', name);
    const registered = await sendJson<{ certificate: string; system: { id: string } }>(
      operator,
      '/admin/v1/systems',
      {
        ...{ partyId, name, interfaces, actingRoles: ['import-supplier'] },
        csr: Buffer.from(request.csr).toString('base64')
      },
      { expect: 201, what: `registering the system of ${signifier}` }
    );
    const certificate = new Uint8Array(Buffer.from(registered.certificate, 'base64'));
    const key = String(request.privateKey.export({ type: 'pkcs8', format: 'pem' }));
    const issuing = readFileSync(system.hierarchy.certificates['issuing-ica'], 'utf8');
    const files = clientFiles(system.data.path('tls'), name, demo.subscriber.ca, {
      certificates: encodePem('CERTIFICATE', certificate) + issuing,
      key
    });
    return { files, certificate, partyId, systemId: registered.system.id };
  } finally {
    operator.close();
  }
}

/** Certificates and key in PEM, as files that a subscriber's client is opened with. */
export function clientFiles(
  folder: string,
  name: string,
  ca: string,
  pem: { readonly certificates: string; readonly key: string }
): SubscriberFiles {
  const files = { ca, certificate: join(folder, `${name}.pem`), key: join(folder, `${name}.key`) };
  writeFileSync(files.certificate, pem.certificates, { mode: 0o600 });
  writeFileSync(files.key, pem.key, { mode: 0o600 });
  return files;
}

/** What a relying party learns of one serial number; the certificate only with 200. */
export interface Retrieved {
  readonly http: number;
  readonly certificate: Uint8Array | undefined;
  readonly auditReference: string | undefined;
  readonly body: string;
}

/** A relying party at one repository process. */
export function relyingParty(test: TestSystem, instance = 'repository-1') {
  const client = createHttpClient(test.url(instance, 'public'));
  const ask = (operation: string, xml: string) =>
    client.send({
      method: 'POST',
      path: `/services/${operation}?apikey=${encodeURIComponent(test.system.repositoryApiKey)}`,
      headers: { 'content-type': 'application/xml' },
      body: xml,
      timeoutMs
    });
  return {
    client,
    async retrieve(serialHex: string): Promise<Retrieved> {
      const answer = await ask(
        'retrievecertificate',
        `<CertificateDataRequest><CertificateSerial>${serialHex}</CertificateSerial></CertificateDataRequest>`
      );
      const fields = readXml(answer.body, repositoryLimits).children;
      const body = fields
        .find(({ name }) => name === 'CertificateResponse')
        ?.children.find(({ name }) => name === 'CertificateBody')?.text;
      return {
        http: answer.status,
        certificate: body === undefined ? undefined : new Uint8Array(Buffer.from(body, 'base64')),
        auditReference: fields.find(({ name }) => name === 'AuditReference')?.text,
        body: answer.body.toString('utf8')
      };
    },
    close: () => client.close()
  };
}

const repositoryLimits = {
  maxOctets: 65_536,
  maxDepth: 4,
  maxElements: 64,
  maxAttributes: 4,
  comments: 'refuse'
} as const;
