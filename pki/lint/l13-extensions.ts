import { profileNames, profiles, type ProfileName } from '../profile/index.js';
import { duplicatesIn, oids } from '../x509/index.js';
import type { Lint } from './lint.js';

/** What may stand in each profile; `L09` tells of basic constraints where they do not belong. */
const allowedIn: ReadonlyMap<ProfileName, ReadonlySet<string>> = new Map(
  profileNames.map(name => [
    name,
    new Set<string>([
      oids.basicConstraints,
      ...profiles[name].extensions.map(({ extension }) => oids[extension])
    ])
  ])
);

export const l13: Lint = {
  id: 'L13',
  title: 'no extension but the profile’s, none twice, no unique identifiers',
  clause: 'RFC 5280 4.2 and 4.1.2.8; decoded certificates',
  effective: new Date('2014-11-28'),
  appliesTo: 'all',
  readsOuter: false,
  // Extended key usage clientAuth in place of the subject key identifier.
  bad: { profile: 'iki-client', path: [7, 0, 1], becomes: '30130603551d25040c300a06082b06010505070302' },
  check(tell, { extensions, hasUniqueIdentifiers }, { profile }) {
    const allowed = allowedIn.get(profile.name);
    for (const { oid } of extensions) if (allowed?.has(oid) !== true) tell(`${oid} has no place here`);
    for (const oid of duplicatesIn(extensions)) tell(`${oid} stands twice`);
    if (hasUniqueIdentifiers) tell('unique identifiers');
  }
};
