import { tags } from '../der/index.js';
import type { Lint } from './lint.js';

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
  check(tell, subject) {
    if (subject.subject.rdns.length !== 0) tell('the subject is not empty');
    const { tag, text } = subject.notAfter;
    if (tag !== tags.generalizedTime || text !== unlimited) tell(`notAfter is not ${unlimited}`);
    const extension = subject.states.subjectAltName;
    if (extension.state === 'absent') return tell('no subjectAltName');
    if (!extension.critical) tell('subjectAltName is not critical');
    if (extension.state === 'malformed') return tell('subjectAltName is not readable');
    const [only] = extension.value;
    if (extension.value.length !== 1 || only?.kind !== 'hardware-module')
      return tell('subjectAltName is not exactly one hardware module name');
    if (only.name.serialNumber.length !== 8) tell(`hwSerialNum has ${only.name.serialNumber.length} octets`);
  }
};
