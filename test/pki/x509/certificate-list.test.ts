import { expect } from 'chai';
import { contextTagged, integer, nullValue, oid, sequence, time } from '../../../pki/der/index.js';
import {
  assembleSigned,
  encodeExtension,
  encodeName,
  formatName,
  oids,
  parseCrl
} from '../../../pki/x509/index.js';
import { concat, longForm, partsOf, replaceOctets } from '../../kit/ber.js';
import { keyIdOf, testCrl } from '../../kit/certificates.js';
import { codeOf } from '../../kit/errors.js';
import { p256Key, signRaw } from '../../kit/keys.js';
import { openssl } from '../../kit/openssl.js';

const hex = (text: string) => new Uint8Array(Buffer.from(text, 'hex'));
const key = p256Key();
const date = new Date('2026-11-02T03:04:05Z');
const serialOf = (n: number) => {
  const serial = Buffer.alloc(16, 0x4a);
  serial.writeUInt32BE(n, 12);
  return new Uint8Array(serial);
};
const small = testCrl({
  key,
  number: 4711,
  entries: [
    { serial: serialOf(1), date, reason: 1 },
    { serial: serialOf(2), date }
  ]
});

function changed(change: (members: Uint8Array[]) => Uint8Array[], der = small): Uint8Array {
  const [tbs] = partsOf(der) as [Uint8Array];
  const spoilt = sequence(...change(partsOf(tbs)));
  return assembleSigned(spoilt, 'ecdsa-with-SHA256', signRaw(key, spoilt));
}

describe('revocation list reader', () => {
  it('reads number, dates, issuer, authority and entries', () => {
    const crl = parseCrl(small);
    expect(crl).to.deep.include({
      number: 4711n,
      thisUpdate: new Date('2026-11-01T00:00:00Z'),
      nextUpdate: new Date('2026-11-03T00:00:00Z'),
      entryCount: 2
    });
    expect(formatName(crl.issuer)).to.equal('CN=TEST');
    expect(crl.authorityKeyIdentifier).to.deep.equal({ keyIdentifier: keyIdOf(key), other: false });
    const entries = [
      { serialHex: '4A4A4A4A4A4A4A4A4A4A4A4A00000001', date, reason: 1 },
      { serialHex: '4A4A4A4A4A4A4A4A4A4A4A4A00000002', date, reason: undefined }
    ];
    expect([...crl.entries()]).to.deep.equal(entries);
    expect([...crl.entries()], 'a second time').to.deep.equal(entries);
  });

  it('reads the serial numbers and reasons that OpenSSL prints', () => {
    const text = openssl(['crl', '-inform', 'DER', '-noout', '-text'], small);
    const serials = [...text.matchAll(/Serial Number: ([0-9A-F]+)/g)].map(match => match[1]);
    expect(serials).to.deep.equal([...parseCrl(small).entries()].map(entry => entry.serialHex));
    expect(text).to.match(/Key Compromise/);
    expect(text).to.match(/4711/);
  });

  it('reads an empty list', () => {
    const crl = parseCrl(testCrl({ key }));
    expect(crl.entryCount).to.equal(0);
    expect([...crl.entries()]).to.deep.equal([]);
  });

  it('reads 100,000 entries with reasons in time linear in their number', () => {
    const list = (count: number) =>
      testCrl({
        key,
        entries: Array.from({ length: count }, (_, i) => ({ serial: serialOf(i), date, reason: 4 }))
      });
    const timed = (der: Uint8Array) => {
      const start = performance.now();
      const crl = parseCrl(der);
      return { crl, took: performance.now() - start };
    };
    const [tenth, whole] = [list(10_000), list(100_000)];
    timed(tenth);
    const [a, b] = [timed(tenth), timed(whole)];
    expect(b.crl.entryCount).to.equal(100_000);
    // Ten times the entries: twenty-five times the time would be a square creeping in, not noise.
    expect(b.took).to.be.below(Math.max(25 * a.took, 1000));
    let last = '';
    for (const entry of b.crl.entries()) last = entry.serialHex;
    expect(last).to.equal(Buffer.from(serialOf(99_999)).toString('hex').toUpperCase());
  });

  const indirect = encodeExtension('2.5.29.29', true, sequence(contextTagged(4, encodeName([]))));
  const spoilt: readonly (readonly [name: string, code: string, make: () => Uint8Array])[] = [
    ['a trailing octet', 'der/trailing', () => concat(small, hex('00'))],
    ['long-form lengths', 'der/length', () => longForm(small)],
    ['version 1', 'x509/version', () => changed(members => members.slice(1))],
    ['version 3', 'x509/version', () => changed(members => [integer(2), ...members.slice(1)])],
    ['no nextUpdate', 'der/tag', () => changed(members => [...members.slice(0, 4), ...members.slice(5)])],
    [
      'an empty list of entries',
      'der/value',
      () => changed(members => [...members.slice(0, 5), sequence(), ...members.slice(6)])
    ],
    ['no extensions', 'der/truncated', () => changed(members => members.slice(0, 6))],
    [
      'no number',
      'der/value',
      () =>
        changed(members => [
          ...members.slice(0, 6),
          contextTagged(0, sequence(encodeExtension('1.2.3', false, nullValue())))
        ])
    ],
    ['a field more', 'der/trailing', () => changed(members => [...members, integer(1)])],
    [
      'a delta indicator',
      'x509/critical-extension',
      () => testCrl({ key, moreExtensions: [encodeExtension(oids.deltaCrlIndicator, true, integer(1))] })
    ],
    [
      'a scope',
      'x509/critical-extension',
      () =>
        testCrl({ key, moreExtensions: [encodeExtension(oids.issuingDistributionPoint, true, sequence())] })
    ],
    [
      'an extension twice',
      'x509/duplicate-extension',
      () => testCrl({ key, moreExtensions: [encodeExtension(oids.crlNumber, false, integer(2))] })
    ],
    [
      'an entry of another issuer',
      'x509/critical-extension',
      () => testCrl({ key, entries: [{ serial: serialOf(1), date }], moreEntryExtensions: [indirect] })
    ],
    ['a negative number', 'der/integer', () => replaceOctets(small, '02021267', '0202f267')],
    ['reason 7', 'der/value', () => testCrl({ key, entries: [{ serial: serialOf(1), date, reason: 7 }] })],
    ['reason 11', 'der/value', () => testCrl({ key, entries: [{ serial: serialOf(1), date, reason: 11 }] })],
    [
      'a fourth field in an entry',
      'der/trailing',
      () =>
        changed(members => [
          ...members.slice(0, 5),
          sequence(
            sequence(
              integer(1),
              time(date),
              sequence(encodeExtension('1.2.3', false, nullValue())),
              oid('1.2.3')
            )
          ),
          ...members.slice(6)
        ])
    ]
  ];
  for (const [name, code, make] of spoilt) {
    it(`refuses ${name}: ${code}`, () => {
      expect(codeOf(() => parseCrl(make()))).to.equal(code);
    });
  }

  it('refuses more octets than it was told to take', () => {
    expect(codeOf(() => parseCrl(small, small.length - 1))).to.equal('der/size');
  });
});
