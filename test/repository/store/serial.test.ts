import { expect } from 'chai';
import fc from 'fast-check';
import { formatSerial, parseSerial, sameSerial, serialToUuid } from '../../../repository/store/serial.js';

describe('serial numbers in the store', () => {
  it('are one value whatever their case and leading zeros', () => {
    fc.assert(
      fc.property(
        fc.bigInt({ min: 1n, max: (1n << 128n) - 1n }),
        fc.nat({ max: 8 }),
        fc.boolean(),
        (number, zeros, upper) => {
          const digits = number.toString(16);
          const text = '0'.repeat(zeros) + (upper ? digits.toUpperCase() : digits);
          const stored = parseSerial(text);
          if (text.length > 40) return stored === undefined;
          const octets = Buffer.from(digits.padStart(34, '0'), 'hex');
          return (
            stored !== undefined &&
            stored === serialToUuid(octets) &&
            sameSerial(stored, octets) &&
            BigInt(`0x${formatSerial(stored)}`) === number &&
            formatSerial(stored).length % 2 === 0
          );
        }
      )
    );
  });

  it('are refused where they are none, zero or over 16 octets', () => {
    for (const text of ['', '0', '000', 'g', '0x1', ' 1', '-1', '1'.repeat(33), '0'.repeat(40) + '1'])
      expect(parseSerial(text), text).to.equal(undefined);
    expect(serialToUuid(Buffer.alloc(17, 1))).to.equal(undefined);
  });

  it('keep the first zero digit of an octet when they are written', () => {
    expect(formatSerial('0f4889ef-197d-41e9-0169-66f9d5ab0402')).to.equal('0F4889EF197D41E9016966F9D5AB0402');
    expect(formatSerial('00000000-0000-0000-0000-000000000012')).to.equal('12');
  });
});
