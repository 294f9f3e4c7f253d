import { expect } from 'chai';
import fc from 'fast-check';
import { readKnown, readTarget } from '../../../../pki/verify/smki/known-organisation.js';
import { readCertificate } from '../../../../pki/x509/certificate.js';
import { issue } from '../../../kit/hierarchy.js';
import { changed, octetChanges, outcomeOf } from '../../../kit/mutate.js';
import { good, made, oca } from './world.js';

describe('organisation certificates read by their shape', () => {
  const eui = 0x90b3d51f30aa0001n;
  const organisation = (commonName: string | undefined, ou: string) =>
    made('organisation-ds', { subject: { commonName, organisationalUnit: ou, eui } }).certificate.der;
  const seeds = () => [
    organisation('LOOKALIKE', '02'),
    organisation('Énergie', '03'),
    organisation(undefined, '04'),
    good('organisation-ka').certificate.der,
    good('organisation-xml').certificate.der,
    issue('issuing-oca', { issuer: oca().root }).certificate.der,
    good('device-ds').certificate.der
  ];

  function isReadAlike(octets: Uint8Array): void {
    const strict = outcomeOf(() => readCertificate(octets));
    expect(outcomeOf(() => readTarget(octets))).to.deep.equal(strict);
    expect(
      outcomeOf(() => readTarget(octets)),
      'again'
    ).to.deep.equal(strict);
  }

  it('are read without the strict reader, to the same answer', () => {
    readTarget(organisation('SEVEN-7', '02'));
    for (const [name, ou] of [['SEVEN-8', '08'] as const, ['other 9', '7F'] as const]) {
      const der = organisation(name, ou);
      // One serial number in 256 begins with another number of octets; the kit makes 16.
      expect(readKnown(der)).to.deep.equal(readCertificate(der));
    }
  });

  it('are told from every mutant as the strict reader tells them', () => {
    const all = seeds();
    for (const seed of all) isReadAlike(seed);
    fc.assert(
      fc.property(fc.constantFrom(...all), octetChanges, (seed, changes) =>
        isReadAlike(changed(seed, changes))
      ),
      { numRuns: 4_000 }
    );
  });

  it('are told from mutants of the places that differ', () => {
    const all = seeds();
    for (const seed of all) readTarget(seed);
    fc.assert(
      fc.property(fc.constantFrom(...all), fc.nat(250), fc.nat(255), (seed, at, becomes) =>
        isReadAlike(changed(seed, [{ at: 10 + at, becomes }]))
      ),
      { numRuns: 4_000 }
    );
  });
});
