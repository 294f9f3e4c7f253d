import { expect } from 'chai';
import fc from 'fast-check';
import { decodePem, encodePem } from '../../../pki/x509/index.js';
import { testCertificate } from '../../kit/certificates.js';
import { codeOf } from '../../kit/errors.js';
import { p256Key } from '../../kit/keys.js';
import { openssl } from '../../kit/openssl.js';

describe('PEM', () => {
  it('is written as OpenSSL writes it', () => {
    const der = testCertificate({ key: p256Key() });
    expect(encodePem('CERTIFICATE', der)).to.equal(
      openssl(['x509', '-inform', 'DER', '-outform', 'PEM'], der)
    );
  });

  it('is read back, several blocks, LF or CRLF', () => {
    fc.assert(
      fc.property(
        fc.array(fc.uint8Array({ minLength: 1, maxLength: 200 }), { minLength: 1, maxLength: 3 }),
        blocks => {
          const text = blocks.map(block => encodePem('CERTIFICATE', block)).join('\n');
          for (const form of [text, text.replaceAll('\n', '\r\n')])
            expect(
              decodePem(form).map(({ label, der }) => [label, Buffer.from(der).toString('hex')])
            ).to.deep.equal(blocks.map(block => ['CERTIFICATE', Buffer.from(block).toString('hex')]));
        }
      ),
      { numRuns: 100 }
    );
  });

  const good = encodePem('CERTIFICATE', new Uint8Array(100));
  for (const [name, text] of [
    ['nothing', ''],
    ['no block', 'text'],
    ['text around', `text\n${good}`],
    ['an unfinished block', good.replace(/-----END.*/, '')],
    ['another end', good.replace('END CERTIFICATE', 'END X')],
    ['a block in a block', good.replace('AAAA\n', `AAAA\n${good}`)],
    ['a bad character', good.replace('AAAA', 'AA*A')],
    ['white space', good.replace('AAAA', 'AA A')],
    ['missing padding', good.replace(/=+\n/, '\n')],
    ['an empty block', '-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n'],
    ['a header', good.replace('AAAA', 'A: b\n\nAAAA')]
  ] as const) {
    it(`refuses ${name}`, () => {
      expect(codeOf(() => decodePem(text))).to.equal('x509/pem');
    });
  }
});
