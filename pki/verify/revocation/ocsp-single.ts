import { contextConstructed, contextPrimitive, tags, type DerReader } from '../../der/index.js';
import { decodeExtension } from '../../x509/index.js';
import { readAlgorithm } from '../../x509/algorithm.js';
import { readExtensions } from '../../x509/extension.js';
import { checkCriticality, type KnownExtension } from './crl-extensions.js';
import { malformed } from './error.js';
import { readGeneralizedTime } from './generalized-time.js';

/** CertID (RFC 6960 4.1.1): which certificate is spoken of. The hashes only name, they protect nothing. */
export interface CertId {
  /** Dotted. */
  readonly hashAlgorithm: string;
  readonly issuerNameHash: Uint8Array;
  readonly issuerKeyHash: Uint8Array;
  /** Content octets of the INTEGER. */
  readonly serial: Uint8Array;
}

export type OcspStatus =
  | { readonly kind: 'good' }
  | { readonly kind: 'unknown' }
  | { readonly kind: 'revoked'; readonly revokedAt: Date; readonly reason: number | undefined };

/** SingleResponse (RFC 6960 4.2.1). */
export interface SingleResponse {
  readonly certId: CertId;
  readonly status: OcspStatus;
  readonly thisUpdate: Date;
  readonly nextUpdate: Date | undefined;
}

/** None has a meaning without which the answer would be misread. */
const singleExtensions: ReadonlyMap<string, KnownExtension> = new Map();

export function readSingleResponse(list: DerReader): SingleResponse {
  const what = 'SingleResponse';
  const reader = list.sequence(what);
  const certId = readCertId(reader);
  const status = readStatus(reader);
  const thisUpdate = readGeneralizedTime(reader, 'thisUpdate');
  let nextUpdate: Date | undefined;
  if (reader.peek() === contextConstructed(0)) {
    const explicit = reader.enter(contextConstructed(0), 'nextUpdate');
    nextUpdate = readGeneralizedTime(explicit, 'nextUpdate');
    explicit.end('nextUpdate');
    if (nextUpdate < thisUpdate) throw malformed('nextUpdate lies before thisUpdate', 'RFC 6960 2.4');
  }
  if (!reader.done) {
    const explicit = reader.enter(contextConstructed(1), 'singleExtensions');
    checkCriticality(readExtensions(explicit, 'singleExtensions'), singleExtensions, 'an answer');
    explicit.end('singleExtensions');
  }
  reader.end(what);
  return { certId, status, thisUpdate, nextUpdate };
}

function readCertId(list: DerReader): CertId {
  const reader = list.sequence('CertID');
  const { oid, parameters } = readAlgorithm(reader, 'hashAlgorithm');
  // Absent or NULL (RFC 4055 2.1): both are written.
  if (parameters !== undefined && parameters[0] !== tags.null)
    throw malformed('the hash algorithm has parameters', 'RFC 4055 2.1');
  const issuerNameHash = reader.octetString('issuerNameHash');
  const issuerKeyHash = reader.octetString('issuerKeyHash');
  const serial = reader.integer('serialNumber', 20);
  reader.end('CertID');
  return { hashAlgorithm: oid, issuerNameHash, issuerKeyHash, serial };
}

/** `CHOICE { good [0] NULL, revoked [1] RevokedInfo, unknown [2] UnknownInfo }`, all IMPLICIT. */
function readStatus(reader: DerReader): OcspStatus {
  const tag = reader.peek();
  if (tag === contextConstructed(1)) {
    const info = reader.enter(tag, 'RevokedInfo');
    const revokedAt = readGeneralizedTime(info, 'revocationTime');
    let reason: number | undefined;
    if (!info.done) {
      const explicit = info.enter(contextConstructed(0), 'revocationReason');
      reason = decodeExtension.reasonCode(explicit.read(tags.enumerated, 'revocationReason').der);
      explicit.end('revocationReason');
    }
    info.end('RevokedInfo');
    return { kind: 'revoked', revokedAt, reason };
  }
  const kind = tag === contextPrimitive(0) ? 'good' : 'unknown';
  const value = reader.read(kind === 'good' ? contextPrimitive(0) : contextPrimitive(2), 'CertStatus');
  if (value.content.length !== 0) reader.fail('der/null', 'CertStatus');
  return { kind };
}
