import { DerError, DerReader, contextConstructed, contextPrimitive, tags } from '../../der/index.js';
import {
  X509Error,
  decodeExtension,
  duplicatesIn,
  type Certificate,
  type Extension,
  type Name
} from '../../x509/index.js';
import { readAlgorithm } from '../../x509/algorithm.js';
import { readVersion } from '../../x509/certificate.js';
import { readExtensions } from '../../x509/extension.js';
import { readPublicKey } from '../../x509/public-key.js';
import { decodeDistributionPoints, type DistributionPoint } from './distribution-point.js';
import * as decode from './extensions.js';
import type {
  AuthorityKeyIdentifier,
  NameConstraints,
  PolicyConstraints,
  PolicyMapping
} from './extensions.js';
import { fault, type Fault, type PathCode } from './failure.js';
import type { GeneralName } from './general-name.js';
import { readName } from './name.js';

const ids = decode.extensionOids;

/**
 * A certificate as path validation sees it, read from strict DER. Octet arrays are views of `der`. Nothing has been
 * verified. An extension of RFC 5280 4.2 whose value is not what it should be is absent here and stands in
 * `faults`: such a certificate is refused by `conformanceFault`.
 */
export interface PathCertificate extends Pick<
  Certificate,
  | 'der'
  | 'tbs'
  | 'version'
  | 'tbsSignatureAlgorithm'
  | 'issuer'
  | 'subject'
  | 'notBefore'
  | 'notAfter'
  | 'publicKey'
  | 'extensions'
  | 'keyUsage'
  | 'basicConstraints'
  | 'subjectKeyIdentifier'
  | 'extendedKeyUsage'
  | 'signatureAlgorithm'
  | 'signature'
> {
  /** Content octets of the INTEGER, of any sign and length. */
  readonly serial: Uint8Array;
  /** The same in upper-case hex. */
  readonly serialHex: string;
  readonly authorityKeyIdentifier: AuthorityKeyIdentifier | undefined;
  readonly subjectAltNames: readonly GeneralName[] | undefined;
  readonly issuerAltNames: readonly GeneralName[] | undefined;
  /** Dotted identifiers of certificatePolicies. */
  readonly policies: readonly string[] | undefined;
  readonly policyMappings: readonly PolicyMapping[] | undefined;
  readonly policyConstraints: PolicyConstraints | undefined;
  readonly inhibitAnyPolicy: number | undefined;
  readonly nameConstraints: NameConstraints | undefined;
  readonly distributionPoints: readonly DistributionPoint[] | undefined;
  readonly freshestCrl: readonly DistributionPoint[] | undefined;
  readonly faults: readonly Fault[];
}

/** Octets that are no certificate, or one of which nothing can be judged. */
export type ReadFailure = Fault;

/** Reads a certificate, whole. Never throws for any octets. */
export function readPathCertificate(der: Uint8Array): PathCertificate | ReadFailure {
  try {
    return read(der);
  } catch (error) {
    return readFailureOf(error);
  }
}

/** What is read of a certificate before it is looked at: for indexes over thousands. */
export interface CertificateHead {
  readonly issuer: Name;
  readonly subject: Name;
  readonly notBefore: Date;
  readonly notAfter: Date;
}

/** The fields up to the subject. Never throws for any octets. */
export function readCertificateHead(der: Uint8Array): CertificateHead | ReadFailure {
  try {
    return readFields(openTbs(der).reader);
  } catch (error) {
    return readFailureOf(error);
  }
}

/** What a reader threw, as a fault; errors that are not about the octets are thrown on. */
export function readFailureOf(error: unknown): ReadFailure {
  if (!(error instanceof DerError) && !(error instanceof X509Error)) throw error;
  const code = codesOfFields.get(error.what) ?? codesOfErrors.get(error.code) ?? 'path/malformed';
  return fault(code, `the certificate cannot be read: ${error.what}`, {
    cause: error.code,
    field: error.what
  });
}

const codesOfFields: ReadonlyMap<string, PathCode> = new Map([
  ['serialNumber', 'path/serial'],
  ['notBefore', 'path/time'],
  ['notAfter', 'path/time']
]);
const codesOfErrors: ReadonlyMap<string, PathCode> = new Map([
  ['x509/public-key', 'path/public-key'],
  ['x509/version', 'path/version'],
  ['x509/duplicate-extension', 'path/duplicate-extension']
]);

function openTbs(der: Uint8Array) {
  const outer = DerReader.over(der, 'certificate');
  const certificate = outer.sequence('certificate');
  outer.end('certificate');
  const tbs = certificate.read(tags.sequence, 'tbsCertificate');
  return { certificate, tbs, reader: certificate.inside(tbs, 'tbsCertificate') };
}

