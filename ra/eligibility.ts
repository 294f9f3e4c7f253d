import type { DeviceRecord, DeviceStatus, DeviceType } from '../pki/messages/index.js';
import type { Policy } from '../pki/index.js';
import type { ActingRole } from './parties.js';

/**
 * Eligible Subscribers for device certificates (SEC L3.16). The check and its dependence on role and provisioning
 * state are in SEC Appendix M, Appendix D; the rows are recalled, so they are policy data: `verified: false`. The
 * first row that fits decides; none fits: ineligible.
 */
export interface EligibilityRow {
  readonly requester: 'any' | 'responsible-supplier' | 'dcc';
  /** Acting roles of which the system must have one; empty: whichever. */
  readonly roles: readonly ActingRole[];
  readonly statuses: readonly DeviceStatus[] | 'any';
  readonly types: readonly DeviceType[] | 'any';
  readonly eligible: boolean;
  readonly source: string;
  readonly verified: boolean;
}

const source = 'SEC L3.16 as recalled; text not obtainable';
const row = (fields: Omit<EligibilityRow, 'source' | 'verified'>): EligibilityRow => ({
  ...fields,
  source,
  verified: false
});

/** The rows in force under a policy. */
export function eligibilityRows(policy: Policy): readonly EligibilityRow[] {
  const early: DeviceStatus[] = ['Pending'];
  if (policy.figures['eligibility.whitelisted-as-pending'].value) early.push('Whitelisted');
  const inService: DeviceStatus[] = ['InstalledNotCommissioned', 'Commissioned', 'Recovery', 'Recovered'];
  if (policy.figures['eligibility.suspended-for-supplier'].value) inService.push('Suspended');
  return [
    row({
      requester: 'any',
      roles: [],
      statuses: ['Decommissioned', 'Withdrawn'],
      types: 'any',
      eligible: false
    }),
    row({ requester: 'any', roles: [], statuses: early, types: 'any', eligible: true }),
    row({ requester: 'dcc', roles: ['dcc'], statuses: 'any', types: ['CHF', 'GPF'], eligible: true }),
    row({
      requester: 'responsible-supplier',
      roles: ['import-supplier'],
      statuses: inService,
      types: ['ESME', 'HCALCS', 'PPMID'],
      eligible: true
    }),
    row({
      requester: 'responsible-supplier',
      roles: ['gas-supplier'],
      statuses: inService,
      types: ['GSME'],
      eligible: true
    })
  ];
}

export interface Requester {
  readonly actingRoles: readonly ActingRole[];
  /** EUI-64s of the party. */
  readonly identifiers: readonly bigint[];
}

/**
 * Whether a requester is an Eligible Subscriber for a device. `undefined` stands for a device the inventory does
 * not know, which the policy treats as Pending or refuses.
 */
export function isEligible(
  rows: readonly EligibilityRow[],
  requester: Requester,
  device: DeviceRecord | undefined,
  unknownDevice: string
): boolean {
  if (device === undefined && unknownDevice !== 'pending') return false;
  const status = device?.status ?? 'Pending';
  const decisive = rows.find(
    entry =>
      (entry.statuses === 'any' || entry.statuses.includes(status)) &&
      // A row that names types needs to know the type.
      (entry.types === 'any' || (device !== undefined && entry.types.includes(device.type))) &&
      (entry.roles.length === 0 || entry.roles.some(role => requester.actingRoles.includes(role))) &&
      (entry.requester !== 'responsible-supplier' ||
        (device?.responsibleSuppliers.some(eui => requester.identifiers.includes(eui)) ?? false))
  );
  return decisive?.eligible ?? false;
}
