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
  MessageWriter,
  type Order,
  type OrderItem,
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
  policyVersion: fc.string({ maxLength: 16 }),
  approvals: fc.array(fc.record({ officerKeyId: octets(32), signature: fc.uint8Array({ maxLength: 80 }) }), {
    maxLength: 2
  }),
  items: fc.array(
    fc.record({
      requestId: octets(16),
      profile: fc.oneof(fc.constantFrom('device-ds', 'device-ka'), fc.string({ maxLength: 16 })),
      csr: fc.uint8Array({ maxLength: 400 })
    }),
    { maxLength: 6 }
  )
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

  describe('the profiles of an order', () => {
    const item = (profile: string): OrderItem => ({
      requestId: new Uint8Array(16),
      profile,
      csr: Uint8Array.of(0x30, 0x00)
    });
    const order = (...profiles: string[]): Order => ({
      environment: 'test',
      domain: 'smki-device',
      caEpoch: 1n,
      orderId: new Uint8Array(16),
      issuedAt: new Date(0),
      expiresAt: new Date(1),
      lane: 'batch',
      policyVersion: 'v',
      approvals: [],
      items: profiles.map(item)
    });
    /** The order's octets with its table of profiles and the items' numbers replaced. */
    function withProfiles(names: readonly string[], numbers: readonly number[]): Uint8Array {
      const whole = Buffer.from(encodeOrder(order()));
      const writer = new MessageWriter().raw(whole.subarray(0, whole.length - 8)).u32(names.length);
      for (const name of names) writer.string(name);
      writer.u32(numbers.length);
      for (const number of numbers)
        writer.raw(new Uint8Array(16)).u8(number).octets(Uint8Array.of(0x30, 0x00));
      return writer.finish();
    }

    it('may mix, and stand once each in the order of their first items', () => {
      const mixed = order('device-ka', 'device-ds', 'device-ka');
      expect(decodeOrder(encodeOrder(mixed))).to.deep.equal(mixed);
      expect(encodeOrder(mixed)).to.deep.equal(withProfiles(['device-ka', 'device-ds'], [0, 1, 0]));
    });

    const refused: readonly (readonly [
      what: string,
      names: readonly string[],
      numbers: readonly number[]
    ])[] = [
      ['numbered in another order', ['device-ds', 'device-ka'], [1, 0]],
      ['named and not used', ['device-ds', 'device-ka'], [0, 0]],
      ['named without items', ['device-ds'], []],
      ['named twice', ['device-ds', 'device-ds'], [0, 1]],
      ['numbered beyond the table', ['device-ds'], [0, 1]],
      ['numbered without a table', [], [0]],
      [
        'more than there are',
        Array.from({ length: 17 }, (_, i) => `p${i}`),
        Array.from({ length: 17 }, (_, i) => i)
      ],
      ['with a name too long', ['p'.repeat(65)], [0]]
    ];
    for (const [what, names, numbers] of refused)
      it(`are refused: ${what}`, () => {
        expect(() => decodeOrder(withProfiles(names, numbers))).to.throw(MessageError);
      });

    it('are not written when there are more than an order has room for', () => {
      expect(() => encodeOrder(order(...Array.from({ length: 17 }, (_, i) => `p${i}`)))).to.throw(RangeError);
    });
  });

  it('an order of the first format is refused by its type string', () => {
    fc.assert(
      fc.property(orders, order => {
        const bytes = encodeOrder(order);
        bytes[16] = 0x31;
        expect(Buffer.from(bytes.subarray(0, 18)).toString('latin1')).to.equal('OpenSMKI order v1\n');
        expect(() => decodeOrder(bytes)).to.throw(MessageError);
      })
    );
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
