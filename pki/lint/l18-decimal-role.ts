import { oids } from '../x509/index.js';
import type { Lint } from './lint.js';

export const l18: Lint = {
  id: 'L18',
  title: 'the role is not written as three decimal digits',
  clause: 'SEC Appendix M App. F (two hexadecimal characters); a known fault of early test certificates',
  effective: new Date('2014-11-28'),
  appliesTo: ['organisation-ds', 'organisation-ka', 'organisation-xml', 'iki-client'],
  readsOuter: false,
  bad: { profile: 'organisation-xml', path: [5, 0], becomes: '310c300a060355040b0c03313337' },
  check(tell, { subject }) {
    for (const { type, text } of subject.rdns.flat())
      if (type === oids.organizationalUnitName && text !== undefined && /^\d{3}$/.test(text))
        tell('OU is a decimal number');
  }
};
