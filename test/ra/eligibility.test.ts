import { expect } from 'chai';
import { defaultPolicy, policyWith } from '../../pki/index.js';
import { deviceStatuses, deviceTypes, type DeviceStatus, type DeviceType } from '../../pki/messages/index.js';
import { eligibilityRows, isEligible } from '../../ra/eligibility.js';
import { Rates } from '../../ra/rates.js';

const policy = defaultPolicy('test');
const rows = eligibilityRows(policy);
const supplier = { actingRoles: ['import-supplier', 'gas-supplier'] as const, identifiers: [5n] };
const maker = { actingRoles: ['manufacturer'] as const, identifiers: [] };
const dcc = { actingRoles: ['dcc'] as const, identifiers: [9n] };

function device(status: DeviceStatus, type: DeviceType, responsible = 5n) {
  return { deviceId: 1n, status, type, responsibleSuppliers: [responsible], since: new Date() };
}

describe('Eligible Subscribers', () => {
  it('are all Authorised Subscribers while the device is Pending or not known', () => {
    for (const requester of [supplier, maker, dcc]) {
      expect(isEligible(rows, requester, undefined, 'pending')).to.equal(true);
      expect(isEligible(rows, requester, device('Pending', 'ESME'), 'pending')).to.equal(true);
    }
    expect(isEligible(rows, maker, undefined, 'ineligible')).to.equal(false);
  });

  it('are nobody for decommissioned and withdrawn devices, hubs included', () => {
    for (const status of ['Decommissioned', 'Withdrawn'] as const)
      for (const type of deviceTypes)
        for (const requester of [supplier, maker, dcc])
          expect(isEligible(rows, requester, device(status, type), 'pending'), `${status} ${type}`).to.equal(
            false
          );
  });

  it('in service are the responsible supplier of the fuel, and the DCC for hubs', () => {
    const import_ = { ...supplier, actingRoles: ['import-supplier'] as const };
    const gas = { ...supplier, actingRoles: ['gas-supplier'] as const };
    for (const status of ['InstalledNotCommissioned', 'Commissioned', 'Recovery', 'Recovered'] as const) {
      for (const type of deviceTypes) {
        const told = [import_, gas, dcc, maker].map(who =>
          isEligible(rows, who, device(status, type), 'pending')
        );
        const isHub = type === 'CHF' || type === 'GPF';
        const isElectric = type === 'ESME' || type === 'HCALCS' || type === 'PPMID';
        expect(told, `${status} ${type}`).to.deep.equal([isElectric, type === 'GSME', isHub, false]);
      }
      expect(isEligible(rows, supplier, device(status, 'ESME', 6n), 'pending')).to.equal(false);
    }
  });

  it('follow the policy where the matrix leaves a choice', () => {
    const strict = eligibilityRows(
      policyWith('test', {
        'eligibility.whitelisted-as-pending': { value: false },
        'eligibility.suspended-for-supplier': { value: false }
      })
    );
    const cases: [typeof rows, boolean][] = [
      [rows, true],
      [strict, false]
    ];
    for (const [matrix, expected] of cases) {
      expect(isEligible(matrix, maker, device('Whitelisted', 'ESME'), 'pending')).to.equal(expected);
      expect(isEligible(matrix, supplier, device('Suspended', 'ESME'), 'pending')).to.equal(expected);
    }
  });

  it('are decided for every status, by rows that say they are not verified', () => {
    for (const { verified, source } of rows) {
      expect(verified).to.equal(false);
      expect(source).to.not.equal('');
    }
    const decided = deviceStatuses.map(status =>
      isEligible(rows, supplier, device(status, 'ESME'), 'pending')
    );
    expect(decided).to.have.lengthOf(9);
    expect(decided.filter(eligible => !eligible)).to.have.lengthOf(2);
  });
});

describe('rates of a party', () => {
  const day = new Date('2026-06-01T11:00:00Z');
  const after = (ms: number) => new Date(day.getTime() + ms);

  it('count an excess of the soft class and report it once a minute', () => {
    const rates = new Rates(policy, 100);
    const verdicts = Array.from({ length: 8 }, (_, i) => rates.take('p', 'adhoc', after(i * 10)));
    expect(verdicts.filter(({ exceeds }) => exceeds === 'soft')).to.have.lengthOf(3);
    expect(verdicts.filter(({ report }) => report)).to.have.lengthOf(1);
    expect(rates.take('other', 'adhoc', after(100)).exceeds).to.equal('none');
  });

  it('let the daytime spacing of Appendix N pass for ever, and not at night', () => {
    const spaced = (start: Date) => {
      const rates = new Rates(policy, 100);
      return Array.from(
        { length: 50 },
        (_, i) => rates.take('p', 'adhoc', new Date(start.getTime() + i * 800)).exceeds
      );
    };
    expect(spaced(day)).to.not.include('soft');
    // 22:00 in London, which is 21:00 UTC in June.
    expect(spaced(new Date('2026-06-01T21:00:00Z'))).to.include('soft');
    expect(spaced(new Date('2026-06-01T06:10:00Z'))).to.not.include('soft');
  });

  it('refuse above the hard ceiling, until the next second', () => {
    const rates = new Rates(policy, 3);
    const verdicts = [0, 1, 2, 3].map(ms => rates.take('p', 'json', after(ms)).exceeds);
    expect(verdicts).to.deep.equal(['none', 'none', 'none', 'hard']);
    expect(rates.take('p', 'json', after(1_100)).exceeds).to.equal('none');
  });
});
