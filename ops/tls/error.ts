/** What the TLS kit answers; closed. */
export type TlsErrorCode =
  /** A file of the folder is missing, unreadable or not what it should be. */
  | 'tls/file'
  /** The folder belongs to another environment. */
  | 'tls/environment'
  /** The peer's certificate does not name the component it should. */
  | 'tls/peer-name'
  /** The peer's key is not the pinned one. */
  | 'tls/peer-key';

export class TlsError extends Error {
  readonly code: TlsErrorCode;
  constructor(code: TlsErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'TlsError';
    this.code = code;
  }
}
