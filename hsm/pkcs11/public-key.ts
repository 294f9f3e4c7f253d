/** DER SubjectPublicKeyInfo (RFC 5280 section 4.1.2.7) from the attributes of a PKCS#11 public key. */
import { HsmError } from '../errors.js';

/** OBJECT IDENTIFIER prime256v1, as CKA_EC_PARAMS has it (RFC 5480 section 2.1.1.1). */
export const p256Parameters = Buffer.from('06082a8648ce3d030107', 'hex');

/** AlgorithmIdentifier: id-ecPublicKey with prime256v1. */
const p256Algorithm = Buffer.from('301306072a8648ce3d020106082a8648ce3d030107', 'hex');
/** AlgorithmIdentifier: rsaEncryption with NULL (RFC 3279 section 2.3.1). */
const rsaAlgorithm = Buffer.from('300d06092a864886f70d0101010500', 'hex');

/** `point` is CKA_EC_POINT: the uncompressed point in a DER OCTET STRING (PKCS #11 v2.40 mechanisms 2.3.3). */
export function p256Spki(point: Uint8Array): Uint8Array {
  if (point.length !== 67 || point[0] !== 0x04 || point[1] !== 65 || point[2] !== 0x04) {
    throw new HsmError('hsm/key-attributes', 'CKA_EC_POINT is not an uncompressed P-256 point');
  }
  return element(0x30, p256Algorithm, element(0x03, Uint8Array.of(0), point.subarray(2)));
}

/** Both as CKA_MODULUS and CKA_PUBLIC_EXPONENT have them: unsigned, big-endian. */
export function rsaSpki(modulus: Uint8Array, publicExponent: Uint8Array): Uint8Array {
  const key = element(0x30, unsignedInteger(modulus), unsignedInteger(publicExponent));
  return element(0x30, rsaAlgorithm, element(0x03, Uint8Array.of(0), key));
}

/** Bits of an unsigned big-endian number. */
export function bitLength(number: Uint8Array): number {
  const first = number.findIndex(octet => octet !== 0);
  return first < 0 ? 0 : (number.length - first) * 8 - (Math.clz32(number[first] ?? 0) - 24);
}

function unsignedInteger(number: Uint8Array): Buffer {
  let start = 0;
  while (start < number.length - 1 && number[start] === 0) start++;
  const octets = number.subarray(start);
  return (octets[0] ?? 0) >= 0x80 ? element(0x02, Uint8Array.of(0), octets) : element(0x02, octets);
}

function element(tag: number, ...contents: Uint8Array[]): Buffer {
  const content = Buffer.concat(contents);
  if (content.length < 0x80) return Buffer.concat([Uint8Array.of(tag, content.length), content]);
  if (content.length < 0x100) return Buffer.concat([Uint8Array.of(tag, 0x81, content.length), content]);
  return Buffer.concat([Uint8Array.of(tag, 0x82, content.length >> 8, content.length & 0xff), content]);
}
