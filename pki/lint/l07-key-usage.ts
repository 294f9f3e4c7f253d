import type { Lint } from './lint.js';

export const l07: Lint = {
  id: 'L07',
  title: 'key usage critical and exactly the profile’s',
  clause: 'GBCS 12; RFC 5280 4.2.1.3; RFC 5759 3.2',
  effective: new Date('2008-05-01'),
  appliesTo: 'all',
  readsOuter: false,
  // cRLSign in a device certificate.
  bad: { profile: 'device-ds', path: [7, 0, 0], becomes: '300e0603551d0f0101ff040403020102' },
  check(tell, subject, { profile }) {
    const extension = subject.states.keyUsage;
    if (extension.state === 'absent') return tell('absent');
    if (!extension.critical) tell('not critical');
    if (extension.state === 'malformed') return tell('not a named bit list');
    const found = extension.value;
    const expected = profile.keyUsage;
    // A usage stands once among the named bits, and once in a profile.
    if (found.length !== expected.length || !expected.every(usage => found.includes(usage)))
      tell(`${found.join(', ')} where ${expected.join(', ')} belongs`);
  }
};
