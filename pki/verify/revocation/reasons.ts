/** CRLReason (RFC 5280 5.3.1) by code; 7 is not used. */
const reasonNames = [
  'unspecified',
  'keyCompromise',
  'cACompromise',
  'affiliationChanged',
  'superseded',
  'cessationOfOperation',
  'certificateHold',
  'unused',
  'removeFromCRL',
  'privilegeWithdrawn',
  'aACompromise'
] as const;

/** ReasonFlags (RFC 5280 4.2.1.13) by bit number. */
const flagNames = [
  'unused',
  'keyCompromise',
  'cACompromise',
  'affiliationChanged',
  'superseded',
  'cessationOfOperation',
  'certificateHold',
  'privilegeWithdrawn',
  'aACompromise'
] as const;

/** The code under which a delta list takes a certificate off the list again. */
export const removeFromCrl = 8;

/** The name of a CRLReason that was read; an entry without one says `unspecified` (RFC 5280 5.3.1). */
export function reasonText(reason: number | undefined): string {
  return reasonNames[reason ?? 0] ?? 'unspecified';
}

/** The reasons of a set of ReasonFlags by name, for facts. */
export function reasonsText(set: number): string {
  return flagNames.filter((_, bit) => (set & (1 << bit)) !== 0).join(', ');
}
