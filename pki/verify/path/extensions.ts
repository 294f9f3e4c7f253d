import { DerReader, contextConstructed, contextPrimitive, tags } from '../../der/index.js';
import { oids } from '../../x509/index.js';
import { readGeneralName, readGeneralNames, type GeneralName } from './general-name.js';

/** Identifiers of RFC 5280 4.2 beyond those of `pki/x509`. */
export const extensionOids = {
  ...oids,
  issuerAltName: '2.5.29.18',
  policyMappings: '2.5.29.33',
  policyConstraints: '2.5.29.36',
  freshestCrl: '2.5.29.46',
  inhibitAnyPolicy: '2.5.29.54'
} as const;

/** RFC 5280 4.2.1.10. A missing list is empty: a list that is there has at least one subtree. */
export interface NameConstraints {
  readonly permitted: readonly GeneralName[];
  readonly excluded: readonly GeneralName[];
}

export interface PolicyMapping {
  readonly issuerDomainPolicy: string;
  readonly subjectDomainPolicy: string;
}

export interface PolicyConstraints {
  readonly requireExplicitPolicy: number | undefined;
  readonly inhibitPolicyMapping: number | undefined;
}

export interface AuthorityKeyIdentifier {
  readonly keyIdentifier: Uint8Array | undefined;
  readonly issuer: readonly GeneralName[] | undefined;
  /** Content octets of the INTEGER. */
  readonly serial: Uint8Array | undefined;
}

/** Reads a whole extension value with one of the readers below. Throws `DerError`. */
export function decodeWhole<T>(value: Uint8Array, what: string, read: (reader: DerReader) => T): T {
  const reader = DerReader.over(value, what);
  const decoded = read(reader);
  reader.end(what);
  return decoded;
}

/** SubjectAltName and IssuerAltName (RFC 5280 4.2.1.6, 4.2.1.7). */
export function decodeGeneralNames(value: Uint8Array, what: string): GeneralName[] {
  return decodeWhole(value, what, reader => readGeneralNames(reader, what));
}

/** NameConstraints: not empty, every `minimum` 0 and therefore absent, no `maximum` (RFC 5280 4.2.1.10). */
export function decodeNameConstraints(value: Uint8Array): NameConstraints {
  const what = 'nameConstraints';
  return decodeWhole(value, what, reader => {
    const inner = reader.sequence(what);
    if (inner.done) inner.fail('der/value', what);
    const permitted = readSubtrees(inner, 0);
    const excluded = readSubtrees(inner, 1);
    inner.end(what);
    return { permitted, excluded };
  });
}

function readSubtrees(reader: DerReader, n: number): GeneralName[] {
  if (reader.peek() !== contextConstructed(n)) return [];
  const list = reader.enter(contextConstructed(n), 'GeneralSubtrees');
  const bases: GeneralName[] = [];
  do {
    const subtree = list.sequence('GeneralSubtree');
    bases.push(readGeneralName(subtree, 'subtree'));
    // `minimum [0] DEFAULT 0` written out is not DER, another one and any `maximum` not RFC 5280.
    if (!subtree.done) subtree.fail('der/value', 'GeneralSubtree minimum or maximum');
  } while (!list.done);
  return bases;
}

export function decodePolicyMappings(value: Uint8Array): PolicyMapping[] {
  const what = 'policyMappings';
  return decodeWhole(value, what, reader => {
    const list = reader.sequence(what);
    const mappings: PolicyMapping[] = [];
    do {
      const pair = list.sequence(what);
      const issuerDomainPolicy = pair.oid('issuerDomainPolicy');
      const subjectDomainPolicy = pair.oid('subjectDomainPolicy');
      pair.end(what);
      mappings.push({ issuerDomainPolicy, subjectDomainPolicy });
    } while (!list.done);
    return mappings;
  });
}

/** PolicyConstraints, never an empty sequence (RFC 5280 4.2.1.11). */
export function decodePolicyConstraints(value: Uint8Array): PolicyConstraints {
  const what = 'policyConstraints';
  return decodeWhole(value, what, reader => {
    const inner = reader.sequence(what);
    if (inner.done) inner.fail('der/value', what);
    const skip = (n: number) =>
      inner.peek() === contextPrimitive(n) ? readCount(inner, what, contextPrimitive(n)) : undefined;
    const requireExplicitPolicy = skip(0);
    const inhibitPolicyMapping = skip(1);
    inner.end(what);
    return { requireExplicitPolicy, inhibitPolicyMapping };
  });
}

