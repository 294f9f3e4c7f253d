import { oids } from '../x509/index.js';
import type { Lint } from './lint.js';
import { extensionState } from './subject.js';

export const l06: Lint = {
  id: 'L06',
  title: 'authority key identifier: keyIdentifier only, not critical, the issuer’s; absent in roots',
  clause: 'GBCS 12; RFC 5280 4.2.1.1',
  effective: new Date('2008-05-01'),
  appliesTo: 'all',
  readsOuter: false,
  bad: { profile: 'device-ds', path: [7, 0, 4], becomes: '30130603551d23040c300a80084000000000000000' },
  *check(subject, { profile, issuer }) {
    const extension = extensionState(subject, oids.authorityKeyIdentifier, 'authorityKeyIdentifier');
    if (profile.kind === 'root') {
      if (extension.state !== 'absent') yield 'in a self-signed root';
      return;
    }
    if (extension.state === 'absent') return yield 'absent';
    if (extension.critical) yield 'critical';
    if (extension.state === 'malformed') return yield 'not an authority key identifier';
    const { keyIdentifier, other } = extension.value;
    if (other) yield 'more than the keyIdentifier';
    if (keyIdentifier?.length !== 8) return yield 'no keyIdentifier of 8 octets';
    if (issuer === undefined || issuer === 'self') return;
    const expected = issuer.subjectKeyIdentifier;
    if (!expected || Buffer.compare(expected, keyIdentifier) !== 0) yield 'not the issuer’s key identifier';
  }
};
