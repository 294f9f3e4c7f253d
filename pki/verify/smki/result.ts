/**
 * Why a certificate, a list or a status was not accepted. The order is the rank: where several hold, the first
 * one met going through the certificates from the target to the anchor, and through this list at each, is told.
 */
export type VerifyCode =
  /** No chain of the profile's issuers leads from the certificate to an anchor. */
  | 'verify/no-chain'
  /** A critical extension that this program does not understand, or one the profile has no place for. */
  | 'verify/critical-extension'
  /** The certificate is not of the profile asked for. */
  | 'verify/profile'
  | 'verify/role'
  | 'verify/issuer-name'
  | 'verify/issuer-key'
  | 'verify/signature'
  /** The issuer may not issue this: basic constraints, path length or key usage. */
  | 'verify/issuer-authority'
  /** No policy OID of the environment. */
  | 'verify/policy'
  | 'verify/not-yet-valid'
  | 'verify/expired'
  /** The issuer of a device certificate was not valid when the certificate was issued. */
  | 'verify/issuer-not-valid-at-issue'
  | 'verify/issuer-expired'
  | 'verify/issuer-not-yet-valid'
  | 'verify/crl-not-yet-valid'
  | 'verify/crl-stale'
  /** The list is not one over this certificate: another issuer or key. */
  | 'verify/crl-scope';

export type VerifyResult = { readonly ok: true } | VerifyFailure;

export interface VerifyFailure {
  readonly ok: false;
  readonly code: VerifyCode;
  readonly detail: string;
  /** The certificate at fault: 0 is the target, 1 its issuer and so on. */
  readonly depth: number;
}

export function failure(code: VerifyCode, depth: number, detail: string): VerifyFailure {
  return { ok: false, code, detail, depth };
}
