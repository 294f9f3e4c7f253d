/**
 * Tests of the suite whose verdict here differs, each with its reason. Only refusals of what the suite accepts may
 * stand here: accepting what it refuses is a defect, whatever the reason. An entry that no longer holds fails.
 */
export interface PkitsException {
  /** The code of the refusal. */
  readonly code: string;
  readonly reason: string;
}

/** The suite was made for RFC 3280, which left the criticality open. */
const policyConstraintsNotCritical: PkitsException = {
  code: 'path/policy-constraints',
  reason: 'policyConstraints of an authority not critical: RFC 5280 4.2.1.11 demands it.'
};

export const exceptions: Readonly<Record<string, PkitsException>> = {
  '4.1.4': {
    code: 'path/public-key',
    reason: 'DSA keys are not believed: P-256, P-384 and RSA of 2048 bits and more are.'
  },
  '4.1.5': {
    code: 'path/public-key',
    reason: 'DSA keys are not believed, inherited parameters (RFC 3279 2.3.2) least of all.'
  },
  '4.2.4': {
    code: 'path/time',
    reason: 'notBefore before 2050 as GeneralizedTime: RFC 5280 4.1.2.5 demands UTCTime.'
  },
  '4.3.6': {
    code: 'path/version',
    reason: 'A unique identifier, which RFC 5280 4.1.2.8 tells authorities not to make.'
  },
  '4.6.4': {
    code: 'path/basic-constraints',
    reason: 'basicConstraints of an authority not critical: RFC 5280 4.2.1.9 demands it.'
  },
  '4.8.6.1': policyConstraintsNotCritical,
  '4.8.6.2': policyConstraintsNotCritical,
  '4.8.10.1': policyConstraintsNotCritical,
  '4.8.10.2': policyConstraintsNotCritical,
  '4.8.10.3': policyConstraintsNotCritical,
  '4.8.11.1': policyConstraintsNotCritical,
  '4.8.11.2': policyConstraintsNotCritical,
  '4.8.13.1': policyConstraintsNotCritical,
  '4.8.13.2': policyConstraintsNotCritical,
  '4.8.13.3': policyConstraintsNotCritical,
  '4.8.14.1': policyConstraintsNotCritical,
  '4.8.18.1': policyConstraintsNotCritical,
  '4.8.18.2': policyConstraintsNotCritical,
  '4.10.1.1': policyConstraintsNotCritical,
  '4.10.3.2': policyConstraintsNotCritical,
  '4.10.5.1': policyConstraintsNotCritical,
  '4.10.6.1': policyConstraintsNotCritical,
  '4.10.9': policyConstraintsNotCritical,
  '4.10.11': policyConstraintsNotCritical,
  '4.10.12.1': policyConstraintsNotCritical,
  '4.10.12.2': policyConstraintsNotCritical,
  '4.10.13': policyConstraintsNotCritical,
  '4.10.14': policyConstraintsNotCritical,
  '4.12.2': policyConstraintsNotCritical,
  '4.12.3.1': policyConstraintsNotCritical,
  '4.12.7': policyConstraintsNotCritical,
  '4.12.9': policyConstraintsNotCritical
};
