import type { Lint } from './lint.js';

export const l01: Lint = {
  id: 'L01',
  title: 'version 3',
  clause: 'RFC 5280 4.1.2.1',
  effective: new Date('2008-05-01'),
  appliesTo: 'all',
  readsOuter: false,
  bad: { profile: 'device-ds', path: [0], becomes: 'a003020101' },
  check(tell, { version }) {
    if (version !== 2) tell(`version is ${version === undefined ? 'absent' : version}, not 2 (v3)`);
  }
};
