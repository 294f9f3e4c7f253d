import type { PathCertificate } from '../path/certificate.js';
import type { Crl } from './crl.js';
import type { RevocationFailure } from './error.js';
import { statusByCrls, type CrlQuestion } from './judge-crl.js';

/**
 * Why a delegated responder without id-pkix-ocsp-nocheck is not believed: its own status is asked of lists alone, for
 * a response about the responder would ask the same again (RFC 6960 4.2.2.2.1). undefined when it is good.
 */
export function responderStatusFault(
  responder: PathCertificate,
  lists: readonly Crl[],
  question: CrlQuestion
): RevocationFailure | undefined {
  const { status } = statusByCrls(lists, { ...question, certificate: responder });
  return status === 'good'
    ? undefined
    : {
        code: 'revocation/signer',
        message: 'the responder’s own status is not known to be good',
        facts: { status }
      };
}
