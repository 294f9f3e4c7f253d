import { randomBytes, X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { request as httpsRequest, type RequestOptions } from 'node:https';
import { deviceRequest, type DeviceRequestOptions } from '../kit/requests.js';
import type { Endpoints } from './running.js';

export interface Answer {
  readonly status: number;
  readonly headers: NodeJS.Dict<string | string[]>;
  readonly body: string;
}

export interface Credential {
  readonly cert: string;
  readonly key: string;
}

export function credentialOf({ tls }: Endpoints, who: 'supplier' | 'maker'): Credential {
  const [cert, key] = who === 'supplier' ? [tls.clientCert, tls.clientKey] : [tls.makerCert, tls.makerKey];
  return { cert: readFileSync(cert, 'utf8'), key: readFileSync(key, 'utf8') };
}

/** One request to the RA over mutual TLS, on a connection of its own. */
export function askRa(
  endpoints: Endpoints,
  credential: Partial<Credential>,
  path: string,
  options: RequestOptions & { readonly body?: string } = {}
): Promise<Answer> {
  const { body, ...rest } = options;
  return new Promise((resolve, reject) => {
    const request = httpsRequest(
      new URL(path, endpoints.ra.url),
      { ca: readFileSync(endpoints.tls.ca), agent: false, timeout: 40_000, ...credential, ...rest },
      response => {
        const parts: Buffer[] = [];
        response.on('data', (part: Buffer) => parts.push(part));
        response.once('error', reject);
        response.once('end', () =>
          resolve({
            status: response.statusCode ?? 0,
            headers: response.headers,
            body: Buffer.concat(parts).toString('utf8')
          })
        );
      }
    );
    request.once('timeout', () => request.destroy(new Error('timeout')));
    request.once('error', reject);
    request.end(body);
  });
}

export interface Issued {
  readonly serial: string;
  readonly der: Buffer;
}

/** The answer of the JSON API to a creation. */
export function create(
  endpoints: Endpoints,
  credential: Credential,
  kind: 'device' | 'organisation',
  csr: Uint8Array | string,
  key = randomBytes(16).toString('hex')
): Promise<Answer> {
  const text = typeof csr === 'string' ? csr : Buffer.from(csr).toString('base64');
  return askRa(endpoints, credential, `/ra/v1/requests/${kind}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'idempotency-key': key },
    body: JSON.stringify({ csr: text })
  });
}

export function issuedIn(answer: Answer): Issued {
  if (answer.status !== 201) throw new Error(`not issued: ${answer.status} ${answer.body}`);
  const { certificate } = JSON.parse(answer.body) as { certificate: string };
  return asIssued(certificate);
}

/** A first certificate of a device, asked for by the demo meter maker. */
export async function firstCertificate(endpoints: Endpoints, options: DeviceRequestOptions): Promise<Issued> {
  return issuedIn(
    await create(endpoints, credentialOf(endpoints, 'maker'), 'device', deviceRequest(options))
  );
}

/** What the Ad Hoc Device CSR web service answers. */
export interface AdHocAnswer {
  readonly http: Answer;
  readonly status: string | undefined;
  readonly errorCode: string | undefined;
  readonly transactionId: string | undefined;
  readonly certificate: Issued | undefined;
}

export async function adHoc(
  endpoints: Endpoints,
  credential: Partial<Credential>,
  csr: Uint8Array,
  tls: RequestOptions = {}
): Promise<AdHocAnswer> {
  const http = await askRa(endpoints, credential, new URL(endpoints.ra.adhoc).pathname, {
    ...tls,
    method: 'POST',
    headers: { 'content-type': 'application/xml;charset=UTF-8' },
    body:
      '<?xml version="1.0" encoding="UTF-8"?><DeviceCertificateSigningRequest ID="e2e"><Version>1.0</Version>' +
      `<CertificateSigningRequest>${Buffer.from(csr).toString('base64')}</CertificateSigningRequest>` +
      '</DeviceCertificateSigningRequest>'
  });
  const certificate = elementsOf(http.body, 'Certificate')[0];
  return {
    http,
    status: elementsOf(http.body, 'Status')[0],
    errorCode: elementsOf(http.body, 'ErrorCode')[0],
    transactionId: elementsOf(http.body, 'TransactionId')[0],
    certificate: certificate === undefined ? undefined : asIssued(certificate)
  };
}

function asIssued(base64: string): Issued {
  const der = Buffer.from(base64, 'base64');
  return { serial: new X509Certificate(der).serialNumber.padStart(32, '0'), der };
}

/** Texts of the elements of a name, read as the published clients do: no prefix, no attribute. */
export function elementsOf(xml: string, name: string): string[] {
  return [...xml.matchAll(new RegExp(`<${name}>([^<]*(?:<(?!/${name}>)[^<]*)*)</${name}>`, 'g'))].map(
    ([, text]) => text ?? ''
  );
}

export interface QueryOptions {
  readonly apiKey?: string;
  readonly contentType?: string;
}

/** `POST /services/OPERATION?apikey=KEY`, with the time that clients give it: four seconds. */
export async function query(
  { repository }: Endpoints,
  operation: 'certificatesearch' | 'retrievecertificate',
  body: string,
  options: QueryOptions = {}
): Promise<Answer> {
  const key = encodeURIComponent(options.apiKey ?? repository.apiKey);
  const response = await fetch(`${repository.url}/services/${operation}?apikey=${key}`, {
    method: 'POST',
    headers: { 'content-type': options.contentType ?? 'application/xml' },
    body: `<?xml version="1.0" encoding="utf-8"?>${body}`,
    signal: AbortSignal.timeout(4_000)
  });
  return {
    status: response.status,
    headers: Object.fromEntries(response.headers),
    body: await response.text()
  };
}

/** A hit of a search, as texts; undefined where the element is absent. */
export interface Hit {
  readonly serial: string | undefined;
  readonly subjectName: string | undefined;
  readonly subjectAltName: string | undefined;
  readonly status: string | undefined;
  readonly role: string | undefined;
  readonly usage: string | undefined;
  readonly manufacturing: string | undefined;
}

export function hitsOf(xml: string): Hit[] {
  return elementsOf(xml, 'Result').map(hitIn);
}

export function hitIn(xml: string): Hit {
  const field = (name: string): string | undefined => elementsOf(xml, name)[0];
  return {
    serial: field('CertificateSerial'),
    subjectName: field('CertificateSubjectName'),
    subjectAltName: field('CertificateSubjectAltName'),
    status: field('CertificateStatus'),
    role: field('CertificateRole'),
    usage: field('CertificateUsage'),
    manufacturing: field('ManufacturingFlag')
  };
}

export function searchByName(eui: string): string {
  return `<CertificateSearchRequest><CertificateSubjectName>${eui}</CertificateSubjectName></CertificateSearchRequest>`;
}

export function searchByAltName(eui: string): string {
  return `<CertificateSearchRequest><CertificateSubjectAltName>${eui}</CertificateSubjectAltName></CertificateSearchRequest>`;
}

export function retrieval(serial: string): string {
  return `<CertificateDataRequest><CertificateSerial>${serial}</CertificateSerial></CertificateDataRequest>`;
}

/** A Device ID that no other test uses: locally administered, outside the organisations' block. */
export function newDeviceEui(): string {
  return `02-5A-${randomBytes(6).toString('hex').toUpperCase().match(/../g)!.join('-')}`;
}
