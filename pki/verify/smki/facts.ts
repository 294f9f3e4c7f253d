import { IdentifierError, roleByOu, type RemotePartyRole } from '../../identifier/index.js';
import type { Domain } from '../../messages/environment.js';
import type { Profile, ProfileName, ValidityRule } from '../../profile/index.js';
import { attributeOf, oids, type Certificate } from '../../x509/index.js';

/** The Remote Party Role that a subject's OU names. */
export interface SmkiRole {
  /** Decimal number. */
  readonly code: number;
  /** The OU: two upper-case hexadecimal digits. */
  readonly ou: string;
  readonly name: string;
}

/** What a certificate says of itself, read with the eyes of its profile. Plain text and numbers throughout. */
export interface SmkiFacts {
  /** The profile it was judged by: the one it is of, or in a failure the one it comes nearest to. */
  readonly profile: ProfileName;
  readonly domain: Domain;
  readonly kind: Profile['kind'];
  /** Of organisations, their authorities, and IKI clients. */
  readonly role?: SmkiRole;
  /** Entity Identifier, an EUI-64 as `AA-BB-CC-DD-EE-FF-GG-HH`: hwSerialNum of a device, unique identifier of an organisation. */
  readonly entity?: string;
  /** Dotted OID, the maker's; devices only. */
  readonly hwType?: string;
  /** Dotted OIDs asserted. */
  readonly policies: readonly string[];
  /**
   * The rule by which the dates of its issuers were judged: all valid at the moment of judgement, or, for device
   * certificates, which never expire, each valid when the certificate was issued (its notBefore).
   */
  readonly timeRule: ValidityRule;
}

/** Whom a certificate names, as its profile has it. */
export interface Subject {
  readonly role: RemotePartyRole | undefined;
  /** 8 octets. */
  readonly entity: Uint8Array | undefined;
}

export function subjectOf(certificate: Certificate, profile: Profile): Subject {
  return { role: roleOf(certificate, profile), entity: entityOf(certificate) };
}

export function factsOf(
  certificate: Certificate,
  profile: Profile,
  { role, entity }: Subject,
  timeRule: ValidityRule
): SmkiFacts {
  // Property by property: spreading what may be absent costs as much as judging it.
  const facts: Writable<Partial<SmkiFacts>> = {
    profile: profile.name,
    domain: profile.domain,
    kind: profile.kind
  };
  if (role !== undefined) facts.role = { code: role.code, ou: role.ou, name: role.name };
  if (entity !== undefined) facts.entity = euiText(entity);
  if (certificate.hardwareModuleName !== undefined) facts.hwType = certificate.hardwareModuleName.hwType;
  const policies: string[] = [];
  if (certificate.policies !== undefined) for (const { oid } of certificate.policies) policies.push(oid);
  facts.policies = policies;
  facts.timeRule = timeRule;
  return facts as SmkiFacts;
}

type Writable<T> = { -readonly [Name in keyof T]: T[Name] };

/** The role of a subject whose profile has a place for one; undefined where there is none or it has no name. */
function roleOf({ subject }: Certificate, profile: Profile): RemotePartyRole | undefined {
  if (subject.rdns.length === 0) return undefined;
  const text = attributeOf(subject, oids.organizationalUnitName)?.text;
  if (text === undefined || !profile.subject.some(({ attribute }) => attribute === 'OU')) return undefined;
  try {
    return roleByOu(text);
  } catch (error) {
    if (error instanceof IdentifierError) return undefined;
    throw error;
  }
}

/** The 8 octets of the Entity Identifier; undefined where a certificate has none of that length. */
export function entityOf({ hardwareModuleName, subject }: Certificate): Uint8Array | undefined {
  const octets =
    hardwareModuleName === undefined
      ? attributeOf(subject, oids.uniqueIdentifier)?.bits?.octets
      : hardwareModuleName.serialNumber;
  return octets?.length === 8 ? octets : undefined;
}

const hexDigits = Array.from({ length: 256 }, (_, octet) =>
  octet.toString(16).toUpperCase().padStart(2, '0')
);

/** `AA-BB-CC-DD-EE-FF-GG-HH` of whatever 8 octets: also of those that are no EUI-64, so that they can be told. */
export function euiText(octets: Uint8Array): string {
  let text = hexDigits[octets[0] as number] as string;
  for (let i = 1; i < octets.length; i++) text += `-${hexDigits[octets[i] as number]}`;
  return text;
}
