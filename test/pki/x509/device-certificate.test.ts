import { expect } from 'chai';
import fc from 'fast-check';
import { readCertificate } from '../../../pki/x509/certificate.js';
import { frameOf, parseKnownDeviceCertificate } from '../../../pki/x509/device-certificate.js';
import { devicePlaces, type DevicePlaces } from '../../../pki/x509/device-places.js';
import { parseCertificate } from '../../../pki/x509/index.js';
import { deviceDomain, issue, organisationDomain } from '../../kit/hierarchy.js';
import { changed, octetChanges, outcomeOf, type OctetChange } from '../../kit/mutate.js';

describe('device certificates read by their shape', () => {
  const { root, issuing } = deviceDomain();
  const hwTypes = ['2.25.1', '1.2.826.0.1.9999999.1.2.2.1', '2.25.40770280000558349938338300825297129031'];
  const device = (hwType: string, eui: bigint, usage: 'device-ds' | 'device-ka' = 'device-ds', at?: Date) =>
    issue(usage, { issuer: issuing, subject: { hwType, eui }, ...(at && { at }) }).certificate.der;
  const seeds = hwTypes.flatMap(hwType => [
    device(hwType, 0x02db1234567890a4n),
    device(hwType, 1n, 'device-ka', new Date('2019-02-28T12:00:00Z'))
  ]);

  /** Both readings of the same octets, the one by shape asked first and last. */
  function isReadAlike(octets: Uint8Array): void {
    const strict = outcomeOf(() => readCertificate(octets));
    expect(outcomeOf(() => parseCertificate(octets))).to.deep.equal(strict);
    expect(outcomeOf(() => parseCertificate(octets))).to.deep.equal(strict);
  }

  it('answer what the strict reader answers, and do so without it', () => {
    const before = device('2.25.1', 7n);
    parseCertificate(before);
    fc.assert(
      fc.property(
        fc.bigInt({ min: 1n, max: 2n ** 64n - 1n }),
        fc.date({ min: new Date('2000-01-01'), max: new Date('2049-12-30'), noInvalidDate: true }),
        (eui, at) => {
          const der = device('2.25.9', eui, 'device-ds', at);
          expect(parseKnownDeviceCertificate(der)).to.deep.equal(readCertificate(der));
        }
      ),
      { numRuns: 50 }
    );
  });

  it('are told from every mutant as the strict reader tells them', () => {
    fc.assert(
      fc.property(fc.constantFrom(...seeds), octetChanges, (seed, changes) =>
        isReadAlike(changed(seed, changes))
      ),
      { numRuns: 3_000 }
    );
  });

  it('are judged in each place by the rules of its type', () => {
    const places = (der: Uint8Array): DevicePlaces => {
      const frame = frameOf(der);
      const found = frame && devicePlaces(der.subarray(frame.tbs, frame.tbsEnd));
      if (found === undefined) throw new Error('not a device certificate');
      return found;
    };
    const names = Object.keys(places(seeds[0] as Uint8Array)) as (keyof DevicePlaces)[];
    fc.assert(
      fc.property(
        fc.constantFrom(...seeds),
        fc.constantFrom(...names),
        octetChanges,
        (seed, name, changes: readonly OctetChange[]) => {
          const { start, end } = places(seed)[name];
          const within = changes.map(({ at, becomes }) => ({
            at: 4 + start + (at % (end - start)),
            becomes
          }));
          isReadAlike(changed(seed, within));
        }
      ),
      { numRuns: 3_000 }
    );
  });

  it('are read the long way when shorter, longer or otherwise framed', () => {
    for (const seed of seeds)
      for (const octets of [
        seed.subarray(1),
        seed.subarray(0, seed.length - 1),
        Buffer.concat([seed, Buffer.of(0)]),
        new Uint8Array(seed.length),
        new Uint8Array()
      ])
        isReadAlike(octets);
  });

  it('keep nothing of the octets they were learned from, and share only what is equal', () => {
    const first = device('2.25.77', 1n);
    const copy = Uint8Array.from(first);
    parseCertificate(copy);
    copy.fill(0);
    const der = device('2.25.77', 2n);
    expect(parseKnownDeviceCertificate(der)).to.deep.equal(readCertificate(der));
  });

  it('are the only certificates with a shape', () => {
    const organisation = organisationDomain();
    for (const { certificate } of [
      root,
      issuing,
      organisation.issuing,
      issue('organisation-ds', { issuer: organisation.issuing })
    ]) {
      parseCertificate(certificate.der);
      expect(parseKnownDeviceCertificate(certificate.der)).to.equal(undefined);
    }
  });
});
