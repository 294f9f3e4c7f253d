import type { Lint } from './lint.js';

export const l15: Lint = {
  id: 'L15',
  title: 'small enough for the devices that store it',
  clause: 'design: policy figure lint.max-octets',
  effective: new Date('2014-11-28'),
  appliesTo: 'all',
  readsOuter: true,
  bad: {
    profile: 'organisation-ds',
    path: [5, 0],
    becomes: `3182040a3082040606035504030c8203fd${'41'.repeat(1_021)}`
  },
  check(tell, { der }, { policy }) {
    const limit = policy.figures['lint.max-octets'].value;
    if (der.length > limit) tell({ warning: `${der.length} octets, more than ${limit}` });
  }
};
