import { keyIdentifier, oids } from '../x509/index.js';
import type { Lint } from './lint.js';
import { extensionState } from './subject.js';

export const l05: Lint = {
  id: 'L05',
  title: 'subject key identifier: there, not critical, 8 octets by method 2 of the certified key',
  clause: 'GBCS 12; RFC 5280 4.2.1.2 (2)',
  effective: new Date('2008-05-01'),
  appliesTo: 'all',
  readsOuter: false,
  bad: { profile: 'device-ds', path: [7, 0, 1], becomes: '30110603551d0e040a04084000000000000000' },
  *check(subject) {
    const extension = extensionState(subject, oids.subjectKeyIdentifier, 'subjectKeyIdentifier');
    if (extension.state === 'absent') return yield 'absent';
    if (extension.critical) yield 'critical';
    if (extension.state === 'malformed') return yield 'not a key identifier';
    if (extension.value.length !== 8) yield `${extension.value.length} octets`;
    // An unreadable key is L04's finding.
    if (!subject.publicKey) return;
    const expected = keyIdentifier(subject.publicKey.keyBits);
    if (Buffer.compare(expected, extension.value) !== 0) yield 'not method 2 of this key';
  }
};
