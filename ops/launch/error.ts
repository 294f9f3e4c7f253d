/** What can go wrong while the system is brought up; each message says what a person can do. */
export type LaunchErrorCode =
  /** The data directory belongs to another environment, or cannot be used. */
  | 'launch/data-directory'
  /** Another launcher already serves this data directory. */
  | 'launch/in-use'
  /** A program or library the system needs is not installed. */
  | 'launch/missing'
  /** A component did not become ready in time, or ended. */
  | 'launch/component'
  /** A step of the set-up failed. */
  | 'launch/step'
  /** Not in this environment. */
  | 'launch/live';

export class LaunchError extends Error {
  readonly code: LaunchErrorCode;
  constructor(code: LaunchErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'LaunchError';
    this.code = code;
  }
}
