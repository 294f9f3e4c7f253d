import { sameOctets } from '../der/octets.js';
import { keyAlgorithmOf, profiles, signatureAlgorithm } from '../profile/index.js';
import type { Lint } from './lint.js';

export const l03: Lint = {
  id: 'L03',
  title: 'both signature algorithms are the profile’s, octet by octet',
  clause: 'RFC 5280 4.1.1.2; RFC 5758 3.2 (ECDSA: no parameters); RFC 4055 5 (RSA: NULL)',
  effective: new Date('2010-01-01'),
  appliesTo: 'all',
  readsOuter: true,
  bad: { profile: 'device-ds', path: [2], becomes: '300c06082a8648ce3d0403020500' },
  check(tell, { innerAlgorithm, outerAlgorithm }, { profile, policy }) {
    const signer = keyAlgorithmOf(profiles[profile.issuerProfile], policy);
    const expected = signatureAlgorithm(signer);
    if (!sameOctets(expected, innerAlgorithm))
      tell('the inner algorithm is another, or has other parameters');
    if (outerAlgorithm && !sameOctets(expected, outerAlgorithm))
      tell('the outer algorithm is another, or has other parameters');
  }
};
