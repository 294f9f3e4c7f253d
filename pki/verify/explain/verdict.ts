import type { SmkiFacts } from '../smki/facts.js';

/** What is told of a failure; of `PathFailure` and `SmkiFailure` the part that is explained. */
export interface ExplainedFailure {
  readonly code: string;
  readonly message: string;
  readonly depth: number;
  readonly facts?: Readonly<Record<string, string>>;
  readonly others?: readonly Omit<ExplainedFailure, 'others'>[];
}

/** What the status of one certificate rests on: `RevocationEvidence` and `SmkiRevocation`. */
export interface ExplainedStatus {
  readonly depth: number;
  readonly kind: string;
  /** cRLNumber, decimal. */
  readonly number?: string | undefined;
  readonly thisUpdate?: Date;
  readonly nextUpdate?: Date | undefined;
  /** Why there is no list. */
  readonly reason?: string;
}

/** The results of `verifyPath` and of `verifySmki`, which alone has facts. */
export type ExplainedResult =
  | {
      readonly valid: true;
      readonly path: readonly Uint8Array[];
      readonly policies: readonly string[];
      readonly revocation: readonly ExplainedStatus[];
      readonly facts?: SmkiFacts;
    }
  | {
      readonly valid: false;
      readonly path?: readonly Uint8Array[];
      readonly failure: ExplainedFailure;
      readonly facts?: SmkiFacts;
    };
