import { formatEui64, parseEui64, type Eui64 } from '../../pki/index.js';
import { readXml, type XmlElement, type XmlLimits } from '../../pki/xml/index.js';
import { RepositoryError } from '../errors.js';
import { maxQueryOctets } from '../config.js';
import { formatSerial, parseSerial } from '../store/serial.js';
import { retrieveOperation, searchOperation, type Operation } from './answer.js';
import { certificateStatuses, type CertificateStatus } from './status.js';

/** What a caller of the web service wants to know. */
export interface SearchQuery {
  readonly holder: 'organisation' | 'device';
  readonly eui: Eui64;
  /** Filters; undefined where the caller asked for none. */
  readonly role: number | undefined;
  readonly usage: 'DS' | 'KA' | undefined;
  readonly status: CertificateStatus | undefined;
}

/** The EUI-64 or serial number as the audit log names the query. */
export function describeSearch(query: SearchQuery): string {
  return `${query.holder} ${formatEui64(query.eui)}`;
}

const holders = {
  CertificateSubjectName: 'organisation',
  CertificateSubjectAltName: 'device'
} as const;
const filters = ['CertificateRole', 'CertificateUsage', 'CertificateStatus'];

/**
 * Reads a CertificateSearchRequest: one of the two names, and up to three filters in any order. Throws
 * `repository/malformed` for anything else, hostile XML included.
 */
export function readSearch(body: Uint8Array): SearchQuery {
  const fields = readFields(body, searchOperation, [...Object.keys(holders), ...filters]);
  const given = Object.entries(holders).filter(([name]) => fields.has(name));
  const [only] = given;
  if (only === undefined || given.length > 1)
    throw malformed('exactly one of CertificateSubjectName and CertificateSubjectAltName is needed');
  const [name, holder] = only;
  return {
    holder,
    eui: readEui(fields.get(name) ?? ''),
    role: filter(fields, 'CertificateRole', readRole),
    usage: filter(fields, 'CertificateUsage', text => oneOf(['DS', 'KA'], text)),
    status: filter(fields, 'CertificateStatus', text =>
      oneOf(Object.keys(certificateStatuses) as CertificateStatus[], text)
    )
  };
}

/** Reads a CertificateDataRequest; the serial number as the tables hold it. */
export function readRetrieval(body: Uint8Array): string {
  const text = readFields(body, retrieveOperation, ['CertificateSerial']).get('CertificateSerial');
  const serial = text === undefined ? undefined : parseSerial(text);
  if (serial === undefined) throw malformed('CertificateSerial is not a serial number');
  return serial;
}

export function describeRetrieval(serial: string): string {
  return `serial ${formatSerial(serial)}`;
}

/**
 * The two documents that clients send all the time, recognised whole by their octets: a declaration that says
 * nothing, one element, one text of digits and hyphens. Whatever differs in an octet is read as XML.
 */
const usualForms = [
  [
    searchOperation,
    /^(?:<\?xml version="1\.0" encoding="(?:utf-8|UTF-8)"\?>)?[ \t\r\n]*<CertificateSearchRequest>[ \t\r\n]*<(CertificateSubjectName|CertificateSubjectAltName)>([0-9A-Fa-f-]{1,64})<\/\1>[ \t\r\n]*<\/CertificateSearchRequest>[ \t\r\n]*$/
  ],
  [
    retrieveOperation,
    /^(?:<\?xml version="1\.0" encoding="(?:utf-8|UTF-8)"\?>)?[ \t\r\n]*<CertificateDataRequest>[ \t\r\n]*<(CertificateSerial)>([0-9A-Fa-f-]{1,64})<\/\1>[ \t\r\n]*<\/CertificateDataRequest>[ \t\r\n]*$/
  ]
] as const;
/** DESIGN: those documents have some 200 octets. */
const maxUsualOctets = 512;

function readUsual(body: Uint8Array, operation: Operation): Map<string, string> | undefined {
  const form = usualForms.find(([known]) => known === operation)?.[1];
  if (form === undefined || body.length > maxUsualOctets) return undefined;
  const text = Buffer.from(body.buffer, body.byteOffset, body.length).toString('latin1');
  const [, name, value] = form.exec(text) ?? [];
  return name === undefined || value === undefined ? undefined : new Map([[name, value]]);
}

/** The texts of a request's elements by name; white space around a text does not count. */
function readFields(body: Uint8Array, operation: Operation, allowed: readonly string[]): Map<string, string> {
  const usual = readUsual(body, operation);
  if (usual !== undefined) return usual;
  const root = readDocument(body);
  if (root.name !== operation.request) throw malformed(`not a ${operation.request}`);
  const fields = new Map<string, string>();
  for (const child of root.children) {
    if (!allowed.includes(child.name)) throw malformed('an element that does not belong here');
    if (child.children.length > 0) throw malformed(`elements inside ${child.name}`);
    if (fields.has(child.name)) throw malformed(`${child.name} twice`);
    fields.set(child.name, child.text.trim());
  }
  return fields;
}

/** The root, a name and three filters; the requests that clients send have no attributes and no comments. */
const xmlLimits: XmlLimits = {
  maxOctets: maxQueryOctets,
  maxDepth: 2,
  maxElements: 5,
  maxAttributes: 0,
  comments: 'refuse'
};

function readDocument(body: Uint8Array): XmlElement {
  try {
    return readXml(body, xmlLimits);
  } catch (cause) {
    throw new RepositoryError('repository/malformed', 'not XML as it is read here', {}, { cause });
  }
}

function readEui(text: string): Eui64 {
  try {
    return parseEui64(text);
  } catch (cause) {
    throw new RepositoryError('repository/malformed', 'not an EUI-64', {}, { cause });
  }
}

/** Decimal, as answers write it; the leading zero that answers must not have is tolerated here. */
function readRole(text: string): number | undefined {
  if (!/^[0-9]{1,3}$/.test(text)) return undefined;
  const role = Number(text);
  return role <= 255 ? role : undefined;
}

function filter<T>(
  fields: ReadonlyMap<string, string>,
  name: string,
  read: (text: string) => T | undefined
): T | undefined {
  const text = fields.get(name);
  if (text === undefined) return undefined;
  const value = read(text);
  if (value === undefined) throw malformed(`${name} has no such value`);
  return value;
}

function oneOf<T extends string>(values: readonly T[], text: string): T | undefined {
  return values.find(value => value === text.toUpperCase());
}

function malformed(message: string): RepositoryError {
  return new RepositoryError('repository/malformed', message);
}
