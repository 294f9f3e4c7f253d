import { sameName } from '../path/name.js';
import type { PathCertificate } from '../path/certificate.js';
import { Budget, defaultBudgets } from '../path/budget.js';
import { Signatures } from '../path/signatures.js';
import { isSigned } from '../signature/signed.js';
import { readCrl } from './crl.js';
import { RevocationError, failureOf, type RevocationFailure } from './error.js';
import { readGivenCertificate, readGivenIssuer } from './given-certificate.js';
import { judgeResponse } from './judge-ocsp.js';
import { responderStatusFault } from './responder-status.js';
import { readOcspResponse } from './ocsp.js';
import { readAll } from './read-all.js';

export interface OcspInput {
  /** DER OCSPResponse (RFC 6960 4.2.1). */
  readonly response: Uint8Array;
  /** DER certificate asked about. */
  readonly certificate: Uint8Array;
  /** DER certificate of its issuer, to be believed on the caller's word: found by `verifyPath`, or trusted. */
  readonly issuer: Uint8Array;
  readonly at: Date;
  /** The nonce that was sent (RFC 8954), which the response must repeat; leave out to ask for none. */
  readonly nonce?: Uint8Array | undefined;
  /**
   * Greatest age of the answer in milliseconds, counted from thisUpdate. Without it an answer that has no nextUpdate
   * is never new enough.
   */
  readonly maxAgeMs?: number | undefined;
  /** DER lists by the issuer, for the status of a delegated responder that does not carry id-pkix-ocsp-nocheck. */
  readonly crls?: readonly Uint8Array[] | undefined;
}

/** When an answer holds. */
interface OcspTimes {
  readonly thisUpdate: Date;
  readonly nextUpdate: Date | undefined;
  readonly producedAt: Date;
}

/** `unknown`: the responder does not know, or nothing the response says is believed; `failure` tells which. */
export type OcspVerdict =
  | ({ readonly status: 'good' } & OcspTimes)
  | ({
      readonly status: 'revoked';
      readonly revokedAt: Date;
      /** RFC 5280 5.3.1 code; undefined when none is given. */
      readonly reason: number | undefined;
    } & OcspTimes)
  | { readonly status: 'unknown'; readonly failure: RevocationFailure };

/**
 * Judges one response about one certificate (RFC 6960 3.2): the certificate is the issuer's, the answer is about it,
 * signed by the issuer or by one whom it has certified to answer, and in force. Never throws for what the octets
 * hold; a TypeError is a wrong JavaScript type.
 */
export function verifyOcsp(input: OcspInput): OcspVerdict {
  checkTypes(input);
  const { at, nonce, maxAgeMs, crls = [] } = input;
  try {
    const certificate = readGivenCertificate(input.certificate, 'the certificate');
    const issuer = readGivenIssuer(input.issuer, at);
    checkIssued(certificate, issuer);
    const response = readOcspResponse(input.response);
    const validated = { name: issuer.subject, key: issuer.publicKey, certificate: issuer };
    const lists = readAll(crls, readCrl).good;
    // As many as there can be: every list once, and the few certificates enclosed.
    const signatures = new Signatures(
      new Budget({ ...defaultBudgets, signatures: defaultBudgets.signatures + lists.length })
    );
    const answer = judgeResponse(response, {
      ...{ certificate, issuer: validated, at, nonce, maxAgeMs },
      verify: (object, key) => signatures.verify(object, key),
      whyNotGood: responder =>
        responderStatusFault(responder, lists, {
          ...{ certificate, depth: 0, issuer: validated, at, signatures },
          signers: () => []
        })
    });
    if (!answer.answered) return { status: 'unknown', failure: answer.failure };
    const { status, thisUpdate, nextUpdate } = answer.single;
    const times = { thisUpdate, nextUpdate, producedAt: response.producedAt };
    switch (status.kind) {
      case 'good':
        return { status: 'good', ...times };
      case 'revoked':
        return { status: 'revoked', revokedAt: status.revokedAt, reason: status.reason, ...times };
      case 'unknown':
        return {
          status: 'unknown',
          failure: { code: 'revocation/unknown', message: 'the responder does not know the certificate' }
        };
    }
  } catch (error) {
    return { status: 'unknown', failure: failureOf(error) };
  }
}

function checkTypes({ response, certificate, issuer, at, nonce, maxAgeMs, crls = [] }: OcspInput): void {
  const octets = [response, certificate, issuer, ...crls, ...(nonce === undefined ? [] : [nonce])];
  if (!octets.every(one => one instanceof Uint8Array)) throw new TypeError('DER is a Uint8Array');
  if (!(at instanceof Date) || Number.isNaN(at.getTime())) throw new TypeError('at is a valid Date');
  if (maxAgeMs !== undefined && !(maxAgeMs >= 0)) throw new TypeError('maxAgeMs is a number of milliseconds');
}

/** An answer about a serial number is one about this certificate only when the issuer has issued it. */
function checkIssued(certificate: PathCertificate, issuer: PathCertificate): void {
  const { tbs, signatureAlgorithm, tbsSignatureAlgorithm, signature } = certificate;
  if (
    !sameName(certificate.issuer, issuer.subject) ||
    isSigned(tbs, signatureAlgorithm, tbsSignatureAlgorithm, signature, issuer.publicKey) !== true
  )
    throw new RevocationError({
      code: 'revocation/signer',
      message: 'the certificate is not one of the issuer’s'
    });
}
