import { DerError } from '../../der/index.js';
import { X509Error } from '../../x509/index.js';
import type { RevocationCode } from '../path/revocation.js';

/** Why a list or a response was not used. */
export interface RevocationFailure {
  readonly code: Exclude<RevocationCode, 'revocation/revoked'>;
  /** One sentence for people, without text from the input that was not escaped. */
  readonly message: string;
  /** Dates in ISO 8601, names in RFC 4514, numbers in decimal. */
  readonly facts?: Readonly<Record<string, string>>;
}

/** A list or a response that is not read any further, and why. */
export class RevocationError extends Error {
  readonly code: RevocationFailure['code'];
  readonly facts: Readonly<Record<string, string>> | undefined;

  constructor({ code, message, facts }: RevocationFailure, options?: ErrorOptions) {
    super(message, options);
    this.name = 'RevocationError';
    this.code = code;
    this.facts = facts;
  }
}

/** Structure that the clause forbids. */
export function malformed(message: string, clause: string): RevocationError {
  return new RevocationError({ code: 'revocation/malformed', message, facts: { clause } });
}

/** What a reader threw, as a failure; errors that are not about the octets are thrown on. */
export function failureOf(error: unknown): RevocationFailure {
  if (error instanceof RevocationError)
    return {
      code: error.code,
      message: error.message,
      ...(error.facts === undefined ? {} : { facts: error.facts })
    };
  if (error instanceof DerError || error instanceof X509Error)
    return {
      code: 'revocation/malformed',
      message: `${error.what} is not what its standard says`,
      facts: { cause: error.code, field: error.what }
    };
  throw error;
}
