import { expect } from 'chai';
import fc from 'fast-check';
import { readMessage } from '../../ra/adhoc/message.js';
import { Refusal } from '../../ra/refusal.js';

/** What is read, or the code and the detail of the refusal, and the ID that was echoed. */
function outcome(bytes: Uint8Array): unknown {
  let echoed: string | undefined;
  try {
    const message = readMessage(bytes, id => (echoed = id));
    return { message, echoed };
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    return { code: error.code, detail: error.detail, echoed };
  }
}

/** With a byte order mark in front a message is always read by the general reader. */
const byteOrderMark = Buffer.from([0xef, 0xbb, 0xbf]);

const space = fc.constantFrom('', ' ', '\n', '\r\n\t', '\u00a0', '\u000b');
const id = fc.oneof(fc.stringMatching(/^[A-Za-z0-9._:-]{1,34}$/), fc.string({ maxLength: 4 }));
const csr = fc.oneof(fc.base64String(), fc.string({ maxLength: 8 }));
const usual = fc
  .tuple(
    fc.constantFrom('utf-8', 'UTF-8', 'Utf-8', 'latin1'),
    fc.constantFrom('1.0', '1.1', ''),
    ...[id, csr, space, space, space, space, space]
  )
  .map(
    ([encoding, version, name, text, a, b, c, d, e]) =>
      `<?xml version="1.0" encoding="${encoding}"?>${a}<DeviceCertificateSigningRequest ID="${name}">${b}` +
      `<Version>${version}</Version>${c}<CertificateSigningRequest>${text}</CertificateSigningRequest>${d}` +
      `</DeviceCertificateSigningRequest>${e}`
  );

describe('the message of the ad hoc service', () => {
  it('is read alike whether it has the usual form or not', () => {
    fc.assert(
      fc.property(
        usual,
        fc.option(fc.tuple(fc.nat(400), fc.constantFrom(...'<>&"\'/= \nAé\0'), fc.boolean())),
        (message, change) => {
          let text = message;
          if (change !== null) {
            const [at, character, replaces] = change;
            text = text.slice(0, at) + character + text.slice(replaces ? at + 1 : at);
          }
          const bytes = Buffer.from(text);
          expect(outcome(bytes)).to.deep.equal(outcome(Buffer.concat([byteOrderMark, bytes])));
        }
      ),
      { numRuns: 3_000 }
    );
  });
});
