import { expect } from 'chai';
import { verifyCrl, type CrlInput } from '../../../../pki/verify/revocation/index.js';
import {
  anchor,
  crlDer,
  day,
  endEntity,
  ext,
  generalName,
  nameOf,
  testMoment
} from '../../../kit/pki/index.js';

describe('verifyCrl', () => {
  const issuer = anchor('O=Lists, CN=Root');
  const entries = [
    { serial: 0x1000, reason: 1 },
    { serial: 0x1001, reason: 6 },
    { serial: 0x1002, date: new Date('2026-02-03T04:05:06Z') }
  ];

  function verdictOf(crl: Uint8Array, more: Partial<CrlInput> = {}): string {
    const verdict = verifyCrl({ crl, issuer: issuer.der, at: testMoment, ...more });
    return verdict.valid ? 'valid' : verdict.failure.code;
  }

  function valid(crl: Uint8Array, more: Partial<CrlInput> = {}) {
    const verdict = verifyCrl({ crl, issuer: issuer.der, at: testMoment, ...more });
    if (!verdict.valid) throw new Error(verdict.failure.code);
    return verdict;
  }

  it('says what the list is, and looks up in it', () => {
    const verdict = valid(crlDer(issuer, { number: 42, entries }));
    expect(verdict).to.include({ number: 42n, baseNumber: undefined, entryCount: 3, scope: undefined });
    expect(verdict.issuer).to.equal('CN=Root,O=Lists');
    expect(verdict.nextUpdate).to.deep.equal(new Date(testMoment.getTime() + day));
    expect(verdict.lookup('1000')).to.include({ reason: 1, serialHex: '1000' });
    expect(verdict.lookup('1002')).to.deep.equal({
      serialHex: '1002',
      revokedAt: new Date('2026-02-03T04:05:06Z'),
      reason: undefined,
      invalidityDate: undefined,
      issuers: undefined
    });
    expect(verdict.lookup('1003')).to.equal(undefined);
    expect(verdict.lookup('1000', nameOf('CN=Somebody')), 'of another issuer').to.equal(undefined);
    expect([...verdict.entries()].map(({ serialHex }) => serialHex)).to.deep.equal(['1000', '1001', '1002']);
  });

  it('never says that what it cannot look up is not listed', () => {
    const verdict = valid(crlDer(issuer));
    for (const serialHex of ['', '1', 'x1', '00'.repeat(21)])
      expect(() => verdict.lookup(serialHex), serialHex).to.throw(RangeError);
    expect(() => verdict.lookup('01', new Uint8Array(3))).to.throw(RangeError);
  });

  it('tells the scope', () => {
    const point = generalName.uri('http://crl.example/1');
    const { scope } = valid(
      crlDer(issuer, {
        extensions: {
          issuingDistributionPoint: ext.issuingDistributionPoint({
            fullName: [point],
            onlyCaCerts: true,
            reasons: [1, 2]
          })
        }
      })
    );
    expect(scope).to.include({ onlyCaCerts: true, onlyUserCerts: false, indirect: false, reasons: 0b110 });
    expect(scope?.name).to.have.nested.property('names[0].text', 'http://crl.example/1');
  });

  it('refuses lists of others, lists not in force, damaged ones', () => {
    const other = anchor('O=Lists, CN=Other');
    expect(verdictOf(crlDer(issuer, { signature: 'broken' }))).to.equal('revocation/signature');
    expect(verdictOf(crlDer(other))).to.equal('revocation/signer');
    expect(verdictOf(crlDer(issuer, { signer: other.key }))).to.equal('revocation/signature');
    expect(verdictOf(crlDer(issuer), { at: new Date(testMoment.getTime() + 2 * day) })).to.equal(
      'revocation/stale'
    );
    expect(verdictOf(crlDer(issuer), { at: new Date(testMoment.getTime() - 2 * day) })).to.equal(
      'revocation/not-yet-valid'
    );
    expect(verdictOf(new Uint8Array())).to.equal('revocation/malformed');
    // What is larger is for the streaming reader.
    expect(verdictOf(new Uint8Array(32 * 1024 * 1024 + 1))).to.equal('revocation/malformed');
    expect(verdictOf(crlDer(issuer), { issuer: new Uint8Array(9) })).to.equal('revocation/malformed');
    const past = anchor('O=Lists, CN=Root', { notAfter: new Date(testMoment.getTime() - 1_000) });
    expect(verdictOf(crlDer(past), { issuer: past.der })).to.equal('revocation/signer');
    const user = endEntity(issuer, 'O=Lists, CN=User');
    expect(verdictOf(crlDer(user), { issuer: user.der })).to.equal('revocation/signer');
  });

  it('throws for wrong types only', () => {
    const list = crlDer(issuer);
    const wrong: readonly unknown[] = [
      { crl: 'text', issuer: issuer.der, at: testMoment },
      { crl: list, issuer: undefined, at: testMoment },
      { crl: list, issuer: issuer.der, at: new Date(NaN) },
      { crl: list, issuer: issuer.der, at: testMoment, deltaOf: [] }
    ];
    for (const input of wrong) expect(() => verifyCrl(input as CrlInput)).to.throw(TypeError);
  });

  describe('with deltaOf', () => {
    const base = crlDer(issuer, { number: 3, entries });
    const delta = crlDer(issuer, {
      number: 5,
      extensions: { deltaCrlIndicator: ext.deltaCrlIndicator(3) },
      entries: [
        { serial: 0x1001, reason: 8 },
        { serial: 0x2000, reason: 4 }
      ]
    });

    it('answers from both', () => {
      const verdict = valid(delta, { deltaOf: base });
      expect(verdict).to.include({ number: 5n, baseNumber: 3n });
      expect(verdict.lookup('1000')).to.include({ reason: 1 });
      expect(verdict.lookup('1001'), 'taken off').to.equal(undefined);
      expect(verdict.lookup('2000')).to.include({ reason: 4 });
    });

    it('is in force as long as the delta', () => {
      const past = crlDer(issuer, {
        number: 3,
        thisUpdate: new Date(testMoment.getTime() - 5 * day),
        nextUpdate: new Date(testMoment.getTime() - 3 * day)
      });
      expect(verdictOf(delta, { deltaOf: past })).to.equal('valid');
      expect(verdictOf(past)).to.equal('revocation/stale');
      const later = crlDer(issuer, { number: 3, thisUpdate: new Date(testMoment.getTime() + 1_000) });
      expect(verdictOf(delta, { deltaOf: later })).to.equal('revocation/not-yet-valid');
    });

    it('refuses a delta alone, two of one kind, and a base that is not its own', () => {
      const other = anchor('O=Lists, CN=Other');
      expect(verdictOf(delta)).to.equal('revocation/delta');
      expect(verdictOf(base, { deltaOf: delta })).to.equal('revocation/delta');
      expect(verdictOf(base, { deltaOf: base })).to.equal('revocation/delta');
      expect(verdictOf(delta, { deltaOf: delta })).to.equal('revocation/delta');
      expect(verdictOf(delta, { deltaOf: crlDer(issuer, { number: 2 }) })).to.equal('revocation/delta');
      expect(verdictOf(delta, { deltaOf: crlDer(issuer, { number: 5 }) })).to.equal('revocation/delta');
      expect(verdictOf(delta, { deltaOf: crlDer(other, { number: 3 }) })).to.equal('revocation/signer');
      expect(verdictOf(delta, { deltaOf: crlDer(issuer, { number: 3, signature: 'broken' }) })).to.equal(
        'revocation/signature'
      );
      const scoped = crlDer(issuer, {
        number: 3,
        extensions: { issuingDistributionPoint: ext.issuingDistributionPoint({ onlyUserCerts: true }) }
      });
      expect(verdictOf(delta, { deltaOf: scoped })).to.equal('revocation/delta');
    });
  });

  it('looks up by issuer in an indirect list', () => {
    const verdict = valid(
      crlDer(issuer, {
        extensions: { issuingDistributionPoint: ext.issuingDistributionPoint({ indirect: true }) },
        entries: [
          { serial: 1 },
          { serial: 2, issuer: 'O=Lists, CN=A' },
          { serial: 3 },
          { serial: 2, issuer: 'O=Lists, CN=B', reason: 5 }
        ]
      })
    );
    expect(verdict.lookup('01')).to.have.property('serialHex', '01');
    expect(verdict.lookup('03')).to.equal(undefined);
    expect(verdict.lookup('03', nameOf('O=Lists, CN=A'))).to.have.property('serialHex', '03');
    expect(verdict.lookup('02', nameOf('O=Lists, CN=A'))).to.have.property('reason', undefined);
    expect(verdict.lookup('02', nameOf('O=Lists, CN=B'))).to.have.property('reason', 5);
  });
});
