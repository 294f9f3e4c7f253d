import { generateKeyPairSync, sign } from 'node:crypto';
import { expect } from 'chai';
import { rawToDerSignature } from '../../../pki/x509/index.js';
import { verifySignature } from '../../../pki/verify/index.js';
import { p256Key, rsaKey, signRaw } from '../../kit/keys.js';

const data = Buffer.from('the whole octets, never a digest');

describe('verifySignature', () => {
  const ec = p256Key();
  const raw = signRaw(ec, data);

  it('takes raw and DER ECDSA signatures each by its own name', () => {
    const der = rawToDerSignature(raw, 'P-256');
    expect(verifySignature(ec.spki, data, raw, 'raw')).to.equal(true);
    expect(verifySignature(ec.spki, data, der, 'der')).to.equal(true);
    expect(verifySignature(ec.spki, data, der, 'raw')).to.equal(false);
    expect(verifySignature(ec.spki, data, raw, 'der')).to.equal(false);
  });

  it('refuses other data, another key, a short and a long signature', () => {
    expect(verifySignature(ec.spki, Buffer.from('other'), raw, 'raw')).to.equal(false);
    expect(verifySignature(p256Key().spki, data, raw, 'raw')).to.equal(false);
    expect(verifySignature(ec.spki, data, raw.subarray(1), 'raw')).to.equal(false);
    expect(verifySignature(ec.spki, data, Buffer.concat([raw, raw]), 'raw')).to.equal(false);
    expect(verifySignature(ec.spki, data, new Uint8Array(64), 'raw')).to.equal(false);
  });

  it('takes RSA of 2048 bits with PKCS#1 v1.5 and SHA-256, and neither less nor otherwise', () => {
    const rsa = rsaKey();
    expect(verifySignature(rsa.spki, data, signRaw(rsa, data), 'raw')).to.equal(true);
    expect(verifySignature(rsa.spki, data, signRaw(rsa, data), 'der')).to.equal(true);
    expect(verifySignature(rsa.spki, data, sign('sha1', data, rsa.privateKey), 'raw')).to.equal(false);
    const small = rsaKey(1024);
    expect(verifySignature(small.spki, data, signRaw(small, data), 'raw')).to.equal(false);
  });

  it('knows no other keys', () => {
    const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-384' });
    const spki = publicKey.export({ format: 'der', type: 'spki' });
    const signature = sign('sha256', data, { key: privateKey, dsaEncoding: 'ieee-p1363' });
    expect(verifySignature(spki, data, signature, 'raw')).to.equal(false);
    expect(verifySignature(Buffer.from('3000', 'hex'), data, raw, 'raw')).to.equal(false);
  });

  it('keeps answering rightly when more keys pass than it remembers', () => {
    const others = Array.from({ length: 20 }, () => p256Key());
    const signed = others.map(key => signRaw(key, data));
    for (let i = 0; i < 300; i++) verifySignature(Buffer.from(`not a key ${i}`), data, raw, 'raw');
    others.forEach((key, i) => {
      expect(verifySignature(key.spki, data, signed[i] ?? raw, 'raw')).to.equal(true);
      expect(verifySignature(key.spki, data, raw, 'raw')).to.equal(false);
    });
    expect(verifySignature(ec.spki, data, raw, 'raw')).to.equal(true);
  });
});
