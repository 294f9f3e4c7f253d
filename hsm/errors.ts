/** What an HSM can answer; closed. */
export type HsmErrorCode =
  /** No signer process, no token, or recovery under way. Nothing was signed. Try again later. */
  | 'hsm/unavailable'
  /** The queue is full. Nothing was signed. */
  | 'hsm/busy'
  /** The request was sent and no answer came: a signature may exist. */
  | 'hsm/outcome-unknown'
  /** The permit is missing, wrong or spent. Nothing was signed. An alarm. */
  | 'hsm/permit'
  | 'hsm/key-not-found'
  | 'hsm/key-exists'
  /** The token refused the PIN; never tried again without a person. */
  | 'hsm/pin'
  /** An earlier login ended without a known result; a person must clear the latch. */
  | 'hsm/pin-latched'
  /** The key's attributes are not those policy demands. */
  | 'hsm/key-attributes'
  /** The token answered an error for this request; no signature was returned. */
  | 'hsm/failed'
  /** The request itself is wrong (algorithm, size). A defect of the caller. */
  | 'hsm/request';

export class HsmError extends Error {
  readonly code: HsmErrorCode;
  /** PKCS#11 return code name, where the token gave one. */
  readonly rv: string | undefined;
  constructor(code: HsmErrorCode, message: string, options?: ErrorOptions & { rv?: string }) {
    super(message, options);
    this.name = 'HsmError';
    this.code = code;
    this.rv = options?.rv;
  }
}
