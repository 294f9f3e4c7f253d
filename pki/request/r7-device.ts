import { DerError } from '../der/index.js';
import { eui64FromOctets, IdentifierError, isOrganisationEui, type Eui64 } from '../identifier/index.js';
import { decodeExtension, oids, type GeneralName } from '../x509/index.js';
import type { Refusal, RequestCheck, RequestDraft } from './draft.js';
import { readSubject } from './subject.js';

/**
 * R7, devices: empty subject; a subject alternative name of exactly one hardwareModuleName (RFC 4108 section 5) with
 * the device's EUI-64 in 8 octets. hwType is the maker's and goes into the certificate as it is.
 */
export const deviceCheck: RequestCheck = {
  rule: 'R7',
  kinds: ['device'],
  check(draft, refusal) {
    if (readSubject(draft, refusal).rdns.length > 0) throw refusal('request/subject', 'subject is not empty');
    const names = readAlternativeNames(draft, refusal);
    const [name, ...others] = names;
    if (name?.kind !== 'hardware-module' || others.length > 0)
      throw refusal('request/subject-alt-name', 'not exactly one hardwareModuleName');
    const { hwType, serialNumber } = name.name;
    if (serialNumber.length !== 8)
      throw refusal('request/subject-alt-name', `hwSerialNum of ${serialNumber.length} octets`);
    let eui: Eui64;
    try {
      eui = eui64FromOctets(serialNumber);
    } catch (cause) {
      if (cause instanceof IdentifierError) throw refusal('request/identifier', cause.code, cause);
      throw cause;
    }
    if (isOrganisationEui(eui, draft.policy.organisationEuiPrefixes))
      throw refusal('request/identifier', 'in the block of organisations');
    draft.found({ eui, hwType });
  }
};

function readAlternativeNames(draft: RequestDraft, refusal: Refusal): GeneralName[] {
  const extension = draft.get('extensions').find(candidate => candidate.oid === oids.subjectAltName);
  if (extension === undefined) throw refusal('request/subject-alt-name', 'no subject alternative name');
  try {
    return decodeExtension.subjectAltName(extension.value, draft.get('structure').lengths);
  } catch (cause) {
    if (cause instanceof DerError) throw refusal('request/subject-alt-name', cause.message, cause);
    throw cause;
  }
}
