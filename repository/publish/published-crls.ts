import type { FigureName, ProfileName } from '../../pki/index.js';

/** A published revocation list. */
export interface PublishedCrl {
  /** Its address is `/crl/NAME.crl`. */
  readonly name: string;
  /** Policy figure: how soon a revocation must be on the list, in hours. No cache may hide it for longer. */
  readonly freshness: FigureName & `crl.${string}.after-revocation`;
}

/**
 * The published revocation lists by the profile of the authority that signs one. An authority that is not here has
 * no published list: device certificates are not revoked.
 */
export const publishedCrls: Readonly<Partial<Record<ProfileName, PublishedCrl>>> = {
  'issuing-oca': { name: 'organisation', freshness: 'crl.organisation.after-revocation' },
  'root-oca': { name: 'organisation-arl', freshness: 'crl.organisation.after-revocation' },
  'issuing-ica': { name: 'iki', freshness: 'crl.iki.after-revocation' },
  'root-ica': { name: 'iki-arl', freshness: 'crl.iki.after-revocation' },
  'root-dca': { name: 'device-arl', freshness: 'crl.organisation.after-revocation' }
};

/** The profile whose authorities sign the list of this name. */
export function crlProfile(name: string): ProfileName | undefined {
  const found = Object.entries(publishedCrls).find(([, crl]) => crl.name === name);
  return found?.[0] as ProfileName | undefined;
}
