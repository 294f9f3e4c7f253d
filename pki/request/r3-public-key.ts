import { DerError } from '../der/index.js';
import { parsePublicKey, X509Error, type SubjectPublicKey } from '../x509/index.js';
import type { RequestCheck } from './draft.js';

/**
 * R3: an uncompressed point on the named curve P-256 (GBCS 12, RFC 5480), or for IKI an RSA key of exactly the size
 * of policy. Before any signature is looked at: a verifier must not be handed a point that is off the curve.
 */
export const publicKeyCheck: RequestCheck = {
  rule: 'R3',
  kinds: ['device', 'organisation', 'iki-client'],
  check(draft, refusal) {
    const { spkiDer, lengths } = draft.get('structure');
    let publicKey: SubjectPublicKey;
    try {
      publicKey = parsePublicKey(spkiDer, lengths);
    } catch (cause) {
      if (cause instanceof DerError || cause instanceof X509Error)
        throw refusal('request/public-key', cause.message, cause);
      throw cause;
    }
    if (publicKey.algorithm !== draft.rules.key) throw refusal('request/public-key', publicKey.algorithm);
    if (publicKey.algorithm === 'RSA' && publicKey.bits !== draft.policy.ikiKeyBits)
      throw refusal('request/public-key', `${publicKey.bits} bits`);
    draft.found({ publicKey });
  }
};
