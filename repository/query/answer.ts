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

/**
 * The whole answer. Nothing in it is a caller's text; what is not of a closed set is escaped. `reference` is undefined only where the audit log could not be written: an answer that says
 * nothing but that.
 */
export function formatAnswer(
  operation: Operation,
  response: Response,
  reference: string | undefined,
  content = ''
): string {
  const audit = reference === undefined ? '' : `<AuditReference>${reference}</AuditReference>`;
  return (
    '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n' +
    `<${operation.response}><ResponseCode>${response.status}</ResponseCode>` +
    `<ResponseMessage>${response.message}</ResponseMessage>${audit}${content}</${operation.response}>`
  );
}

export function formatResult(hit: CertificateFacts, status: CertificateStatus): string {
  return (
    `<Result><CertificateSerial>${formatSerial(hit.serial)}</CertificateSerial>` +
    `${subject(hit)}<CertificateStatus>${status}</CertificateStatus>${role(hit)}${usage(hit)}` +
    `<ManufacturingFlag>${hit.manufacturing}</ManufacturingFlag></Result>`
  );
}

/** `body` is the DER certificate; it goes out in Base64 without armour or line breaks. */
export function formatCertificate(
  hit: CertificateFacts,
  status: CertificateStatus,
  body: Uint8Array
): string {
  return (
    `<CertificateResponse>${subject(hit)}` +
    `<CertificateSerial>${formatSerial(hit.serial)}</CertificateSerial>` +
    `<CertificateStatus>${status}</CertificateStatus>` +
    `<CertificateBody>${base64(body)}</CertificateBody>${role(hit)}${usage(hit)}` +
    `<ManufacturingFlag>${hit.manufacturing}</ManufacturingFlag></CertificateResponse>`
  );
}

/**
 * CertificateSubjectName must be absent for a device, not even empty: that it is there tells a client
 * "organisation". A certification authority, which has no EUI-64, shows its distinguished name there.
 */
function subject(hit: CertificateFacts): string {
  if (hit.kind === 'ca')
    return `<CertificateSubjectName>${escapeXml(hit.subjectName ?? '')}</CertificateSubjectName>`;
  const name = hit.kind === 'device' ? 'CertificateSubjectAltName' : 'CertificateSubjectName';
  return `<${name}>${hit.eui === null ? '' : formatEui64(hit.eui)}</${name}>`;
}

/** Plain decimal (`2`, never `02`), where there is a role: organisations and authorities with an OU. */
function role(hit: CertificateFacts): string {
  return hit.role === null ? '' : `<CertificateRole>${hit.role}</CertificateRole>`;
}

function usage(hit: CertificateFacts): string {
  return hit.usage === null ? '' : `<CertificateUsage>${hit.usage}</CertificateUsage>`;
}

function base64(octets: Uint8Array): string {
  return Buffer.from(octets.buffer, octets.byteOffset, octets.length).toString('base64');
}
