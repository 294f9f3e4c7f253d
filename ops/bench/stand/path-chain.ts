import { generateKeyPairSync, randomBytes, sign, type KeyObject } from 'node:crypto';
import {
  assembleCertificate,
  assembleCrl,
  authorityKeyIdentifierExtension,
  basicConstraintsExtension,
  buildCertificateTbs,
  buildCrlTbs,
  ecSpki,
  encodeName,
  keyIdentifier,
  keyUsageExtension,
  newSerial,
  oids,
  parseCertificate,
  subjectKeyIdentifierExtension,
  type Certificate,
  type RevocationReason
} from '../../../pki/index.js';

/** Certificates of no PKI of ours, two authorities below their anchor, for what RFC 5280 path validation costs. DER. */
export interface PathChain {
  readonly anchor: Uint8Array;
  readonly intermediates: readonly Uint8Array[];
  readonly certificates: readonly Uint8Array[];
  /** One of each authority, the anchor's among them; that over the certificates has many entries. */
  readonly crls: readonly Uint8Array[];
}

interface Authority {
  readonly key: KeyObject;
  readonly certificate: Certificate;
}

const dayMs = 86_400_000;

export function makePathChain(count: number, entries: number): PathChain {
  const anchor = makeAuthority('Anchor', undefined);
  const upper = makeAuthority('Upper', anchor);
  const lower = makeAuthority('Lower', upper);
  return {
    anchor: anchor.certificate.der,
    intermediates: [lower.certificate.der, upper.certificate.der],
    certificates: Array.from({ length: count }, (_, n) => makeEndEntity(`Example ${n}`, lower)),
    crls: [makeList(anchor, 0), makeList(upper, 0), makeList(lower, entries)]
  };
}

/** A complete list in force for a week, of serial numbers that were never given. */
export function listTbs(issuer: Certificate, entries: number): Uint8Array {
  const now = Math.floor(Date.now() / 1_000) * 1_000;
  const date = new Date(now - dayMs);
  const reason: RevocationReason = 'superseded';
  return buildCrlTbs({
    issuer,
    number: 1n,
    thisUpdate: new Date(now),
    nextUpdate: new Date(now + 7 * dayMs),
    entries: Array.from({ length: entries }, () => ({
      serialHex: Buffer.from(freshSerial()).toString('hex').toUpperCase(),
      ...{ date, reason }
    }))
  });
}

export function freshSerial(): Uint8Array {
  return newSerial(octets => randomBytes(octets));
}

/** A P-256 key that nobody keeps, and its SubjectPublicKeyInfo. */
export function freshKey(): {
  readonly key: KeyObject;
  readonly spki: Uint8Array;
  readonly point: Uint8Array;
} {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
  const spki = publicKey.export({ format: 'der', type: 'spki' });
  const point = Uint8Array.from(spki.subarray(-65));
  return { key: privateKey, spki: ecSpki('P-256', point), point };
}

function makeAuthority(name: string, issuer: Authority | undefined): Authority {
  const { key, spki, point } = freshKey();
  const extensions = [keyUsageExtension('keyCertSign', 'cRLSign'), basicConstraintsExtension(true)];
  const der = certificateOf({ name, spki, point, extensions, signer: issuer?.key ?? key, issuer });
  return { key, certificate: parseCertificate(der) };
}

function makeEndEntity(name: string, issuer: Authority): Uint8Array {
  const { spki, point } = freshKey();
  const extensions = [keyUsageExtension('digitalSignature')];
  return certificateOf({ name, spki, point, extensions, signer: issuer.key, issuer });
}

function certificateOf(of: {
  readonly name: string;
  readonly spki: Uint8Array;
  readonly point: Uint8Array;
  readonly extensions: readonly Uint8Array[];
  readonly signer: KeyObject;
  readonly issuer: Authority | undefined;
}): Uint8Array {
  const subject = encodeName([{ type: oids.commonName, utf8: of.name }]);
  const own = keyIdentifier(of.point);
  const tbs = buildCertificateTbs({
    ...{ serial: freshSerial(), signatureAlgorithm: 'ecdsa-with-SHA256', subject, spki: of.spki },
    issuer: of.issuer?.certificate.subject.der ?? subject,
    notBefore: new Date(Math.floor(Date.now() / dayMs) * dayMs),
    notAfter: new Date(Math.floor(Date.now() / dayMs) * dayMs + 365 * dayMs),
    extensions: [
      ...of.extensions,
      subjectKeyIdentifierExtension(own),
      authorityKeyIdentifierExtension(of.issuer?.certificate.subjectKeyIdentifier ?? own)
    ]
  });
  return assembleCertificate(tbs, 'P-256', signRaw(tbs, of.signer));
}

function makeList({ certificate, key }: Authority, entries: number): Uint8Array {
  const tbs = listTbs(certificate, entries);
  return assembleCrl(tbs, 'P-256', signRaw(tbs, key));
}

function signRaw(data: Uint8Array, key: KeyObject): Uint8Array {
  return sign('sha256', data, { key, dsaEncoding: 'ieee-p1363' });
}
