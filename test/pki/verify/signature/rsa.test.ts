import { constants, createPublicKey, verify } from 'node:crypto';
import { expect } from 'chai';
import type { SignatureInput } from '../../../../pki/verify/index.js';
import { wrongAnswers } from './classes/answers.js';
import { rsaClasses } from './classes/rsa.js';
import type { SignatureCase } from './classes/signature-class.js';

/** What OpenSSL answers, any size of key and any length of salt allowed. */
function lenient({ publicKey, data, signature, hash = 'sha256', padding }: SignatureInput): boolean {
  const key = createPublicKey({ key: Buffer.from(publicKey), format: 'der', type: 'spki' });
  const saltLength = constants.RSA_PSS_SALTLEN_AUTO;
  return padding === 'pss'
    ? verify(hash, data, { key, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength }, signature)
    : verify(hash, data, key, signature);
}

function casesOfRule(rule: string): readonly SignatureCase[] {
  return (
    rsaClasses()
      .find(one => one.rule === rule)
      ?.cases() ?? []
  );
}

describe('RSA signatures', () => {
  for (const { rule, expect: expected, cases } of rsaClasses()) {
    it(`${expected}: ${rule}`, () => {
      expect(cases().length).to.be.greaterThan(0);
      expect(wrongAnswers(cases(), expected)).to.deep.equal([]);
    });
  }

  it('the salts that are refused are of signatures that are good but for them', () => {
    const salts = casesOfRule('the parts of a PSS encoding are as they must be').filter(({ title }) =>
      title.includes('salt of')
    );
    expect(salts.length).to.equal(21);
    expect(salts.filter(({ input }) => !lenient(input)).map(({ title }) => title)).to.deep.equal([]);
  });

  it('the sizes of keys that are refused are of keys whose signatures verify', () => {
    const sizes = casesOfRule('RSA keys of other sizes are not');
    expect(sizes.filter(({ input }) => lenient(input)).map(({ title }) => title)).to.include.members([
      '1024 bits',
      '2047 bits',
      '8193 bits'
    ]);
  });

  it('node:crypto itself takes no encoded message of PKCS#1 v1.5 but the one', () => {
    for (const rule of [
      'the padding is 00 01 ff…ff 00',
      'the hash ends the encoded message',
      'DigestInfo has one encoding',
      'forgeries of exponent 3 are seen'
    ]) {
      const cases = casesOfRule(rule);
      expect(cases.length).to.be.greaterThan(0);
      expect(cases.filter(({ input }) => lenient(input)).map(({ title }) => title)).to.deep.equal([]);
    }
  });

  it('the long exponent over a long modulus is refused by OpenSSL too', () => {
    const cases = casesOfRule('a long exponent has a short modulus');
    expect(cases.map(({ input }) => lenient(input))).to.deep.equal([false]);
  });
});
