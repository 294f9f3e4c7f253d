import { oids } from '../x509/index.js';
import type { RequestCheck } from './draft.js';
import { attributesByType, certifiableRole, plainName, readSubject, subjectTypes } from './subject.js';

/**
 * R8, IKI clients: O is the organisation's trading name, OU its Remote Party Role in two hex digits, CN the name of
 * the Authorised System; all three and nothing else (SEC Appendix M, appendix G).
 */
export const ikiClientCheck: RequestCheck = {
  rule: 'R8',
  kinds: ['iki-client'],
  check(draft, refusal) {
    const attributes = attributesByType(readSubject(draft, refusal), subjectTypes.ikiClient, refusal);
    if (draft.get('extensions').some(extension => extension.oid === oids.subjectAltName))
      throw refusal('request/subject-alt-name', 'IKI certificates have none');
    const role = certifiableRole(attributes.get(oids.organizationalUnitName), refusal);
    const organisation = plainName(attributes.get(oids.organizationName), refusal);
    if (organisation === undefined) throw refusal('request/subject', 'no organisation name');
    const commonName = plainName(attributes.get(oids.commonName), refusal);
    if (commonName === undefined) throw refusal('request/common-name', 'no common name');
    draft.found({ role, organisation, commonName });
  }
};
