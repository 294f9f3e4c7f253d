import { createHash } from 'node:crypto';
import type { RequestCheck } from './draft.js';
import { isSmallMultiple } from './weak-point.js';
import { weaknessOfRsa } from './weak-rsa.js';

/**
 * R16: keys whose private half is known or easily found. The operator's list (Debian's 2008 keys, keys seen in
 * firmware, keys reported compromised) is consulted by hash; the rest is arithmetic.
 */
export const weakKeyCheck: RequestCheck = {
  rule: 'R16',
  kinds: ['device', 'organisation', 'iki-client'],
  check(draft, refusal) {
    const { spki, keyBits, rsa } = draft.get('publicKey');
    if (draft.policy.knownBadKeys.has(createHash('sha256').update(spki).digest('hex')))
      throw refusal('request/weak-key', 'on the list of bad keys');
    if (rsa === undefined) {
      if (isSmallMultiple(keyBits)) throw refusal('request/weak-key', 'trivial private key');
      return;
    }
    const weakness = weaknessOfRsa(rsa);
    if (weakness !== undefined) throw refusal('request/weak-key', weakness);
  }
};
