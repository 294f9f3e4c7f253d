import type { KeyObject } from 'node:crypto';
import { expect } from 'chai';
import { importedKey, type ImportedKey } from '../../../../pki/verify/signature/imported-key.js';
import { verifyEcdsa, verifyRsa } from '../../../../pki/verify/signature/strict.js';
import { octetsFrom, rsaSpki } from '../../../kit/rsa-arithmetic.js';
import { rawOf, signatureOf } from './classes/ber.js';
import { message, subjectsOf, usualHash } from './classes/ecdsa-subject.js';
import { ecdsaCurves } from './classes/ecdsa.js';
import { rsaKeyOf } from './classes/rsa-subject.js';

/** A key that must not be asked: who reaches for it has handed on a value that it should have refused. */
const untouchable = {
  get key(): KeyObject {
    throw new Error('node:crypto is asked');
  }
};

describe('values are refused before node:crypto is asked', () => {
  for (const curve of ecdsaCurves) {
    it(`ECDSA on ${curve}`, () => {
      const key = Object.defineProperties(
        { algorithm: curve },
        Object.getOwnPropertyDescriptors(untouchable)
      ) as Exclude<ImportedKey, { algorithm: 'RSA' }>;
      for (const { r, s, n, octets, base } of subjectsOf(curve)) {
        const ask = (signature: Uint8Array, format: 'der' | 'raw') => () =>
          verifyEcdsa(key, usualHash[curve], message, signature, format);
        for (const [a, b] of [
          [0n, s],
          [r, 0n],
          [n, s],
          [r, n]
        ] as const) {
          expect(ask(signatureOf(a, b), 'der')()).to.equal(false);
          expect(ask(rawOf(a, b, octets), 'raw')()).to.equal(false);
        }
        const raw = rawOf(r, s, octets);
        for (const signature of [
          raw.subarray(1),
          raw.subarray(0, -1),
          new Uint8Array([...raw, 0]),
          base.signature
        ])
          expect(ask(signature, 'raw')()).to.equal(false);
        for (const signature of [raw, new Uint8Array(), new Uint8Array([...base.signature, 0])])
          expect(ask(signature, 'der')()).to.equal(false);
        // The control: a value in its form and range is handed on.
        expect(ask(base.signature, 'der')).to.throw('node:crypto is asked');
        expect(ask(raw, 'raw')).to.throw('node:crypto is asked');
      }
    });
  }

  it('RSA', () => {
    for (const bits of [2048, 2049]) {
      const { n, octets } = rsaKeyOf(bits);
      const key = Object.defineProperties(
        { algorithm: 'RSA', modulus: octetsFrom(n, octets) },
        Object.getOwnPropertyDescriptors(untouchable)
      ) as Extract<ImportedKey, { algorithm: 'RSA' }>;
      for (const padding of ['pkcs1', 'pss'] as const) {
        const ask = (signature: Uint8Array) => () => verifyRsa(key, 'sha256', padding, message, signature);
        const refused = [
          octetsFrom(n, octets),
          octetsFrom(n + 1n, octets),
          new Uint8Array(octets).fill(0xff),
          octetsFrom(n - 1n, octets + 1),
          octetsFrom(n >> 8n, octets - 1),
          new Uint8Array()
        ];
        for (const signature of refused) expect(ask(signature)()).to.equal(false);
        expect(ask(octetsFrom(n - 1n, octets))).to.throw('node:crypto is asked');
      }
    }
  });

  it('keys that are not believed are not imported', () => {
    const { n } = rsaKeyOf(3080);
    expect(importedKey(rsaSpki(n, (1n << 64n) + 1n))).to.equal(undefined);
    expect(importedKey(rsaSpki(n, (1n << 64n) - 1n))).to.include({ algorithm: 'RSA' });
    const { n: shorter } = rsaKeyOf(3072);
    expect(importedKey(rsaSpki(shorter, (1n << 64n) + 1n))).to.include({ algorithm: 'RSA' });
    for (const bits of [1024, 2047, 8193]) expect(importedKey(rsaKeyOf(bits).spki)).to.equal(undefined);
  });
});
