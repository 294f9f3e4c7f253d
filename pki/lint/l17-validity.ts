import { validityRuleOf } from '../profile/index.js';
import type { Lint } from './lint.js';

const minute = 60_000;

export const l17: Lint = {
  id: 'L17',
  title: 'validity: not from the future, in order, within the issuer’s unless there is no expiry',
  clause: 'RFC 5280 4.1.2.5; GBCS 12 (devices); policy figure lint.not-before-skew',
  effective: new Date('2014-11-28'),
  appliesTo: 'all',
  readsOuter: false,
  bad: { profile: 'device-ds', path: [4, 0], becomes: `170d${Buffer.from('490101000000Z').toString('hex')}` },
  check(tell, subject, { profile, policy, issuer, at }) {
    const notBefore = subject.notBefore.moment;
    const notAfter = subject.notAfter.moment;
    // L12 tells of what is not a time.
    if (!notBefore || !notAfter) return;
    if (notBefore >= notAfter) tell('ends before it begins');
    const skew = policy.figures['lint.not-before-skew'].value * minute;
    if (at && notBefore.getTime() > at.getTime() + skew) tell('begins in the future');
    if (issuer === undefined || issuer === 'self') return;
    if (notBefore < issuer.notBefore || notBefore > issuer.notAfter)
      tell('begins while the issuer is not valid');
    if (validityRuleOf(profile) === 'all-valid-now' && notAfter > issuer.notAfter)
      tell('ends after the issuer');
  }
};
