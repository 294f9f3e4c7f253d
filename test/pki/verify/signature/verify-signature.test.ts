import { expect } from 'chai';
import fc from 'fast-check';
import { parsePublicKey } from '../../../../pki/x509/index.js';
import { verifySignature, type SignatureInput } from '../../../../pki/verify/index.js';
import { keyOf, type KeyKind } from '../../../kit/pki/keys.js';
import { signWith, type SigningAlgorithm } from '../../../kit/pki/algorithms.js';

const data = new Uint8Array(Buffer.from('the whole octets, never a digest'));

function signed(kind: KeyKind, algorithm: SigningAlgorithm): SignatureInput {
  const key = keyOf(kind, 'signature');
  return { publicKey: key.spki, data, signature: signWith(key, algorithm, data), format: 'der' };
}

/** A call as untyped code makes it. */
function call(input: unknown): unknown {
  return (verifySignature as (input: unknown) => unknown)(input);
}

describe('verifySignature', () => {
  it('takes the hash of the curve, or SHA-256, where none is named', () => {
    expect(verifySignature(signed('P-256', 'ecdsa-sha256'))).to.equal(true);
    expect(verifySignature(signed('P-384', 'ecdsa-sha384'))).to.equal(true);
    expect(verifySignature(signed('RSA-2048', 'rsa-sha256'))).to.equal(true);
    expect(verifySignature(signed('P-256', 'ecdsa-sha384'))).to.equal(false);
    expect(verifySignature(signed('P-384', 'ecdsa-sha256'))).to.equal(false);
    expect(verifySignature(signed('RSA-2048', 'rsa-sha384'))).to.equal(false);
  });

  it('takes a hash that is named, on every kind of key', () => {
    for (const hash of ['sha256', 'sha384', 'sha512'] as const) {
      expect(verifySignature({ ...signed('P-256', `ecdsa-${hash}`), hash })).to.equal(true);
      expect(verifySignature({ ...signed('P-384', `ecdsa-${hash}`), hash })).to.equal(true);
      expect(verifySignature({ ...signed('RSA-3072', `rsa-${hash}`), hash })).to.equal(true);
      expect(verifySignature({ ...signed('RSA-3072', `pss-${hash}`), hash, padding: 'pss' })).to.equal(true);
      expect(verifySignature({ ...signed('RSA-3072', `pss-${hash}`), hash })).to.equal(false);
    }
  });

  it('believes neither SHA-1 nor MD5', () => {
    for (const [kind, algorithm] of [
      ['P-256', 'ecdsa-sha1'],
      ['RSA-2048', 'rsa-sha1'],
      ['RSA-2048', 'rsa-md5']
    ] as const) {
      const input = signed(kind, algorithm);
      for (const hash of ['sha256', 'sha384', 'sha512'] as const)
        expect(verifySignature({ ...input, hash })).to.equal(false);
    }
  });

  it('has one form of an RSA signature under both names', () => {
    const input = signed('RSA-2048', 'rsa-sha256');
    expect(verifySignature({ ...input, format: 'raw' })).to.equal(true);
  });

  it('takes octets wherever they lie: a part of others, shared memory, a Buffer', () => {
    const input = signed('P-384', 'ecdsa-sha384');
    const inside = (octets: Uint8Array) => {
      const longer = new Uint8Array(octets.length + 20).fill(0xee);
      longer.set(octets, 7);
      return longer.subarray(7, 7 + octets.length);
    };
    const shared = (octets: Uint8Array) => {
      const memory = new Uint8Array(new SharedArrayBuffer(octets.length));
      memory.set(octets);
      return memory;
    };
    for (const place of [inside, shared, (octets: Uint8Array) => Buffer.from(octets)]) {
      const { publicKey, signature } = input;
      const moved = { publicKey: place(publicKey), data: place(data), signature: place(signature) };
      expect(verifySignature({ ...input, ...moved })).to.equal(true);
      expect(verifySignature({ ...input, ...moved, data: place(Uint8Array.of(1)) })).to.equal(false);
    }
  });

  it('changes nothing that it is handed', () => {
    const input = signed('P-256', 'ecdsa-sha256');
    const before = [input.publicKey, input.data, input.signature].map(octets => Uint8Array.from(octets));
    verifySignature(input);
    expect(
      [input.publicKey, input.data, input.signature].map(octets => Uint8Array.from(octets))
    ).to.deep.equal(before);
  });

  it('throws TypeError for values of another type, and for nothing else', () => {
    const input = signed('P-256', 'ecdsa-sha256');
    const wrong: unknown[] = [
      undefined,
      null,
      'input',
      {},
      { ...input, publicKey: 'MFkw' },
      { ...input, publicKey: parsePublicKey(input.publicKey) },
      { ...input, data: 'text' },
      { ...input, data: undefined },
      { ...input, signature: input.signature.buffer },
      { ...input, signature: [...input.signature] },
      { ...input, signature: new Uint16Array(32) },
      { ...input, format: undefined },
      { ...input, format: 'DER' },
      { ...input, hash: 'SHA-256' },
      { ...input, hash: 'sha1' },
      { ...input, hash: null },
      { ...input, padding: 'oaep' },
      { ...input, padding: 1 }
    ];
    for (const each of wrong) expect(() => call(each), JSON.stringify(each)).to.throw(TypeError);
  });

  it('answers for any octets in every place', () => {
    const inputs = [
      signed('P-256', 'ecdsa-sha256'),
      signed('P-384', 'ecdsa-sha384'),
      signed('RSA-2048', 'rsa-sha256')
    ];
    const octets = fc.uint8Array({ maxLength: 400 });
    const options = fc.record(
      {
        format: fc.constantFrom('der', 'raw'),
        hash: fc.constantFrom('sha256', 'sha384', 'sha512'),
        padding: fc.constantFrom('pkcs1', 'pss')
      },
      { requiredKeys: ['format'] }
    );
    fc.assert(
      fc.property(
        fc.constantFrom(...inputs),
        octets,
        fc.constantFrom('publicKey', 'signature'),
        options,
        (input, any, place, more) => {
          expect(verifySignature({ ...input, ...more, [place]: any })).to.equal(false);
        }
      ),
      { numRuns: 2_000 }
    );
  });

  it('believes no key but the one encoded, whatever octet of it changes', () => {
    for (const kind of ['P-256', 'P-384', 'RSA-2048'] as const) {
      const input = signed(
        kind,
        kind === 'P-256' ? 'ecdsa-sha256' : kind === 'P-384' ? 'ecdsa-sha384' : 'rsa-sha256'
      );
      for (let at = 0; at < input.publicKey.length; at++) {
        for (const bit of [0x01, 0x80]) {
          const publicKey = Uint8Array.from(input.publicKey);
          publicKey[at] = (publicKey[at] as number) ^ bit;
          expect(verifySignature({ ...input, publicKey }), `octet ${at}`).to.equal(false);
        }
      }
    }
  });
});
