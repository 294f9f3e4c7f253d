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
  readonly extensions: readonly Extension[];
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
    extensions
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
  const text = Buffer.from(content).toString('latin1');
  return { tag, text, moment: momentOf(tag, text) };
}

function momentOf(tag: number, text: string): Date | undefined {
  const match = /^(\d{2}|\d{4})(\d{2})(\d{2})(\d{2})(\d{2})(\d{2})Z$/.exec(text);
  if (!match) return undefined;
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = match.slice(1).map(Number);
  const full = tag === tags.utcTime ? year + (year < 50 ? 2000 : 1900) : year;
  const date = new Date(Date.UTC(full, month - 1, day, hour, minute, second));
  // Date.UTC would turn 31 February into 3 March: a real date comes back as it was written.
  const isReal =
    date.getUTCMonth() === month - 1 && date.getUTCDate() === day && hour < 24 && minute < 60 && second < 60;
  return isReal ? date : undefined;
}

type Decoder = keyof typeof decodeExtension;
export type Decoded<K extends Decoder> = ReturnType<(typeof decodeExtension)[K]>;

/** What is known of an extension: absent, there with its value, or there and not readable. */
export type ExtensionState<T> =
  | { readonly state: 'absent' }
  | { readonly state: 'malformed'; readonly critical: boolean }
  | { readonly state: 'there'; readonly critical: boolean; readonly value: T };

export function extensionState<K extends Decoder>(
  { extensions }: LintSubject,
  oid: string,
  decoder: K
): ExtensionState<Decoded<K>> {
  const extension = extensions.find(candidate => candidate.oid === oid);
  if (!extension) return { state: 'absent' };
  const { critical, value } = extension;
  try {
    return { state: 'there', critical, value: decodeExtension[decoder](value) as Decoded<K> };
  } catch {
    return { state: 'malformed', critical };
  }
}
