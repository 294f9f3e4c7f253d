import { sameOctets } from '../../der/octets.js';
import type { Policy, Profile, ProfileName } from '../../profile/index.js';
import { columnOf } from './columns.js';
import { noExpiry } from '../../profile/validity.js';
import { keyIdentifier, oids, type Certificate, type Name } from '../../x509/index.js';

/**
 * Extensions beside those of a profile that its certificates may carry, never critical: a Root OCA's may hold the
 * contingency key that recovery unwraps (RFC 5934 appendix A). It says nothing about the path.
 */
const besides: Readonly<Partial<Record<ProfileName, readonly string[]>>> = {
  'root-oca': [oids.wrappedApexContingencyKey]
};

/**
 * In what a certificate is not formed as the certificate policies demand, over what a relying path needs
 * (`judgeAlone`): GBCS 12, RFC 5759 and RFC 5280 4. In words; undefined when in nothing.
 */
export function formFault(certificate: Certificate, profile: Profile, policy: Policy): string | undefined {
  return (
    serialFault(certificate, policy) ??
    extensionFault(certificate, profile) ??
    keyIdentifierFault(certificate, profile) ??
    validityFault(certificate, profile) ??
    (areSingle(certificate.subject) && areSingle(certificate.issuer)
      ? undefined
      : 'a name with two attributes in one RDN')
  );
}

function areSingle({ rdns }: Name): boolean {
  for (const rdn of rdns) if (rdn.length !== 1) return false;
  return true;
}

/** RFC 5280 4.1.2.2: positive; no longer than the policy has it. */
function serialFault({ serial }: Certificate, { figures }: Policy): string | undefined {
  const first = serial[0] ?? 0;
  if (first >= 0x80 || (first === 0 && serial.every(octet => octet === 0)))
    return 'the serial number is not positive';
  return serial.length > figures['serial.max-octets'].value
    ? `a serial number of ${serial.length} octets`
    : undefined;
}

/** Nothing but the profile's, and what the profile does not make critical is not. */
function extensionFault({ extensions }: Certificate, profile: Profile): string | undefined {
  for (const { oid, critical } of extensions) {
    const column = columnOf(profile, oid);
    if (column === undefined && besides[profile.name]?.includes(oid) !== true)
      return `${oid} has no place in it`;
    if (critical && column?.critical !== true) return `${oid} is critical`;
  }
  return undefined;
}

/** 8 octets by method 2 of RFC 5280 4.2.1.2; of the authority key identifier nothing but these. */
function keyIdentifierFault(certificate: Certificate, profile: Profile): string | undefined {
  const { subjectKeyIdentifier: own, authorityKeyIdentifier: authority, publicKey } = certificate;
  if (own === undefined || !sameOctets(own, keyIdentifier(publicKey.keyBits)))
    return 'the subject key identifier is not method 2 of the key';
  if (profile.kind === 'root') return undefined;
  if (authority?.other !== false || authority.keyIdentifier?.length !== 8)
    return 'the authority key identifier is not 8 octets and nothing else';
  return undefined;
}

/** A device certificate has no expiry and every other one has (GBCS 12; RFC 5280 4.1.2.5). */
function validityFault({ notBefore, notAfter }: Certificate, profile: Profile): string | undefined {
  if (!(notBefore.getTime() <= notAfter.getTime())) return 'it ends before it begins';
  const isUnlimited = notAfter.getTime() === noExpiry.getTime();
  if (isUnlimited === (profile.validity === 'days-unlimited')) return undefined;
  return isUnlimited ? 'it has no expiry' : 'it expires';
}
