import { readFileSync } from 'node:fs';
import { createHttpClient, type HttpAnswer, type HttpClient } from '../http/index.js';
import { internalClientOptions } from '../tls/index.js';
import { escapeXml, readXml, type XmlElement } from '../../pki/xml/index.js';
import { LaunchError } from './error.js';
import type { System } from './system.js';

/** What a subscriber needs to reach the RA. */
export interface SubscriberFiles {
  readonly ca: string;
  readonly certificate: string;
  readonly key: string;
}

/** A subscriber's connection to the RA's public listener, over mutual TLS. */
export function subscriberClient(url: string, files: SubscriberFiles): HttpClient {
  return createHttpClient(url, {
    ca: readFileSync(files.ca),
    cert: readFileSync(files.certificate),
    key: readFileSync(files.key),
    servername: 'localhost'
  });
}

/** The operator's connection to a component's internal listener. */
export async function operatorClient(system: System, component: 'ra' | 'repository'): Promise<HttpClient> {
  const tls = (name: string) => system.data.path('tls', name);
  return createHttpClient(
    system.url(component, 'internal'),
    await internalClientOptions(
      { certificateFile: tls('operator.pem'), keyFile: tls('operator.key'), rootFile: tls('root.pem') },
      { name: component }
    )
  );
}

/** Sends JSON and answers the JSON of an answer of the status expected; anything else ends the step with its code. */
export async function sendJson<T>(
  client: HttpClient,
  path: string,
  body: unknown,
  options: {
    readonly expect: number;
    readonly headers?: Readonly<Record<string, string>>;
    readonly what: string;
  }
): Promise<T> {
  const answer = await client.send({
    method: 'POST',
    path,
    headers: { 'content-type': 'application/json', ...options.headers },
    body: JSON.stringify(body),
    timeoutMs: 40_000
  });
  if (answer.status !== options.expect) throw unexpected(options.what, answer);
  return JSON.parse(answer.body.toString('utf8')) as T;
}

export function unexpected(what: string, answer: HttpAnswer): LaunchError {
  return new LaunchError(
    'launch/step',
    `${what}: status ${answer.status}, ${answer.body.subarray(0, 500).toString('utf8').replaceAll(/\s+/g, ' ')}`
  );
}

/** What the Ad Hoc Device CSR web service answered (SEC Appendix M, 2.4). */
export interface AdHocAnswer {
  readonly status: string;
  readonly transactionId: string;
  readonly certificate?: Uint8Array;
  readonly errorCode?: string;
  readonly errorText?: string;
}

/** One request to the Ad Hoc Device CSR web service. */
export async function sendAdHoc(
  client: HttpClient,
  path: string,
  id: string,
  csr: Uint8Array
): Promise<AdHocAnswer> {
  const request =
    `<?xml version="1.0" encoding="UTF-8"?><DeviceCertificateSigningRequest ID="${escapeXml(id)}"><Version>1.0</Version>` +
    `<CertificateSigningRequest>${Buffer.from(csr).toString('base64')}</CertificateSigningRequest></DeviceCertificateSigningRequest>`;
  const answer = await client.send({
    method: 'POST',
    path,
    headers: { 'content-type': 'application/xml;charset=UTF-8' },
    body: request,
    timeoutMs: 40_000
  });
  if (answer.status !== 200) throw unexpected('Ad Hoc Device CSR web service', answer);
  return readAdHocAnswer(answer.body);
}

/** The largest answer has a certificate of some 600 octets in Base64, or an error text. */
const answerLimits = {
  maxOctets: 16_384,
  maxDepth: 4,
  maxElements: 16,
  maxAttributes: 4,
  comments: 'refuse'
} as const;

export function readAdHocAnswer(body: Uint8Array): AdHocAnswer {
  const root = readXml(body, answerLimits);
  const text = (element: XmlElement, name: string): string | undefined =>
    element.children.find(child => child.name === name)?.text;
  const error = root.children.find(child => child.name === 'Error');
  const certificate = text(root, 'Certificate');
  return {
    status: text(root, 'Status') ?? '',
    transactionId: text(root, 'TransactionId') ?? '',
    ...(certificate === undefined ? {} : { certificate: new Uint8Array(Buffer.from(certificate, 'base64')) }),
    ...(error === undefined
      ? {}
      : { errorCode: text(error, 'ErrorCode') ?? '', errorText: text(error, 'ErrorText') ?? '' })
  };
}
