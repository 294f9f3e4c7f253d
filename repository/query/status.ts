/** Statuses of a certificate as clients know them (certificates' precedence: R over E over N over I over P). */
export const certificateStatuses = {
  P: 'pending: issued, not yet known to be in use',
  I: 'in use',
  N: 'not in use: replaced',
  E: 'expired',
  R: 'revoked'
} as const;
export type CertificateStatus = keyof typeof certificateStatuses;

/** What is stored; R and E are derived at each query. */
export type StoredStatus = 'P' | 'I' | 'N';

/** R comes from a signed revocation list only, E from notAfter; both outrank what was stated. */
export function deriveStatus(
  certificate: { readonly storedStatus: StoredStatus; readonly revoked: boolean; readonly notAfter: Date },
  at: Date
): CertificateStatus {
  if (certificate.revoked) return 'R';
  if (certificate.notAfter.getTime() < at.getTime()) return 'E';
  return certificate.storedStatus;
}
