import { DerReader, contextConstructed, contextPrimitive, tags } from '../der/index.js';
import { readAlgorithm, type AlgorithmIdentifier } from './algorithm.js';
import { X509Error } from './error.js';
import {
  decodeExtension,
  duplicatesIn,
  readExtensions,
  type AuthorityKeyIdentifier,
  type BasicConstraints,
  type Extension,
  type GeneralName,
  type HardwareModuleName,
  type PolicyInformation
} from './extension.js';
import type { KeyUsageName } from './key-usage.js';
import { readName, type Name } from './name.js';
import { oids } from './oids.js';
import { parseKnownDeviceCertificate, rememberDeviceCertificate } from './device-certificate.js';
import { readPublicKey, type SubjectPublicKey } from './public-key.js';

/**
 * A certificate read from strict DER. Octet arrays are views of `der`, or of equal octets that other certificates
 * share. Nothing here has been verified.
 */
export interface Certificate {
  readonly der: Uint8Array;
  /** tbsCertificate as received: the octets that are signed. */
  readonly tbs: Uint8Array;
  /** 1 or 3: X.509 v1 or v3. */
  readonly version: 1 | 3;
  /** Content octets of the serialNumber INTEGER, at most 20 (RFC 5280 4.1.2.2); its sign is not judged. */
  readonly serial: Uint8Array;
  /** The content octets in upper-case hex, two digits an octet: the key of the stores. */
  readonly serialHex: string;
  /** The algorithm inside tbsCertificate. */
  readonly tbsSignatureAlgorithm: AlgorithmIdentifier;
  readonly issuer: Name;
  readonly subject: Name;
  readonly notBefore: Date;
  readonly notAfter: Date;
  readonly publicKey: SubjectPublicKey;
  /** In the order of the encoding; no identifier stands twice. */
  readonly extensions: readonly Extension[];
  readonly keyUsage: readonly KeyUsageName[] | undefined;
  readonly subjectKeyIdentifier: Uint8Array | undefined;
  readonly authorityKeyIdentifier: AuthorityKeyIdentifier | undefined;
  readonly basicConstraints: BasicConstraints | undefined;
  readonly policies: readonly PolicyInformation[] | undefined;
  readonly subjectAltNames: readonly GeneralName[] | undefined;
  readonly extendedKeyUsage: readonly string[] | undefined;
  /** The hardware module name, when subjectAltName holds exactly that and nothing else. */
  readonly hardwareModuleName: HardwareModuleName | undefined;
  /** The algorithm outside tbsCertificate. */
  readonly signatureAlgorithm: AlgorithmIdentifier;
  /** Octets of signatureValue: ECDSA-Sig-Value or a PKCS#1 signature. */
  readonly signature: Uint8Array;
}

/**
 * Reads an X.509 certificate (RFC 5280 4.1) from DER, whole. Throws `DerError` or `X509Error`. Checked: encoding,
 * structure, the values of the extensions named in `Certificate`, the public key. Not judged: profile, criticality,
 * dates, signatures, agreement of the two algorithm fields (those are lints and verification).
 */
export function parseCertificate(der: Uint8Array): Certificate {
  const known = parseKnownDeviceCertificate(der);
  if (known !== undefined) return known;
  const certificate = readCertificate(der);
  rememberDeviceCertificate(certificate, readCertificate);
  return certificate;
}

/** The one strict reading, of whatever certificate. */
export function readCertificate(der: Uint8Array): Certificate {
  const outer = DerReader.over(der, 'certificate');
  const certificate = outer.sequence('certificate');
  outer.end('certificate');
  const tbs = certificate.read(tags.sequence, 'tbsCertificate');
  const signatureAlgorithm = readAlgorithm(certificate, 'signatureAlgorithm');
  const signature = certificate.octetsOfBitString('signatureValue');
  certificate.end('certificate');

  const reader = certificate.inside(tbs, 'tbsCertificate');
  const version = readVersion(reader);
  const serial = reader.integer('serialNumber', 20);
  const tbsSignatureAlgorithm = readAlgorithm(reader, 'signature');
  const issuer = readName(reader, 'issuer');
  const validity = reader.sequence('validity');
  const notBefore = validity.time('notBefore');
  const notAfter = validity.time('notAfter');
  validity.end('validity');
  const subject = readName(reader, 'subject');
  const publicKey = readPublicKey(reader);
  // RFC 5280 4.1.2.8: conforming CAs make no certificates with unique identifiers.
  if (reader.peek() === contextPrimitive(1) || reader.peek() === contextPrimitive(2))
    throw new X509Error('x509/version', 'unique identifiers');
  let extensions: Extension[] = [];
  if (!reader.done) {
    const explicit = reader.enter(contextConstructed(3), 'extensions');
    if (version !== 3) throw new X509Error('x509/version', 'extensions');
    extensions = readExtensions(explicit, 'extensions');
    explicit.end('extensions');
  }
  reader.end('tbsCertificate');
  const [twice] = duplicatesIn(extensions);
  if (twice !== undefined) throw new X509Error('x509/duplicate-extension', twice);

  const decoded = <T>(identifier: string, decode: (value: Uint8Array) => T): T | undefined => {
    const extension = extensions.find(candidate => candidate.oid === identifier);
    return extension === undefined ? undefined : decode(extension.value);
  };
  const subjectAltNames = decoded(oids.subjectAltName, decodeExtension.subjectAltName);
  const [onlyName] = subjectAltNames?.length === 1 ? subjectAltNames : [];
  return {
    der,
    tbs: tbs.der,
    version,
    serial,
    serialHex: Buffer.from(serial).toString('hex').toUpperCase(),
    tbsSignatureAlgorithm,
    issuer,
    subject,
    notBefore,
    notAfter,
    publicKey,
    extensions,
    keyUsage: decoded(oids.keyUsage, decodeExtension.keyUsage),
    subjectKeyIdentifier: decoded(oids.subjectKeyIdentifier, decodeExtension.subjectKeyIdentifier),
    authorityKeyIdentifier: decoded(oids.authorityKeyIdentifier, decodeExtension.authorityKeyIdentifier),
    basicConstraints: decoded(oids.basicConstraints, decodeExtension.basicConstraints),
    policies: decoded(oids.certificatePolicies, decodeExtension.certificatePolicies),
    subjectAltNames,
    extendedKeyUsage: decoded(oids.extendedKeyUsage, decodeExtension.extendedKeyUsage),
    hardwareModuleName: onlyName?.kind === 'hardware-module' ? onlyName.name : undefined,
    signatureAlgorithm,
    signature
  };
}

/** `[0] EXPLICIT Version DEFAULT v1`: absent for v1, 2 for v3; v1 written out is not DER, v2 and v4 are not used. */
export function readVersion(reader: DerReader): 1 | 3 {
  if (reader.peek() !== contextConstructed(0)) return 1;
  const explicit = reader.enter(contextConstructed(0), 'version');
  const version = explicit.smallInteger('version');
  explicit.end('version');
  if (version !== 2) throw new X509Error('x509/version', 'version');
  return 3;
}
