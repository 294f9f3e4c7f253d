import {
  DerError,
  DerReader,
  bitString,
  oid,
  sequence,
  tags,
  nullValue,
  unsignedInteger,
  type Lengths
} from '../der/index.js';
import { readAlgorithm } from './algorithm.js';
import { isOnCurve, curves, type CurveName } from './curve.js';
import { X509Error } from './error.js';
import { oids } from './oids.js';

export type KeyAlgorithm = CurveName | 'RSA';

/** A SubjectPublicKeyInfo that has been checked: the point is on its curve, the RSA numbers are possible. */
export interface SubjectPublicKey {
  readonly algorithm: KeyAlgorithm;
  /** Strict DER. Where long-form lengths were read, the minimal re-encoding, so that one key has one hash. */
  readonly spki: Uint8Array;
  /** Size: 256 or 384 for the curves, the modulus' bits for RSA. */
  readonly bits: number;
  /** Content of the BIT STRING without its unused-bits octet: the point, or RSAPublicKey. */
  readonly keyBits: Uint8Array;
  /** Modulus and exponent as unsigned big-endian magnitudes, for RSA. */
  readonly rsa: { readonly modulus: Uint8Array; readonly exponent: Uint8Array } | undefined;
}

/** Largest modulus read: verification cost grows with it, and nothing in these PKIs is over 4096. */
const maxModulusOctets = 1024;

export function parsePublicKey(spki: Uint8Array, lengths: Lengths = 'minimal'): SubjectPublicKey {
  const reader = DerReader.over(spki, 'SubjectPublicKeyInfo', { lengths });
  const key = readPublicKey(reader);
  reader.end('SubjectPublicKeyInfo');
  return key;
}

/**
 * The one DER encoding of a P-256 SubjectPublicKeyInfo with an uncompressed point, up to and including the octet 04
 * (RFC 5480 2.1.1): id-ecPublicKey, prime256v1, BIT STRING of 66 octets. 64 octets of coordinates follow.
 */
export const p256SpkiHead = Uint8Array.from(
  Buffer.from('3059301306072a8648ce3d020106082a8648ce3d03010703420004', 'hex')
);
const p256SpkiOctets = 91;

/**
 * The point octets of a SubjectPublicKeyInfo in that one encoding, a view of it; undefined for any other key or
 * encoding. Whether the point lies on the curve is not judged.
 */
export function p256PointOf(spki: Uint8Array): Uint8Array | undefined {
  if (spki.length !== p256SpkiOctets) return undefined;
  for (let i = 0; i < p256SpkiHead.length; i++) if (spki[i] !== p256SpkiHead[i]) return undefined;
  return spki.subarray(p256SpkiHead.length - 1);
}

/**
 * Reads SubjectPublicKeyInfo: EC keys by named curve (P-256, P-384) with an uncompressed point on the curve, or
 * rsaEncryption. Explicit parameters, other curves, compressed and hybrid points and the point at infinity
 * throw `x509/public-key` (RFC 5480 2.1.1, 2.2; GBCS 12).
 */
export function readPublicKey(reader: DerReader): SubjectPublicKey {
  const whole = reader.read(tags.sequence, 'SubjectPublicKeyInfo');
  const { der } = whole;
  const point = reader.lengths === 'minimal' ? p256PointOf(der) : undefined;
  if (point !== undefined) {
    if (!isOnCurve('P-256', point)) throw new X509Error('x509/public-key', 'point');
    return { algorithm: 'P-256', spki: der, bits: 256, keyBits: point, rsa: undefined };
  }
  const info = reader.inside(whole, 'SubjectPublicKeyInfo');
  const algorithm = readAlgorithm(info, 'public key algorithm');
  const keyBits = info.octetsOfBitString('subjectPublicKey');
  info.end('SubjectPublicKeyInfo');
  const read = readers.get(algorithm.oid);
  if (read === undefined) throw new X509Error('x509/public-key', 'public key algorithm');
  const key = read(algorithm.parameters, keyBits, reader.lengths);
  // Read with minimal lengths, the octets are already what re-encoding would give.
  return reader.lengths === 'minimal' ? { ...key, spki: der } : key;
}

