import type { RevocationFailure } from './error.js';

/** How far a list or a response got before it failed: the one that got furthest says most about what is missing. */
const order: readonly RevocationFailure['code'][] = [
  'revocation/unknown',
  'revocation/response',
  'revocation/malformed',
  'revocation/critical-extension',
  'revocation/scope',
  'revocation/delta',
  'revocation/signer',
  'revocation/signature',
  'revocation/not-yet-valid',
  'revocation/stale',
  'revocation/reasons'
];

/** The failure that is told where nothing told the status. */
export function mostSpecific(failures: readonly RevocationFailure[]): RevocationFailure {
  let best: RevocationFailure = {
    code: 'revocation/unknown',
    message: 'no list and no response is about the certificate'
  };
  for (const failure of failures) if (order.indexOf(failure.code) > order.indexOf(best.code)) best = failure;
  return best;
}
