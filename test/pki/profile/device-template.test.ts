import { randomBytes } from 'node:crypto';
import { expect } from 'chai';
import fc from 'fast-check';
import { compileTemplate, newSerial, ProfileError, type TbsInput } from '../../../pki/profile/index.js';
import { codeOf } from '../../kit/errors.js';
import { deviceDomain, issueDay, testPolicy } from '../../kit/hierarchy.js';
import { p256Key } from '../../kit/keys.js';

describe('device templates that have made certificates before', () => {
  const issuer = deviceDomain().issuing.certificate;
  const compile = () => compileTemplate('device-ds', { issuer, policy: testPolicy });
  const used = compile();
  const keys = [p256Key(), p256Key(), p256Key()];
  const input = (change: Partial<TbsInput> = {}): TbsInput => ({
    serial: newSerial(randomBytes),
    ...used.validity(issueDay),
    spki: keys[0]?.spki ?? new Uint8Array(),
    subject: { hwType: '2.25.1', eui: 1n },
    ...change
  });

  it('make the octets that a new one makes', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...keys),
        fc.constantFrom('2.25.1', '2.25.2', '1.2.826.0.1.9999999.1.2.2.1'),
        fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
        fc.constantFrom(issueDay, new Date('2027-01-01T00:00:00Z')),
        ({ spki }, hwType, eui, at) => {
          const asked = input({ spki, ...used.validity(at), subject: { hwType, eui } });
          const made = Buffer.from(used.tbs(asked));
          expect(made.equals(compile().tbs(asked))).to.equal(true);
        }
      ),
      { numRuns: 300 }
    );
  });

  it('give each caller octets of his own', () => {
    const asked = input();
    const first = used.tbs(asked);
    const kept = Uint8Array.from(first);
    first.fill(0);
    expect(Buffer.from(used.tbs(asked)).equals(kept)).to.equal(true);
  });

  it('keep to more hwTypes than are remembered', () => {
    for (let i = 0; i < 1_100; i++) used.tbs(input({ subject: { hwType: `2.25.${i}`, eui: 1n } }));
    const asked = input({ subject: { hwType: '2.25.3', eui: 2n } });
    expect(Buffer.from(used.tbs(asked)).equals(compile().tbs(asked))).to.equal(true);
  });

  const faults: readonly (readonly [code: string, change: Partial<TbsInput>])[] = [
    ['profile/serial', { serial: new Uint8Array(16) }],
    ['profile/serial', { serial: new Uint8Array(15).fill(1) }],
    ['profile/key', { spki: new Uint8Array(91) }],
    ['profile/subject', { subject: { hwType: '2.25.1' } }],
    ['profile/subject', { subject: { hwType: '2.25.1', eui: -1n } }],
    ['profile/subject', { subject: { hwType: '2.25.1', eui: 2n ** 64n } }],
    ['profile/subject', { subject: { hwType: 'a meter', eui: 1n } }],
    ['profile/subject', { subject: { eui: 1n } }],
    ['profile/validity', { notAfter: new Date('2030-01-01T00:00:00Z') }]
  ];
  for (const [code, change] of faults)
    it(`refuse with ${code} what a new one refuses: ${Object.keys(change).join()}`, () => {
      used.tbs(input());
      expect(codeOf(() => used.tbs(input(change)))).to.equal(code);
      expect(() => compile().tbs(input(change)))
        .to.throw(ProfileError)
        .with.property('code', code);
      used.tbs(input());
    });
});
