/**
 * A client as relying parties have one, written from the interface description: it posts application/xml, takes
 * 200 with application/xml for success and 402 for "none", filters on its side with exact string equality and
 * tells organisation from device by the element that is there.
 */
import type { Answer, Running } from './running.js';
import { apiKey } from './running.js';

export interface ClientResult {
  readonly serial: string;
  readonly subjectName: string | undefined;
  readonly subjectAltName: string | undefined;
  readonly status: string;
  readonly role: string | undefined;
  readonly usage: string;
  readonly manufacturing: string;
  readonly body: Buffer | undefined;
}

export const search = (inside: string): string =>
  `<?xml version="1.0" encoding="utf-8"?><CertificateSearchRequest>${inside}</CertificateSearchRequest>`;
export const retrieval = (serial: string): string =>
  `<?xml version="1.0" encoding="utf-8"?><CertificateDataRequest><CertificateSerial>${serial}</CertificateSerial></CertificateDataRequest>`;
export const byName = (eui: string): string => `<CertificateSubjectName>${eui}</CertificateSubjectName>`;
export const byAltName = (eui: string): string =>
  `<CertificateSubjectAltName>${eui}</CertificateSubjectAltName>`;

/** Posts to one of the two services. */
export function post(
  running: Running,
  service: 'certificatesearch' | 'retrievecertificate',
  body: string | Uint8Array,
  headers: Readonly<Record<string, string>> = {},
  key: string = apiKey
): Promise<Answer> {
  return running.ask({
    method: 'POST',
    path: `/services/${service}?apikey=${encodeURIComponent(key)}`,
    headers: { 'content-type': 'application/xml', ...headers },
    body
  });
}

export async function searchFor(running: Running, inside: string): Promise<ClientResult[]> {
  return results(await post(running, 'certificatesearch', search(inside)), 'Result');
}

export async function retrieve(running: Running, serial: string): Promise<ClientResult | undefined> {
  return results(await post(running, 'retrievecertificate', retrieval(serial)), 'CertificateResponse')[0];
}

/** What the client makes of an answer. */
export function results(answer: Answer, element: string): ClientResult[] {
  if (answer.status === 402) return [];
  if (answer.status !== 200) throw new Error(`unknown error ${answer.status}`);
  if (!/^application\/xml(?:;|$)/.test(answer.headers['content-type'] ?? ''))
    throw new Error('not application/xml');
  const text = answer.body.toString();
  return [...text.matchAll(new RegExp(`<${element}>(.*?)</${element}>`, 'g'))].map(match => {
    const field = (name: string) => textOf(match[1] ?? '', name);
    const body = field('CertificateBody');
    return {
      serial: field('CertificateSerial') ?? '',
      subjectName: field('CertificateSubjectName'),
      subjectAltName: field('CertificateSubjectAltName'),
      status: field('CertificateStatus') ?? '',
      role: field('CertificateRole'),
      usage: field('CertificateUsage') ?? '',
      manufacturing: field('ManufacturingFlag') ?? '',
      body: body === undefined ? undefined : Buffer.from(body, 'base64')
    };
  });
}

export function textOf(text: string, name: string): string | undefined {
  return new RegExp(`<${name}>([^<]*)</${name}>`).exec(text)?.[1];
}
