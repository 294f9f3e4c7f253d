import { sha1, sha256 } from '../../digest.js';
import { sameOctets } from '../../der/octets.js';
import type { Name } from '../../x509/index.js';
import type { RevocationFailure } from './error.js';
import type { OcspResponse } from './ocsp.js';
import type { CertId, SingleResponse } from './ocsp-single.js';
import { responderFault, type ResponderQuestion } from './responder.js';

/** What is asked of a response. */
export interface OcspQuestion extends ResponderQuestion {
  readonly certificate: { readonly issuer: Name; readonly serial: Uint8Array };
  /** The nonce that was sent; undefined asks for none. */
  readonly nonce: Uint8Array | undefined;
  /** Greatest age of thisUpdate in milliseconds; undefined: as long as nextUpdate says, which must be there. */
  readonly maxAgeMs: number | undefined;
}

/** What one response says of the certificate, once everything about it was found right. */
export type OcspAnswer =
  | { readonly answered: true; readonly single: SingleResponse }
  | { readonly answered: false; readonly failure: RevocationFailure };

/** Hash algorithms of CertID. They only say which certificate is meant: the signature covers the whole CertID. */
const identifyingHashes: ReadonlyMap<string, (octets: Uint8Array) => Uint8Array> = new Map([
  ['1.3.14.3.2.26', sha1],
  ['2.16.840.1.101.3.4.2.1', sha256]
]);

/** Judges one response by RFC 6960 3.2: certificate, nonce, responder, signature, times. */
export function judgeResponse(response: OcspResponse, question: OcspQuestion): OcspAnswer {
  const singles = response.responses.filter(({ certId }) => isAbout(certId, question));
  const [first] = singles;
  if (first === undefined)
    return refused('revocation/unknown', 'no list and no response is about the certificate');
  const { nonce } = question;
  if (nonce !== undefined && (response.nonce === undefined || !sameOctets(nonce, response.nonce)))
    return refused('revocation/response', 'the response is not to the request that was sent', {
      nonce: response.nonce === undefined ? 'missing' : 'different'
    });
  const fault = responderFault(response, question);
  if (fault !== undefined) return { answered: false, failure: fault };
  const late = singles
    .map(single => timeFault(response, single, question))
    .find(found => found !== undefined);
  if (late !== undefined) return { answered: false, failure: late };
  // Two answers about one certificate: the worse one holds.
  const worst =
    singles.find(({ status }) => status.kind === 'revoked') ??
    singles.find(({ status }) => status.kind === 'unknown') ??
    first;
  return { answered: true, single: worst };
}

/** Whether a CertID means the certificate asked about (RFC 6960 4.1.1). */
function isAbout(certId: CertId, { certificate, issuer }: OcspQuestion): boolean {
  const hash = identifyingHashes.get(certId.hashAlgorithm);
  return (
    hash !== undefined &&
    sameOctets(certId.serial, certificate.serial) &&
    sameOctets(certId.issuerNameHash, hash(certificate.issuer.der)) &&
    sameOctets(certId.issuerKeyHash, hash(issuer.key.keyBits))
  );
}

function timeFault(
  { producedAt }: OcspResponse,
  { thisUpdate, nextUpdate }: SingleResponse,
  { at, maxAgeMs }: OcspQuestion
): RevocationFailure | undefined {
  if (thisUpdate > at || producedAt > at)
    return {
      code: 'revocation/not-yet-valid',
      message: 'the response was made after the moment asked about',
      facts: { thisUpdate: thisUpdate.toISOString(), producedAt: producedAt.toISOString() }
    };
  if (nextUpdate !== undefined && at > nextUpdate)
    return {
      code: 'revocation/stale',
      message: 'newer information was to be had before the moment asked about',
      facts: { nextUpdate: nextUpdate.toISOString() }
    };
  // RFC 6960 2.4: without nextUpdate newer information is always to be had; how old is too old is the caller's.
  if (maxAgeMs === undefined ? nextUpdate === undefined : at.getTime() - thisUpdate.getTime() > maxAgeMs)
    return {
      code: 'revocation/stale',
      message: 'the response is older than was asked for',
      facts: { thisUpdate: thisUpdate.toISOString() }
    };
  return undefined;
}

function refused(
  code: RevocationFailure['code'],
  message: string,
  facts?: Readonly<Record<string, string>>
): OcspAnswer {
  return { answered: false, failure: { code, message, ...(facts === undefined ? {} : { facts }) } };
}
