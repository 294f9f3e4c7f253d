import { createHash, randomBytes } from 'node:crypto';
import { expect } from 'chai';
import fc from 'fast-check';
import { ReceiptRefused, readReceiptFile, verifyReceipt } from '../../../ops/cli/verify/check-receipt.js';
import {
  decodeReceipt,
  encodeReceipt,
  hasStatementPrefix,
  MessageError,
  receiptJson,
  signedReceiptJson,
  type Receipt
} from '../../../pki/messages/index.js';
import { p256Key, signRaw } from '../../kit/keys.js';

const key = p256Key();
const keyId = new Uint8Array(createHash('sha256').update(key.spki).digest());

const receipt: Receipt = {
  environment: 'test',
  keyId,
  policyVersion: 'ab'.repeat(32),
  answeredAt: new Date('2026-11-23T12:00:00.123Z'),
  requestSha256: new Uint8Array(32).fill(1),
  question: {
    purpose: 'organisation',
    role: 2,
    entity: 0x90b3d51f30aa0001n,
    at: new Date('2026-11-23T12:00:00Z'),
    revocation: 'chain'
  },
  verdict: {
    valid: true,
    code: '',
    depth: 0,
    message: '',
    profile: 'organisation-ds',
    timeRule: 'all-valid-now'
  },
  path: [
    { subject: 'CN=a', serial: '0A', sha256: new Uint8Array(32).fill(2) },
    { subject: 'CN=b', serial: '0B', sha256: new Uint8Array(32).fill(3) }
  ],
  lists: [
    {
      issuer: 'CN=b',
      number: 2n ** 100n,
      thisUpdate: new Date('2026-11-23T10:00:00Z'),
      nextUpdate: new Date('2026-11-25T10:00:00Z'),
      sha256: new Uint8Array(32).fill(4)
    }
  ]
};
const bytes = encodeReceipt(receipt);
const signature = signRaw(key, bytes);
const alone = signedReceiptJson({ bytes, signature }, keyId);
const answer = { ...receiptJson(receipt), receipt: alone, auditReference: '1-2' };

function check(value: unknown, keys: readonly Uint8Array[] = [key.spki]): string {
  try {
    verifyReceipt(readReceiptFile('r', Buffer.from(JSON.stringify(value))), { keys, environment: 'test' });
    return 'holds';
  } catch (error) {
    if (error instanceof ReceiptRefused) return error.code;
    if (error instanceof Error && 'code' in error) return String(error.code);
    throw error;
  }
}

/** Every text, number and truth value inside a JSON value, as a change that alters it. */
function changes(value: unknown, at: readonly (string | number)[] = []): (readonly (string | number)[])[] {
  if (Array.isArray(value)) return value.flatMap((entry, i) => changes(entry, [...at, i]));
  if (typeof value === 'object' && value !== null)
    return Object.entries(value).flatMap(([name, entry]) => changes(entry, [...at, name]));
  return [at];
}

function altered(value: unknown, [step, ...more]: readonly (string | number)[]): unknown {
  if (step === undefined) {
    if (typeof value === 'boolean') return !value;
    if (typeof value === 'number') return value + 1;
    const text = String(value);
    const last = text.at(-1) ?? '';
    return text.slice(0, -1) + (last === '0' ? '1' : '0');
  }
  const copy = structuredClone(value) as Record<string | number, unknown>;
  copy[step] = altered(copy[step], more);
  return copy;
}

describe('receipts', () => {
  it('begin with text that no DER value begins with, and are read as they were written', () => {
    expect(hasStatementPrefix(bytes, 'receipt')).to.equal(true);
    expect(hasStatementPrefix(bytes, 'order')).to.equal(false);
    expect(bytes[0]).to.not.equal(0x30);
    expect(encodeReceipt(decodeReceipt(bytes))).to.deep.equal(bytes);
    expect(receiptJson(decodeReceipt(bytes))).to.deep.equal(receiptJson(receipt));
  });

  it('have one encoding: what is read of altered octets is written as those octets, or is not read', () => {
    fc.assert(
      fc.property(fc.nat(bytes.length - 1), fc.integer({ min: 1, max: 255 }), (at, by) => {
        const other = Uint8Array.from(bytes);
        other[at] = (other[at] ?? 0) ^ by;
        try {
          // Text is compared as such: what is not UTF-8 is not read.
          expect(Buffer.from(encodeReceipt(decodeReceipt(other))).equals(other)).to.equal(true);
        } catch (error) {
          if (!(error instanceof MessageError)) throw error;
        }
      }),
      { numRuns: 2_000 }
    );
  });

  it('hold as the answer they came in, and alone', () => {
    expect([check(answer), check(alone)]).to.deep.equal(['holds', 'holds']);
  });

  for (const at of changes(answer).filter(([name]) => name !== 'auditReference'))
    it(`do not hold when ${at.join('.')} is altered`, () => {
      const refusals = [
        'receipt/answer',
        'receipt/signature',
        'receipt/malformed',
        'receipt/key',
        'cli/file'
      ];
      expect(check(altered(answer, at))).to.be.oneOf(refusals);
    });

  it('do not hold with any octet of statement or signature altered', () => {
    for (let at = 0; at < bytes.length; at++) {
      const other = Uint8Array.from(bytes);
      other[at] = (other[at] ?? 0) ^ 1;
      expect(check(signedReceiptJson({ bytes: other, signature }, keyId))).to.not.equal('holds');
    }
    for (let at = 0; at < signature.length; at++) {
      const other = Uint8Array.from(signature);
      other[at] = (other[at] ?? 0) ^ 1;
      expect(check(signedReceiptJson({ bytes, signature: other }, keyId))).to.equal('receipt/signature');
    }
  });

  it('do not hold with a field more or less around them, nor with octets at their end', () => {
    expect(check({ ...answer, more: 1 })).to.equal('receipt/answer');
    const { profile: _, ...less } = answer;
    expect(check(less)).to.equal('receipt/answer');
    const long = Buffer.concat([bytes, Buffer.of(0)]);
    const signed = signedReceiptJson({ bytes: long, signature: signRaw(key, long) }, keyId);
    expect(check(signed)).to.equal('receipt/malformed');
  });

  it('do not hold by another key, whatever it says of itself', () => {
    const other = p256Key();
    const otherId = new Uint8Array(createHash('sha256').update(other.spki).digest());
    expect(check(answer, [other.spki])).to.equal('receipt/key');
    expect(check({ ...alone, keyId: Buffer.from(otherId).toString('hex') }, [other.spki])).to.equal(
      'receipt/key'
    );
    // Signed by the other, in the name of the first.
    const forged = signedReceiptJson({ bytes, signature: signRaw(other, bytes) }, keyId);
    expect(check(forged, [key.spki, other.spki])).to.equal('receipt/signature');
    expect(check(answer, [])).to.equal('receipt/key');
  });

  it('do not hold for another environment', () => {
    const file = readReceiptFile('r', Buffer.from(JSON.stringify(answer)));
    expect(() => verifyReceipt(file, { keys: [key.spki], environment: 'live' }))
      .to.throw(ReceiptRefused)
      .with.property('code', 'receipt/environment');
  });

  it('are not read from what is none', () => {
    for (const value of [
      1,
      null,
      [],
      {},
      { receipt: {} },
      { ...alone, algorithm: 'none' },
      { ...alone, more: 1 }
    ])
      expect(check(value)).to.equal('cli/file');
    expect(check({ ...alone, statement: randomBytes(40).toString('base64') })).to.equal('receipt/malformed');
  });
});
