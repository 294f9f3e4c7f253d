import { expect } from 'chai';
import fc from 'fast-check';
import { DerReader, tags, tlv } from '../../../../pki/der/index.js';
import { revocationCodes } from '../../../../pki/verify/path/revocation.js';
import { verifyCrl, verifyOcsp } from '../../../../pki/verify/revocation/index.js';
import {
  anchor,
  assemble,
  crlDer,
  endEntity,
  ext,
  extension,
  generalName,
  ocspResponseDer,
  testMoment,
  type CrlEntryInput
} from '../../../kit/pki/index.js';
import { replaceAt, valueAt } from '../../../kit/der-surgery.js';
import { changed, octetChanges } from '../../../kit/mutate.js';
import { within } from '../../../kit/within.js';

/** What one hostile input may take (the bound of the fuzzing rules). */
const mostMs = 250;

/** Child indices of every value. */
function* places(der: Uint8Array, path: readonly number[] = []): Generator<readonly number[]> {
  yield path;
  const reader = DerReader.over(der, 'value', { maxOctets: 1 << 20 });
  const value = reader.any('value');
  if ((value.tag & 0x20) === 0) return;
  const inner = reader.inside(value, 'value');
  for (let i = 0; !inner.done; i++) yield* places(inner.any('child').der, [...path, i]);
}

function withoutLastOctet(der: Uint8Array): Uint8Array {
  return der.subarray(0, -1);
}

/** A constructed value with one more member. */
function withNull(der: Uint8Array): Uint8Array | undefined {
  const reader = DerReader.over(der, 'value', { maxOctets: 1 << 20 });
  const { tag, content } = reader.any('value');
  return (tag & 0x20) === 0 ? undefined : tlv(tag, content, tlv(tags.null));
}

