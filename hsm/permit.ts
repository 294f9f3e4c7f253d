import { hash, timingSafeEqual } from 'node:crypto';
import type { KeyLabel, KeyPurpose, Permit, SignRequest } from './signer.js';

/** Octets of the start-up secret that the lint stage shares with the signer process. */
export const permitSecretOctets = 32;

/** Of SHA-256. */
const blockOctets = 64;
const digestOctets = 32;

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
  return { id, mac: permitMac(secret, key, purpose, digestOf(data), id) };
}

/**
 * True when the permit is for exactly this request. Whether it is spent, the signer process knows.
 *
 * @param digest `digestOf(request.data)`, where it is at hand
 */
export function permitMatches(
  secret: Uint8Array,
  { key, purpose, data, permit }: SignRequest,
  digest = digestOf(data)
): boolean {
  const expected = permitMac(secret, key, purpose, digest, permit.id);
  return permit.mac.length === expected.length && timingSafeEqual(permit.mac, expected);
}

/** SHA-256 as text of the encoding `latin1`: a character an octet. */
export function digestOf(data: Uint8Array): string {
  return hash('sha256', data, 'binary');
}

/**
 * HMAC of RFC 2104 section 2, from its definition: one-shot hashes take half of what OpenSSL's own MAC takes to be set
 * up, and one is minted and one checked for every signature. Their answers as text (`binary`: a character an octet)
 * spare the memory of a Buffer's own, which costs as much as the hash.
 */
function permitMac(
  secret: Uint8Array,
  key: KeyLabel,
  purpose: KeyPurpose,
  digest: string,
  id: Uint8Array
): Buffer {
  if (secret.length > blockOctets) throw new RangeError('a permit secret is at most one block');
  // From the pool; every octet is written below.
  const inner = Buffer.allocUnsafe(
    blockOctets + 16 + Buffer.byteLength(key) + purpose.length + digestOctets + id.length
  );
  const outer = Buffer.allocUnsafe(blockOctets + digestOctets);
  inner.fill(0x36, secret.length, blockOctets);
  outer.fill(0x5c, secret.length, blockOctets);
  for (let index = 0; index < secret.length; index++) {
    const octet = secret[index] as number;
    inner[index] = octet ^ 0x36;
    outer[index] = octet ^ 0x5c;
  }
  let offset = textPart(inner, key, blockOctets);
  offset = textPart(inner, purpose, offset);
  offset = inner.writeUInt32BE(digestOctets, offset);
  offset += inner.write(digest, offset, 'latin1');
  part(inner, id, offset);
  outer.write(digestOf(inner), blockOctets, 'latin1');
  return Buffer.from(digestOf(outer), 'latin1');
}

function part(buffer: Buffer, octets: Uint8Array, offset: number): number {
  const start = buffer.writeUInt32BE(octets.length, offset);
  buffer.set(octets, start);
  return start + octets.length;
}

function textPart(buffer: Buffer, text: string, offset: number): number {
  const octets = buffer.write(text, offset + 4);
  buffer.writeUInt32BE(octets, offset);
  return offset + 4 + octets;
}
