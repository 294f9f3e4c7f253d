import type { Eui64 } from '../identifier/index.js';

export const requestKindNames = ['device', 'organisation', 'iki-client'] as const;
export type RequestKind = (typeof requestKindNames)[number];

/** The certificate profiles that are issued on a request. */
export type RequestedProfile =
  'device-ds' | 'device-ka' | 'organisation-ds' | 'organisation-ka' | 'organisation-xml' | 'iki-client';

/** What a request that passed the checks asks for. Plain values: goes through structured clone unchanged. */
export interface RequestFacts {
  readonly kind: RequestKind;
  readonly profile: RequestedProfile;
  /** Digital signature or key agreement: the two certificate usages. */
  readonly usage: 'DS' | 'KA';
  /** The device's or organisation's EUI-64. */
  readonly eui?: Eui64;
  /** Remote Party Role number, of organisations and IKI clients. */
  readonly role?: number;
  /** Dotted object identifier, of devices. */
  readonly hwType?: string;
  readonly commonName?: string;
  readonly organisation?: string;
  /** Remote Party Role as two upper-case hex digits. */
  readonly organisationalUnit?: string;
  /** SubjectPublicKeyInfo in strict DER, re-encoded where the request had long-form lengths. */
  readonly spki: Uint8Array;
  /** SHA-256 of `spki`, 32 octets: one key has one hash. */
  readonly publicKeyHash: Uint8Array;
  /** SHA-256 of the request's octets as received, 32 octets. */
  readonly requestHash: Uint8Array;
  /** What was seen and ignored, in our words and object identifiers only. */
  readonly notes: readonly string[];
}
