import { sameOctets } from '../der/octets.js';
import { keyIdentifier } from '../x509/index.js';
import type { Lint } from './lint.js';

export const l05: Lint = {
  id: 'L05',
  title: 'subject key identifier: there, not critical, 8 octets by method 2 of the certified key',
  clause: 'GBCS 12; RFC 5280 4.2.1.2 (2)',
  effective: new Date('2008-05-01'),
  appliesTo: 'all',
  readsOuter: false,
  bad: { profile: 'device-ds', path: [7, 0, 1], becomes: '30110603551d0e040a04084000000000000000' },
  check(tell, subject) {
    const extension = subject.states.subjectKeyIdentifier;
    if (extension.state === 'absent') return tell('absent');
    if (extension.critical) tell('critical');
    if (extension.state === 'malformed') return tell('not a key identifier');
    if (extension.value.length !== 8) tell(`${extension.value.length} octets`);
    // An unreadable key is L04's finding.
    if (!subject.publicKey) return;
    const expected = keyIdentifier(subject.publicKey.keyBits);
    if (!sameOctets(expected, extension.value)) tell('not method 2 of this key');
  }
};
