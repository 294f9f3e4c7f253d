import {
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  randomBytes,
  sign,
  type KeyObject
} from 'node:crypto';
import {
  assembleSigned,
  authorityKeyIdentifierExtension,
  basicConstraintsExtension,
  buildCertificateTbs,
  encodeName,
  encodePem,
  extendedKeyUsageExtension,
  keyIdentifier,
  keyUsageExtension,
  oids,
  parsePublicKey,
  subjectAltNameExtension,
  subjectKeyIdentifierExtension,
  type AlternativeName
} from '../../pki/x509/index.js';

/** RFC 5280 4.2.1.12. */
const purposes = { server: '1.3.6.1.5.5.7.3.1', client: '1.3.6.1.5.5.7.3.2' } as const;

/** A key with its certificate; never one of the PKIs this software is about. */
export interface TlsIdentity {
  readonly commonName: string;
  readonly certificate: Uint8Array;
  readonly key: KeyObject;
}

export type TlsKeyType = 'P-256' | 'RSA-2048';

export interface LeafContent {
  readonly commonName: string;
  readonly names: readonly AlternativeName[];
  readonly purposes: readonly (keyof typeof purposes)[];
}

interface Validity {
  readonly notBefore: Date;
  readonly notAfter: Date;
}

export function makeRoot(commonName: string, keyType: TlsKeyType, validity: Validity): TlsIdentity {
  const key = newKey(keyType);
  const identifier = identifierOf(key);
  const certificate = signed(key, commonName, commonName, validity, key, [
    basicConstraintsExtension(true, 0),
    keyUsageExtension('keyCertSign', 'cRLSign'),
    subjectKeyIdentifierExtension(identifier)
  ]);
  return { commonName, certificate, key };
}

export function makeLeaf(
  root: TlsIdentity,
  content: LeafContent,
  keyType: TlsKeyType,
  validity: Validity
): TlsIdentity {
  const key = newKey(keyType);
  const certificate = signed(root.key, root.commonName, content.commonName, validity, key, [
    basicConstraintsExtension(false),
    keyUsageExtension('digitalSignature'),
    extendedKeyUsageExtension(...content.purposes.map(purpose => purposes[purpose])),
    subjectAltNameExtension(false, ...content.names),
    subjectKeyIdentifierExtension(identifierOf(key)),
    authorityKeyIdentifierExtension(identifierOf(root.key))
  ]);
  return { commonName: content.commonName, certificate, key };
}

/** Certificate and key as PEM. */
export function identityPem(identity: TlsIdentity): { certificate: string; key: string } {
  return {
    certificate: encodePem('CERTIFICATE', identity.certificate),
    key: identity.key.export({ type: 'pkcs8', format: 'pem' }).toString()
  };
}

/** DER SubjectPublicKeyInfo of a private or public key. */
export function spkiOf(key: KeyObject): Uint8Array {
  const publicPart = key.type === 'private' ? createPublicKey(key) : key;
  return new Uint8Array(publicPart.export({ type: 'spki', format: 'der' }));
}

function newKey(keyType: TlsKeyType): KeyObject {
  return keyType === 'P-256'
    ? generateKeyPairSync('ec', { namedCurve: 'prime256v1' }).privateKey
    : generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey;
}

function identifierOf(key: KeyObject): Uint8Array {
  return keyIdentifier(parsePublicKey(spkiOf(key)).keyBits);
}

function signed(
  signer: KeyObject,
  issuer: string,
  subject: string,
  validity: Validity,
  key: KeyObject,
  extensions: readonly Uint8Array[]
): Uint8Array {
  const ec = signer.asymmetricKeyType === 'ec';
  const algorithm = ec ? 'ecdsa-with-SHA256' : 'sha256WithRSAEncryption';
  const serial = new Uint8Array(randomBytes(16));
  // Positive and without a leading zero octet (X.690 8.3.2).
  serial[0] = ((serial[0] ?? 0) & 0x3f) | 0x40;
  const tbs = buildCertificateTbs({
    serial,
    signatureAlgorithm: algorithm,
    issuer: encodeName([{ type: oids.commonName, utf8: issuer }]),
    subject: encodeName([{ type: oids.commonName, utf8: subject }]),
    ...validity,
    spki: spkiOf(key),
    extensions
  });
  return assembleSigned(tbs, algorithm, sign('sha256', tbs, { key: signer, dsaEncoding: 'ieee-p1363' }));
}

/** The identity in a certificate and a key file's content. */
export function readIdentity(commonName: string, certificate: Uint8Array, keyPem: string): TlsIdentity {
  return { commonName, certificate, key: createPrivateKey(keyPem) };
}
