import { expect } from 'chai';
import fc from 'fast-check';
import {
  assertDer,
  bitString,
  boolean,
  checkSetOrder,
  contextTagged,
  DerError,
  DerReader,
  ia5String,
  integer,
  namedBits,
  nullValue,
  octetString,
  oid,
  printableString,
  sequence,
  setOf,
  time,
  unsignedInteger,
  utf8String
} from '../../../pki/der/index.js';
import { indefiniteTlv, longForm, longLengthTlv } from '../../kit/ber.js';
import { codeOf } from '../../kit/errors.js';

const hex = (text: string) => new Uint8Array(Buffer.from(text.replaceAll(' ', ''), 'hex'));

/** Reads one value whole with both readers: the schema's and the gate. */
function both(text: string, read: (reader: DerReader) => unknown): unknown[] {
  const bytes = hex(text);
  const whole = () => {
    const reader = DerReader.over(bytes, 'value');
    read(reader);
    reader.end('value');
  };
  return [codeOf(whole), codeOf(() => assertDer(bytes))];
}

describe('DER reader and gate', () => {
  const table: readonly (readonly [
    name: string,
    code: string,
    input: string,
    read: (reader: DerReader) => unknown
  ])[] = [
    ['no octets', 'der/truncated', '', reader => reader.integer('x')],
    ['a tag without length', 'der/truncated', '02', reader => reader.integer('x')],
    ['a value cut short', 'der/truncated', '0202 01', reader => reader.integer('x')],
    ['a length cut short', 'der/truncated', '0482 01', reader => reader.octetString('x')],
    ['indefinite length', 'der/length', '3080 0000', reader => reader.sequence('x')],
    ['a long length that fits short form', 'der/length', '02 8101 05', reader => reader.integer('x')],
    ['a length with a leading zero', 'der/length', '02 820001 05', reader => reader.integer('x')],
    ['five length octets', 'der/length', '04 850000000001 05', reader => reader.octetString('x')],
    ['length octet ff', 'der/length', '04 ff', reader => reader.octetString('x')],
    ['trailing octets', 'der/trailing', '020105 00', reader => reader.integer('x')],
    ['end-of-contents', 'der/tag', '0000', reader => reader.any('x')],
    ['a high tag number', 'der/tag', '1f8101 00', reader => reader.any('x')],
    ['an empty INTEGER', 'der/integer', '0200', reader => reader.integer('x')],
    ['a padded positive INTEGER', 'der/integer', '0202 0001', reader => reader.integer('x')],
    ['a padded negative INTEGER', 'der/integer', '0202 ff80', reader => reader.integer('x')],
    ['a BOOLEAN of 01', 'der/boolean', '0101 01', reader => reader.boolean('x')],
    ['a BOOLEAN of two octets', 'der/boolean', '0102 ffff', reader => reader.boolean('x')],
    ['NULL with content', 'der/null', '0501 00', reader => reader.null('x')],
    ['an empty OID', 'der/oid', '0600', reader => reader.oid('x')],
    ['an OID arc padded', 'der/oid', '0603 2a8001', reader => reader.oid('x')],
    ['an OID arc unfinished', 'der/oid', '0602 2a86', reader => reader.oid('x')],
    ['a BIT STRING without its count', 'der/bit-string', '0300', reader => reader.bitString('x')],
    ['8 unused bits', 'der/bit-string', '0302 0800', reader => reader.bitString('x')],
    ['unused bits set', 'der/bit-string', '0302 0781', reader => reader.bitString('x')],
    ['unused bits of nothing', 'der/bit-string', '0301 01', reader => reader.bitString('x')],
    ['@ in a PrintableString', 'der/string', '1301 40', reader => reader.string('x')],
    ['* in a PrintableString', 'der/string', '1301 2a', reader => reader.string('x')],
    ['an eighth bit in an IA5String', 'der/string', '1601 80', reader => reader.string('x')],
    ['UTF-8 over-long', 'der/string', '0c02 c080', reader => reader.string('x')],
    ['UTF-8 surrogate', 'der/string', '0c03 eda080', reader => reader.string('x')],
    ['UTF-8 cut short', 'der/string', '0c01 c3', reader => reader.string('x')],
    ['a TeletexString', 'der/tag', '1401 41', reader => reader.string('x')],
    ['a BMPString', 'der/tag', '1e02 0041', reader => reader.string('x')]
  ];
  for (const [name, code, input, read] of table) {
    it(`refuse ${name}`, () => {
      expect(both(input, read)).to.deep.equal([code, code]);
    });
  }

  for (const [name, tag, text] of [
    ['31 February', '17', '260231120000Z'],
    ['29 February 2026', '17', '260229120000Z'],
    ['29 February 2100', '18', '21000229120000Z'],
    ['month 13', '17', '261301120000Z'],
    ['hour 24', '17', '260101240000Z'],
    ['a leap second', '17', '161231235960Z'],
    ['an offset', '17', '260101120000+0000'],
    ['no seconds', '17', '2601011200Z'],
    ['a fraction', '18', '20510101120000.5Z'],
    ['GeneralizedTime before 2050', '18', '20490101120000Z'],
    ['a letter', '17', '26010112000OZ'],
    ['no Z', '17', '260101120000 ']
  ] as const) {
    it(`refuse the time ${name}`, () => {
      const content = Buffer.from(text, 'latin1');
      const input = `${tag}${content.length.toString(16).padStart(2, '0')}${content.toString('hex')}`;
      expect(both(input, reader => reader.time('x'))).to.deep.equal(['der/time', 'der/time']);
    });
  }

  it('read the times of certificates', () => {
    for (const iso of [
      '1950-01-01T00:00:00Z',
      '2049-12-31T23:59:59Z',
      '2050-01-01T00:00:00Z',
      '9999-12-31T23:59:59Z',
      '2028-02-29T00:00:00Z'
    ]) {
      const der = time(new Date(iso));
      expect(der[0]).to.equal(iso < '2050' ? 0x17 : 0x18);
      expect(DerReader.over(der, 'x').time('x').toISOString()).to.equal(new Date(iso).toISOString());
    }
  });

  it('tell where and what', () => {
    const bytes = sequence(integer(1), hex('0202 0001'));
    const inner = DerReader.over(bytes, 'outer').sequence('outer');
    inner.integer('first');
    try {
      inner.integer('second');
      expect.fail('read');
    } catch (error) {
      expect(error).to.be.instanceOf(DerError);
      expect(error).to.include({ code: 'der/integer', offset: 7, what: 'second' });
    }
  });

  it('refuse a DEFAULT written out and members of a SET OF out of order', () => {
    expect(codeOf(() => DerReader.over(boolean(false), 'x').defaultFalse('x'))).to.equal('der/default');
    const reader = DerReader.over(hex('3106 020102 020101'), 'x').set('x');
    const members = [reader.any('x'), reader.any('x')];
    expect(codeOf(() => checkSetOrder(members, 'x'))).to.equal('der/set-order');
    expect(Buffer.from(setOf(integer(2), integer(1))).toString('hex')).to.equal('3106020101020102');
  });

  it('refuse constructed strings and primitive sequences at the gate', () => {
    expect(codeOf(() => assertDer(hex('2403 040100')))).to.equal('der/tag');
    expect(codeOf(() => assertDer(hex('1000')))).to.equal('der/tag');
  });

  it('stop at a depth, at a size and at an OID of 64 octets', () => {
    let deep: Uint8Array = integer(1);
    for (let i = 0; i < 40; i++) deep = sequence(deep);
    expect(codeOf(() => assertDer(deep))).to.equal('der/depth');
    const descend = () => {
      let reader = DerReader.over(deep, 'x');
      for (;;) reader = reader.sequence('x');
    };
    expect(codeOf(descend)).to.equal('der/depth');
    expect(codeOf(() => assertDer(octetString(new Uint8Array(70_000))))).to.equal('der/size');
    const long = Buffer.concat([Buffer.from([0x06, 65, 0x2a]), Buffer.alloc(64, 1)]);
    expect(codeOf(() => DerReader.over(long, 'x').oid('x'))).to.equal('der/oid');
  });

  it('keep a hostile 64 KiB below 250 ms', () => {
    const hostile = [
      Buffer.alloc(65_536, 0x30),
      Buffer.from('3080'.repeat(32_768), 'hex'),
      Buffer.concat([Buffer.from('0683fffc', 'hex'), Buffer.alloc(65_532, 0xff)]),
      Buffer.concat([Buffer.from('3083fffb', 'hex'), Buffer.from('0500'.repeat(32_765), 'hex')]),
      Buffer.concat([Buffer.from('3082fffc', 'hex'), Buffer.from('3000'.repeat(32_766), 'hex')])
    ];
    for (const bytes of hostile) {
      const start = performance.now();
      try {
        assertDer(bytes);
      } catch (error) {
        expect(error).to.be.instanceOf(DerError);
      }
      expect(performance.now() - start).to.be.below(250);
    }
  });

  describe('long-form lengths, where allowed by name', () => {
    const allowed = { lengths: 'long-form-allowed' } as const;
    const value = sequence(integer(5), contextTagged(0, utf8String('é')), octetString(hex('00')));

    for (const octets of [1, 2, 3, 4]) {
      it(`pass with ${octets} length octets, and only then`, () => {
        const long = longForm(value, octets);
        assertDer(long, allowed);
        expect(codeOf(() => assertDer(long))).to.equal('der/length');
      });
    }

    it('stay below five octets and definite', () => {
      expect(codeOf(() => assertDer(longLengthTlv(0x30, integer(5), 5), allowed))).to.equal('der/length');
      expect(codeOf(() => assertDer(indefiniteTlv(0x30, integer(5)), allowed))).to.equal('der/length');
    });

    it('are the only liberty', () => {
      for (const [input, code] of [
        ['020200 01', 'der/integer'],
        ['010101', 'der/boolean'],
        ['03020781', 'der/bit-string'],
        ['2403040100', 'der/tag'],
        ['06032a8001', 'der/oid'],
        ['020105 00', 'der/trailing']
      ] as const)
        expect(codeOf(() => assertDer(hex(input), allowed))).to.equal(code);
    });
  });

  it('read back what the writer writes', () => {
    fc.assert(
      fc.property(
        fc.bigInt({ min: 0n, max: 2n ** 200n }),
        fc.uint8Array({ maxLength: 300 }),
        (number, octets) => {
          const der = sequence(integer(number), octetString(octets), bitString(octets), nullValue());
          assertDer(der);
          const reader = DerReader.over(der, 'x').sequence('x');
          const magnitude = Buffer.from(reader.unsigned('n')).toString('hex');
          expect(BigInt(`0x${magnitude}`)).to.equal(number);
          expect(Buffer.compare(reader.octetString('o'), octets)).to.equal(0);
          expect(Buffer.compare(reader.octetsOfBitString('b'), octets)).to.equal(0);
          reader.null('z');
          reader.end('x');
        }
      ),
      { numRuns: 200 }
    );
  });

  it('read back object identifiers, wide arcs included', () => {
    const arcs = fc.array(fc.bigInt({ min: 0n, max: 2n ** 100n }), { minLength: 1, maxLength: 3 });
    fc.assert(
      fc.property(fc.constantFrom('0.9', '1.39', '2.0', '2.999', '2.25'), arcs, (root, rest) => {
        const text = [root, ...rest].join('.');
        expect(DerReader.over(oid(text), 'x').oid('x')).to.equal(text);
      }),
      { numRuns: 300 }
    );
    for (const text of ['', '3.1', '1.40', '1', '1.2.', '1.02', 'a.b'])
      expect(() => oid(text)).to.throw(RangeError);
  });

  it('write named bits without trailing zeros, and refuse text outside an alphabet', () => {
    expect(Buffer.from(namedBits([0])).toString('hex')).to.equal('03020780');
    expect(Buffer.from(namedBits([4])).toString('hex')).to.equal('03020308');
    expect(Buffer.from(namedBits([5, 6])).toString('hex')).to.equal('03020106');
    expect(Buffer.from(namedBits([8])).toString('hex')).to.equal('0303070080');
    expect(Buffer.from(unsignedInteger(hex('0080'))).toString('hex')).to.equal('02020080');
    expect(() => printableString('a@b')).to.throw(RangeError);
    expect(() => ia5String('é')).to.throw(RangeError);
    expect(() => utf8String('\ud800')).to.throw(RangeError);
  });

  it('never throw anything but DerError, whatever comes', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 200 }),
        fc.constantFrom('minimal' as const, 'long-form-allowed' as const),
        (bytes, lengths) => {
          try {
            assertDer(bytes, { lengths });
          } catch (error) {
            expect(error).to.be.instanceOf(DerError);
          }
        }
      ),
      { numRuns: 2000 }
    );
  });
});
