import { sameOctets } from '../der/octets.js';
import type { Lint } from './lint.js';

export const l16: Lint = {
  id: 'L16',
  title: 'issuer: the octets of the issuing CA’s subject',
  clause: 'RFC 5280 4.1.2.4 and 7.1',
  effective: new Date('2008-05-01'),
  appliesTo: 'all',
  readsOuter: false,
  // The name of another CA.
  bad: { profile: 'device-ds', path: [3], becomes: '300f310d300b0603550403130446464646' },
  check(tell, subject, { issuer }) {
    if (issuer === undefined) return;
    const expected = issuer === 'self' ? subject.subject.der : issuer.subject.der;
    if (!sameOctets(expected, subject.issuer.der)) tell('not the issuer’s subject');
  }
};
