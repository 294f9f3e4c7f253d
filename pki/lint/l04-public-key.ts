import { sameOctets } from '../der/octets.js';
import { keyAlgorithmOf } from '../profile/index.js';
import type { Lint } from './lint.js';

export const l04: Lint = {
  id: 'L04',
  title: 'P-256 point uncompressed and on the curve; IKI: RSA key of the policy’s size',
  clause: 'GBCS 12; RFC 5480 2.1.1 and 2.2; SEC Appendix M App. G',
  effective: new Date('2009-03-01'),
  appliesTo: 'all',
  readsOuter: false,
  bad: {
    profile: 'device-ds',
    path: [6],
    becomes: `3059301306072a8648ce3d020106082a8648ce3d03010703420004${'01'.repeat(64)}`
  },
  check(tell, { spki, publicKey }, { profile, policy }) {
    const expected = keyAlgorithmOf(profile, policy);
    if (!publicKey) return tell(`not a usable ${expected} key`);
    const found = publicKey.algorithm === 'RSA' ? `RSA-${publicKey.bits}` : publicKey.algorithm;
    if (found !== expected) tell(`${found} where ${expected} belongs`);
    if (!sameOctets(publicKey.spki, spki)) tell('not the one encoding of this key');
  }
};
