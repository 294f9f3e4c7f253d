import { serialOctets } from '../profile/serial.js';
import type { Lint } from './lint.js';

export const l02: Lint = {
  id: 'L02',
  title: 'serial number positive, not too long, and 16 octets as issued',
  clause: 'RFC 5280 4.1.2.2; policy figure serial.max-octets',
  effective: new Date('2008-05-01'),
  appliesTo: 'all',
  readsOuter: false,
  bad: { profile: 'device-ds', path: [1], becomes: '0210ff0102030405060708090a0b0c0d0e0f' },
  check(tell, { serial }, { policy }) {
    const first = serial[0] ?? 0;
    if (first >= 0x80 || (first === 0 && serial.every(octet => octet === 0))) tell('not positive');
    if (serial.length > policy.figures['serial.max-octets'].value) tell(`${serial.length} octets`);
    if (serial.length < serialOctets)
      tell({ warning: `${serial.length} octets where ${serialOctets} are issued` });
  }
};
