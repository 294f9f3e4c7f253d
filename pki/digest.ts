import { hash } from 'node:crypto';

/**
 * SHA-256 of octets, 32 octets. One call and its answer as text (`binary`: a character an octet): a Hash object and the Buffer of its digest cost
 * three times what hashing a certificate does, and certificates are hashed by the thousand.
 */
export function sha256(octets: Uint8Array): Uint8Array {
  return fromBinary(hash('sha256', octets, 'binary'));
}

/** SHA-1, 20 octets: for key identifiers, which only name a key. */
export function sha1(octets: Uint8Array): Uint8Array {
  return fromBinary(hash('sha1', octets, 'binary'));
}

function fromBinary(text: string): Uint8Array {
  const octets = new Uint8Array(text.length);
  for (let i = 0; i < octets.length; i++) octets[i] = text.charCodeAt(i);
  return octets;
}
