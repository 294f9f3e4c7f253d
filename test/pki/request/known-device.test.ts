import { expect } from 'chai';
import fc from 'fast-check';
import { defaultPolicy } from '../../../pki/profile/index.js';
import { examineRequest, requestPolicy, RequestRefused } from '../../../pki/request/index.js';
import { examineByChecks } from '../../../pki/request/check-request.js';
import { examineKnownDevice } from '../../../pki/request/known-device.js';
import { sha256 } from '../../../pki/index.js';
import { encodeExtension, oids } from '../../../pki/x509/index.js';
import { octetString } from '../../../pki/der/index.js';
import { p256Key, p256KeyOf } from '../../kit/keys.js';
import { changed, octetChanges, outcomeOf } from '../../kit/mutate.js';
import {
  deviceExtensions,
  deviceRequest,
  longFormDeviceRequest,
  requestOfParts
} from '../../kit/requests.js';

describe('device requests examined by their shape', () => {
  const policy = requestPolicy(defaultPolicy('test'), new Set());
  const key = p256Key();
  const seeds = [
    deviceRequest({ key }),
    deviceRequest({ key, usage: 'keyAgreement', hwType: '2.25.1' }),
    longFormDeviceRequest(key),
    longFormDeviceRequest(key, 3),
    // With a note: an extension that is ignored.
    requestOfParts(key, {
      extensions: [
        ...deviceExtensions(),
        encodeExtension(oids.nameConstraints, false, octetString(new Uint8Array(2)))
      ]
    })
  ];

  function isExaminedAlike(octets: Uint8Array): void {
    const byChecks = outcomeOf(() => examineByChecks(octets, 'device', policy));
    expect(outcomeOf(() => examineRequest(octets, 'device', policy))).to.deep.equal(byChecks);
    expect(outcomeOf(() => examineRequest(octets, 'device', policy))).to.deep.equal(byChecks);
  }

  it('answer what the checks answer, and do so without them', () => {
    for (const seed of seeds) examineRequest(seed, 'device', policy);
    for (let i = 0; i < 40; i++) {
      const other = p256Key();
      const eui = `00-07-81-00-00-00-01-${i.toString(16).padStart(2, '0').toUpperCase()}`;
      for (const octets of [deviceRequest({ key: other, eui }), longFormDeviceRequest(other)])
        expect(examineKnownDevice(octets, policy)).to.deep.equal(examineByChecks(octets, 'device', policy));
    }
  });

  it('are told from every mutant as the checks tell them', () => {
    fc.assert(
      fc.property(fc.constantFrom(...seeds), octetChanges, (seed, changes) =>
        isExaminedAlike(changed(seed, changes))
      ),
      { numRuns: 4_000 }
    );
  });

  it('are read the long way when cut, longer or larger than the policy takes', () => {
    const small = { ...policy, maxOctets: 200 };
    for (const seed of seeds) {
      for (const octets of [seed.subarray(0, -1), Buffer.concat([seed, Buffer.of(0)]), new Uint8Array()])
        isExaminedAlike(octets);
      examineRequest(seed, 'device', policy);
      expect(() => examineRequest(seed, 'device', small)).to.throw(RequestRefused, 'request/size');
    }
  });

  it('are refused for weak keys, keys on the list and identifiers of organisations', () => {
    const weak = p256KeyOf(5n);
    isExaminedAlike(deviceRequest({ key: weak }));
    expect(() => examineRequest(deviceRequest({ key: weak }), 'device', policy))
      .to.throw(RequestRefused)
      .with.property('code', 'request/weak-key');
    const listed = requestPolicy(
      defaultPolicy('test'),
      new Set([Buffer.from(sha256(key.spki)).toString('hex')])
    );
    examineRequest(deviceRequest(), 'device', listed);
    expect(() => examineRequest(deviceRequest({ key }), 'device', listed))
      .to.throw(RequestRefused)
      .with.property('code', 'request/weak-key');
    const inBlock = deviceRequest({ key, eui: '90-B3-D5-1F-30-00-00-01' });
    expect(() => examineRequest(inBlock, 'device', policy))
      .to.throw(RequestRefused)
      .with.property('code', 'request/identifier');
  });

  it('are judged by the policy in force, not by the one they were learned under', () => {
    const octets = deviceRequest({ key });
    examineRequest(octets, 'device', policy);
    const other = { ...policy, organisationEuiPrefixes: ['00-07-81'] };
    expect(() => examineRequest(octets, 'device', other)).to.throw(RequestRefused);
    expect(examineKnownDevice(octets, other)).to.equal(undefined);
  });
});
