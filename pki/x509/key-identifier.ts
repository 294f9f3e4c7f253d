import { sha1 } from '../digest.js';

/**
 * Key identifier by method 2 of RFC 5280 4.2.1.2, the one GBCS section 12 prescribes: `0100` and the low 60 bits
 * of the SHA-1 of the public key's BIT STRING content, 8 octets. SHA-1 only names the key here.
 */
export function keyIdentifier(keyBits: Uint8Array): Uint8Array {
  const identifier = sha1(keyBits).slice(12);
  identifier[0] = 0x40 | ((identifier[0] as number) & 0x0f);
  return identifier;
}
