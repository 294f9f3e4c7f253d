/** What the database kit answers; closed. */
export type DatabaseErrorCode =
  /** The server cannot be reached, is starting or stopping, or did not answer in time. Try again later. */
  | 'database/unavailable'
  /** The embedded server's binaries are not there for this system. */
  | 'database/binaries'
  /** Files cannot be placed where the server's own user reads them. */
  | 'database/placement'
  /** initdb failed. */
  | 'database/init'
  /** The server did not come up in time; its last log lines are in the message. */
  | 'database/start'
  /** The server did not stop in time. */
  | 'database/stop'
  /** The data directory is of another major version than the binaries. */
  | 'database/version'
  /** The database belongs to another environment. */
  | 'database/environment'
  /** The schema lacks migrations of this program. */
  | 'database/schema-behind'
  /** The schema has migrations this program does not know: a newer program was here. */
  | 'database/schema-ahead'
  /** A migration failed; nothing of it stands. */
  | 'database/migration'
  /** A value that does not fit its column's type. */
  | 'database/value'
  /** A name that may not become an SQL identifier. */
  | 'database/name';

export class DatabaseError extends Error {
  readonly code: DatabaseErrorCode;
  constructor(code: DatabaseErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'DatabaseError';
    this.code = code;
  }
}

/** The database could not answer: never the client's fault, answered 503 or CA_ERROR at the edge. */
export class DatabaseUnavailable extends DatabaseError {
  /** SQLSTATE, where the server gave one. */
  readonly sqlState: string | undefined;
  constructor(message: string, options?: ErrorOptions & { sqlState?: string | undefined }) {
    super('database/unavailable', message, options);
    this.name = 'DatabaseUnavailable';
    this.sqlState = options?.sqlState;
  }
}
