import { sameOctets } from '../der/octets.js';
import type { Lint } from './lint.js';

export const l06: Lint = {
  id: 'L06',
  title: 'authority key identifier: keyIdentifier only, not critical, the issuer’s; absent in roots',
  clause: 'GBCS 12; RFC 5280 4.2.1.1',
  effective: new Date('2008-05-01'),
  appliesTo: 'all',
  readsOuter: false,
  bad: { profile: 'device-ds', path: [7, 0, 4], becomes: '30130603551d23040c300a80084000000000000000' },
  check(tell, subject, { profile, issuer }) {
    const extension = subject.states.authorityKeyIdentifier;
    if (profile.kind === 'root') {
      if (extension.state !== 'absent') tell('in a self-signed root');
      return;
    }
    if (extension.state === 'absent') return tell('absent');
    if (extension.critical) tell('critical');
    if (extension.state === 'malformed') return tell('not an authority key identifier');
    const { keyIdentifier, other } = extension.value;
    if (other) tell('more than the keyIdentifier');
    if (keyIdentifier?.length !== 8) return tell('no keyIdentifier of 8 octets');
    if (issuer === undefined || issuer === 'self') return;
    const expected = issuer.subjectKeyIdentifier;
    if (!expected || !sameOctets(expected, keyIdentifier)) tell('not the issuer’s key identifier');
  }
};
