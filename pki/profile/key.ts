import { DerError } from '../der/index.js';
import { X509Error, parsePublicKey } from '../x509/index.js';
import { ProfileError } from './errors.js';
import type { SizedKeyAlgorithm } from './profiles.js';

/**
 * The one encoding of a P-256 SubjectPublicKeyInfo with an uncompressed point, up to and including the octet 04
 * (RFC 5480 2.1.1): id-ecPublicKey, prime256v1, BIT STRING of 66 octets. 64 octets of coordinates follow.
 */
const p256Head = Buffer.from('3059301306072a8648ce3d020106082a8648ce3d03010703420004', 'hex');
const p256Octets = 91;

/**
 * The BIT STRING octets of a DER SubjectPublicKeyInfo that is exactly of this algorithm and size; `profile/key`
 * otherwise. Whether the point lies on its curve is checked where a request comes in and by a lint.
 */
export function keyBitsOf(spki: Uint8Array, algorithm: SizedKeyAlgorithm, profile: string): Uint8Array {
  if (algorithm === 'P-256') {
    if (spki.length !== p256Octets || p256Head.compare(spki, 0, p256Head.length) !== 0)
      throw new ProfileError('profile/key', profile, 'not an uncompressed P-256 key');
    return spki.subarray(p256Octets - 65);
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
