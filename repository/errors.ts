/** Everything the repository refuses or cannot do; closed. HTTP statuses stand in `http/problem.ts` alone. */
export type RepositoryErrorCode =
  // A request as such.
  | 'repository/not-found'
  | 'repository/method'
  | 'repository/content-type'
  | 'repository/too-large'
  /** The body is not what the route takes. */
  | 'repository/malformed'
  /** The peer's certificate names a component that may not do this, or names none. */
  | 'repository/peer'
  /** No API key, or one that is not known (public listener). */
  | 'repository/api-key'
  /** Two issuers gave one serial number, and the address names only the number. */
  | 'repository/ambiguous-serial'
  // Publications of certificates.
  /** Not a strict DER certificate. */
  | 'repository/certificate-malformed'
  /** No anchor, and no certificate published under one, has this issuer name and key identifier. */
  | 'repository/unknown-issuer'
  /** The issuer is there, but none of its profiles fits. */
  | 'repository/unknown-profile'
  /** The profile exists, and its certificates are not published. */
  | 'repository/profile-not-published'
  /** The chain, the signature or a constraint of the issuer does not hold. */
  | 'repository/chain'
  /** A lint found an error in the certificate. */
  | 'repository/lint'
  /** The issuer stands on an authority revocation list. */
  | 'repository/issuer-revoked'
  /** Other octets under an issuer and serial number that are already here: an alarm. */
  | 'repository/certificate-conflict'
  /** A group that was accepted comes again with certificates it did not have: an alarm. */
  | 'repository/group-conflict'
  // Publications of revocation lists.
  | 'repository/crl-malformed'
  /** Signature, issuer or dates of the list do not hold. */
  | 'repository/crl-refused'
  /** The issuer has no list in the published set. */
  | 'repository/crl-not-published'
  /** The number is not greater than the one that is here, and the octets are others: an alarm. */
  | 'repository/crl-number'
  // Statements about a certificate in use.
  | 'repository/unknown-certificate'
  /** Only device certificates are put in use by a statement. */
  | 'repository/not-a-device-certificate'
  /** A newer statement about the same device and usage is already here. */
  | 'repository/older-statement'
  | 'repository/revoked'
  // Validation.
  /** A moment further from now than the configuration lets a question reach. */
  | 'repository/time'
  // API keys.
  | 'repository/unknown-api-key'
  // Faults of ours: never the client's.
  /** What the database holds contradicts itself: nothing of it is answered. An alarm. */
  | 'repository/inconsistent'
  | 'repository/unavailable'
  | 'repository/audit-unavailable'
  /** The token with the key of receipts does not answer, or has too much to do. */
  | 'repository/signer-unavailable'
  | 'repository/internal';

export class RepositoryError extends Error {
  readonly code: RepositoryErrorCode;
  /** What the refusal is about: serial numbers, names, numbers. Never a key, an API key or a body. */
  readonly facts: Readonly<Record<string, string | number>>;

  constructor(
    code: RepositoryErrorCode,
    message: string,
    facts: Readonly<Record<string, string | number>> = {},
    options?: ErrorOptions
  ) {
    super(message, options);
    this.name = 'RepositoryError';
    this.code = code;
    this.facts = facts;
  }
}

/**
 * The code under which any error leaves the component. Faults of the database and of the audit log keep being
 * faults of ours; whatever nobody foresaw is `repository/internal`.
 */
export function asRepositoryError(error: unknown): RepositoryError {
  if (error instanceof RepositoryError) return error;
  const code = typeof error === 'object' && error !== null && 'code' in error ? error.code : undefined;
  if (code === 'audit/unavailable') {
    return new RepositoryError(
      'repository/audit-unavailable',
      'the audit log cannot be written',
      {},
      { cause: error }
    );
  }
  if (code === 'database/unavailable' || code === '40001' || code === '40P01') {
    return new RepositoryError(
      'repository/unavailable',
      'the database does not answer',
      {},
      { cause: error }
    );
  }
  // Whatever the token says, it says nothing about the question.
  if (typeof code === 'string' && code.startsWith('hsm/')) {
    return new RepositoryError(
      'repository/signer-unavailable',
      'the token with the key of receipts does not answer',
      {},
      { cause: error }
    );
  }
  return new RepositoryError('repository/internal', 'an unforeseen fault', {}, { cause: error });
}
