import { expect } from 'chai';
import fc from 'fast-check';
import {
  eui64FromOctets,
  eui64FromSigned,
  eui64ToOctets,
  eui64ToSigned,
  formatEui64,
  IdentifierError,
  isOrganisationEui,
  parseEui64
} from '../../../pki/identifier/index.js';
import { codeOf } from '../../kit/errors.js';

const possible = fc
  .bigInt({ min: 1n, max: 0xffff_ffff_ffff_fffen })
  .filter(value => (value & (1n << 56n)) === 0n);

describe('EUI-64', () => {
  it('reads either case and writes upper case', () => {
    expect(parseEui64('00-db-12-34-56-78-90-a0')).to.equal(0x00db1234567890a0n);
    expect(formatEui64(parseEui64('90-b3-d5-1f-30-01-00-09'))).to.equal('90-B3-D5-1F-30-01-00-09');
  });

  it('round-trips through text, octets and the signed database form', () => {
    fc.assert(
      fc.property(possible, eui => {
        expect(parseEui64(formatEui64(eui))).to.equal(eui);
        expect(eui64FromOctets(eui64ToOctets(eui))).to.equal(eui);
        const signed = eui64ToSigned(eui);
        expect(signed >= -(2n ** 63n) && signed < 2n ** 63n).to.equal(true);
        expect(eui64FromSigned(signed)).to.equal(eui);
      }),
      { numRuns: 200 }
    );
  });

  it('keeps identifiers above 2^63 as negative numbers', () => {
    expect(eui64ToSigned(0x90b3d51f30000001n)).to.equal(-0x6f4c2ae0cfffffffn);
  });

  for (const text of [
    '',
    '00-DB-12-34-56-78-90',
    '00-DB-12-34-56-78-90-A0-00',
    '00DB1234567890A0',
    '00:DB:12:34:56:78:90:A0',
    ' 00-DB-12-34-56-78-90-A0',
    '00-DB-12-34-56-78-90-A0\n',
    '00-DB-12-34-56-78-90-G0'
  ]) {
    it(`refuses the form ${JSON.stringify(text)}`, () => {
      expect(codeOf(() => parseEui64(text))).to.equal('identifier/eui-form');
    });
  }

  for (const text of ['00-00-00-00-00-00-00-00', 'FF-FF-FF-FF-FF-FF-FF-FF', '01-DB-12-34-56-78-90-A0']) {
    it(`refuses the value ${text} in every form`, () => {
      expect(codeOf(() => parseEui64(text))).to.equal('identifier/eui-value');
      const octets = Buffer.from(text.replaceAll('-', ''), 'hex');
      expect(codeOf(() => eui64FromOctets(octets))).to.equal('identifier/eui-value');
      expect(codeOf(() => eui64FromSigned(BigInt.asIntN(64, octets.readBigUInt64BE())))).to.equal(
        'identifier/eui-value'
      );
    });
  }

  it('refuses octets of another length', () => {
    expect(() => eui64FromOctets(new Uint8Array(7).fill(2))).to.throw(IdentifierError);
  });

  it('knows the blocks of organisations to the half octet', () => {
    const blocks = ['70-B3-D5-1F-3', '90-B3-D5-1F-3'];
    expect(isOrganisationEui(parseEui64('70-B3-D5-1F-30-00-A0-08'), blocks)).to.equal(true);
    expect(isOrganisationEui(parseEui64('90-B3-D5-1F-3F-FF-FF-FF'), blocks)).to.equal(true);
    expect(isOrganisationEui(parseEui64('70-B3-D5-1F-40-00-00-00'), blocks)).to.equal(false);
    expect(isOrganisationEui(parseEui64('00-07-81-00-00-00-00-01'), blocks)).to.equal(false);
    expect(isOrganisationEui(parseEui64('70-B3-D5-1F-30-00-A0-08'), [])).to.equal(false);
    expect(isOrganisationEui(parseEui64('70-B3-D5-1F-30-00-A0-08'), ['no digits', '70'.repeat(9)])).to.equal(
      false
    );
  });

  it('knows a block by the beginning of the text form', () => {
    fc.assert(
      fc.property(
        fc.bigInt({ min: 1n, max: 0xfeff_ffff_ffff_ffffn }),
        fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
        fc.integer({ min: 1, max: 16 }),
        (eui, other, digits) => {
          const hexOf = (value: bigint) => value.toString(16).padStart(16, '0');
          for (const source of [eui, other]) {
            const prefix = hexOf(source).slice(0, digits);
            const text = prefix.toUpperCase().replace(/..(?=.)/g, '$&-');
            expect(isOrganisationEui(eui, [text])).to.equal(hexOf(eui).startsWith(prefix));
          }
        }
      )
    );
  });
});
