import type { ProfileName, SubjectValues } from '../../pki/index.js';

/** The CAs of a hierarchy in the order in which a ceremony makes them: each root before what it signs. */
export const authorities = [
  'root-oca',
  'issuing-oca',
  'root-dca',
  'issuing-dca',
  'root-ica',
  'issuing-ica'
] as const satisfies readonly ProfileName[];
export type AuthorityName = (typeof authorities)[number];

/**
 * Subjects of the CAs. SMKI common names are globally unique names of at most four characters, an Issuing DCA's
 * are four hexadecimal digits, a running number (SEC Appendices A and B); IKI names are of this project's design.
 */
export type HierarchyNames = Readonly<Record<AuthorityName, SubjectValues>>;

/** Names that say `test` (T) and OpenSMKI (O), and are nobody else's in the published test hierarchies. */
export const testNames: HierarchyNames = {
  'root-oca': { commonName: 'TOR1' },
  'issuing-oca': { commonName: 'TOI1' },
  'root-dca': { commonName: 'TDR1' },
  'issuing-dca': { commonName: '7E01' },
  'root-ica': { commonName: 'OpenSMKI Test Root ICA 1', organisation: 'OpenSMKI Test' },
  'issuing-ica': { commonName: 'OpenSMKI Test Issuing ICA 1' }
};

/** Revocation lists the ceremony makes: the roots' ARLs and the first CRLs. Device CAs have none. */
export const lists = [
  { name: 'organisation-arl', authority: 'root-oca' },
  { name: 'organisation', authority: 'issuing-oca' },
  { name: 'iki-arl', authority: 'root-ica' },
  { name: 'iki', authority: 'issuing-ica' }
] as const satisfies readonly { name: string; authority: AuthorityName }[];
export type ListName = (typeof lists)[number]['name'];
