/** The shape of the declarative case tables: what the table of rules × cases in the README is printed from. */
import type { KeyKind } from './keys.js';

/** A rule of a standard with its good and bad cases. */
export interface RuleCases<Case extends RuleCase = RuleCase> {
  /** One sentence naming the rule. */
  readonly rule: string;
  /** Its clause: `RFC 5280 4.2.1.9`. */
  readonly clause: string;
  readonly cases: readonly Case[];
}

export interface RuleCase {
  /** The one property that differs. */
  readonly title: string;
  /** `valid`, or the code that must be given. */
  readonly expect: string;
  /** Kinds of key the case is run on; default P-256 and RSA-2048. */
  readonly on?: readonly KeyKind[];
}
