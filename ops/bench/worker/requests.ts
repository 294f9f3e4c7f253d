import { parseEui64 } from '../../../pki/identifier/index.js';
import { newDeviceRequest } from '../../launch/new-request.js';
import { demoHwType } from '../../launch/seed.js';
import type { Job } from './jobs.js';

export interface RequestsTask {
  /** Number of the first request: request 2n is device n's DS, 2n + 1 its KA. */
  readonly first: number;
  readonly count: number;
}

/** Outside the organisations' block, as every Device ID; the number of no maker. */
const firstDevice = parseEui64('02-5B-00-00-00-00-00-00');

export function deviceOf(request: number): bigint {
  return firstDevice + BigInt(Math.floor(request / 2));
}

/** Makes device requests with keys of their own, as their makers do. Answers them packed, see `packRequests`. */
export async function openRequests(_options: Record<string, never>): Promise<Job<RequestsTask, Uint8Array>> {
  return {
    run: async ({ first, count }) =>
      packRequests(
        Array.from({ length: count }, (_, at) => {
          const number = first + at;
          return newDeviceRequest(deviceOf(number), number % 2 === 0 ? 'DS' : 'KA', demoHwType).csr;
        })
      ),
    close: () => undefined
  };
}

/** Each with its length in two octets in front. */
export function packRequests(requests: readonly Uint8Array[]): Uint8Array {
  const packed = Buffer.allocUnsafe(requests.reduce((sum, { length }) => sum + length + 2, 0));
  let at = 0;
  for (const request of requests) {
    at = packed.writeUInt16BE(request.length, at);
    packed.set(request, at);
    at += request.length;
  }
  return packed;
}

export function unpackRequests(packed: Uint8Array): Uint8Array[] {
  const view = Buffer.from(packed.buffer, packed.byteOffset, packed.length);
  const requests: Uint8Array[] = [];
  for (let at = 0; at < view.length;) {
    const length = view.readUInt16BE(at);
    requests.push(packed.subarray(at + 2, at + 2 + length));
    at += 2 + length;
  }
  return requests;
}
