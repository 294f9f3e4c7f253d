/** Why the CA refuses an order or an item of it; travels to the RA in the report. Closed; one table. */
export const refusalCodes = {
  'ca/order-malformed': 'the order cannot be decoded, or names one request twice',
  'ca/order-key': 'no RA key with this identifier is configured',
  'ca/order-signature': 'the signature does not verify over the bytes received',
  'ca/environment': 'the order is for another environment',
  'ca/domain': 'the order is for another domain than its profile',
  'ca/epoch': 'the order is addressed to another epoch of this CA',
  'ca/expired': 'the order had expired when it was read',
  'ca/profile': 'the profile is unknown, or not one this RA key may order, or has no issuer here',
  'ca/policy-version': 'the order was decided under another version of the issuance policy',
  'ca/ra-limit': 'the RA key went over its certificates per hour and is stopped',
  'ca/ra-stopped': 'the RA key is stopped until a person releases it',
  'ca/request': 'the request inside the order fails a check the RA should have made',
  'ca/possession': 'the request is not signed by its own key',
  'ca/lint': 'the certificate that would be signed has findings',
  'ca/request-in-progress': 'the request stands in another order that is not finished',
  'ca/request-conflict': 'the request was certified before, with another key',
  'ca/attempts': 'signing failed too often without a known outcome',
  'ca/unavailable': 'no signature could be had before the order expired'
} as const;
export type RefusalCode = keyof typeof refusalCodes;

/** A refusal of a whole order. */
export class OrderRefused extends Error {
  readonly code: RefusalCode;
  constructor(code: RefusalCode, detail: string, options?: ErrorOptions) {
    super(detail, options);
    this.name = 'OrderRefused';
    this.code = code;
  }
}

/** What else can go wrong in the CA: never the RA's fault, never reported as a refusal. */
export type CaErrorCode =
  /** Configuration that does not fit together; the CA does not start. */
  | 'ca/configuration'
  /** One person where two must act. */
  | 'ca/two-persons'
  /** Not allowed in the live environment. */
  | 'ca/live-refuses'
  /** The key on the token is not the key of the issuer's certificate. */
  | 'ca/issuer-key'
  /** What would be signed has lint findings where no item can be refused (ceremony, CRL). */
  | 'ca/findings'
  /** The token answered OK with something that is no signature over the bytes. */
  | 'ca/wrong-signature'
  /** The new CRL is not the previous one minus expired plus ordered entries with the next number. */
  | 'ca/crl-continuity'
  /** A ceremony output is there already and is not what this ceremony would have made. */
  | 'ca/ceremony-conflict'
  /** The ceremony was completed before. */
  | 'ca/ceremony-done';

export class CaError extends Error {
  readonly code: CaErrorCode;
  constructor(code: CaErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'CaError';
    this.code = code;
  }
}