const readers: ReadonlyMap<
  string,
  (parameters: Uint8Array | undefined, keyBits: Uint8Array, lengths: Lengths) => SubjectPublicKey
> = new Map([
  [oids.ecPublicKey, ecKey],
  [oids.rsaEncryption, rsaKey]
]);

function ecKey(parameters: Uint8Array | undefined, point: Uint8Array, lengths: Lengths): SubjectPublicKey {
  if (parameters?.[0] !== tags.oid) throw new X509Error('x509/public-key', 'namedCurve');
  const curveReader = DerReader.over(parameters, 'namedCurve', { lengths });
  const curveOid = curveReader.oid('namedCurve');
  const name = curveNames.get(curveOid);
  if (name === undefined) throw new X509Error('x509/public-key', 'curve');
  if (!isOnCurve(name, point)) throw new X509Error('x509/public-key', 'point');
  return {
    algorithm: name,
    spki: ecSpki(name, point),
    bits: curves[name].octets * 8,
    keyBits: point,
    rsa: undefined
  };
}

const curveNames: ReadonlyMap<string, CurveName> = new Map([
  [oids.prime256v1, 'P-256'],
  [oids.secp384r1, 'P-384']
]);

const ecAlgorithms: Readonly<Record<CurveName, Uint8Array>> = {
  'P-256': sequence(oid(oids.ecPublicKey), oid(oids.prime256v1)),
  'P-384': sequence(oid(oids.ecPublicKey), oid(oids.secp384r1))
};

/** The SubjectPublicKeyInfo of a P-256 point of 65 octets that is known to be one. */
export function p256SpkiOf(point: Uint8Array): Uint8Array {
  const spki = Buffer.allocUnsafe(p256SpkiOctets);
  spki.set(p256SpkiHead);
  spki.set(point, p256SpkiHead.length - 1);
  return spki;
}

/** SubjectPublicKeyInfo of an uncompressed point that is known to be one. */
export function ecSpki(curve: CurveName, point: Uint8Array): Uint8Array {
  if (curve === 'P-256' && point.length === 65) return p256SpkiOf(point);
  return sequence(ecAlgorithms[curve], bitString(point));
}

function rsaKey(parameters: Uint8Array | undefined, keyBits: Uint8Array, lengths: Lengths): SubjectPublicKey {
  // RFC 3279 2.3.1: the parameters are NULL, not absent.
  if (parameters === undefined) throw new X509Error('x509/public-key', 'rsaEncryption parameters');
  const parameterReader = DerReader.over(parameters, 'rsaEncryption parameters', { lengths });
  if (parameterReader.peek() !== tags.null)
    throw new X509Error('x509/public-key', 'rsaEncryption parameters');
  parameterReader.null('rsaEncryption parameters');
  const reader = DerReader.over(keyBits, 'RSAPublicKey', { lengths });
  const inner = reader.sequence('RSAPublicKey');
  const modulus = positive(inner, 'modulus', maxModulusOctets);
  const exponent = positive(inner, 'publicExponent', 32);
  inner.end('RSAPublicKey');
  reader.end('RSAPublicKey');
  // An even modulus or exponent belongs to no RSA key; exponent 1 signs nothing.
  const odd = (octets: Uint8Array) => ((octets[octets.length - 1] as number) & 1) === 1;
  if (!odd(modulus) || !odd(exponent) || (exponent.length === 1 && exponent[0] === 1) || modulus.length < 64)
    throw new X509Error('x509/public-key', 'RSAPublicKey');
  const minimal = sequence(unsignedInteger(modulus), unsignedInteger(exponent));
  return {
    algorithm: 'RSA',
    spki: sequence(sequence(oid(oids.rsaEncryption), nullValue()), bitString(minimal)),
    bits: (modulus.length - 1) * 8 + (32 - Math.clz32(modulus[0] as number)),
    keyBits: minimal,
    rsa: { modulus, exponent }
  };
}

function positive(reader: DerReader, what: string, max: number): Uint8Array {
  const at = reader.offset;
  const magnitude = reader.unsigned(what, max);
  if (magnitude.length === 1 && magnitude[0] === 0) throw new DerError('der/integer', at, what);
  return magnitude;
}
