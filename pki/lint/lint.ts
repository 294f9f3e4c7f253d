import type { Certificate } from '../x509/index.js';
import type { Policy, Profile, ProfileName } from '../profile/index.js';
import type { LintSubject } from './subject.js';

export type LintId =
  | 'L01'
  | 'L02'
  | 'L03'
  | 'L04'
  | 'L05'
  | 'L06'
  | 'L07'
  | 'L08'
  | 'L09'
  | 'L10'
  | 'L11'
  | 'L12'
  | 'L13'
  | 'L14'
  | 'L15'
  | 'L16'
  | 'L17'
  | 'L18'
  | 'L19';

export type Severity = 'error' | 'warning';

/** What a lint found. An error keeps a certificate from being signed or lodged; a warning is shown. */
export interface Finding {
  readonly lint: LintId;
  readonly severity: Severity;
  readonly detail: string;
}

/** What the octets are judged against. */
export interface LintContext {
  readonly profile: ProfileName;
  readonly policy: Policy;
  /** The issuer, or `'self'` for a root; undefined where it is not at hand, and what needs it is then not judged. */
  readonly issuer: Certificate | 'self' | undefined;
  /** The moment of issue; undefined for a certificate met later, which has no "future" to be judged by. */
  readonly at: Date | undefined;
}

/** The context as a rule sees it: the profile's row in place of its name. */
export interface RuleContext extends Omit<LintContext, 'profile'> {
  readonly profile: Profile;
}

/** A change to a good certificate or TBS that the rule finds; the tests make it and see that it does. */
export interface BadExample {
  readonly profile: ProfileName;
  /** Child indices from the outermost value inwards; the outermost is the TBS, or the certificate where said so. */
  readonly path: readonly number[];
  /** Hexadecimal DER (or what is to pass for it) that takes the place of the value there. */
  readonly becomes: string;
}

/** One rule. */
export interface Lint {
  readonly id: LintId;
  readonly title: string;
  readonly clause: string;
  /** Certificates with a notBefore from this day on are judged. */
  readonly effective: Date;
  readonly appliesTo: 'all' | readonly ProfileName[];
  /** Whether it also looks at what lies outside the TBS; of a TBS alone that part is not judged. */
  readonly readsOuter: boolean;
  readonly bad: BadExample;
  /** Tells the faults, each an error unless it says otherwise. */
  check(this: void, tell: Tell, subject: LintSubject, context: RuleContext): void;
}

/** Takes a fault. */
export type Tell = (fault: string | { readonly warning: string }) => void;