describe('revocation: hostile input', function () {
  this.timeout(60_000);
  const issuer = anchor('O=Hostile, CN=Root', {
    extensions: { keyUsage: ext.keyUsage(['digitalSignature', 'keyCertSign', 'cRLSign']) }
  });
  const leaf = endEntity(issuer, 'O=Hostile, CN=Leaf');
  const list = crlDer(issuer, {
    entries: [{ serial: leaf.serial, reason: 1 }, { serial: 8, issuer: 'CN=Somebody' }, { serial: 9 }],
    extensions: {
      issuingDistributionPoint: ext.issuingDistributionPoint({
        fullName: [generalName.uri('http://crl.example/1'), generalName.directory('CN=Point')],
        reasons: [1, 2, 3, 4, 5, 6, 7, 8],
        indirect: true
      })
    }
  });
  const response = ocspResponseDer({
    responder: issuer,
    responses: [{ certificate: leaf, issuer, status: { revoked: testMoment, reason: 1 } }],
    certificates: [leaf.der],
    nonce: new Uint8Array(16)
  });

  function crlOutcome(crl: Uint8Array): string {
    const verdict = within(mostMs, () => verifyCrl({ crl, issuer: issuer.der, at: testMoment }));
    return verdict.valid ? 'valid' : verdict.failure.code;
  }

  function ocspOutcome(octets: Uint8Array): string {
    const asked = { response: octets, certificate: leaf.der, issuer: issuer.der, at: testMoment };
    const verdict = within(mostMs, () => verifyOcsp(asked));
    return verdict.status === 'unknown' ? verdict.failure.code : verdict.status;
  }

  it('starts from inputs that are accepted', () => {
    expect(crlOutcome(list)).to.equal('valid');
    expect(ocspOutcome(response)).to.equal('revoked');
  });

  it('accepts no list and no response of which an octet was changed', () => {
    fc.assert(
      fc.property(octetChanges, changes => {
        const other = changed(list, changes);
        const outcome = crlOutcome(other);
        if (Buffer.compare(other, list) === 0) return;
        expect(revocationCodes).to.include(outcome);
      }),
      { numRuns: 2_000 }
    );
    fc.assert(
      fc.property(octetChanges, changes => {
        const other = changed(response, changes);
        const outcome = ocspOutcome(other);
        // Certificates enclosed are not under the signature.
        if (Buffer.compare(other, response) === 0 || outcome === 'revoked') return;
        expect(revocationCodes).to.include(outcome);
      }),
      { numRuns: 2_000 }
    );
  });

  it('takes any octets whatever', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), octets => {
        expect(revocationCodes).to.include(crlOutcome(octets));
        expect(revocationCodes).to.include(ocspOutcome(octets));
      }),
      { numRuns: 500 }
    );
  });

  it('refuses a list cut short inside any value, signed again', () => {
    const tbs = valueAt(list, [0]);
    for (const path of places(tbs)) {
      const value = valueAt(tbs, path);
      if (path.length === 0 || value.length <= 2) continue;
      const damaged = replaceAt(tbs, path, withoutLastOctet(value));
      expect(crlOutcome(assemble(damaged, { signer: issuer.key })), path.join('.')).to.equal(
        'revocation/malformed'
      );
    }
    for (let length = 0; length < list.length; length++)
      expect(crlOutcome(list.subarray(0, length)), `${length} octets`).to.equal('revocation/malformed');
  });

  it('refuses a list with one value more in any place, signed again', () => {
    const tbs = valueAt(list, [0]);
    for (const path of places(tbs)) {
      const more = withNull(valueAt(tbs, path));
      if (more === undefined) continue;
      const damaged = assemble(replaceAt(tbs, path, more), { signer: issuer.key });
      // The algorithm with NULL parameters is well-formed, and not the one outside.
      const expected = path.join('.') === '1' ? 'revocation/signature' : 'revocation/malformed';
      expect(crlOutcome(damaged), path.join('.')).to.equal(expected);
    }
    expect(crlOutcome(Uint8Array.from([...list, 0]))).to.equal('revocation/malformed');
    expect(crlOutcome(withNull(list) ?? list)).to.equal('revocation/malformed');
  });

  it('says nothing by a response cut short or lengthened inside any value', () => {
    for (const path of places(response)) {
      const value = valueAt(response, path);
      if (value.length > 2)
        expect(ocspOutcome(replaceAt(response, path, withoutLastOctet(value))), path.join('.')).to.equal(
          'revocation/malformed'
        );
      const more = withNull(value);
      if (more !== undefined)
        expect(ocspOutcome(replaceAt(response, path, more)), path.join('.')).to.equal('revocation/malformed');
    }
  });

  it('reads 64 KiB of whatever it was made for in no time', () => {
    const entries = (one: (i: number) => CrlEntryInput) => Array.from({ length: 1_200 }, (_, i) => one(i));
    const indirect = { issuingDistributionPoint: ext.issuingDistributionPoint({ indirect: true }) };
    const inputs: readonly Uint8Array[] = [
      crlDer(issuer, { entries: entries(() => ({ serial: 7, reason: 1 })) }),
      crlDer(issuer, { entries: entries(i => ({ serial: 7, issuer: `CN=${i}` })), extensions: indirect }),
      crlDer(issuer, {
        entries: entries(i => ({ serial: i, moreExtensions: [ext.invalidityDate(testMoment)] }))
      }),
      crlDer(issuer, {
        moreExtensions: Array.from({ length: 4_000 }, (_, i) => extension(`1.3.6.1.4.1.${i + 1}`, tlv(0x05)))
      }),
      crlDer(issuer, {
        extensions: {
          issuingDistributionPoint: ext.issuingDistributionPoint({
            fullName: Array.from({ length: 2_000 }, (_, i) => generalName.directory(`CN=Point ${i}`))
          })
        }
      }),
      crlDer(issuer, { name: Array.from({ length: 3_000 }, (_, i) => `CN=${i}`).join(', ') })
    ];
    for (const input of inputs) expect(['valid', 'revocation/signer']).to.include(crlOutcome(input));
  });

  it('holds no prototype and no log to be written to: facts and messages are plain text', () => {
    const control = crlDer(anchor('O=Hostile, CN=\u0007\u202e__proto__'));
    const verdict = verifyCrl({ crl: control, issuer: issuer.der, at: testMoment });
    const text = JSON.stringify(verdict, (_, value: unknown) => (typeof value === 'bigint' ? '' : value));
    expect(text).to.match(/revocation\/signer/);
    expect(text).not.to.match(/[\u0000-\u001f\u202e]|\\u0007/);
  });
});
