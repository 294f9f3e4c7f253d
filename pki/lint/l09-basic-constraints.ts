import type { Lint } from './lint.js';

export const l09: Lint = {
  id: 'L09',
  title: 'basic constraints: none in end entities; critical CA in CAs, path length the profile’s',
  clause: 'RFC 5280 4.2.1.9; RFC 5759 3.2',
  effective: new Date('2008-05-01'),
  appliesTo: 'all',
  readsOuter: false,
  // An issuing CA that may have CAs below it.
  bad: { profile: 'issuing-oca', path: [7, 0, 1], becomes: '30120603551d130101ff040830060101ff020101' },
  check(tell, subject, { profile }) {
    const extension = subject.states.basicConstraints;
    if (profile.kind === 'end-entity') {
      if (extension.state === 'absent') return;
      const empty =
        extension.state === 'there' && !extension.value.ca && extension.value.pathLength === undefined;
      // Certificates of an early test CA have the empty form.
      tell(empty ? { warning: 'empty, in an end entity certificate' } : 'in an end entity certificate');
      return;
    }
    if (extension.state === 'absent') return tell('absent');
    if (!extension.critical) tell('not critical');
    if (extension.state === 'malformed') return tell('not basic constraints');
    const { ca, pathLength } = extension.value;
    if (!ca) tell('not a CA');
    if (pathLength !== profile.pathLength)
      tell(`path length ${pathLength ?? 'absent'} where ${profile.pathLength ?? 'none'} belongs`);
  }
};
