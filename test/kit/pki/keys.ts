/** Key pairs of tests, made once a process: an RSA key takes longer to make than a test to run. */
import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { keyIdentifier, parsePublicKey } from '../../../pki/x509/index.js';

export const keyKinds = ['P-256', 'P-384', 'RSA-2048', 'RSA-3072'] as const;
export type KeyKind = (typeof keyKinds)[number];

export interface PkiKey {
  readonly kind: KeyKind;
  readonly privateKey: KeyObject;
  /** DER SubjectPublicKeyInfo. */
  readonly spki: Uint8Array;
  /** As the profiles make it, method 2 of RFC 5280 4.2.1.2. */
  readonly keyId: Uint8Array;
}

const pool = new Map<string, PkiKey>();

/** The key of a kind and a number or name: the same one whenever it is asked for in this process. */
export function keyOf(kind: KeyKind, which: number | string = 0): PkiKey {
  const place = `${kind} ${which}`;
  const known = pool.get(place);
  if (known !== undefined) return known;
  const key = pkiKey(makePair(kind), kind);
  pool.set(place, key);
  return key;
}

function pkiKey(pair: { publicKey: KeyObject; privateKey: KeyObject }, kind: KeyKind): PkiKey {
  const spki = new Uint8Array(pair.publicKey.export({ format: 'der', type: 'spki' }));
  return { kind, privateKey: pair.privateKey, spki, keyId: keyIdentifier(parsePublicKey(spki).keyBits) };
}

function makePair(kind: KeyKind): { publicKey: KeyObject; privateKey: KeyObject } {
  switch (kind) {
    case 'P-256':
    case 'P-384':
      return generateKeyPairSync('ec', { namedCurve: kind });
    case 'RSA-2048':
      return generateKeyPairSync('rsa', { modulusLength: 2048 });
    case 'RSA-3072':
      return generateKeyPairSync('rsa', { modulusLength: 3072 });
  }
}
