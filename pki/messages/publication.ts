import { MessageError, MessageReader, MessageWriter } from './codec.js';

/**
 * What the CA lodges in the repository: a group of certificates, or a revocation list. The group id is the order
 * id, so that lodging again is recognised: the same DER again is success, other DER under one issuer and serial
 * is refused as a conflict.
 */
export type Publication = CertificatePublication | CrlPublication;

export interface CertificatePublication {
  readonly kind: 'certificates';
  /** 16 octets. */
  readonly groupId: Uint8Array;
  /** DER certificates of one profile. */
  readonly certificates: readonly Uint8Array[];
}

export interface CrlPublication {
  readonly kind: 'crl';
  /** DER CertificateList. */
  readonly crl: Uint8Array;
}

/** A CRL of a million entries is some 40 MB; this slice publishes small ones. */
const maxCrlOctets = 64 * 1024 * 1024;

export function encodePublication(publication: Publication): Uint8Array {
  if (publication.kind === 'crl')
    return new MessageWriter(publication.crl.length + 8).u8(2).octets(publication.crl).finish();
  let octets = 64;
  for (const certificate of publication.certificates) octets += 4 + certificate.length;
  const writer = new MessageWriter(octets)
    .u8(1)
    .raw(publication.groupId)
    .u32(publication.certificates.length);
  for (const certificate of publication.certificates) writer.octets(certificate);
  return writer.finish();
}

export function decodePublication(message: Uint8Array): Publication {
  const reader = new MessageReader(message);
  const kind = reader.u8('kind');
  if (kind === 2) {
    const crl = reader.octets('CRL', maxCrlOctets);
    reader.end();
    return { kind: 'crl', crl };
  }
  if (kind !== 1) throw new MessageError('unknown publication', 0);
  const groupId = reader.raw(16, 'group id');
  const certificates: Uint8Array[] = [];
  const count = reader.count('certificates', 1_000);
  for (let i = 0; i < count; i++) certificates.push(reader.octets('certificate', 8_192));
  reader.end();
  return { kind: 'certificates', groupId, certificates };
}
