import type { PathCode } from '../path/failure.js';
import type { RevocationCode } from '../path/revocation.js';
import type { SmkiFacts } from './facts.js';
import type { VerifyCode } from './result.js';

/** Why a certificate is not to be believed in SMKI mode, or why that could not be judged (`input/…`). Closed. */
export type SmkiCode =
  /** The certificate to be judged is not one: not strict DER, or not the structure of RFC 5280 4.1. */
  | 'input/certificate'
  /** A configured anchor is not a certificate. */
  | 'input/anchor'
  /** `at` is no moment. */
  | 'input/time'
  /** The environment has no policy OIDs for this kind of certificate: nothing can be accepted. */
  | 'input/policy'
  | 'input/purpose'
  | 'input/entity'
  /** The rule named is not one for certificates of this profile. */
  | 'input/time-rule'
  | SmkiPathCode
  /** The issuer's key is known, under a name that differs by an octet. */
  | 'smki/issuer-name'
  /** The issuer's name is known, not with the key identifier. */
  | 'smki/issuer-key'
  /** A device's issuer, or one above it, was not valid when the device certificate was issued. */
  | 'smki/issuer-not-valid-at-issue'
  /** Not of the profile it comes nearest to. */
  | 'smki/profile'
  /** No policy OID of the environment's set. */
  | 'smki/policy'
  /** Of a profile, but not of one that serves the purpose. */
  | 'smki/purpose'
  | 'smki/role'
  /** A Remote Party Role whose meaning is unconfirmed, and the caller did not name it. */
  | 'smki/role-unconfirmed'
  /** Another subject than the one asked for. */
  | 'smki/entity'
  /** The identifier is no EUI-64, or one of a block that is not for this kind of subject. */
  | 'smki/entity-form'
  | SmkiRevocationCode;

/** As `verifyPath` tells them, with the same meaning; the depth says of which certificate. */
export type SmkiPathCode = Extract<
  PathCode,
  | 'path/critical-extension'
  | 'path/issuer-not-found'
  | 'path/signature'
  | 'path/issuer-authority'
  | 'path/not-yet-valid'
  | 'path/expired'
>;

/** As `verifyPath` tells them. All but `revocation/revoked` mean that the status is not known. */
export type SmkiRevocationCode = Extract<
  RevocationCode,
  | 'revocation/revoked'
  // No list of the issuer, where there has to be one.
  | 'revocation/unknown'
  | 'revocation/not-yet-valid'
  | 'revocation/stale'
  // Told of lists that were left out: no list, or with a critical extension.
  | 'revocation/malformed'
  // A list with a scope, or a delta, that does not say so critically.
  | 'revocation/scope'
  // The issuer may not sign lists.
  | 'revocation/signer'
  | 'revocation/signature'
>;

export interface SmkiFailure {
  readonly code: SmkiCode;
  /** One sentence for people, without control characters. */
  readonly message: string;
  /** 0 the certificate, 1 its issuer, and so on. */
  readonly depth: number;
  /** DER of the certificate at fault. */
  readonly certificate?: Uint8Array;
  /** Moments in ISO 8601, numbers in decimal, serial numbers in hexadecimal. */
  readonly facts?: Readonly<Record<string, string>>;
  /** What was left out of the search because it could not be read: an issuer, a list. Bounded. */
  readonly others?: readonly Omit<SmkiFailure, 'others'>[];
}

/**
 * Why no list speaks of a certificate. `device-certificate`: these are never revoked by list; a device that is not to
 * be relied on is told by other means. `no-list-published`: authorities of devices, where no list was handed in; one
 * that is gets obeyed. `anchor`: trusted because it is configured.
 */
export type NotRevocable = 'device-certificate' | 'no-list-published' | 'anchor';

/** What the status of one certificate rests on. The form with a list is the one of `RevocationEvidence`. */
export type SmkiRevocation =
  | {
      readonly depth: number;
      readonly kind: 'crl';
      /** The list. */
      readonly der: Uint8Array;
      /** cRLNumber, decimal. */
      readonly number: string;
      readonly thisUpdate: Date;
      readonly nextUpdate: Date;
    }
  | { readonly depth: number; readonly kind: 'none'; readonly reason: NotRevocable };

/** As `PathResult`, with what SMKI adds. */
export type SmkiResult =
  | {
      readonly valid: true;
      /** DER, the certificate first and the anchor last. */
      readonly path: readonly Uint8Array[];
      /** The environment's policy under which it stands: one OID, or anyPolicy of a root. */
      readonly policies: readonly string[];
      /** One entry for each certificate whose status was asked for. */
      readonly revocation: readonly SmkiRevocation[];
      readonly facts: SmkiFacts;
    }
  | {
      readonly valid: false;
      /** As far as it was found. */
      readonly path?: readonly Uint8Array[];
      readonly failure: SmkiFailure;
      /** Where the certificate could be read. Claims of a certificate that is not believed. */
      readonly facts?: SmkiFacts;
    };

/** The public code of each reason that profile, path and lists are refused for. */
export const smkiCodes: Readonly<Record<VerifyCode, SmkiCode>> = {
  'verify/no-chain': 'path/issuer-not-found',
  'verify/critical-extension': 'path/critical-extension',
  'verify/profile': 'smki/profile',
  'verify/role': 'smki/role',
  'verify/issuer-name': 'smki/issuer-name',
  'verify/issuer-key': 'smki/issuer-key',
  'verify/signature': 'path/signature',
  'verify/issuer-authority': 'path/issuer-authority',
  'verify/policy': 'smki/policy',
  'verify/not-yet-valid': 'path/not-yet-valid',
  'verify/expired': 'path/expired',
  'verify/issuer-not-valid-at-issue': 'smki/issuer-not-valid-at-issue',
  'verify/issuer-expired': 'path/expired',
  'verify/issuer-not-yet-valid': 'path/not-yet-valid',
  'verify/crl-not-yet-valid': 'revocation/not-yet-valid',
  'verify/crl-stale': 'revocation/stale',
  'verify/crl-scope': 'revocation/unknown'
};
