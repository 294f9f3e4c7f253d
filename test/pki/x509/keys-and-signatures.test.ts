import { createECDH, createHash, generateKeyPairSync, verify, createPublicKey } from 'node:crypto';
import { expect } from 'chai';
import fc from 'fast-check';
import { integer, sequence } from '../../../pki/der/index.js';
import {
  curves,
  derToRawSignature,
  keyIdentifier,
  parsePublicKey,
  rawToDerSignature
} from '../../../pki/x509/index.js';
import { codeOf } from '../../kit/errors.js';
import { p256Key, rsaKey, signRaw } from '../../kit/keys.js';
import { derSignature } from '../../kit/requests.js';
import { openssl } from '../../kit/openssl.js';
import { longForm } from '../../kit/ber.js';

const toHex = (octets: Uint8Array) => Buffer.from(octets).toString('hex');

describe('public keys', () => {
  it('are read with their sizes', () => {
    expect(parsePublicKey(p256Key().spki)).to.include({ algorithm: 'P-256', bits: 256, rsa: undefined });
    const { publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-384' });
    const p384 = parsePublicKey(publicKey.export({ format: 'der', type: 'spki' }));
    expect(p384).to.include({ algorithm: 'P-384', bits: 384 });
    const rsa = rsaKey(1024);
    expect(parsePublicKey(rsa.spki)).to.include({ algorithm: 'RSA', bits: 1024 });
    expect(toHex(parsePublicKey(rsa.spki).rsa?.exponent ?? new Uint8Array())).to.equal('010001');
  });

  it('have one encoding, whatever lengths they were read with', () => {
    for (const { spki } of [p256Key(), rsaKey(1024)]) {
      const long = parsePublicKey(longForm(spki, 3), 'long-form-allowed');
      expect(toHex(long.spki)).to.equal(toHex(spki));
      expect(codeOf(() => parsePublicKey(longForm(spki, 3)))).to.equal('der/length');
    }
  });

  it('of Edwards curves and other algorithms are refused', () => {
    for (const type of ['ed25519', 'x25519'] as const) {
      const { publicKey } =
        type === 'ed25519' ? generateKeyPairSync('ed25519') : generateKeyPairSync('x25519');
      const spki = publicKey.export({ format: 'der', type: 'spki' });
      expect(codeOf(() => parsePublicKey(spki))).to.equal('x509/public-key');
    }
    const { publicKey } = generateKeyPairSync('ec', { namedCurve: 'secp256k1' });
    expect(codeOf(() => parsePublicKey(publicKey.export({ format: 'der', type: 'spki' })))).to.equal(
      'x509/public-key'
    );
  });

  it('are on their curve exactly when OpenSSL says so', () => {
    const { spki } = p256Key();
    const at = spki.length - 65;
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 64 }), fc.integer({ min: 0, max: 255 }), (position, octet) => {
        const changed = new Uint8Array(spki);
        changed[at + position] = octet;
        let theirs = true;
        try {
          createPublicKey({ key: Buffer.from(changed), format: 'der', type: 'spki' });
        } catch {
          theirs = false;
        }
        let ours = true;
        try {
          parsePublicKey(changed);
        } catch {
          ours = false;
        }
        expect(ours).to.equal(theirs);
      }),
      { numRuns: 100 }
    );
  });

  it('are named by method 2 of RFC 5280 over the point, as openssl sha1 computes it', () => {
    const { keyBits } = parsePublicKey(p256Key().spki);
    const digest = openssl(['dgst', '-sha1', '-r'], keyBits).slice(0, 40);
    const identifier = toHex(keyIdentifier(keyBits));
    expect(identifier).to.have.length(16);
    expect(identifier[0]).to.equal('4');
    expect(identifier.slice(1)).to.equal(digest.slice(-15));
  });

  it('have the key identifier of a vector computed once by hand', () => {
    // The generator of P-256; SHA-1 from the openssl command line.
    const ecdh = createECDH('prime256v1');
    ecdh.setPrivateKey(Buffer.from('1'.padStart(64, '0'), 'hex'));
    const point = ecdh.getPublicKey();
    expect(createHash('sha1').update(point).digest('hex')).to.equal(
      'b467a3999eb5efa671de0032f08a9c9e5efda0e1'
    );
    expect(toHex(keyIdentifier(point))).to.equal('408a9c9e5efda0e1');
  });
});

describe('ECDSA signature values', () => {
  it('go from raw to DER and back, and OpenSSL takes both', () => {
    const key = p256Key();
    const data = Buffer.from('data');
    const publicKey = createPublicKey({ key: Buffer.from(key.spki), format: 'der', type: 'spki' });
    for (let i = 0; i < 50; i++) {
      const raw = signRaw(key, data);
      const der = rawToDerSignature(raw, 'P-256');
      expect(toHex(derToRawSignature(der, 'P-256'))).to.equal(toHex(raw));
      expect(verify('sha256', data, publicKey, der)).to.equal(true);
    }
  });

  const { n } = curves['P-256'];
  const bad: readonly (readonly [string, Uint8Array])[] = [
    ['r of zero', sequence(integer(0), integer(1))],
    ['s of zero', sequence(integer(1), integer(0))],
    ['r of n', sequence(integer(n), integer(1))],
    ['s over n', sequence(integer(1), integer(n + 1n))],
    ['33 octets', sequence(integer(1n << 256n), integer(1))],
    ['a negative s', sequence(integer(1), Uint8Array.of(2, 1, 0x80))],
    ['a padded r', sequence(Uint8Array.of(2, 2, 0, 1), integer(1))],
    ['one INTEGER', sequence(integer(1))],
    ['three INTEGERs', sequence(integer(1), integer(1), integer(1))],
    ['a trailing octet', Uint8Array.of(...sequence(integer(1), integer(1)), 0)],
    ['a long-form length', Uint8Array.of(0x30, 0x81, 6, 2, 1, 1, 2, 1, 1)],
    ['an indefinite length', Uint8Array.of(0x30, 0x80, 2, 1, 1, 2, 1, 1, 0, 0)],
    ['nothing', new Uint8Array()]
  ];
  for (const [name, der] of bad) {
    it(`are refused with ${name}`, () => {
      expect(codeOf(() => derToRawSignature(der, 'P-256'))).to.equal('x509/signature');
    });
  }

  it('take the ends of the range, and no raw value beyond them', () => {
    expect(toHex(derToRawSignature(sequence(integer(1), integer(n - 1n)), 'P-256'))).to.match(
      /^0{63}1ffffffff0/
    );
    expect(codeOf(() => rawToDerSignature(new Uint8Array(64), 'P-256'))).to.equal('x509/signature');
    expect(codeOf(() => rawToDerSignature(new Uint8Array(63).fill(1), 'P-256'))).to.equal('x509/signature');
  });

  it('have no other DER form that is taken', () => {
    const der = derSignature(p256Key(), Buffer.from('data'));
    const raw = toHex(derToRawSignature(der, 'P-256'));
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: der.length - 1 }),
        fc.integer({ min: 0, max: 255 }),
        (at, octet) => {
          const changed = new Uint8Array(der);
          changed[at] = octet;
          try {
            const read = toHex(derToRawSignature(changed, 'P-256'));
            // One raw value has one encoding: a change that is taken is a change of the value.
            expect(read === raw).to.equal(Buffer.compare(changed, der) === 0);
            expect(toHex(rawToDerSignature(Buffer.from(read, 'hex'), 'P-256'))).to.equal(toHex(changed));
          } catch (error) {
            expect(error).to.have.property('code', 'x509/signature');
          }
        }
      ),
      { numRuns: 500 }
    );
  });
});
