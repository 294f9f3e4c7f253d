/** Why policy, profile or revocation-list building refused. */
export type ProfileErrorCode =
  | 'policy/unknown-name'
  | 'policy/value'
  | 'policy/acceptance'
  | 'policy/no-oid'
  | 'profile/unknown'
  | 'profile/issuer'
  | 'profile/serial'
  | 'profile/key'
  | 'profile/subject'
  | 'profile/validity'
  | 'profile/signature'
  | 'crl/entry'
  | 'crl/time'
  | 'crl/issuer'
  | 'crl/number'
  | 'crl/entry-dropped'
  | 'crl/entry-added'
  | 'crl/entry-changed';

export class ProfileError extends Error {
  readonly code: ProfileErrorCode;
  /** The thing at fault: a policy name, a profile name or a serial number in hexadecimal. */
  readonly subject: string;

  constructor(code: ProfileErrorCode, subject: string, detail: string, options?: ErrorOptions) {
    super(`${subject}: ${detail}`, options);
    this.name = 'ProfileError';
    this.code = code;
    this.subject = subject;
  }
}
