/**
 * What the RA asks of the smart metering inventory before it lets a device request go ahead (SEC L3.16). The
 * provider lives behind `sec`; the RA sees this interface only.
 */
export const deviceStatuses = [
  'Pending',
  'Whitelisted',
  'InstalledNotCommissioned',
  'Commissioned',
  'Decommissioned',
  'Withdrawn',
  'Suspended',
  'Recovery',
  'Recovered'
] as const;
/** SMI Status of a device, as DUIS names them. */
export type DeviceStatus = (typeof deviceStatuses)[number];

export const deviceTypes = ['ESME', 'GSME', 'GPF', 'CHF', 'HCALCS', 'PPMID', 'IHD', 'CAD'] as const;
export type DeviceType = (typeof deviceTypes)[number];

export interface DeviceRecord {
  /** EUI-64 of the device. */
  readonly deviceId: bigint;
  readonly status: DeviceStatus;
  readonly type: DeviceType;
  /** EUI-64 User IDs of the responsible suppliers; empty while there is none. */
  readonly responsibleSuppliers: readonly bigint[];
  readonly since: Date;
}

export interface DeviceStatusProvider {
  /**
   * Answers the device's record, or `undefined` when the inventory does not know the device (the RA treats that
   * as Pending). Throws `DeviceStatusUnavailable` when the inventory cannot be read or is stale: the RA refuses.
   */
  get(deviceId: bigint): Promise<DeviceRecord | undefined>;
}

export class DeviceStatusUnavailable extends Error {
  readonly code = 'device-status/unavailable';
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'DeviceStatusUnavailable';
  }
}
