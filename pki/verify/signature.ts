import { createPublicKey, verify, type KeyObject } from 'node:crypto';
import { DerError } from '../der/index.js';
import { sameOctets } from '../der/octets.js';
import { X509Error, parsePublicKey, type SubjectPublicKey } from '../x509/index.js';

/** `raw`: r‖s in 64 octets. `der`: ECDSA-Sig-Value, as in certificates. RSA signatures are PKCS#1 v1.5 in both. */
export type SignatureForm = 'raw' | 'der';

/**
 * Importing a key costs as much as a verification. A hierarchy has tens of issuing keys alive at once; past the
 * bound the key unused for longest goes, so that a flood of foreign keys costs time and not memory.
 */
const cachedKeys = 256;
const keys = new Map<string, KeyObject | undefined>();

/** RSA keys below this are forged too cheaply to be believed, whatever a certificate says (SP 800-57). */
const minRsaBits = 2_048;

/**
 * Whether `signature` is one over the whole `data`, hashed with SHA-256, by the key of a DER
 * SubjectPublicKeyInfo: P-256, or RSA of 2048 bits and more. False for every other key and for a signature not
 * in its one strict encoding: a lenient reader lets one signed certificate have many fingerprints.
 *
 * For keys that are met again: issuers, officers, components. Keys met once (possession in a request) have a
 * cheaper way.
 */
export function verifySignature(
  spki: Uint8Array,
  data: Uint8Array,
  signature: Uint8Array,
  form: SignatureForm
): boolean {
  const key = importedKey(spki);
  if (!key) return false;
  if (key.asymmetricKeyType === 'rsa') return verify('sha256', data, key, signature);
  if (form === 'raw')
    return signature.length === 64 && verify('sha256', data, { key, dsaEncoding: 'ieee-p1363' }, signature);
  // OpenSSL encodes what it read again and refuses a signature that differs: one signature, one encoding.
  return verify('sha256', data, key, signature);
}

/** The key used last: a group is signed by one, and comparing octets is cheaper than looking them up. */
let last: { readonly spki: Uint8Array; readonly key: KeyObject | undefined } | undefined;

function importedKey(spki: Uint8Array): KeyObject | undefined {
  if (last !== undefined && sameOctets(last.spki, spki)) return last.key;
  const key = cachedKey(spki);
  last = { spki: Uint8Array.from(spki), key };
  return key;
}

function cachedKey(spki: Uint8Array): KeyObject | undefined {
  const name = Buffer.from(spki.buffer, spki.byteOffset, spki.length).toString('latin1');
  const known = keys.has(name);
  const key = known ? keys.get(name) : importKey(spki);
  // A Map keeps the order of insertion: putting a key back makes it the youngest.
  if (known) keys.delete(name);
  else if (keys.size >= cachedKeys)
    for (const oldest of keys.keys()) {
      keys.delete(oldest);
      break;
    }
  keys.set(name, key);
  return key;
}

/** Imports the point itself rather than the SPKI: OpenSSL's DER decoders take locks that workers contend for. */
function importKey(spki: Uint8Array): KeyObject | undefined {
  let key: SubjectPublicKey;
  try {
    key = parsePublicKey(spki);
  } catch (error) {
    if (error instanceof DerError || error instanceof X509Error) return undefined;
    throw error;
  }
  if (key.algorithm === 'P-256') {
    const point = Buffer.from(key.keyBits);
    const x = point.toString('base64url', 1, 33);
    const y = point.toString('base64url', 33, 65);
    return createPublicKey({ key: { kty: 'EC', crv: 'P-256', x, y }, format: 'jwk' });
  }
  if (key.rsa && key.bits >= minRsaBits) {
    const n = Buffer.from(key.rsa.modulus).toString('base64url');
    const e = Buffer.from(key.rsa.exponent).toString('base64url');
    return createPublicKey({ key: { kty: 'RSA', n, e }, format: 'jwk' });
  }
  return undefined;
}