function readFields(reader: DerReader) {
  const version = readVersion(reader);
  const serial = reader.integer('serialNumber');
  const tbsSignatureAlgorithm = readAlgorithm(reader, 'signature');
  const issuer = readName(reader, 'issuer');
  const validity = reader.sequence('validity');
  const notBefore = validity.time('notBefore');
  const notAfter = validity.time('notAfter');
  validity.end('validity');
  const subject = readName(reader, 'subject');
  return { version, serial, tbsSignatureAlgorithm, issuer, notBefore, notAfter, subject };
}

function read(der: Uint8Array): PathCertificate {
  const { certificate, tbs, reader } = openTbs(der);
  const signatureAlgorithm = readAlgorithm(certificate, 'signatureAlgorithm');
  const signature = certificate.octetsOfBitString('signatureValue');
  certificate.end('certificate');
  const fields = readFields(reader);
  const publicKey = readPublicKey(reader);
  // RFC 5280 4.1.2.8: conforming authorities make no certificates with unique identifiers.
  if (reader.peek() === contextPrimitive(1) || reader.peek() === contextPrimitive(2))
    throw new X509Error('x509/version', 'unique identifiers');
  let extensions: Extension[] = [];
  if (!reader.done) {
    const explicit = reader.enter(contextConstructed(3), 'extensions');
    if (fields.version !== 3) throw new X509Error('x509/version', 'extensions');
    extensions = readExtensions(explicit, 'extensions');
    explicit.end('extensions');
  }
  reader.end('tbsCertificate');
  const [twice] = duplicatesIn(extensions);
  if (twice !== undefined) throw new X509Error('x509/duplicate-extension', twice);
  return {
    der,
    tbs: tbs.der,
    ...fields,
    serialHex: Buffer.from(fields.serial).toString('hex').toUpperCase(),
    publicKey,
    extensions,
    ...decodeKnown(extensions),
    signatureAlgorithm,
    signature
  };
}

function decodeKnown(extensions: readonly Extension[]) {
  const faults: Fault[] = [];
  const known = <T>(oid: string, code: PathCode, decoder: (value: Uint8Array) => T): T | undefined => {
    const extension = extensions.find(candidate => candidate.oid === oid);
    if (extension === undefined) return undefined;
    try {
      return decoder(extension.value);
    } catch (error) {
      if (!(error instanceof DerError) && !(error instanceof X509Error)) throw error;
      const facts = { extension: oid, cause: error.code, field: error.what };
      faults.push(fault(code, `an extension is not what RFC 5280 says: ${error.what}`, facts));
      return undefined;
    }
  };
  return {
    faults,
    keyUsage: known(ids.keyUsage, 'path/key-usage-form', value => decodeExtension.keyUsage(value)),
    basicConstraints: known(ids.basicConstraints, 'path/basic-constraints', decode.decodeBasicConstraints),
    subjectKeyIdentifier: known(ids.subjectKeyIdentifier, 'path/subject-key-identifier', value =>
      decodeExtension.subjectKeyIdentifier(value)
    ),
    authorityKeyIdentifier: known(
      ids.authorityKeyIdentifier,
      'path/authority-key-identifier',
      decode.decodeAuthorityKeyIdentifier
    ),
    subjectAltNames: known(ids.subjectAltName, 'path/subject-alt-name', value =>
      decode.decodeGeneralNames(value, 'subjectAltName')
    ),
    issuerAltNames: known(ids.issuerAltName, 'path/issuer-alt-name', value =>
      decode.decodeGeneralNames(value, 'issuerAltName')
    ),
    extendedKeyUsage: known(
      ids.extendedKeyUsage,
      'path/extended-key-usage-form',
      decode.decodeExtendedKeyUsage
    ),
    policies: known(ids.certificatePolicies, 'path/certificate-policies', decode.decodeCertificatePolicies),
    policyMappings: known(ids.policyMappings, 'path/policy-mappings', decode.decodePolicyMappings),
    policyConstraints: known(
      ids.policyConstraints,
      'path/policy-constraints',
      decode.decodePolicyConstraints
    ),
    inhibitAnyPolicy: known(ids.inhibitAnyPolicy, 'path/inhibit-any-policy', decode.decodeInhibitAnyPolicy),
    nameConstraints: known(ids.nameConstraints, 'path/name-constraints-form', decode.decodeNameConstraints),
    distributionPoints: known(ids.crlDistributionPoints, 'path/crl-distribution-points', value =>
      decodeDistributionPoints(value, 'cRLDistributionPoints')
    ),
    freshestCrl: known(ids.freshestCrl, 'path/freshest-crl', value =>
      decodeDistributionPoints(value, 'freshestCRL')
    )
  };
}
