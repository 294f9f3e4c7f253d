import { generateKeyPairSync, sign } from 'node:crypto';
import { expect } from 'chai';
import { parsePublicKey, rawToDerSignature } from '../../../../pki/x509/index.js';
import { verifyWithKnownKey } from '../../../../pki/verify/index.js';
import { loadPointVerifier } from '../../../../ops/native/point-verifier.js';
import { ecdsaClasses } from './classes/ecdsa.js';
import { rsaClasses } from './classes/rsa.js';
import { p256Key, rsaKey, signRaw } from '../../../kit/keys.js';

const data = Buffer.from('the whole octets, never a digest');

describe('verifyWithKnownKey', () => {
  const ec = p256Key();
  const raw = signRaw(ec, data);

  it('takes raw and DER ECDSA signatures each by its own name', () => {
    const der = rawToDerSignature(raw, 'P-256');
    expect(verifyWithKnownKey(ec.spki, data, raw, 'raw')).to.equal(true);
    expect(verifyWithKnownKey(ec.spki, data, der, 'der')).to.equal(true);
    expect(verifyWithKnownKey(ec.spki, data, der, 'raw')).to.equal(false);
    expect(verifyWithKnownKey(ec.spki, data, raw, 'der')).to.equal(false);
  });

  it('refuses other data, another key, a short and a long signature', () => {
    expect(verifyWithKnownKey(ec.spki, Buffer.from('other'), raw, 'raw')).to.equal(false);
    expect(verifyWithKnownKey(p256Key().spki, data, raw, 'raw')).to.equal(false);
    expect(verifyWithKnownKey(ec.spki, data, raw.subarray(1), 'raw')).to.equal(false);
    expect(verifyWithKnownKey(ec.spki, data, Buffer.concat([raw, raw]), 'raw')).to.equal(false);
    expect(verifyWithKnownKey(ec.spki, data, new Uint8Array(64), 'raw')).to.equal(false);
  });

  it('takes RSA of 2048 bits with PKCS#1 v1.5 and SHA-256, and neither less nor otherwise', () => {
    const rsa = rsaKey();
    expect(verifyWithKnownKey(rsa.spki, data, signRaw(rsa, data), 'raw')).to.equal(true);
    expect(verifyWithKnownKey(rsa.spki, data, signRaw(rsa, data), 'der')).to.equal(true);
    expect(verifyWithKnownKey(rsa.spki, data, sign('sha1', data, rsa.privateKey), 'raw')).to.equal(false);
    const small = rsaKey(1024);
    expect(verifyWithKnownKey(small.spki, data, signRaw(small, data), 'raw')).to.equal(false);
  });

  it('knows no other keys', () => {
    const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-384' });
    const spki = publicKey.export({ format: 'der', type: 'spki' });
    const signature = sign('sha256', data, { key: privateKey, dsaEncoding: 'ieee-p1363' });
    expect(verifyWithKnownKey(spki, data, signature, 'raw')).to.equal(false);
    expect(verifyWithKnownKey(Buffer.from('3000', 'hex'), data, raw, 'raw')).to.equal(false);
    expect(verifyWithKnownKey(new Uint8Array(2 ** 21), data, raw, 'raw')).to.equal(false);
  });

  it('keeps answering rightly when more keys pass than it remembers', () => {
    const others = Array.from({ length: 20 }, () => p256Key());
    const signed = others.map(key => signRaw(key, data));
    for (let i = 0; i < 300; i++) verifyWithKnownKey(Buffer.from(`not a key ${i}`), data, raw, 'raw');
    others.forEach((key, i) => {
      expect(verifyWithKnownKey(key.spki, data, signed[i] ?? raw, 'raw')).to.equal(true);
      expect(verifyWithKnownKey(key.spki, data, raw, 'raw')).to.equal(false);
    });
    expect(verifyWithKnownKey(ec.spki, data, raw, 'raw')).to.equal(true);
  });

  it('answers as verifySignature does to every malformed and extreme signature, with and without a faster way', () => {
    const faster = loadPointVerifier('often');
    const wrong: string[] = [];
    for (const { rule, expect: expected, cases } of [...ecdsaClasses('P-256'), ...rsaClasses()])
      for (const { title, input } of cases()) {
        const { publicKey, data: octets, signature, format, hash, padding } = input;
        if (padding === 'pss' || (hash ?? 'sha256') !== 'sha256') continue;
        for (const verifyPoint of [undefined, faster])
          if (
            verifyWithKnownKey(publicKey, octets, signature, format, verifyPoint) !==
            (expected === 'valid')
          )
            wrong.push(`${rule}: ${title}`);
      }
    expect(wrong).to.deep.equal([]);
  });

  it('has no answer for P-384, whose hash is another', () => {
    const cases = ecdsaClasses('P-384').flatMap(one => one.cases());
    const believed = cases.filter(({ input: { publicKey, data: octets, signature, format } }) =>
      verifyWithKnownKey(publicKey, octets, signature, format)
    );
    expect(
      believed.filter(({ input }) => parsePublicKey(input.publicKey).algorithm === 'P-384')
    ).to.deep.equal([]);
  });
});
