import { expect } from 'chai';
import { compileTemplate, profiles, profileNames } from '../../../pki/profile/index.js';
import { defaultPolicy, policyEntries, policyOids, policyWith } from '../../../pki/profile/policy.js';
import { codeOf } from '../../kit/errors.js';

const acceptance = { by: 'SMKI PMA', on: '2026-10-01', reference: 'minute 12' };

describe('policy', () => {
  it('has the published test OID for SMKI and one under 2.25 for IKI', () => {
    const policy = defaultPolicy('test');
    expect(policyOids(policy, 'smki-device')).to.deep.equal(['1.2.826.0.1.8641679.1.2.1.4']);
    expect(policyOids(policy, 'smki-organisation')).to.deep.equal(['1.2.826.0.1.8641679.1.2.1.4']);
    expect(policyOids(policy, 'iki')).to.have.length(1);
    expect(policyOids(policy, 'iki')[0]).to.match(/^2\.25\.\d{30,}$/);
  });

  it('has no live OIDs, and no profile compiles without', () => {
    const live = defaultPolicy('live');
    expect(codeOf(() => policyOids(live, 'smki-device'))).to.equal('policy/no-oid');
    for (const name of profileNames)
      expect(
        codeOf(() => compileTemplate(name, { issuer: 'self', policy: live })),
        name
      ).to.equal('policy/no-oid');
  });

  it('compiles live roots once OIDs are configured', () => {
    const oids = { value: ['2.25.7'], acceptance };
    const live = policyWith('live', {
      'oid.smki-device': oids,
      'oid.smki-organisation': oids,
      'oid.iki': oids
    });
    for (const name of profileNames.filter(candidate => profiles[candidate].kind === 'root'))
      expect(compileTemplate(name, { issuer: 'self', policy: live }).profile.name).to.equal(name);
  });

  it('lists every figure with its source, and which are unverified', () => {
    const entries = policyEntries(defaultPolicy('test'));
    expect(entries.every(({ source, unit }) => source.length > 3 && unit.length > 0)).to.equal(true);
    const unverified = entries.filter(({ verified }) => !verified).map(({ name }) => name);
    expect(unverified).to.include.members([
      'lifetime.root-oca',
      'crl.organisation.lifetime',
      'key.issuing-dca.max-age'
    ]);
    expect(unverified).not.to.include('device.certificate-limit');
  });

  it('keeps the source of an overridden figure, which stays unverified without an acceptance', () => {
    const initial = defaultPolicy('test').figures['lifetime.organisation'];
    const changed = policyWith('test', { 'lifetime.organisation': { value: 5 } }).figures[
      'lifetime.organisation'
    ];
    expect(changed).to.deep.equal({ ...initial, value: 5 });
    const accepted = policyWith('test', { 'lifetime.organisation': { acceptance } }).figures[
      'lifetime.organisation'
    ];
    expect(accepted).to.deep.equal({ ...initial, verified: true, acceptance });
  });

  it('changes its version with a value or the environment, and with nothing else', () => {
    const version = defaultPolicy('test').version;
    expect(version).to.match(/^[0-9a-f]{64}$/);
    expect(policyWith('test', { 'lifetime.organisation': { value: 10, acceptance } }).version).to.equal(
      version
    );
    expect(policyWith('test', { 'lifetime.organisation': { value: 9 } }).version).not.to.equal(version);
    expect(defaultPolicy('live').version).not.to.equal(version);
  });

  const refused: readonly (readonly [string, Record<string, unknown>, string])[] = [
    ['an unknown name', { 'lifetime.device': { value: 1 } }, 'policy/unknown-name'],
    ['a name of every object', { toString: { value: 1 } }, 'policy/unknown-name'],
    ['an unknown part', { 'lifetime.organisation': { value: 1, source: 'me' } }, 'policy/unknown-name'],
    ['a bare value', { 'lifetime.organisation': 1 }, 'policy/value'],
    ['another type', { 'lifetime.organisation': { value: '10' } }, 'policy/value'],
    ['a fraction of a year', { 'lifetime.organisation': { value: 1.5 } }, 'policy/value'],
    ['a lifetime of nothing', { 'lifetime.organisation': { value: 0 } }, 'policy/value'],
    ['requests larger than an order takes', { 'request.max-octets': { value: 4_097 } }, 'policy/value'],
    ['not a number', { 'adhoc.day.spacing': { value: NaN } }, 'policy/value'],
    ['text for a list', { 'oid.iki': { value: '2.25.1' } }, 'policy/value'],
    ['a list with something that is no OID', { 'oid.iki': { value: ['2.25.01'] } }, 'policy/value'],
    [
      'an unsigned acceptance',
      { 'oid.iki': { acceptance: { ...acceptance, by: ' ' } } },
      'policy/acceptance'
    ],
    [
      'an acceptance on no day',
      { 'oid.iki': { acceptance: { ...acceptance, on: '2026-02-30' } } },
      'policy/acceptance'
    ]
  ];
  for (const [what, overrides, code] of refused)
    it(`refuses ${what}`, () => {
      expect(codeOf(() => policyWith('test', overrides))).to.equal(code);
    });
});
