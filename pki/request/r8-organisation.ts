import { eui64FromOctets, IdentifierError, isOrganisationEui, type Eui64 } from '../identifier/index.js';
import { oids } from '../x509/index.js';
import type { RequestCheck } from './draft.js';
import { attributesByType, certifiableRole, plainName, readSubject, subjectTypes } from './subject.js';

/**
 * R8, organisations: OU is a Remote Party Role in two hex digits that end entities can have, 2.5.4.45 is a BIT STRING
 * of 64 bits, CN only where policy allows it, nothing else, in any order (SEC Appendix M, appendix F). The
 * XML-signing roles sign and do nothing else.
 */
export const organisationCheck: RequestCheck = {
  rule: 'R8',
  kinds: ['organisation'],
  check(draft, refusal) {
    const attributes = attributesByType(readSubject(draft, refusal), subjectTypes.organisation, refusal);
    if (draft.get('extensions').some(extension => extension.oid === oids.subjectAltName))
      throw refusal('request/subject-alt-name', 'organisation certificates have none');
    const role = certifiableRole(attributes.get(oids.organizationalUnitName), refusal);
    if (role.usage === 'digitalSignature' && draft.get('usage') !== 'digitalSignature')
      throw refusal('request/key-usage', `role ${role.ou} has digitalSignature only`);

    const bits = attributes.get(oids.uniqueIdentifier)?.bits;
    if (bits === undefined || bits.unused !== 0 || bits.octets.length !== 8)
      throw refusal('request/identifier', 'no unique identifier of 64 bits');
    let eui: Eui64;
    try {
      eui = eui64FromOctets(bits.octets);
    } catch (cause) {
      if (cause instanceof IdentifierError) throw refusal('request/identifier', cause.code, cause);
      throw cause;
    }
    const { organisationEuiPrefixes, organisationCommonName } = draft.policy;
    if (organisationEuiPrefixes.length > 0 && !isOrganisationEui(eui, organisationEuiPrefixes))
      throw refusal('request/identifier', 'not in the block of organisations');

    const commonName = plainName(attributes.get(oids.commonName), refusal);
    if (commonName !== undefined) {
      if (organisationCommonName === 'refuse') throw refusal('request/common-name', 'not allowed by policy');
      draft.found({ commonName });
    }
    draft.found({ role, eui });
  }
};
