import { readdirSync, readFileSync } from 'node:fs';
import { expect } from 'chai';
import fc from 'fast-check';
import { concat } from '../../../kit/ber.js';
import { mutateOctets, octetMutation } from './octet-mutation.js';
import { expectLoggable, withoutPollution } from './pollution.js';
import { readings, type Reading } from './reading.js';
import { extensionValues, isStrictDer } from './strict-der.js';
import { mutateTree, treeMutation } from './tree-mutation.js';
import { within } from '../../../kit/within.js';

/** As many as fit: a reading is given up to this time, of which there are some forty. */
const share = { numRuns: 1_500, interruptAfterTimeLimit: 1_200 };

/** The answer to octets of a few KiB; a bound on what hangs, not a measurement. */
const mostMilliseconds = 250;

const seedsFolder = new URL('./seeds/', import.meta.url);

/** Octets that were once answered wrongly. */
interface Seed {
  readonly reading: string;
  /** Hexadecimal. */
  readonly octets: string;
  readonly wrong: string;
}

function seeds(): Seed[] {
  return readdirSync(seedsFolder)
    .filter(name => name.endsWith('.json'))
    .map(name => JSON.parse(readFileSync(new URL(name, seedsFolder), 'utf8')) as Seed);
}

/** What must hold whatever the octets are. */
function judge(reading: Reading, octets: Uint8Array): void {
  const { taken, told } = within(mostMilliseconds, () => reading.read(octets));
  told.forEach(expectLoggable);
  if (!taken || reading.takes === 'any') return;
  const specimen = reading.specimens.some(known => Buffer.compare(known, octets) === 0);
  if (reading.takes === 'signed') expect(specimen, Buffer.from(octets).toString('hex')).to.equal(true);
  expect(isStrictDer(octets), Buffer.from(octets).toString('hex')).to.equal(true);
  for (const value of extensionValues(octets, reading.decodes ?? []))
    expect(isStrictDer(value), value.toString('hex')).to.equal(true);
  const longer = concat(octets, Uint8Array.of(0));
  expect(reading.read(longer).taken, 'with an octet after it').to.equal(false);
}

describe('hostile octets', () => {
  const all = readings();

  for (const reading of all) {
    describe(`as ${reading.name}`, () => {
      it('are taken as they were made', () => {
        for (const specimen of reading.specimens)
          expect(reading.read(specimen)).to.deep.include({ taken: true });
      });

      it('are refused or are what they seem, changed by octets', () => {
        const changed = fc.tuple(
          fc.constantFrom(...reading.specimens),
          fc.array(octetMutation, { minLength: 1, maxLength: 3 })
        );
        withoutPollution(() =>
          fc.assert(
            fc.property(changed, ([specimen, mutations]) =>
              judge(reading, mutations.reduce(mutateOctets, specimen))
            ),
            share
          )
        );
      });

      it('are refused or are what they seem, changed by structure', () => {
        const changed = fc.tuple(
          fc.constantFrom(...reading.specimens),
          fc.array(treeMutation, { minLength: 1, maxLength: 3 })
        );
        withoutPollution(() =>
          fc.assert(
            fc.property(changed, ([specimen, mutations]) => judge(reading, mutateTree(specimen, mutations))),
            share
          )
        );
      });
    });
  }

  describe('that were once answered wrongly', () => {
    for (const seed of seeds())
      it(`${seed.reading}: ${seed.wrong}`, () => {
        const reading = all.find(({ name }) => name === seed.reading);
        if (reading === undefined) throw new Error(`no reading ${seed.reading}`);
        withoutPollution(() => judge(reading, Buffer.from(seed.octets, 'hex')));
      });
  });

  it('are told from DER by a second opinion that has one', () => {
    const der = (hex: string) => isStrictDer(Buffer.from(hex, 'hex'));
    expect(['0500', '30030101ff', '020100', '310602010002010a', '03020700'].every(der)).to.equal(true);
    const not = [
      '0501',
      '050000',
      '308105',
      '3003010101',
      '02020001',
      '0202ff80',
      '310602010a020100',
      '03020701'
    ];
    const also = [
      '3081020500',
      '24020400',
      '060180',
      '06022a80',
      '170b3236303132303130305a',
      '3080',
      '1f0100'
    ];
    expect([...not, ...also].filter(der)).to.deep.equal([]);
  });
});
