import type { Name } from '../x509/index.js';
import type { Lint } from './lint.js';

export const l19: Lint = {
  id: 'L19',
  title: 'one attribute in each RDN of subject and issuer',
  clause: 'decoded certificates; names are compared by octets',
  effective: new Date('2014-11-28'),
  appliesTo: 'all',
  readsOuter: false,
  // OU=02 and the EUI-64 in one RDN.
  bad: {
    profile: 'organisation-ds',
    path: [5],
    becomes: '301f311d3009060355040b0c0230323010060355042d03090090b3d51f30000001'
  },
  check(tell, { subject, issuer }) {
    if (subject.rdns.some(isOfSeveral)) tell('subject has an RDN of several attributes');
    if (issuer.rdns.some(isOfSeveral)) tell('issuer has an RDN of several attributes');
  }
};

function isOfSeveral(rdn: Name['rdns'][number]): boolean {
  return rdn.length !== 1;
}