export function decodeInhibitAnyPolicy(value: Uint8Array): number {
  return decodeWhole(value, 'inhibitAnyPolicy', reader => readCount(reader, 'inhibitAnyPolicy'));
}

/** BasicConstraints (RFC 5280 4.2.1.9); a pathLenConstraint of any size. */
export function decodeBasicConstraints(value: Uint8Array): {
  readonly ca: boolean;
  readonly pathLength: number | undefined;
} {
  const what = 'basicConstraints';
  return decodeWhole(value, what, reader => {
    const inner = reader.sequence(what);
    const ca = inner.defaultFalse('cA');
    const pathLength = inner.done ? undefined : readCount(inner, 'pathLenConstraint');
    inner.end(what);
    return { ca, pathLength };
  });
}

/** `INTEGER (0..MAX)`: a count of certificates. No path has 2^31 of them, so more is not told apart. */
function readCount(reader: DerReader, what: string, tag?: number): number {
  const at = reader.offset;
  const content = reader.integer(what, 20, tag);
  if ((content[0] as number) >= 0x80) reader.fail('der/integer', `${what} at ${at}`);
  return content.reduce((count, octet) => Math.min(count * 256 + octet, 0x7fff_ffff), 0);
}

export function decodeAuthorityKeyIdentifier(value: Uint8Array): AuthorityKeyIdentifier {
  const what = 'authorityKeyIdentifier';
  return decodeWhole(value, what, reader => {
    const inner = reader.sequence(what);
    const keyIdentifier =
      inner.peek() === contextPrimitive(0) ? inner.octetString(what, contextPrimitive(0)) : undefined;
    const issuer =
      inner.peek() === contextConstructed(1)
        ? readGeneralNames(inner, 'authorityCertIssuer', contextConstructed(1))
        : undefined;
    const serial =
      inner.peek() === contextPrimitive(2) ? inner.integer(what, 64, contextPrimitive(2)) : undefined;
    inner.end(what);
    return { keyIdentifier, issuer, serial };
  });
}

/** ExtKeyUsageSyntax: not empty (RFC 5280 4.2.1.12). */
export function decodeExtendedKeyUsage(value: Uint8Array): string[] {
  return decodeWhole(value, 'extendedKeyUsage', reader => {
    const list = reader.sequence('extendedKeyUsage');
    const purposes: string[] = [];
    do purposes.push(list.oid('KeyPurposeId'));
    while (!list.done);
    return purposes;
  });
}

const displayTextTags: ReadonlySet<number> = new Set([tags.ia5String, tags.utf8String, 0x1a, 0x1e]);
const cpsQualifier = '1.3.6.1.5.5.7.2.1';
const userNoticeQualifier = '1.3.6.1.5.5.7.2.2';

/** CertificatePolicies (RFC 5280 4.2.1.4): the identifiers. Qualifiers are read and say nothing to a program. */
export function decodeCertificatePolicies(value: Uint8Array): string[] {
  const what = 'certificatePolicies';
  return decodeWhole(value, what, reader => {
    const list = reader.sequence(what);
    const policies: string[] = [];
    do {
      const information = list.sequence(what);
      policies.push(information.oid('policyIdentifier'));
      if (!information.done) readQualifiers(information.sequence('policyQualifiers'));
      information.end(what);
    } while (!list.done);
    return policies;
  });
}

function readQualifiers(list: DerReader): void {
  const what = 'policyQualifier';
  do {
    const info = list.sequence(what);
    const type = info.oid('policyQualifierId');
    if (type === userNoticeQualifier) readUserNotice(info.sequence('userNotice'));
    else if (type === cpsQualifier) info.read(tags.ia5String, 'cPSuri');
    else info.opaque(what);
    info.end(what);
  } while (!list.done);
}

function readUserNotice(notice: DerReader): void {
  if (notice.peek() === tags.sequence) {
    const reference = notice.sequence('noticeRef');
    readDisplayText(reference);
    reference.opaque('noticeNumbers');
    reference.end('noticeRef');
  }
  if (!notice.done) readDisplayText(notice);
  notice.end('userNotice');
}

function readDisplayText(reader: DerReader): void {
  const tag = reader.peek();
  if (tag === undefined || !displayTextTags.has(tag)) reader.fail('der/tag', 'DisplayText');
  reader.any('DisplayText');
}
