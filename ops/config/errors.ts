/** Why a configuration is refused; closed. */
export type ConfigErrorCode =
  /** The file cannot be read. */
  | 'config/unreadable'
  /** It is not JSON. */
  | 'config/json'
  /** A field is missing, unknown or not what it should be. */
  | 'config/invalid'
  /** It configures another component than the one started. */
  | 'config/component'
  /** A policy figure or its acceptance is refused. */
  | 'config/policy'
  /** A file of secrets may be read by others than its owner. */
  | 'config/secret-mode';

/** One thing that is wrong: where in the file, and what. */
export interface ConfigIssue {
  /** `hsm.pinFile`; empty for the file as a whole. */
  readonly path: string;
  readonly message: string;
}

export class ConfigError extends Error {
  readonly code: ConfigErrorCode;
  readonly file: string;
  readonly issues: readonly ConfigIssue[];
  constructor(code: ConfigErrorCode, file: string, issues: readonly ConfigIssue[], options?: ErrorOptions) {
    const texts = issues.map(issue =>
      issue.path === '' ? issue.message : `${issue.path}: ${issue.message}`
    );
    super(`${file}: ${texts.join('; ')}`, options);
    this.name = 'ConfigError';
    this.code = code;
    this.file = file;
    this.issues = issues;
  }
}
