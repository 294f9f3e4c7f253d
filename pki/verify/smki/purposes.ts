import { profileNames, profiles, type Profile, type ProfileName } from '../../profile/index.js';

/** What a certificate is wanted for, in words; beside these, each profile's name is a purpose. */
const words = {
  device: ({ domain, kind }) => domain === 'smki-device' && kind === 'end-entity',
  organisation: ({ domain, kind }) => domain === 'smki-organisation' && kind === 'end-entity',
  'digital-signature': ({ kind, usage }) => kind === 'end-entity' && usage === 'DS',
  'key-agreement': ({ kind, usage }) => kind === 'end-entity' && usage === 'KA',
  'device-signing': ({ name }) => name === 'device-ds',
  'organisation-signing': ({ name }) => name === 'organisation-ds',
  'xml-signing': ({ roles }) => roles === 'xml-signing',
  'client-authentication': ({ name }) => name === 'iki-client',
  'issuing-authority': ({ kind }) => kind === 'issuing',
  root: ({ kind }) => kind === 'root'
} as const satisfies Readonly<Record<string, (profile: Profile) => boolean>>;

export type SmkiPurpose = ProfileName | keyof typeof words;

/** Every purpose there is, for those who list them. */
export const smkiPurposes: readonly SmkiPurpose[] = [
  ...profileNames,
  ...(Object.keys(words) as (keyof typeof words)[])
];

const profilesBy: ReadonlyMap<string, ReadonlySet<ProfileName>> = new Map([
  ...profileNames.map(name => [name, new Set([name])] as const),
  ...Object.entries(words).map(
    ([word, serves]) => [word, new Set(profileNames.filter(name => serves(profiles[name])))] as const
  )
]);

/** The profiles that serve a purpose; undefined for a word that is none. */
export function profilesFor(purpose: string): ReadonlySet<ProfileName> | undefined {
  return profilesBy.get(purpose);
}
