import { IdentifierError, roleByOu } from '../identifier/index.js';
import { attributeOf, type Name, type NameAttribute } from '../x509/index.js';
import { tags } from '../der/index.js';
import type { Profile, StringType, SubjectColumn } from './profiles.js';
import { attributeOids } from './subject.js';

/** A way in which a subject is not the profile's; `style` faults are another order or string type only. */
export interface SubjectFault {
  readonly detail: string;
  readonly style: boolean;
}

const stringTags: Readonly<Record<StringType, number>> = {
  PrintableString: tags.printableString,
  UTF8String: tags.utf8String,
  'BIT STRING': tags.bitString
};

/** In what a subject departs from the profile's columns: what the lints, verification and guessing go by. */
export function subjectFaults(subject: Name, profile: Profile): SubjectFault[] {
  const attributes = subject.rdns.flat();
  const known = placesOf(profile);
  const foreign = attributes.filter(({ type }) => !known.has(type));
  const order = attributes.map(({ type }) => known.get(type) ?? 0);
  return [
    ...foreign.map(({ type }) => ({ detail: `${type} has no place in the subject`, style: false })),
    ...profile.subject.flatMap(column => columnFaults(subject, column, profile)),
    ...(order.some((place, i) => place < (order[i - 1] ?? 0))
      ? [{ detail: 'the attributes stand in another order', style: true }]
      : [])
  ];
}

/** Places of the attributes among the columns, by their object identifiers. */
const knownPlaces = new Map<Profile, ReadonlyMap<string, number>>();

function placesOf(profile: Profile): ReadonlyMap<string, number> {
  let places = knownPlaces.get(profile);
  if (places === undefined) {
    places = new Map(profile.subject.map((column, i) => [attributeOids[column.attribute], i]));
    knownPlaces.set(profile, places);
  }
  return places;
}

function columnFaults(subject: Name, column: SubjectColumn, profile: Profile): SubjectFault[] {
  const { attribute, source, type } = column;
  const oid = attributeOids[attribute];
  const value = attributeOf(subject, oid);
  if (!value) {
    const repeated = subject.rdns.flat().some(other => other.type === oid);
    if (!repeated && 'optional' in source) return [];
    return [{ detail: repeated ? `${attribute} stands twice` : `no ${attribute}`, style: false }];
  }
  const fault = valueFault(value, column, profile);
  if (fault !== undefined) return [{ detail: `${attribute} ${fault}`, style: false }];
  return value.tag === stringTags[type] ? [] : [{ detail: `${attribute} is not a ${type}`, style: true }];
}

function valueFault(value: NameAttribute, column: SubjectColumn, profile: Profile): string | undefined {
  const { source, type, pattern } = column;
  if (type === 'BIT STRING')
    return value.bits?.unused === 0 && value.bits.octets.length === 8 ? undefined : 'is not 64 bits';
  if (value.text === undefined) return 'is not text';
  if ('fixed' in source) return value.text === source.fixed ? undefined : `is not ${source.fixed}`;
  // Role codes are hexadecimal digits of either case; they are written upper-case.
  const text = source.from === 'organisationalUnit' ? value.text.toUpperCase() : value.text;
  if (pattern && !pattern.test(text)) return 'is not of its form';
  return source.from === 'organisationalUnit' ? roleFault(text, profile) : undefined;
}

function roleFault(ou: string, profile: Profile): string | undefined {
  try {
    const role = roleByOu(ou);
    if (!role.issuableToEndEntity) return 'is a role of certification authorities';
    const roles = role.usage === 'digitalSignature' ? 'xml-signing' : 'device-facing';
    return profile.roles === undefined || profile.roles === roles ? undefined : `is no ${profile.roles} role`;
  } catch (error) {
    if (error instanceof IdentifierError) return 'is not a Remote Party Role';
    throw error;
  }
}
