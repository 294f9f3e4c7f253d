import { expect } from 'chai';
import { contextTagged, integer, nullValue, oid, sequence, DerReader } from '../../../../pki/der/index.js';
import { readAlgorithm } from '../../../../pki/x509/algorithm.js';
import { parsePublicKey, type AlgorithmIdentifier } from '../../../../pki/x509/index.js';
import { isSigned } from '../../../../pki/verify/signature/index.js';
import {
  algorithmDer,
  hashOids,
  pssAlgorithmDer,
  signWith,
  type SigningAlgorithm
} from '../../../kit/pki/algorithms.js';
import { keyOf, type KeyKind } from '../../../kit/pki/keys.js';
import { rsaKeyOf } from './classes/rsa-subject.js';

const tbs = new Uint8Array(Buffer.from('what is to be signed'));

function read(der: Uint8Array): AlgorithmIdentifier {
  return readAlgorithm(DerReader.over(der, 'algorithm'), 'algorithm');
}

/** The answer about a good signature by `algorithm` that goes under any identifier. */
function answer(
  kind: KeyKind,
  algorithm: SigningAlgorithm,
  identifier = algorithmDer(algorithm),
  inner: Uint8Array | undefined = identifier
): boolean | 'unsupported' {
  const key = keyOf(kind, 'signed');
  const signature = signWith(key, algorithm, tbs);
  return isSigned(tbs, read(identifier), inner && read(inner), signature, parsePublicKey(key.spki));
}

const good: readonly (readonly [KeyKind, SigningAlgorithm])[] = [
  ...(['P-256', 'P-384'] as const).flatMap(kind =>
    (['ecdsa-sha256', 'ecdsa-sha384', 'ecdsa-sha512'] as const).map(algorithm => [kind, algorithm] as const)
  ),
  ...(['RSA-2048', 'RSA-3072'] as const).flatMap(kind =>
    (['rsa-sha256', 'rsa-sha384', 'rsa-sha512', 'pss-sha256', 'pss-sha384', 'pss-sha512'] as const).map(
      algorithm => [kind, algorithm] as const
    )
  )
];

