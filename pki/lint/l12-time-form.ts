import { tags } from '../der/index.js';
import type { Lint } from './lint.js';

export const l12: Lint = {
  id: 'L12',
  title: 'times: UTCTime until 2049, GeneralizedTime from 2050, whole seconds, Z',
  clause: 'RFC 5280 4.1.2.5',
  effective: new Date('2008-05-01'),
  appliesTo: 'all',
  readsOuter: false,
  bad: {
    profile: 'organisation-ds',
    path: [4, 1],
    becomes: `180f${Buffer.from('20301231235959Z').toString('hex')}`
  },
  *check({ notBefore, notAfter }) {
    for (const [name, { tag, moment }] of Object.entries({ notBefore, notAfter })) {
      if (!moment) yield `${name} is not a time`;
      else if (tag !== (moment.getUTCFullYear() < 2050 ? tags.utcTime : tags.generalizedTime))
        yield `${name} is in the other form`;
    }
  }
};
