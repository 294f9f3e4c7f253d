/** Why an audit log cannot be opened or used, and what verification finds; closed. */
export type AuditErrorCode =
  /** An event type that is not in the component's table. A defect. */
  | 'audit/unknown-type'
  /** Facts that must not be in the log, or too large. A defect. */
  | 'audit/facts'
  /** A name that may not name an instance. */
  | 'audit/instance'
  /** Another process writes this instance's log. */
  | 'audit/locked'
  /** The database row of this instance was taken over by another process. */
  | 'audit/fenced'
  /** The path no longer is the file that is open. */
  | 'audit/moved'
  /** There is a log that this database knows nothing of. */
  | 'audit/unknown-log'
  | AuditFindingCode;

/** What can be wrong with a log. */
export type AuditFindingCode =
  /** A line is not an event of this format. */
  | 'audit/malformed'
  /** The event does not hash to what it says, or its successor names another hash. */
  | 'audit/changed'
  /** One or more events are gone from the middle. */
  | 'audit/removed'
  /** The event is there, later in the file. */
  | 'audit/reordered'
  /** An event's number was there before. */
  | 'audit/inserted'
  /** An event has the id of another one before it, in this log or in another of the folder. */
  | 'audit/repeated'
  /** The file ends before the recorded head. */
  | 'audit/truncated'
  /** The file is as long as the head says and another. */
  | 'audit/head'
  /** The last line has no end: a write that was cut short, beyond the head. Repaired at the next start. */
  | 'audit/torn'
  /** An event that the database records is not in the log. */
  | 'audit/missing'
  /** An event differs between database and log. */
  | 'audit/differs';

export class AuditError extends Error {
  readonly code: AuditErrorCode;
  constructor(code: AuditErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'AuditError';
    this.code = code;
  }
}
