import { DerError, assertDer } from '../der/index.js';
import type { Lint } from './lint.js';

/** What the gate says of these octets; times are `L12`'s. */
export function derFault(der: Uint8Array): string | undefined {
  try {
    assertDer(der);
  } catch (error) {
    if (!(error instanceof DerError)) throw error;
    if (error.code !== 'der/time') return `${error.code} at octet ${error.offset}`;
  }
  return undefined;
}

/** Asked before all others: octets that are not DER have no one reading to judge. */
export const l14: Lint = {
  id: 'L14',
  title: 'DER throughout: one encoding, nothing left over',
  clause: 'RFC 5280 4.1; X.690 10 and 11',
  effective: new Date('2008-05-01'),
  appliesTo: 'all',
  readsOuter: true,
  // A serial number with its length in the long form.
  bad: { profile: 'device-ds', path: [1], becomes: '0281100102030405060708090a0b0c0d0e0f10' },
  check(tell, { der }) {
    const fault = derFault(der);
    if (fault !== undefined) tell(fault);
  }
};
