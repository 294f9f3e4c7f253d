import { profileNames, profiles, subjectFaults } from '../profile/index.js';
import type { Lint } from './lint.js';

export const l11: Lint = {
  id: 'L11',
  title: 'subject: the profile’s attributes with values of their form; order and string types as issued',
  clause: 'SEC Appendix M App. F and G; decoded certificates',
  effective: new Date('2014-11-28'),
  appliesTo: profileNames.filter(name => profiles[name].subject.length > 0),
  readsOuter: false,
  // An organisation certificate with the role of an issuing CA.
  bad: { profile: 'organisation-ka', path: [5, 0], becomes: '310b3009060355040b0c023037' },
  check(tell, { subject }, { profile }) {
    for (const { detail, style } of subjectFaults(subject, profile))
      tell(style ? { warning: detail } : detail);
  }
};
