import {
  DerError,
  DerReader,
  contextConstructed,
  contextPrimitive,
  tags,
  type DerValue
} from '../der/index.js';
import {
  X509Error,
  decodeExtension,
  oids,
  parsePublicKey,
  type Name,
  type SubjectPublicKey
} from '../x509/index.js';
import { readExtensions, type Extension } from '../x509/extension.js';
import { readName } from '../x509/name.js';

/** A time as it stands in the octets. */
export interface WrittenTime {
  readonly tag: number;
  readonly text: string;
  /** What it means by either form's rule; undefined when it is not a time. */
  readonly moment: Date | undefined;
}

/**
 * A certificate or a TBSCertificate taken apart as far as its outline goes, with no value judged: that is what
 * the rules are for. All octets are views of the input.
 */
export interface LintSubject {
  /** What was handed in. */
  readonly der: Uint8Array;
  /** AlgorithmIdentifier outside the TBS; undefined when a TBS alone was handed in. */
  readonly outerAlgorithm: Uint8Array | undefined;
  /** Number in `[0]`; undefined when absent (version 1). */
  readonly version: number | undefined;
  /** INTEGER content octets. */
  readonly serial: Uint8Array;
  readonly innerAlgorithm: Uint8Array;
  readonly issuer: Name;
  readonly notBefore: WrittenTime;
  readonly notAfter: WrittenTime;
  readonly subject: Name;
  readonly spki: Uint8Array;
  /** The key, when it is one that could be used at all. */
  readonly publicKey: SubjectPublicKey | undefined;
  /** issuerUniqueID or subjectUniqueID is there. */
  readonly hasUniqueIdentifiers: boolean;
  readonly extensions: readonly Pick<Extension, 'oid' | 'critical'>[];
  readonly states: ExtensionStates;
}

/** Takes a whole certificate apart; throws `DerError` where it has not the outline of one. */
export function certificateSubject(der: Uint8Array): LintSubject {
  const outer = DerReader.over(der, 'certificate');
  const certificate = outer.sequence('certificate');
  outer.end('certificate');
  const tbs = certificate.read(tags.sequence, 'tbsCertificate');
  const outerAlgorithm = certificate.read(tags.sequence, 'signatureAlgorithm').der;
  certificate.octetsOfBitString('signatureValue');
  certificate.end('certificate');
  return outline(der, certificate.inside(tbs, 'tbsCertificate'), outerAlgorithm);
}

/** The same of a TBSCertificate alone. */
export function tbsSubject(tbs: Uint8Array): LintSubject {
  const outer = DerReader.over(tbs, 'tbsCertificate');
  const fields = outer.sequence('tbsCertificate');
  outer.end('tbsCertificate');
  return outline(tbs, fields, undefined);
}

function outline(der: Uint8Array, fields: DerReader, outerAlgorithm: Uint8Array | undefined): LintSubject {
  const version = readVersion(fields);
  const serial = fields.integer('serialNumber');
  const innerAlgorithm = fields.read(tags.sequence, 'signature').der;
  const issuer = readName(fields, 'issuer');
  const validity = fields.sequence('validity');
  const notBefore = writtenTime(validity.any('notBefore'));
  const notAfter = writtenTime(validity.any('notAfter'));
  validity.end('validity');
  const subject = readName(fields, 'subject');
  const spki = fields.read(tags.sequence, 'subjectPublicKeyInfo').der;
  let hasUniqueIdentifiers = false;
  for (const tag of [contextPrimitive(1), contextPrimitive(2)]) {
    if (fields.peek() !== tag) continue;
    fields.any('unique identifier');
    hasUniqueIdentifiers = true;
  }
  let extensions: Extension[] = [];
  if (!fields.done) {
    const explicit = fields.enter(contextConstructed(3), 'extensions');
    extensions = readExtensions(explicit, 'extensions');
    explicit.end('extensions');
  }
  fields.end('tbsCertificate');
  return {
    der,
    outerAlgorithm,
    version,
    serial,
    innerAlgorithm,
    issuer,
    notBefore,
    notAfter,
    subject,
    spki,
    publicKey: readKey(spki),
    hasUniqueIdentifiers,
    extensions,
    states: statesOf(extensions)
  };
}

