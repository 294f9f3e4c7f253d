import { bitString, oid, printableString, sequence, setOf, utf8String } from '../der/index.js';
import { oids } from '../x509/index.js';
import { ProfileError } from './errors.js';
import type { Profile, StringType, SubjectColumn } from './profiles.js';

/** What a subject is made of; which of it a certificate has is the profile's to say. */
export interface SubjectValues {
  readonly commonName?: string | undefined;
  /** Trading name. */
  readonly organisation?: string | undefined;
  /** Remote Party Role, two hexadecimal digits, written upper-case. */
  readonly organisationalUnit?: string | undefined;
  /** EUI-64, unsigned: the Entity Identifier. */
  readonly eui?: bigint | undefined;
  /** Dotted OID; devices only. */
  readonly hwType?: string | undefined;
}

export const attributeOids: Readonly<Record<SubjectColumn['attribute'], string>> = {
  C: oids.countryName,
  O: oids.organizationName,
  OU: oids.organizationalUnitName,
  CN: oids.commonName,
  x500UniqueIdentifier: oids.uniqueIdentifier
};

const stringWriters: Readonly<Record<Exclude<StringType, 'BIT STRING'>, (text: string) => Uint8Array>> = {
  PrintableString: printableString,
  UTF8String: utf8String
};

/** The subject Name by the profile's columns: one attribute per RDN, in their order; `3000` for devices. */
export function encodeSubject(profile: Profile, values: SubjectValues): Uint8Array {
  return sequence(...profile.subject.flatMap(column => encodeColumn(profile, column, values)));
}

/** The 8 octets of an EUI-64, as in hwSerialNum and x500UniqueIdentifier. */
export function euiOctets(profile: Profile, eui: bigint | undefined): Uint8Array {
  const octets = Buffer.alloc(8);
  writeEui(profile, eui, octets, 0);
  return octets;
}

/** Writes the 8 octets where they belong. */
export function writeEui(profile: Profile, eui: bigint | undefined, octets: Buffer, at: number): void {
  if (eui === undefined || eui !== BigInt.asUintN(64, eui))
    throw new ProfileError('profile/subject', profile.name, 'needs an unsigned EUI-64');
  octets.writeBigUInt64BE(eui, at);
}

function encodeColumn(profile: Profile, column: SubjectColumn, values: SubjectValues): Uint8Array[] {
  const { attribute, type, source } = column;
  if (type === 'BIT STRING' || ('from' in source && source.from === 'eui'))
    return [rdn(attribute, bitString(euiOctets(profile, values.eui)))];
  let text: string | undefined;
  if ('fixed' in source) text = source.fixed;
  else {
    text = values[source.from];
    if (text === undefined && source.optional === true) return [];
    if (source.from === 'organisationalUnit') text = text?.toUpperCase();
  }
  if (text === undefined || (column.pattern && !column.pattern.test(text)))
    throw new ProfileError('profile/subject', profile.name, `${attribute} is missing or not of its form`);
  try {
    return [rdn(attribute, stringWriters[type](text))];
  } catch (cause) {
    throw new ProfileError('profile/subject', profile.name, `${attribute} does not fit ${type}`, { cause });
  }
}

function rdn(attribute: SubjectColumn['attribute'], value: Uint8Array): Uint8Array {
  return setOf(sequence(oid(attributeOids[attribute]), value));
}
