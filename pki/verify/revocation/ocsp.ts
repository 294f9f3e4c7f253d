import { DerReader, contextConstructed, tags } from '../../der/index.js';
import type { Name } from '../../x509/index.js';
import { readAlgorithm } from '../../x509/algorithm.js';
import { readExtensions } from '../../x509/extension.js';
import { decodeWhole } from '../path/extensions.js';
import { readName } from '../path/name.js';
import type { SignedObject } from '../path/signatures.js';
import { checkCriticality, decodedExtension, type KnownExtension } from './crl-extensions.js';
import { RevocationError, malformed } from './error.js';
import { readGeneralizedTime } from './generalized-time.js';
import { readSingleResponse, type SingleResponse } from './ocsp-single.js';

/** ResponderID (RFC 6960 4.2.1): a name, or the SHA-1 of the key's bits. */
export type ResponderId =
  { readonly kind: 'name'; readonly name: Name } | { readonly kind: 'key'; readonly hash: Uint8Array };

/** A BasicOCSPResponse read from strict DER. Octet arrays are views of `der`. Nothing has been verified. */
export interface OcspResponse extends SignedObject {
  readonly der: Uint8Array;
  readonly responderId: ResponderId;
  readonly producedAt: Date;
  readonly responses: readonly SingleResponse[];
  /** The nonce's octets. */
  readonly nonce: Uint8Array | undefined;
  /** DER of the certificates enclosed; not read. */
  readonly certificates: readonly Uint8Array[];
}

const basicResponse = '1.3.6.1.5.5.7.48.1.1';
const nonceIdentifier = '1.3.6.1.5.5.7.48.1.2';

/** OCSPResponseStatus (RFC 6960 4.2.1); 4 is not used. */
const responseStatuses: ReadonlyMap<number, string> = new Map([
  [1, 'malformedRequest'],
  [2, 'internalError'],
  [3, 'tryLater'],
  [5, 'sigRequired'],
  [6, 'unauthorized']
]);

/** RFC 6960 4.4: the response extensions that are understood. */
const responseExtensions: ReadonlyMap<string, KnownExtension> = new Map([
  [nonceIdentifier, { name: 'nonce', critical: 'either' }]
]);

/**
 * DESIGN: a responder answers for one certificate and encloses one of its own, some 2 KiB; answers prepared for many
 * certificates at once are not met with.
 */
const maxOcspOctets = 65_536;

/** Reads an OCSPResponse (RFC 6960 4.2.1) whole. Throws `RevocationError`, `DerError` or `X509Error`. */
export function readOcspResponse(der: Uint8Array): OcspResponse {
  const outer = DerReader.over(der, 'OCSPResponse', { maxOctets: maxOcspOctets });
  const reader = outer.sequence('OCSPResponse');
  outer.end('OCSPResponse');
  const status = reader.smallInteger('responseStatus', tags.enumerated);
  if (status !== 0) {
    const text = responseStatuses.get(status);
    if (text === undefined) throw malformed('the response has an unknown status', 'RFC 6960 4.2.1');
    throw new RevocationError({
      code: 'revocation/response',
      message: 'the responder gave no answer',
      facts: { responseStatus: text }
    });
  }
  const bytes = reader.enter(contextConstructed(0), 'responseBytes');
  reader.end('OCSPResponse');
  const typed = bytes.sequence('ResponseBytes');
  bytes.end('responseBytes');
  if (typed.oid('responseType') !== basicResponse)
    throw malformed('the response is not a basic one', 'RFC 6960 4.2.1');
  const octets = typed.octetString('response');
  typed.end('ResponseBytes');
  return { der, ...readBasicResponse(octets) };
}

function readBasicResponse(octets: Uint8Array): Omit<OcspResponse, 'der'> {
  const what = 'BasicOCSPResponse';
  const outer = DerReader.over(octets, what);
  const basic = outer.sequence(what);
  outer.end(what);
  const tbs = basic.read(tags.sequence, 'tbsResponseData');
  const signatureAlgorithm = readAlgorithm(basic, 'signatureAlgorithm');
  const signature = basic.octetsOfBitString('signature');
  const certificates: Uint8Array[] = [];
  if (!basic.done) {
    const explicit = basic.enter(contextConstructed(0), 'certs');
    const list = explicit.sequence('certs');
    explicit.end('certs');
    while (!list.done) certificates.push(list.read(tags.sequence, 'certificate').der);
  }
  basic.end(what);
  return {
    tbs: tbs.der,
    // ResponseData has no algorithm of its own.
    tbsSignatureAlgorithm: undefined,
    signatureAlgorithm,
    signature,
    certificates,
    ...readResponseData(basic.inside(tbs, 'tbsResponseData'))
  };
}

function readResponseData(
  reader: DerReader
): Pick<OcspResponse, 'responderId' | 'producedAt' | 'responses' | 'nonce'> {
  // `version [0] DEFAULT v1`: there is no other, and a default is not written (X.690 11.5).
  if (reader.peek() === contextConstructed(0)) reader.fail('der/default', 'version');
  const responderId = readResponderId(reader);
  const producedAt = readGeneralizedTime(reader, 'producedAt');
  const list = reader.sequence('responses');
  const responses: SingleResponse[] = [];
  do responses.push(readSingleResponse(list));
  while (!list.done);
  let nonce: Uint8Array | undefined;
  if (!reader.done) {
    const explicit = reader.enter(contextConstructed(1), 'responseExtensions');
    const extensions = readExtensions(explicit, 'responseExtensions');
    explicit.end('responseExtensions');
    checkCriticality(extensions, responseExtensions, 'the response');
    nonce = decodedExtension(extensions, nonceIdentifier, value =>
      decodeWhole(value, 'nonce', inner => inner.octetString('nonce'))
    );
  }
  reader.end('tbsResponseData');
  return { responderId, producedAt, responses, nonce };
}

function readResponderId(reader: DerReader): ResponderId {
  if (reader.peek() === contextConstructed(1)) {
    const explicit = reader.enter(contextConstructed(1), 'byName');
    const name = readName(explicit, 'byName');
    explicit.end('byName');
    return { kind: 'name', name };
  }
  const explicit = reader.enter(contextConstructed(2), 'byKey');
  const hash = explicit.octetString('KeyHash');
  explicit.end('byKey');
  if (hash.length !== 20) throw malformed('byKey is not a SHA-1 hash', 'RFC 6960 4.2.1');
  return { kind: 'key', hash };
}
