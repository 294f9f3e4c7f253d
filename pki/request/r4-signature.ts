import { derToRawSignature, signatureAlgorithmOf, X509Error } from '../x509/index.js';
import type { RequestCheck } from './draft.js';

/**
 * R4, first half: the algorithm identifier is exactly the one of the profile (no parameters for ECDSA, NULL for
 * RSA) and the signature value is one of its form. That it verifies is the second half, `verifyPossession`.
 */
export const signatureCheck: RequestCheck = {
  rule: 'R4',
  kinds: ['device', 'organisation', 'iki-client'],
  check(draft, refusal) {
    const { signatureAlgorithm, signature } = draft.get('structure');
    if (signatureAlgorithmOf(signatureAlgorithm) !== draft.rules.signatureAlgorithm)
      throw refusal('request/signature-algorithm', `algorithm ${signatureAlgorithm.oid}`);
    const { algorithm, bits } = draft.get('publicKey');
    if (algorithm === 'RSA') {
      if (signature.length * 8 !== bits) throw refusal('request/signature', `${signature.length} octets`);
      draft.found({ signature });
      return;
    }
    try {
      draft.found({ signature: derToRawSignature(signature, algorithm) });
    } catch (cause) {
      if (cause instanceof X509Error) throw refusal('request/signature', cause.message, cause);
      throw cause;
    }
  }
};
