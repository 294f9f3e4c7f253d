import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import type { KeyLabel, KeyPurpose, Permit, SignRequest } from './signer.js';

/** Octets of the start-up secret that the lint stage shares with the signer process. */
export const permitSecretOctets = 32;

/**
 * Mints the permit for one signature: HMAC-SHA256(secret, key ‖ purpose ‖ SHA-256(data) ‖ id), each part with
 * its length in front. Only the stage that has checked `data` holds the secret.
 */
export function mintPermit(
  secret: Uint8Array,
  key: KeyLabel,
  purpose: KeyPurpose,
  data: Uint8Array,
  id: Uint8Array
): Permit {
  return { id, mac: permitMac(secret, key, purpose, data, id) };
}

/** True when the permit is for exactly this request. Whether it is spent, the signer process knows. */
export function permitMatches(secret: Uint8Array, request: SignRequest): boolean {
  const expected = permitMac(secret, request.key, request.purpose, request.data, request.permit.id);
  return request.permit.mac.length === expected.length && timingSafeEqual(request.permit.mac, expected);
}

function permitMac(
  secret: Uint8Array,
  key: KeyLabel,
  purpose: KeyPurpose,
  data: Uint8Array,
  id: Uint8Array
): Uint8Array {
  const mac = createHmac('sha256', secret);
  for (const part of [
    Buffer.from(key),
    Buffer.from(purpose),
    createHash('sha256').update(data).digest(),
    id
  ]) {
    const length = Buffer.alloc(4);
    length.writeUInt32BE(part.length);
    mac.update(length).update(part);
  }
  return mac.digest();
}
