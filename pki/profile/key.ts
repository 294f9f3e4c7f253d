import { DerError } from '../der/index.js';
import { X509Error, parsePublicKey } from '../x509/index.js';
import { p256PointOf } from '../x509/public-key.js';
import { ProfileError } from './errors.js';
import type { SizedKeyAlgorithm } from './profiles.js';

/**
 * The BIT STRING octets of a DER SubjectPublicKeyInfo that is exactly of this algorithm and size; `profile/key`
 * otherwise. Whether the point lies on its curve is checked where a request comes in and by a lint.
 */
export function keyBitsOf(spki: Uint8Array, algorithm: SizedKeyAlgorithm, profile: string): Uint8Array {
  if (algorithm === 'P-256') {
    const point = p256PointOf(spki);
    if (point === undefined) throw new ProfileError('profile/key', profile, 'not an uncompressed P-256 key');
    return point;
  }
  try {
    const key = parsePublicKey(spki);
    if (`${key.algorithm}-${key.bits}` === algorithm) return key.keyBits;
  } catch (cause) {
    if (!(cause instanceof DerError || cause instanceof X509Error)) throw cause;
    throw new ProfileError('profile/key', profile, `not an ${algorithm} key`, { cause });
  }
  throw new ProfileError('profile/key', profile, `not an ${algorithm} key`);
}
