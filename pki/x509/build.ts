import {
  bitString,
  boolean,
  contextOctets,
  contextTagged,
  integer,
  namedBits,
  octetString,
  oid,
  sequence,
  time,
  tlv,
  unsignedInteger
} from '../der/index.js';
import { signatureAlgorithmDer, type SignatureAlgorithm } from './algorithm.js';
import type { CurveName } from './curve.js';
import { rawToDerSignature } from './ecdsa-signature.js';
import { keyUsageNames, type KeyUsageName } from './key-usage.js';
import { oids } from './oids.js';

/** `Extension`, with criticality written only when TRUE (DEFAULT FALSE, X.690 11.5). */
export function encodeExtension(identifier: string, critical: boolean, value: Uint8Array): Uint8Array {
  return sequence(oid(identifier), ...(critical ? [boolean(true)] : []), octetString(value));
}

export function keyUsageExtension(...usages: readonly KeyUsageName[]): Uint8Array {
  return encodeExtension(oids.keyUsage, true, namedBits(usages.map(usage => keyUsageNames.indexOf(usage))));
}

/** Critical, as RFC 5280 4.2.1.9 demands of a CA certificate. */
export function basicConstraintsExtension(ca: boolean, pathLength?: number): Uint8Array {
  const members = ca ? [boolean(true), ...(pathLength === undefined ? [] : [integer(pathLength)])] : [];
  return encodeExtension(oids.basicConstraints, true, sequence(...members));
}

export function subjectKeyIdentifierExtension(identifier: Uint8Array): Uint8Array {
  return encodeExtension(oids.subjectKeyIdentifier, false, octetString(identifier));
}

export function authorityKeyIdentifierExtension(identifier: Uint8Array): Uint8Array {
  return encodeExtension(oids.authorityKeyIdentifier, false, sequence(contextOctets(0, identifier)));
}

export function extendedKeyUsageExtension(...purposes: readonly string[]): Uint8Array {
  return encodeExtension(oids.extendedKeyUsage, false, sequence(...purposes.map(oid)));
}

export type AlternativeName =
  | { readonly dns: string }
  | { readonly uri: string }
  /** 4 or 16 octets. */
  | { readonly ip: Uint8Array };

export function subjectAltNameExtension(critical: boolean, ...names: readonly AlternativeName[]): Uint8Array {
  const encoded = names.map(name => {
    if ('ip' in name) return contextOctets(7, name.ip);
    return 'dns' in name
      ? contextOctets(2, Buffer.from(name.dns, 'latin1'))
      : contextOctets(6, Buffer.from(name.uri, 'latin1'));
  });
  return encodeExtension(oids.subjectAltName, critical, sequence(...encoded));
}

/** subjectAltName with one hardwareModuleName (RFC 4108 section 5), critical as GBCS section 12 has it. */
export function hardwareModuleNameExtension(hwType: string, serialNumber: Uint8Array): Uint8Array {
  const name = sequence(oid(hwType), octetString(serialNumber));
  const otherName = contextTagged(0, oid(oids.hardwareModuleName), contextTagged(0, name));
  return encodeExtension(oids.subjectAltName, true, sequence(otherName));
}

export interface CertificateContent {
  /** Content octets of the serial number, a positive INTEGER. */
  readonly serial: Uint8Array;
  readonly signatureAlgorithm: SignatureAlgorithm;
  /** Encoded names. */
  readonly issuer: Uint8Array;
  readonly subject: Uint8Array;
  readonly notBefore: Date;
  readonly notAfter: Date;
  /** SubjectPublicKeyInfo. */
  readonly spki: Uint8Array;
  /** Encoded extensions, in order, at least one. */
  readonly extensions: readonly Uint8Array[];
}

/**
 * tbsCertificate of a v3 certificate with any content: for component TLS certificates and the demo's public CA.
 * Certificates of the PKIs are made from their profiles and pass the lints; this writes what it is told.
 */
export function buildCertificateTbs(content: CertificateContent): Uint8Array {
  return sequence(
    contextTagged(0, integer(2)),
    unsignedInteger(content.serial),
    signatureAlgorithmDer[content.signatureAlgorithm],
    content.issuer,
    sequence(time(content.notBefore), time(content.notAfter)),
    content.subject,
    content.spki,
    contextTagged(3, sequence(...content.extensions))
  );
}

/** `SEQUENCE { signed, algorithm, signature }`: certificate, revocation list or request. `raw` is r‖s or PKCS#1. */
export function assembleSigned(
  signed: Uint8Array,
  algorithm: SignatureAlgorithm,
  raw: Uint8Array,
  curve: CurveName = 'P-256'
): Uint8Array {
  const value = algorithm === 'ecdsa-with-SHA256' ? rawToDerSignature(raw, curve) : raw;
  return sequence(signed, signatureAlgorithmDer[algorithm], bitString(value));
}

export interface RequestContent {
  /** Encoded subject. */
  readonly subject: Uint8Array;
  readonly spki: Uint8Array;
  /** Encoded extensions to ask for, in order. */
  readonly extensions: readonly Uint8Array[];
}

/** certificationRequestInfo (RFC 2986 4.1) with one extensionRequest attribute: the octets the new key signs. */
export function buildRequestInfo(content: RequestContent): Uint8Array {
  const extensionRequest = sequence(oid(oids.extensionRequest), tlv(0x31, sequence(...content.extensions)));
  return sequence(integer(0), content.subject, content.spki, contextTagged(0, extensionRequest));
}

/** The finished request: the information, signed by its own key. */
export function assembleRequest(
  requestInfo: Uint8Array,
  algorithm: SignatureAlgorithm,
  raw: Uint8Array
): Uint8Array {
  return assembleSigned(requestInfo, algorithm, raw);
}
