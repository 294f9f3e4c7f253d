/** Well-formed DER that is not the X.509 structure it should be, or says what must not be said; closed. */
export type X509ErrorCode =
  | 'x509/version'
  /** The same extension twice (RFC 5280 4.2). */
  | 'x509/duplicate-extension'
  /** A critical extension of a CRL, or of an entry, that is not understood: the list would be misread. */
  | 'x509/critical-extension'
  /** Not on the curve, at infinity, compressed, hybrid, explicit parameters, or an unusable RSA key. */
  | 'x509/public-key'
  /** r or s outside 1..n-1, or not the two INTEGERs of ECDSA-Sig-Value. */
  | 'x509/signature'
  /** Text that is not strict PEM (RFC 7468). */
  | 'x509/pem';

export class X509Error extends Error {
  readonly code: X509ErrorCode;
  /** The field that is wrong, in the words of the standard. */
  readonly what: string;

  constructor(code: X509ErrorCode, what: string, options?: ErrorOptions) {
    super(`${code}: ${what}`, options);
    this.name = 'X509Error';
    this.code = code;
    this.what = what;
  }
}
