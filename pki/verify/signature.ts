import { createPublicKey, verify, type KeyObject } from 'node:crypto';
import { DerError } from '../der/index.js';
import { sameOctets } from '../der/octets.js';
import { derToRawSignature, parsePublicKey, X509Error, type SubjectPublicKey } from '../x509/index.js';

/**
 * Verifies ECDSA on P-256 with SHA-256 under a key given as its point: a faster way than this program's own, handed
 * in by who has one.
 *
 * @param point 65 octets, `04` x y, known to lie on the curve
 * @param rawSignature r‖s, 64 octets
 */
export type PointVerifier = (point: Uint8Array, data: Uint8Array, rawSignature: Uint8Array) => boolean;

/** `raw`: r‖s in 64 octets. `der`: ECDSA-Sig-Value, as in certificates. RSA signatures are PKCS#1 v1.5 in both. */
export type SignatureForm = 'raw' | 'der';

/**
 * Importing a key costs as much as a verification. A hierarchy has tens of issuing keys alive at once; past the
 * bound the key unused for longest goes, so that a flood of foreign keys costs time and not memory.
 */
const cachedKeys = 256;
const keys = new Map<string, ImportedKey | undefined>();

interface ImportedKey {
  readonly key: KeyObject;
  /** Of a key on P-256. */
  readonly point: Uint8Array | undefined;
}

/** RSA keys below this are forged too cheaply to be believed, whatever a certificate says (SP 800-57). */
const minRsaBits = 2_048;

/**
 * Whether `signature` is one over the whole `data`, hashed with SHA-256, by the key of a DER
 * SubjectPublicKeyInfo: P-256, or RSA of 2048 bits and more. False for every other key and for a signature not
 * in its one strict encoding: a lenient reader lets one signed certificate have many fingerprints.
 *
 * For keys that are met again: issuers, officers, components. Keys met once (possession in a request) have a
 * cheaper way.
 *
 * @param verifyPoint a faster way for P-256, with the same answers
 */
export function verifySignature(
  spki: Uint8Array,
  data: Uint8Array,
  signature: Uint8Array,
  form: SignatureForm,
  verifyPoint?: PointVerifier
): boolean {
  const imported = importedKey(spki);
  if (!imported) return false;
  const { key, point } = imported;
  if (verifyPoint !== undefined && point !== undefined) {
    const raw = form === 'raw' ? signature : rawFromDer(signature);
    return raw !== undefined && raw.length === 64 && verifyPoint(point, data, raw);
  }
  if (key.asymmetricKeyType === 'rsa') return verify('sha256', data, key, signature);
  if (form === 'raw')
    return signature.length === 64 && verify('sha256', data, { key, dsaEncoding: 'ieee-p1363' }, signature);
  // OpenSSL encodes what it read again and refuses a signature that differs: one signature, one encoding.
  return verify('sha256', data, key, signature);
}

/** r‖s of an ECDSA-Sig-Value in its one encoding; undefined otherwise. */
function rawFromDer(signature: Uint8Array): Uint8Array | undefined {
  try {
    return derToRawSignature(signature, 'P-256');
  } catch (error) {
    if (error instanceof X509Error) return undefined;
    throw error;
  }
}

/** The key used last: a group is signed by one, and comparing octets is cheaper than looking them up. */
let last: { readonly spki: Uint8Array; readonly key: ImportedKey | undefined } | undefined;

function importedKey(spki: Uint8Array): ImportedKey | undefined {
  if (last !== undefined && sameOctets(last.spki, spki)) return last.key;
  const key = cachedKey(spki);
  last = { spki: Uint8Array.from(spki), key };
  return key;
}

function cachedKey(spki: Uint8Array): ImportedKey | undefined {
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
function importKey(spki: Uint8Array): ImportedKey | undefined {
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
    const jwk = { kty: 'EC', crv: 'P-256', x, y };
    return { key: createPublicKey({ key: jwk, format: 'jwk' }), point: Uint8Array.from(key.keyBits) };
  }
  if (key.rsa && key.bits >= minRsaBits) {
    const n = Buffer.from(key.rsa.modulus).toString('base64url');
    const e = Buffer.from(key.rsa.exponent).toString('base64url');
    return { key: createPublicKey({ key: { kty: 'RSA', n, e }, format: 'jwk' }), point: undefined };
  }
  return undefined;
}
