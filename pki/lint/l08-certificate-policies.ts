import { policyOids } from '../profile/index.js';
import { oids } from '../x509/index.js';
import type { Lint } from './lint.js';

export const l08: Lint = {
  id: 'L08',
  title: 'certificate policies critical: exactly one OID of the environment, no qualifiers',
  clause: 'GBCS 12; RFC 5280 4.2.1.4',
  effective: new Date('2014-11-28'),
  appliesTo: 'all',
  readsOuter: false,
  bad: { profile: 'device-ds', path: [7, 0, 3], becomes: '30140603551d200101ff040a30083006060453000102' },
  check(tell, subject, { profile, policy, at }) {
    const extension = subject.states.certificatePolicies;
    if (extension.state === 'absent') return tell('absent');
    // Certificates of March 2015 are about whose policies are not critical: told of an old one, never issued.
    if (!extension.critical) tell(at ? 'not critical' : { warning: 'not critical' });
    if (extension.state === 'malformed') return tell('not a list of policies');
    const [only] = extension.value;
    if (only === undefined || extension.value.length !== 1) return tell(`${extension.value.length} policies`);
    if (only.qualified) tell('qualified');
    const anyPolicy = profile.policies === 'any' && only.oid === oids.anyPolicy;
    if (!anyPolicy && !policyOids(policy, profile.domain).includes(only.oid))
      tell(`${only.oid} is not a policy of the ${policy.environment} environment`);
  }
};
