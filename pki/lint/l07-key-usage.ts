import { oids } from '../x509/index.js';
import type { Lint } from './lint.js';
import { extensionState } from './subject.js';

export const l07: Lint = {
  id: 'L07',
  title: 'key usage critical and exactly the profile’s',
  clause: 'GBCS 12; RFC 5280 4.2.1.3; RFC 5759 3.2',
  effective: new Date('2008-05-01'),
  appliesTo: 'all',
  readsOuter: false,
  // cRLSign in a device certificate.
  bad: { profile: 'device-ds', path: [7, 0, 0], becomes: '300e0603551d0f0101ff040403020102' },
  *check(subject, { profile }) {
    const extension = extensionState(subject, oids.keyUsage, 'keyUsage');
    if (extension.state === 'absent') return yield 'absent';
    if (!extension.critical) yield 'not critical';
    if (extension.state === 'malformed') return yield 'not a named bit list';
    const found = [...extension.value].sort().join(', ');
    const expected = [...profile.keyUsage].sort().join(', ');
    if (found !== expected) yield `${found} where ${expected} belongs`;
  }
};
