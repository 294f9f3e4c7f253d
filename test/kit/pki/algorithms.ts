/** Signature algorithms of tests, those that must be refused among them. */
import { constants, sign } from 'node:crypto';
import { contextTagged, integer, nullValue, oid, sequence } from '../../../pki/der/index.js';
import type { KeyKind, PkiKey } from './keys.js';

type Hash = 'md5' | 'sha1' | 'sha256' | 'sha384' | 'sha512';

interface SigningForm {
  readonly oid: string;
  readonly hash: Hash;
  readonly kind: 'ecdsa' | 'pkcs1' | 'pss';
}

const forms = {
  'ecdsa-sha1': { oid: '1.2.840.10045.4.1', hash: 'sha1', kind: 'ecdsa' },
  'ecdsa-sha256': { oid: '1.2.840.10045.4.3.2', hash: 'sha256', kind: 'ecdsa' },
  'ecdsa-sha384': { oid: '1.2.840.10045.4.3.3', hash: 'sha384', kind: 'ecdsa' },
  'ecdsa-sha512': { oid: '1.2.840.10045.4.3.4', hash: 'sha512', kind: 'ecdsa' },
  'rsa-md5': { oid: '1.2.840.113549.1.1.4', hash: 'md5', kind: 'pkcs1' },
  'rsa-sha1': { oid: '1.2.840.113549.1.1.5', hash: 'sha1', kind: 'pkcs1' },
  'rsa-sha256': { oid: '1.2.840.113549.1.1.11', hash: 'sha256', kind: 'pkcs1' },
  'rsa-sha384': { oid: '1.2.840.113549.1.1.12', hash: 'sha384', kind: 'pkcs1' },
  'rsa-sha512': { oid: '1.2.840.113549.1.1.13', hash: 'sha512', kind: 'pkcs1' },
  'pss-sha256': { oid: '1.2.840.113549.1.1.10', hash: 'sha256', kind: 'pss' },
  'pss-sha384': { oid: '1.2.840.113549.1.1.10', hash: 'sha384', kind: 'pss' },
  'pss-sha512': { oid: '1.2.840.113549.1.1.10', hash: 'sha512', kind: 'pss' }
} as const satisfies Record<string, SigningForm>;

export type SigningAlgorithm = keyof typeof forms;

export const hashOids: Readonly<Record<Exclude<Hash, 'md5'>, string>> = {
  sha1: '1.3.14.3.2.26',
  sha256: '2.16.840.1.101.3.4.2.1',
  sha384: '2.16.840.1.101.3.4.2.2',
  sha512: '2.16.840.1.101.3.4.2.3'
};

const saltOctets = { sha256: 32, sha384: 48, sha512: 64 } as const;

/** What a key of a kind signs with unless a test says otherwise. */
export const usualAlgorithm: Readonly<Record<KeyKind, SigningAlgorithm>> = {
  'P-256': 'ecdsa-sha256',
  'P-384': 'ecdsa-sha384',
  'RSA-2048': 'rsa-sha256',
  'RSA-3072': 'rsa-sha384'
};

/** The AlgorithmIdentifier as its standard writes it (RFC 5758 3.2, RFC 4055 3.1 and 5). */
export function algorithmDer(algorithm: SigningAlgorithm): Uint8Array {
  const form: SigningForm = forms[algorithm];
  if (form.kind === 'ecdsa') return sequence(oid(form.oid));
  if (form.kind === 'pkcs1') return sequence(oid(form.oid), nullValue());
  if (form.hash === 'md5' || form.hash === 'sha1') throw new RangeError('no such PSS form');
  return pssAlgorithmDer({ hash: form.hash, mgfHash: form.hash, salt: saltOctets[form.hash] });
}

/** id-RSASSA-PSS with any parameters. */
export function pssAlgorithmDer(parameters: {
  readonly hash: Exclude<Hash, 'md5'>;
  readonly mgfHash: Exclude<Hash, 'md5'>;
  readonly salt: number;
}): Uint8Array {
  const hash = (name: Exclude<Hash, 'md5'>) => sequence(oid(hashOids[name]), nullValue());
  return sequence(
    oid('1.2.840.113549.1.1.10'),
    sequence(
      contextTagged(0, hash(parameters.hash)),
      contextTagged(1, sequence(oid('1.2.840.113549.1.1.8'), hash(parameters.mgfHash))),
      contextTagged(2, integer(parameters.salt))
    )
  );
}

/** The content of the signature BIT STRING over `octets`: ECDSA-Sig-Value or an RSA signature. */
export function signWith(key: PkiKey, algorithm: SigningAlgorithm, octets: Uint8Array): Uint8Array {
  const form: SigningForm = forms[algorithm];
  if ((form.kind === 'ecdsa') !== key.kind.startsWith('P-'))
    throw new RangeError(`${algorithm} with a key of ${key.kind}`);
  const { privateKey } = key;
  if (form.kind === 'ecdsa') return sign(form.hash, octets, { key: privateKey, dsaEncoding: 'der' });
  const padding = form.kind === 'pss' ? constants.RSA_PKCS1_PSS_PADDING : constants.RSA_PKCS1_PADDING;
  return sign(form.hash, octets, {
    key: privateKey,
    padding,
    ...(form.kind === 'pss' ? { saltLength: constants.RSA_PSS_SALTLEN_DIGEST } : {})
  });
}
