import { tags } from '../der/index.js';
import type { Lint } from './lint.js';
import type { WrittenTime } from './subject.js';

const generalizedTimeBegins = Date.UTC(2050, 0, 1);

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
  check(tell, { notBefore, notAfter }) {
    const first = formFault(notBefore);
    if (first !== undefined) tell(`notBefore ${first}`);
    const last = formFault(notAfter);
    if (last !== undefined) tell(`notAfter ${last}`);
  }
};

function formFault({ tag, moment }: WrittenTime): string | undefined {
  if (!moment) return 'is not a time';
  return tag === (moment.getTime() < generalizedTimeBegins ? tags.utcTime : tags.generalizedTime)
    ? undefined
    : 'is in the other form';
}
