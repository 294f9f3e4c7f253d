import { formatEui64 } from '../../pki/index.js';
import { escapeXml } from '../../pki/xml/index.js';
import { formatSerial } from '../store/serial.js';
import type { CertificateFacts } from '../store/certificates.js';
import type { CertificateStatus } from './status.js';

/**
 * The two operations of the SMKI Repository web service, and the names of their answers. Clients read element
 * names without prefix and compare texts exactly.
 */
export interface Operation {
  readonly request: string;
  readonly response: string;
}

export const searchOperation: Operation = {
  request: 'CertificateSearchRequest',
  response: 'CertificateSearchResponse'
};
export const retrieveOperation: Operation = {
  request: 'CertificateDataRequest',
  response: 'CertificateDataResponse'
};

/**
 * What an answer of the web service says. To clients 200 is success, 401 an invalid search and 402 "no
 * certificate found"; everything else is an unknown error, whatever its number.
 */
export const responses = {
  success: { status: 200, message: 'Success' },
  invalid: { status: 401, message: 'Invalid search parameters' },
  none: { status: 402, message: 'No certificate found' },
  forbidden: { status: 403, message: 'API key missing or not known' },
  tooLarge: { status: 413, message: 'Request too large' },
  contentType: { status: 415, message: 'The request must be application/xml' },
  fault: { status: 500, message: 'Internal error' },
  unavailable: { status: 503, message: 'Service not available' }
} as const satisfies Record<string, Response>;

export interface Response {
  readonly status: number;
  readonly message: string;
}

/** A certificate as an answer shows it. */
export interface Hit extends CertificateFacts {
  readonly status: CertificateStatus;
}

/**
 * The whole answer. `reference` is undefined only where the audit log could not be written: an answer that says
 * nothing but that.
 */
export function formatAnswer(
  operation: Operation,
  response: Response,
  reference: string | undefined,
  content = ''
): string {
  const audit = reference === undefined ? '' : element('AuditReference', reference);
  return (
    '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n' +
    `<${operation.response}>` +
    element('ResponseCode', String(response.status)) +
    element('ResponseMessage', response.message) +
    audit +
    content +
    `</${operation.response}>`
  );
}

export function formatResult(hit: Hit): string {
  return (
    '<Result>' +
    element('CertificateSerial', formatSerial(hit.serial)) +
    subject(hit) +
    element('CertificateStatus', hit.status) +
    role(hit) +
    usage(hit) +
    element('ManufacturingFlag', String(hit.manufacturing)) +
    '</Result>'
  );
}

/** `body` is the DER certificate; it goes out in Base64 without armour or line breaks. */
export function formatCertificate(hit: Hit, body: Uint8Array): string {
  return (
    '<CertificateResponse>' +
    subject(hit) +
    element('CertificateSerial', formatSerial(hit.serial)) +
    element('CertificateStatus', hit.status) +
    element('CertificateBody', Buffer.from(body).toString('base64')) +
    role(hit) +
    usage(hit) +
    element('ManufacturingFlag', String(hit.manufacturing)) +
    '</CertificateResponse>'
  );
}

/**
 * CertificateSubjectName must be absent for a device, not even empty: that it is there tells a client
 * "organisation". A certification authority, which has no EUI-64, shows its distinguished name there.
 */
function subject(hit: Hit): string {
  if (hit.kind === 'ca') return element('CertificateSubjectName', hit.subjectName ?? '');
  const name = hit.kind === 'device' ? 'CertificateSubjectAltName' : 'CertificateSubjectName';
  return element(name, hit.eui === null ? '' : formatEui64(hit.eui));
}

/** Plain decimal (`2`, never `02`), where there is a role: organisations and authorities with an OU. */
function role(hit: Hit): string {
  return hit.role === null ? '' : element('CertificateRole', String(hit.role));
}

function usage(hit: Hit): string {
  return hit.usage === null ? '' : element('CertificateUsage', hit.usage);
}

function element(name: string, text: string): string {
  return `<${name}>${escapeXml(text)}</${name}>`;
}
