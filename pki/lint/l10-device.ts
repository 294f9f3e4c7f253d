import { tags } from '../der/index.js';
import { oids } from '../x509/index.js';
import type { Lint } from './lint.js';
import { extensionState } from './subject.js';

const unlimited = '99991231235959Z';

export const l10: Lint = {
  id: 'L10',
  title: 'device: empty subject, one critical hardware module name with an EUI-64, no expiry',
  clause: 'GBCS 12; RFC 4108 5; RFC 5280 4.1.2.5 and 4.2.1.6',
  effective: new Date('2014-11-28'),
  appliesTo: ['device-ds', 'device-ka'],
  readsOuter: false,
  bad: {
    profile: 'device-ds',
    path: [4, 1],
    becomes: `180f${Buffer.from('20991231235959Z').toString('hex')}`
  },
  *check(subject) {
    if (subject.subject.rdns.length !== 0) yield 'the subject is not empty';
    const { tag, text } = subject.notAfter;
    if (tag !== tags.generalizedTime || text !== unlimited) yield `notAfter is not ${unlimited}`;
    const extension = extensionState(subject, oids.subjectAltName, 'subjectAltName');
    if (extension.state === 'absent') return yield 'no subjectAltName';
    if (!extension.critical) yield 'subjectAltName is not critical';
    if (extension.state === 'malformed') return yield 'subjectAltName is not readable';
    const [only] = extension.value;
    if (extension.value.length !== 1 || only?.kind !== 'hardware-module')
      return yield 'subjectAltName is not exactly one hardware module name';
    if (only.name.serialNumber.length !== 8) yield `hwSerialNum has ${only.name.serialNumber.length} octets`;
  }
};
