import { expect } from 'chai';
import { generateKeyPairSync } from 'node:crypto';
import { bitLength, p256Spki, rsaSpki } from '../../../hsm/pkcs11/public-key.js';

describe('public keys of a token', () => {
  it('P-256: the DER that OpenSSL writes', () => {
    const { publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const { x, y } = publicKey.export({ format: 'jwk' });
    const octets = [x, y].map(part => Buffer.from(part!, 'base64url'));
    const point = Buffer.concat([Buffer.of(0x04, 65, 0x04), ...octets]);
    expect(p256Spki(point)).to.deep.equal(publicKey.export({ format: 'der', type: 'spki' }));
  });

  it('RSA: the DER that OpenSSL writes, also from numbers with zeros in front', () => {
    for (const publicExponent of [3, 65537, 0xf0000001]) {
      const { publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048, publicExponent });
      const { n, e } = publicKey.export({ format: 'jwk' });
      const [modulus, exponent] = [n, e].map(part => Buffer.from(part!, 'base64url'));
      const expected = publicKey.export({ format: 'der', type: 'spki' });
      expect(rsaSpki(modulus!, exponent!)).to.deep.equal(expected);
      expect(rsaSpki(Buffer.concat([Buffer.alloc(2), modulus!]), exponent!)).to.deep.equal(expected);
    }
  });

  it('refuses points that are bare, compressed, hybrid, short or of another curve', () => {
    const points = [
      Buffer.concat([Buffer.of(0x04), Buffer.alloc(64)]),
      Buffer.concat([Buffer.of(0x04, 33, 0x02), Buffer.alloc(32)]),
      Buffer.concat([Buffer.of(0x04, 65, 0x06), Buffer.alloc(64)]),
      Buffer.concat([Buffer.of(0x04, 65, 0x04), Buffer.alloc(63)]),
      Buffer.concat([Buffer.of(0x04, 97, 0x04), Buffer.alloc(96)])
    ];
    for (const point of points) {
      expect(() => p256Spki(point))
        .to.throw()
        .with.property('code', 'hsm/key-attributes');
    }
  });

  it('counts bits', () => {
    expect(bitLength(Buffer.of())).to.equal(0);
    expect(bitLength(Buffer.of(0, 0))).to.equal(0);
    expect(bitLength(Buffer.of(0, 1))).to.equal(1);
    expect(bitLength(Buffer.of(0x7f, 0))).to.equal(15);
    expect(bitLength(Buffer.of(0x80, ...Buffer.alloc(255)))).to.equal(2048);
  });
});