describe('isSigned', () => {
  for (const [kind, algorithm] of good) {
    it(`believes ${algorithm} by ${kind}, and no other octets`, () => {
      expect(answer(kind, algorithm)).to.equal(true);
      const key = keyOf(kind, 'signed');
      const identifier = read(algorithmDer(algorithm));
      const signature = signWith(key, algorithm, tbs);
      const other = keyOf(kind, 'another');
      const by = (octets: Uint8Array, spki: Uint8Array) =>
        isSigned(octets, identifier, identifier, signature, parsePublicKey(spki));
      expect(by(tbs, key.spki)).to.equal(true);
      expect(by(tbs.subarray(1), key.spki)).to.equal(false);
      expect(by(tbs, other.spki)).to.equal(false);
    });
  }

  it('needs no second identifier where the structure has none', () => {
    const key = keyOf('P-256', 'signed');
    const identifier = read(algorithmDer('ecdsa-sha256'));
    const signature = signWith(key, 'ecdsa-sha256', tbs);
    expect(isSigned(tbs, identifier, undefined, signature, parsePublicKey(key.spki))).to.equal(true);
  });

  it('holds the two identifiers to the same octets', () => {
    expect(answer('P-256', 'ecdsa-sha256', undefined, algorithmDer('ecdsa-sha384'))).to.equal(false);
    expect(answer('RSA-2048', 'rsa-sha256', undefined, algorithmDer('rsa-sha384'))).to.equal(false);
    expect(answer('RSA-2048', 'rsa-sha256', undefined, sequence(oid('1.2.840.113549.1.1.11')))).to.equal(
      false
    );
    expect(answer('RSA-2048', 'rsa-sha256', undefined, algorithmDer('pss-sha256'))).to.equal(false);
  });

  it('takes an identifier of another hash, padding or key for what it says', () => {
    expect(answer('P-256', 'ecdsa-sha256', algorithmDer('ecdsa-sha384'))).to.equal(false);
    expect(answer('RSA-2048', 'rsa-sha256', algorithmDer('rsa-sha512'))).to.equal(false);
    expect(answer('RSA-2048', 'rsa-sha256', algorithmDer('pss-sha256'))).to.equal(false);
    expect(answer('RSA-2048', 'pss-sha256', algorithmDer('rsa-sha256'))).to.equal(false);
    expect(answer('RSA-2048', 'pss-sha256', algorithmDer('pss-sha384'))).to.equal(false);
    expect(answer('P-256', 'ecdsa-sha256', algorithmDer('rsa-sha256'))).to.equal(false);
    expect(answer('RSA-2048', 'rsa-sha256', algorithmDer('ecdsa-sha256'))).to.equal(false);
  });

  describe('does not support', () => {
    const hash = (name: 'sha1' | 'sha256' | 'sha384', ...parameters: Uint8Array[]) =>
      sequence(oid(hashOids[name]), ...parameters);
    const mgf1 = (inner: Uint8Array) => sequence(oid('1.2.840.113549.1.1.8'), inner);
    const pss = (...parameters: Uint8Array[]) => sequence(oid('1.2.840.113549.1.1.10'), ...parameters);
    const usual = hash('sha256', nullValue());
    const ecdsa: Record<string, Uint8Array> = {
      'ECDSA with SHA-1': algorithmDer('ecdsa-sha1'),
      'ECDSA with SHA-224': sequence(oid('1.2.840.10045.4.3.1')),
      'ECDSA with NULL': sequence(oid('1.2.840.10045.4.3.2'), nullValue()),
      'ECDSA with a curve': sequence(oid('1.2.840.10045.4.3.2'), oid('1.2.840.10045.3.1.7')),
      'ECDSA with a named hash': sequence(oid('1.2.840.10045.4.3'), hash('sha256')),
      'ECDSA with SHA3-256': sequence(oid('2.16.840.1.101.3.4.3.10')),
      'an EC key as algorithm': sequence(oid('1.2.840.10045.2.1')),
      Ed25519: sequence(oid('1.3.101.112')),
      'DSA with SHA-256': sequence(oid('2.16.840.1.101.3.4.3.2'))
    };
    const rsa: Record<string, Uint8Array> = {
      'MD5 with RSA': algorithmDer('rsa-md5'),
      'SHA-1 with RSA': algorithmDer('rsa-sha1'),
      'SHA-224 with RSA': sequence(oid('1.2.840.113549.1.1.14'), nullValue()),
      'RSA without parameters': sequence(oid('1.2.840.113549.1.1.11')),
      'RSA with other parameters': sequence(oid('1.2.840.113549.1.1.11'), sequence()),
      'an RSA key as algorithm': sequence(oid('1.2.840.113549.1.1.1'), nullValue())
    };
    const salted = contextTagged(2, integer(32));
    const ofPss: Record<string, Uint8Array> = {
      'PSS by default values': pss(sequence()),
      'PSS without parameters': pss(),
      'PSS with NULL': pss(nullValue()),
      'PSS with SHA-1': pssAlgorithmDer({ hash: 'sha1', mgfHash: 'sha1', salt: 20 }),
      'PSS with another mask hash': pssAlgorithmDer({ hash: 'sha256', mgfHash: 'sha384', salt: 32 }),
      'PSS with the mask of SHA-1': pssAlgorithmDer({ hash: 'sha256', mgfHash: 'sha1', salt: 32 }),
      'PSS with no salt': pssAlgorithmDer({ hash: 'sha256', mgfHash: 'sha256', salt: 0 }),
      'PSS with a short salt': pssAlgorithmDer({ hash: 'sha256', mgfHash: 'sha256', salt: 20 }),
      'PSS with a long salt': pssAlgorithmDer({ hash: 'sha256', mgfHash: 'sha256', salt: 48 }),
      'PSS with no mask': pss(sequence(contextTagged(0, usual), salted)),
      'PSS with no hash': pss(sequence(contextTagged(1, mgf1(usual)), salted)),
      'PSS with no salt length': pss(sequence(contextTagged(0, usual), contextTagged(1, mgf1(usual)))),
      'PSS with its default trailer written': pss(
        sequence(contextTagged(0, usual), contextTagged(1, mgf1(usual)), salted, contextTagged(3, integer(1)))
      ),
      'PSS with another trailer': pss(
        sequence(contextTagged(0, usual), contextTagged(1, mgf1(usual)), salted, contextTagged(3, integer(2)))
      ),
      'PSS out of order': pss(sequence(contextTagged(1, mgf1(usual)), contextTagged(0, usual), salted)),
      'PSS with another mask function': pss(
        sequence(
          contextTagged(0, usual),
          contextTagged(1, sequence(oid('1.2.840.113549.1.1.9'), usual)),
          salted
        )
      )
    };
    for (const [title, identifier] of Object.entries(ecdsa))
      it(title, () => expect(answer('P-256', 'ecdsa-sha256', identifier)).to.equal('unsupported'));
    for (const [title, identifier] of Object.entries(rsa))
      it(title, () => expect(answer('RSA-2048', 'rsa-sha256', identifier)).to.equal('unsupported'));
    for (const [title, identifier] of Object.entries(ofPss))
      it(title, () => expect(answer('RSA-2048', 'pss-sha256', identifier)).to.equal('unsupported'));

    it('RSA keys of other sizes', () => {
      for (const bits of [1024, 2047]) {
        const identifier = read(algorithmDer('rsa-sha256'));
        const key = parsePublicKey(rsaKeyOf(bits).spki);
        expect(isSigned(tbs, identifier, identifier, new Uint8Array(bits >> 3), key)).to.equal('unsupported');
      }
    });
  });

  it('takes NULL and nothing alike as parameters of the hashes inside PSS (RFC 4055 2.1)', () => {
    const hashes = [sequence(oid(hashOids.sha256), nullValue()), sequence(oid(hashOids.sha256))];
    for (const outer of hashes)
      for (const inner of hashes) {
        const identifier = sequence(
          oid('1.2.840.113549.1.1.10'),
          sequence(
            contextTagged(0, outer),
            contextTagged(1, sequence(oid('1.2.840.113549.1.1.8'), inner)),
            contextTagged(2, integer(32))
          )
        );
        expect(answer('RSA-2048', 'pss-sha256', identifier)).to.equal(true);
      }
  });

  it('reads ECDSA values in DER alone', () => {
    const key = keyOf('P-256', 'signed');
    const identifier = read(algorithmDer('ecdsa-sha256'));
    const signature = signWith(key, 'ecdsa-sha256', tbs);
    const spki = parsePublicKey(key.spki);
    const longer = new Uint8Array([...signature, 0]);
    expect(isSigned(tbs, identifier, identifier, longer, spki)).to.equal(false);
    expect(isSigned(tbs, identifier, identifier, new Uint8Array(64).fill(1), spki)).to.equal(false);
    expect(isSigned(tbs, identifier, identifier, new Uint8Array(), spki)).to.equal(false);
  });
});
