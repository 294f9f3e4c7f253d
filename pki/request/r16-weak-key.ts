import { sha256 } from '../digest.js';
import type { RequestCheck } from './draft.js';
import type { RequestPolicy } from './policy.js';
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
    const publicKeyHash = sha256(spki);
    if (isKnownBad(publicKeyHash, draft.policy)) throw refusal('request/weak-key', 'on the list of bad keys');
    draft.found({ publicKeyHash });
    if (rsa === undefined) {
      if (isSmallMultiple(keyBits)) throw refusal('request/weak-key', 'trivial private key');
      return;
    }
    const weakness = weaknessOfRsa(rsa);
    if (weakness !== undefined) throw refusal('request/weak-key', weakness);
  }
};

/** Whether the operator's list holds the key with this SHA-256. */
export function isKnownBad(publicKeyHash: Uint8Array, { knownBadKeys }: RequestPolicy): boolean {
  return knownBadKeys.size > 0 && knownBadKeys.has(Buffer.from(publicKeyHash).toString('hex'));
}
