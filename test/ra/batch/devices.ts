import { formatEui64, parseEui64 } from '../../../pki/index.js';
import { deviceRequest } from '../../kit/requests.js';

let devices = 0;

/** An EUI-64 that no other test of this run has. */
export function newEui(): string {
  devices += 1;
  return formatEui64(parseEui64('00-07-81-10-00-00-00-00') + BigInt(devices));
}

/** A good request of a new device with a new key. */
export function newRequest(): Uint8Array {
  return deviceRequest({ eui: newEui() });
}

export function newRequests(count: number): Uint8Array[] {
  return Array.from({ length: count }, newRequest);
}
