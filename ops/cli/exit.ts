/** What the exit status of `smki` means; printed by `--help`. */
export const exitStatus = {
  /** Done as asked. */
  ok: 0,
  /** Understood, and the answer is no: refused, not found, not valid, or the system could not do it. */
  refused: 1,
  /** The command line or an input file is wrong; nothing was done. */
  usage: 2
} as const;
export type ExitStatus = (typeof exitStatus)[keyof typeof exitStatus];

export type CliErrorCode =
  /** A file named on the command line cannot be read or written. */
  | 'cli/file'
  /** An option's value is not what belongs there, or options contradict each other. */
  | 'cli/option'
  /** The input is no certificate and no certification request. */
  | 'cli/not-a-certificate'
  /** The configuration file was refused. */
  | 'cli/configuration'
  /** No running system was found in the data directory. */
  | 'cli/not-running'
  /** Another process works in the folder. */
  | 'cli/in-use'
  /** A component answered with a refusal. */
  | 'cli/refused'
  /** A component could not be reached or failed. */
  | 'cli/unavailable'
  /** The person at the terminal ended it; what was done stands. */
  | 'cli/interrupted'
  /** A certificate is not valid, or a receipt does not hold. */
  | 'cli/not-valid'
  /** Something could not be judged: an input that cannot be read. */
  | 'cli/not-judged'
  /** The audit log is not as it was written. */
  | 'cli/audit';

/** The status that each code ends with. */
export const statusOf: Record<CliErrorCode, ExitStatus> = {
  'cli/file': exitStatus.usage,
  'cli/option': exitStatus.usage,
  'cli/not-a-certificate': exitStatus.refused,
  'cli/configuration': exitStatus.refused,
  'cli/not-running': exitStatus.refused,
  'cli/in-use': exitStatus.refused,
  'cli/refused': exitStatus.refused,
  'cli/unavailable': exitStatus.refused,
  'cli/interrupted': exitStatus.refused,
  'cli/not-valid': exitStatus.refused,
  'cli/not-judged': exitStatus.usage,
  'cli/audit': exitStatus.refused
};

/** An end with a message for the person at the terminal: `code: message` on stderr. */
export class CliError extends Error {
  readonly code: CliErrorCode;
  constructor(code: CliErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'CliError';
    this.code = code;
  }
}
