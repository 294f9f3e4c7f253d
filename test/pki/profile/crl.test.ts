import { expect } from 'chai';
import {
  buildCrlTbs,
  checkCrlContinuity,
  nextCrlEntries,
  revocationReason,
  type ContinuityFacts,
  type CrlEntry,
  type CrlState
} from '../../../pki/profile/index.js';
import { codeOf } from '../../kit/errors.js';
import { valueAt } from '../../kit/der-surgery.js';
import { ikiDomain, issueCrl, organisationDomain, type TestEntity } from '../../kit/hierarchy.js';
import { opensslText, opensslVerifyCrl } from '../../kit/openssl-judge.js';

const hex = (octets: Uint8Array) => Buffer.from(octets).toString('hex');
const day = (n: number) => new Date(Date.UTC(2026, 10, n, 10));
const serial = (first: string) => `${first}${'00'.repeat(14)}01`;
const entry = (first: string, reason: CrlEntry['reason'] = 'superseded'): CrlEntry => ({
  serialHex: serial(first),
  date: day(20),
  reason
});

describe('revocation lists', () => {
  let oca: TestEntity;
  let ica: TestEntity;

  before(() => {
    oca = organisationDomain().issuing;
    ica = ikiDomain().issuing;
  });

  it('read back through OpenSSL: version, number, key identifier, entries with reasons, nothing else', () => {
    const entries = [entry('7F', 'keyCompromise'), entry('01', 'privilegeWithdrawn')];
    const crl = issueCrl(oca, { number: 7n, entries });
    const text = opensslText('crl', crl.der).replace(/\s+/g, ' ');
    expect(text).to.include(
      'Version 2 (0x1) Signature Algorithm: ecdsa-with-SHA256 Issuer: OU = 07, CN = Q1'
    );
    expect(text).to.include('Last Update: Nov 23 10:00:00 2026 GMT Next Update: Nov 25 10:00:00 2026 GMT');
    expect(text).to.match(
      /CRL extensions: X509v3 Authority Key Identifier: ([0-9A-F]{2}:){7}[0-9A-F]{2} X509v3 CRL Number: 7 /
    );
    const [first, second] = [serial('01'), serial('7F')].map(value =>
      text.indexOf(`Serial Number: ${value}`)
    );
    expect(first).to.be.greaterThan(0);
    expect(second, 'in the order of serials').to.be.greaterThan(first ?? Infinity);
    expect(text).to.include('X509v3 CRL Reason Code: Key Compromise');
    expect(text).not.to.include('critical');
  });

  it('verify by OpenSSL under their issuers, P-256 and RSA, and not under another', () => {
    expect(opensslVerifyCrl(issueCrl(oca).der, oca.certificate.der)).to.equal(true);
    expect(opensslVerifyCrl(issueCrl(ica, { entries: [entry('05')] }).der, ica.certificate.der)).to.equal(
      true
    );
    const stranger = organisationDomain().issuing;
    expect(opensslVerifyCrl(issueCrl(oca).der, stranger.certificate.der)).to.equal(false);
  });

  it('leave the list of entries out when there are none', () => {
    const crl = issueCrl(oca);
    expect(crl.entryCount).to.equal(0);
    expect(hex(valueAt(crl.tbs, [5])).slice(0, 2)).to.equal('a0');
  });

  it('parse to what they were built from', () => {
    const entries = [entry('01', 'cACompromise'), entry('02', 'cessationOfOperation')];
    const read = [...issueCrl(oca, { entries }).entries()].map(({ serialHex, date, reason }) => ({
      serialHex,
      date,
      reason: revocationReason(reason ?? -1)
    }));
    expect(read).to.deep.equal(entries);
  });

  const refused: readonly (readonly [string, Partial<Parameters<typeof buildCrlTbs>[0]>, string])[] = [
    ['number 0', { number: 0n }, 'crl/number'],
    ['a number over 20 octets', { number: 1n << 159n }, 'crl/number'],
    ['a nextUpdate at thisUpdate', { nextUpdate: day(23) }, 'crl/time'],
    ['a serial twice', { entries: [entry('01'), entry('01')] }, 'crl/entry'],
    ['a negative serial', { entries: [{ ...entry('01'), serialHex: '80' }] }, 'crl/entry'],
    ['a serial in lower case', { entries: [{ ...entry('01'), serialHex: '0a' }] }, 'crl/entry']
  ];
  for (const [what, change, code] of refused)
    it(`refuse ${what}: ${code}`, () => {
      const good = {
        issuer: oca.certificate,
        number: 1n,
        thisUpdate: day(23),
        nextUpdate: day(25),
        entries: []
      };
      buildCrlTbs(good);
      expect(codeOf(() => buildCrlTbs({ ...good, ...change }))).to.equal(code);
    });

  describe('continuity', () => {
    const issuer = Uint8Array.of(0x30, 0);
    const previous: CrlState = {
      issuer,
      number: 4n,
      thisUpdate: day(22),
      entries: [entry('01'), entry('02')]
    };
    const ordered = entry('03', 'keyCompromise');
    /** The certificate of entry 02 has expired, that of 01 has not, that of 03 is not known. */
    const facts: ContinuityFacts = {
      now: day(23),
      orderedRevocations: [ordered],
      notAfter: serialHex => ({ [serial('01')]: day(30), [serial('02')]: day(22) })[serialHex]
    };
    const next: CrlState = { issuer, number: 5n, thisUpdate: day(23), entries: [entry('01'), ordered] };

    it('accepts the previous list minus expired entries plus ordered ones, number + 1', () => {
      expect(nextCrlEntries(previous, facts)).to.deep.equal(next.entries);
      checkCrlContinuity(previous, next, facts);
    });

    it('accepts as the first list number 1 with what was ordered', () => {
      checkCrlContinuity(undefined, { ...next, number: 1n, entries: [ordered] }, facts);
      expect(codeOf(() => checkCrlContinuity(undefined, { ...next, entries: [ordered] }, facts))).to.equal(
        'crl/number'
      );
    });

    it('keeps an entry on the last second of its certificate, and drops it after', () => {
      const at = (now: Date) =>
        nextCrlEntries({ ...previous, entries: [entry('01')] }, { ...facts, now }).length;
      expect(at(day(30))).to.equal(2);
      expect(at(new Date(day(30).getTime() + 1000))).to.equal(1);
    });

    it('does not list an ordered certificate twice, nor change the entry it has', () => {
      const again = { ...facts, orderedRevocations: [entry('01', 'keyCompromise')] };
      expect(nextCrlEntries(previous, again)).to.deep.equal([entry('01')]);
    });

    const refusals: readonly (readonly [string, Partial<CrlState>, string])[] = [
      ['a dropped entry', { entries: [ordered] }, 'crl/entry-dropped'],
      ['a missing ordered entry', { entries: [entry('01')] }, 'crl/entry-dropped'],
      ['an entry nobody ordered', { entries: [...next.entries, entry('04')] }, 'crl/entry-added'],
      ['an entry of an expired certificate', { entries: [...next.entries, entry('02')] }, 'crl/entry-added'],
      ['an entry twice', { entries: [...next.entries, ordered] }, 'crl/entry-added'],
      ['another reason', { entries: [entry('01', 'keyCompromise'), ordered] }, 'crl/entry-changed'],
      ['another date', { entries: [{ ...entry('01'), date: day(21) }, ordered] }, 'crl/entry-changed'],
      ['the same number', { number: 4n }, 'crl/number'],
      ['a number left out', { number: 6n }, 'crl/number'],
      ['another issuer', { issuer: Uint8Array.of(0x31, 0) }, 'crl/issuer'],
      ['a date before the previous list', { thisUpdate: day(21) }, 'crl/time'],
      ['a date in the future', { thisUpdate: day(24) }, 'crl/time']
    ];
    for (const [what, change, code] of refusals)
      it(`refuses ${what}: ${code}`, () => {
        expect(codeOf(() => checkCrlContinuity(previous, { ...next, ...change }, facts))).to.equal(code);
      });
  });
});
