import { createPublicKey, type KeyObject } from 'node:crypto';
import { DerError } from '../../der/index.js';
import { sameOctets } from '../../der/octets.js';
import {
  curves,
  parsePublicKey,
  X509Error,
  type CurveName,
  type SubjectPublicKey
} from '../../x509/index.js';

/** A checked public key as `node:crypto` takes it, and what of it is compared before that. */
export type ImportedKey =
  | { readonly algorithm: 'P-256'; readonly key: KeyObject; /** `04` x y. */ readonly point: Uint8Array }
  | { readonly algorithm: 'P-384'; readonly key: KeyObject }
  | {
      readonly algorithm: 'RSA';
      readonly key: KeyObject;
      /** Big-endian, minimal. */ readonly modulus: Uint8Array;
    };

/** RSA keys below this are forged too cheaply to be believed, whatever a certificate says (SP 800-57). */
const minRsaBits = 2_048;

/** DESIGN: over this one verification costs milliseconds, which a stranger's certificates could ask for often. */
const maxRsaBits = 8_192;

/**
 * DESIGN: the bounds of OpenSSL's own: over 3,072 bits of modulus it computes with no exponent over 64 bits, since
 * cost is the product of the two. Said here, so that the refusal is ours. Common exponents have 17 bits.
 */
const maxModulusBitsOfLongExponent = 3_072;
const maxShortExponentOctets = 8;

/**
 * DESIGN: the longest key that is believed, RSA of 8192 bits with an exponent of 256, has 1,092 octets. Anything
 * longer is refused before it is remembered: the cache would otherwise hold whatever strangers send.
 */
const maxSpkiOctets = 1_200;

/**
 * Importing a key costs as much as a verification. A hierarchy has tens of issuing keys alive at once; past the
 * bound the key unused for longest goes, so that a flood of foreign keys costs time and not memory.
 */
const cachedKeys = 256;
const keys = new Map<string, ImportedKey | undefined>();

/** The key used last: a group is signed by one, and comparing octets is cheaper than looking them up. */
let last: { readonly spki: Uint8Array; readonly key: ImportedKey | undefined } | undefined;

/**
 * The key of a strict DER SubjectPublicKeyInfo on P-256 or P-384, or RSA of 2048 to 8192 bits; undefined for every
 * other octets.
 */
export function importedKey(spki: Uint8Array): ImportedKey | undefined {
  if (last !== undefined && sameOctets(last.spki, spki)) return last.key;
  if (spki.length > maxSpkiOctets) return undefined;
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

function importKey(spki: Uint8Array): ImportedKey | undefined {
  let key: SubjectPublicKey;
  try {
    key = parsePublicKey(spki);
  } catch (error) {
    if (error instanceof DerError || error instanceof X509Error) return undefined;
    throw error;
  }
  if (key.algorithm === 'RSA') return importRsaKey(key);
  const imported = importPoint(key.algorithm, key.keyBits);
  if (key.algorithm === 'P-384') return { algorithm: 'P-384', key: imported };
  return { algorithm: 'P-256', key: imported, point: Uint8Array.from(key.keyBits) };
}

/** Imports the point itself rather than the SPKI: OpenSSL's DER decoders take locks that workers contend for. */
function importPoint(crv: CurveName, octets: Uint8Array): KeyObject {
  const point = Buffer.from(octets);
  const { octets: half } = curves[crv];
  const x = point.toString('base64url', 1, 1 + half);
  const y = point.toString('base64url', 1 + half, 1 + 2 * half);
  return createPublicKey({ key: { kty: 'EC', crv, x, y }, format: 'jwk' });
}

function importRsaKey({ rsa, bits }: SubjectPublicKey): ImportedKey | undefined {
  if (rsa === undefined || bits < minRsaBits || bits > maxRsaBits) return undefined;
  if (bits > maxModulusBitsOfLongExponent && rsa.exponent.length > maxShortExponentOctets) return undefined;
  const modulus = Uint8Array.from(rsa.modulus);
  const n = Buffer.from(modulus).toString('base64url');
  const e = Buffer.from(rsa.exponent).toString('base64url');
  const key = createPublicKey({ key: { kty: 'RSA', n, e }, format: 'jwk' });
  return { algorithm: 'RSA', key, modulus };
}
