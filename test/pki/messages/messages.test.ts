import { expect } from 'chai';
import fc from 'fast-check';
import {
  decodeClaim,
  decodeOrder,
  decodePublication,
  decodeReport,
  domains,
  encodeClaim,
  encodeOrder,
  encodePublication,
  encodeReport,
  environments,
  hasStatementPrefix,
  MessageError,
  type Order,
  type OrderReport,
  type Publication
} from '../../../pki/messages/index.js';

const octets = (length: number) => fc.uint8Array({ minLength: length, maxLength: length });
const instant = fc.date({ min: new Date(0), max: new Date('9999-12-31T23:59:59.999Z'), noInvalidDate: true });

const orders: fc.Arbitrary<Order> = fc.record({
  environment: fc.constantFrom(...environments),
  domain: fc.constantFrom(...domains),
  caEpoch: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
  orderId: octets(16),
  issuedAt: instant,
  expiresAt: instant,
  lane: fc.constantFrom('adhoc' as const, 'batch' as const),
  profile: fc.string({ maxLength: 16 }),
  policyVersion: fc.string({ maxLength: 16 }),
  approvals: fc.array(fc.record({ officerKeyId: octets(32), signature: fc.uint8Array({ maxLength: 80 }) }), {
    maxLength: 2
  }),
  items: fc.array(fc.record({ requestId: octets(16), csr: fc.uint8Array({ maxLength: 400 }) }), {
    maxLength: 5
  })
});

const outcomes = fc.oneof(
  fc.record({
    kind: fc.constant('issued' as const),
    requestId: octets(16),
    certificate: fc.uint8Array({ maxLength: 500 })
  }),
  fc.record({
    kind: fc.constant('refused' as const),
    requestId: octets(16),
    code: fc.string({ maxLength: 16 }),
    detail: fc.string({ maxLength: 40 })
  })
);
const reports: fc.Arbitrary<OrderReport> = fc.record({
  orderId: octets(16),
  outcomes: fc.array(outcomes, { maxLength: 5 })
});
const publications: fc.Arbitrary<Publication> = fc.oneof(
  fc.record({ kind: fc.constant('crl' as const), crl: fc.uint8Array({ maxLength: 500 }) }),
  fc.record({
    kind: fc.constant('certificates' as const),
    groupId: octets(16),
    certificates: fc.array(fc.uint8Array({ maxLength: 500 }), { maxLength: 4 })
  })
);

/** The properties every message has: reads back as written, has one encoding, and is refused when cut or longer. */
function isACodec<T>(
  values: fc.Arbitrary<T>,
  encode: (value: T) => Uint8Array,
  decode: (bytes: Uint8Array) => T
): void {
  it('reads back what was written', () => {
    fc.assert(
      fc.property(values, value => {
        expect(decode(encode(value))).to.deep.equal(value);
      })
    );
  });
  it('refuses a message that is cut short', () => {
    fc.assert(
      fc.property(values, fc.nat(), (value, at) => {
        const whole = encode(value);
        expect(() => decode(whole.subarray(0, at % whole.length))).to.throw(MessageError);
      })
    );
  });
  it('refuses octets after the end', () => {
    fc.assert(
      fc.property(values, fc.uint8Array({ minLength: 1, maxLength: 8 }), (value, extra) => {
        expect(() => decode(Buffer.concat([encode(value), extra]))).to.throw(MessageError);
      })
    );
  });
  it('answers arbitrary octets with a value that encodes to them, or a coded refusal', () => {
    fc.assert(
      fc.property(
        values,
        fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 6 }),
        (value, changes) => {
          const bytes = encode(value);
          for (const [at, octet] of changes) bytes[at % bytes.length] = octet;
          let read: T;
          try {
            read = decode(bytes);
          } catch (error) {
            expect(error).to.be.instanceOf(MessageError);
            return;
          }
          expect(Buffer.from(encode(read)).equals(bytes)).to.equal(true);
        }
      )
    );
  });
}

describe('messages between components', () => {
  describe('order', () => isACodec(orders, encodeOrder, decodeOrder));
  describe('report', () => isACodec(reports, encodeReport, decodeReport));
  describe('publication', () => isACodec(publications, encodePublication, decodePublication));
  describe('claim', () => {
    const signed = fc.record({
      bytes: fc.uint8Array({ maxLength: 300 }),
      keyId: octets(32),
      signature: octets(64)
    });
    isACodec(fc.array(signed, { maxLength: 4 }), encodeClaim, decodeClaim);
  });

  it('an order begins with text that no DER value begins with', () => {
    fc.assert(
      fc.property(orders, order => {
        const bytes = encodeOrder(order);
        expect(hasStatementPrefix(bytes, 'order')).to.equal(true);
        expect(bytes[0]).to.not.equal(0x30);
      })
    );
  });

  it('a length that promises more than the limit is refused before anything is read', () => {
    const claim = Buffer.alloc(8);
    claim.writeUInt32BE(1, 0);
    claim.writeUInt32BE(0xffffffff, 4);
    expect(() => decodeClaim(claim))
      .to.throw(MessageError)
      .with.property('offset', 4);
  });
});
