import type { Name, SubjectPublicKey } from '../../x509/index.js';
import type { PathAnchor } from './anchor.js';
import type { PathCertificate } from './certificate.js';
import type { Signatures } from './signatures.js';

/** Why a certificate's status is not `good`; closed. All but `revocation/revoked` mean that it is not known. */
export const revocationCodes = [
  /** On a list in force, or so answered by a responder; also on hold (RFC 5280 5.3.1). */
  'revocation/revoked',
  /** No list and no response that was handed in is about this certificate. */
  'revocation/unknown',
  /** Lists in scope, but together they do not cover every reason (RFC 5280 6.3.3). */
  'revocation/reasons',
  /** nextUpdate (or the age asked for) has passed. */
  'revocation/stale',
  /** thisUpdate lies in the future. */
  'revocation/not-yet-valid',
  /** Not the structure of its standard, or a value its rules forbid. */
  'revocation/malformed',
  /** A critical extension, of the list or an entry, that is not understood. */
  'revocation/critical-extension',
  /** The distribution point, the kind of certificate or the issuer is another one's. */
  'revocation/scope',
  /** A delta list whose base is missing, or not its own. */
  'revocation/delta',
  /** No certificate that may sign it has a valid path to the same anchor. */
  'revocation/signer',
  'revocation/signature',
  /** A response to another question: nonce, certificate or hash differ. */
  'revocation/response'
] as const;
export type RevocationCode = (typeof revocationCodes)[number];

/** What a status rests on: told in the result, so that it can be recorded and asked for again. */
export interface RevocationEvidence {
  /** The certificate it is about: 0 is the target, 1 its issuer and so on. */
  readonly depth: number;
  readonly kind: 'crl' | 'delta-crl' | 'ocsp';
  /** The list or response itself. */
  readonly der: Uint8Array;
  /** cRLNumber in decimal; undefined for a response. */
  readonly number: string | undefined;
  readonly thisUpdate: Date;
  readonly nextUpdate: Date | undefined;
}

export type RevocationAnswer =
  | { readonly good: true; readonly evidence: readonly RevocationEvidence[] }
  | {
      readonly good: false;
      readonly code: RevocationCode;
      /** One sentence for people, without text from the input that was not escaped. */
      readonly message: string;
      /** Dates in ISO 8601, reasons by their RFC 5280 names, numbers in decimal. */
      readonly facts?: Readonly<Record<string, string>>;
    };

/** Who issued a certificate: its name and the working public key under which the certificate was verified. */
export interface ValidatedIssuer {
  readonly name: Name;
  readonly key: SubjectPublicKey;
  /** Undefined for an anchor given as name and key. */
  readonly certificate: PathCertificate | undefined;
}

/** A certificate with cRLSign that has a valid path to the anchor of the question. */
export interface CrlSigner {
  readonly certificate: PathCertificate;
  readonly key: SubjectPublicKey;
}

/** The status of one certificate of a path that has been validated in everything else. */
export interface RevocationQuestion {
  readonly certificate: PathCertificate;
  readonly depth: number;
  readonly issuer: ValidatedIssuer;
  /** The certificates above, nearest first; the anchor's own last, when it is given as one. */
  readonly issuers: readonly PathCertificate[];
  readonly anchor: PathAnchor;
  readonly at: Date;
  /** Every signature is asked for here: counted, and answered once. */
  readonly signatures: Signatures;
  /**
   * Certificates with this subject and cRLSign, out of the anchor and the intermediates of the call, each with a
   * valid path to the same anchor (RFC 5280 6.3.3 f), within the budgets of the call. Where the caller asks for
   * the revocation of the whole chain, the path's certificates have been found good too; a certificate whose own
   * status is being asked for is left out, so that no list vouches for its own signer. Best candidates first;
   * computed as they are drawn.
   */
  signers(name: Name): Iterable<CrlSigner>;
}

/**
 * Answers for the status of certificates from the lists and responses of one call. Made by
 * `revocationSource(crls, ocspResponses)` of `pki/verify/revocation/source.ts`; reads them when first asked, once.
 * Never throws for what they hold. A spent budget (`BudgetSpent`, thrown by `signatures` and `signers`) is let
 * through: the search ends.
 */
export interface RevocationSource {
  status(question: RevocationQuestion): RevocationAnswer;
}