function readVersion(fields: DerReader): number | undefined {
  if (fields.peek() !== contextConstructed(0)) return undefined;
  const explicit = fields.enter(contextConstructed(0), 'version');
  const version = explicit.smallInteger('version');
  explicit.end('version');
  return version;
}

function readKey(spki: Uint8Array): SubjectPublicKey | undefined {
  try {
    return parsePublicKey(spki);
  } catch (error) {
    if (error instanceof DerError || error instanceof X509Error) return undefined;
    throw error;
  }
}

function writtenTime({ tag, content }: DerValue): WrittenTime {
  const text = Buffer.from(content.buffer, content.byteOffset, content.length).toString('latin1');
  return { tag, text, moment: momentOf(tag, text) };
}

function momentOf(tag: number, text: string): Date | undefined {
  const digits = text.length - 1;
  if ((digits !== 12 && digits !== 14) || !text.endsWith('Z')) return undefined;
  for (let i = 0; i < digits; i++) if (!isDigit(text.charCodeAt(i))) return undefined;
  const year = Number(text.slice(0, digits - 10));
  const month = pair(text, digits - 10);
  const day = pair(text, digits - 8);
  const hour = pair(text, digits - 6);
  const minute = pair(text, digits - 4);
  const second = pair(text, digits - 2);
  const full = tag === tags.utcTime ? year + (year < 50 ? 2000 : 1900) : year;
  const date = new Date(Date.UTC(full, month - 1, day, hour, minute, second));
  // Date.UTC would turn 31 February into 3 March: a real date comes back as it was written.
  const isReal =
    date.getUTCMonth() === month - 1 && date.getUTCDate() === day && hour < 24 && minute < 60 && second < 60;
  return isReal ? date : undefined;
}

function isDigit(code: number): boolean {
  return code >= 0x30 && code <= 0x39;
}

function pair(text: string, at: number): number {
  return (text.charCodeAt(at) - 0x30) * 10 + text.charCodeAt(at + 1) - 0x30;
}

type Decoder = keyof typeof decodeExtension;
type Decoded<K extends Decoder> = ReturnType<(typeof decodeExtension)[K]>;

/** What is known of an extension: absent, there with its value, or there and not readable. */
export type ExtensionState<T> =
  | { readonly state: 'absent' }
  | { readonly state: 'malformed'; readonly critical: boolean }
  | { readonly state: 'there'; readonly critical: boolean; readonly value: T };

/** The extensions that rules look into; of one that stands twice the first (`L13` tells). */
export interface ExtensionStates {
  readonly keyUsage: ExtensionState<Decoded<'keyUsage'>>;
  readonly basicConstraints: ExtensionState<Decoded<'basicConstraints'>>;
  readonly certificatePolicies: ExtensionState<Decoded<'certificatePolicies'>>;
  readonly subjectKeyIdentifier: ExtensionState<Decoded<'subjectKeyIdentifier'>>;
  readonly authorityKeyIdentifier: ExtensionState<Decoded<'authorityKeyIdentifier'>>;
  readonly subjectAltName: ExtensionState<Decoded<'subjectAltName'>>;
}

function statesOf(extensions: readonly Extension[]): ExtensionStates {
  return {
    keyUsage: stateOf(extensions, 'keyUsage'),
    basicConstraints: stateOf(extensions, 'basicConstraints'),
    certificatePolicies: stateOf(extensions, 'certificatePolicies'),
    subjectKeyIdentifier: stateOf(extensions, 'subjectKeyIdentifier'),
    authorityKeyIdentifier: stateOf(extensions, 'authorityKeyIdentifier'),
    subjectAltName: stateOf(extensions, 'subjectAltName')
  };
}

function stateOf<K extends keyof ExtensionStates>(
  extensions: readonly Extension[],
  name: K
): ExtensionState<Decoded<K>> {
  const extension = extensions.find(({ oid }) => oid === oids[name]);
  if (!extension) return { state: 'absent' };
  const { critical, value } = extension;
  try {
    return { state: 'there', critical, value: decodeExtension[name](value) as Decoded<K> };
  } catch (error) {
    if (error instanceof DerError) return { state: 'malformed', critical };
    throw error;
  }
}
