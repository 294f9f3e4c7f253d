import { DerError, tags } from '../der/index.js';
import { oids, subjectOf, type Name, type NameAttribute } from '../x509/index.js';
import { IdentifierError, roleByOu, type RemotePartyRole } from '../identifier/index.js';
import type { Refusal, RequestDraft } from './draft.js';
import { maxNameCharacters } from './policy.js';

/** Reads the subject, mapping what the reader throws to this check's refusal. */
export function readSubject(draft: RequestDraft, refusal: Refusal): Name {
  try {
    return subjectOf(draft.get('structure'));
  } catch (cause) {
    if (cause instanceof DerError) throw refusal('request/subject', cause.message, cause);
    throw cause;
  }
}

/** The attributes of a subject with one attribute per RDN, none of a type twice and none of a type not listed. */
export function attributesByType(
  subject: Name,
  allowed: ReadonlySet<string>,
  refusal: Refusal
): ReadonlyMap<string, NameAttribute> {
  const found = new Map<string, NameAttribute>();
  for (const [attribute, ...others] of subject.rdns) {
    if (attribute === undefined || others.length > 0)
      throw refusal('request/subject', 'RDN of several attributes');
    if (!allowed.has(attribute.type)) throw refusal('request/subject', `attribute ${attribute.type}`);
    if (found.has(attribute.type)) throw refusal('request/subject', `attribute ${attribute.type} twice`);
    found.set(attribute.type, attribute);
  }
  return found;
}

/** UTF8String and PrintableString are taken, whatever the profile then issues. */
export function textOf(attribute: NameAttribute | undefined): string | undefined {
  return attribute?.tag === tags.utf8String || attribute?.tag === tags.printableString
    ? attribute.text
    : undefined;
}

/** The role an OU names, if certificates of that role are issued to end entities. */
export function certifiableRole(attribute: NameAttribute | undefined, refusal: Refusal): RemotePartyRole {
  const text = textOf(attribute);
  if (text === undefined) throw refusal('request/role', 'no organisational unit');
  try {
    const role = roleByOu(text);
    if (!role.issuableToEndEntity)
      throw refusal('request/role', `role ${role.ou} is a certification authority`);
    if (!role.enabled) throw refusal('request/role', `role ${role.ou} is not enabled`);
    return role;
  } catch (cause) {
    if (cause instanceof IdentifierError) throw refusal('request/role', cause.code, cause);
    throw cause;
  }
}

/**
 * A name that people will see in portals, spreadsheets and logs. Refused: control, format (bidirectional and
 * invisible), private, unassigned and lone surrogate code points, line separators, spaces other than U+0020 and at
 * the ends, markup and template characters, character references, and what a spreadsheet takes for a formula.
 */
export function isPlainName(text: string, maxCharacters: number): boolean {
  const characters = [...text].length;
  return (
    characters >= 1 &&
    characters <= maxCharacters &&
    !/[\p{C}\p{Zl}\p{Zp}]/u.test(text) &&
    !/[^\P{Zs} ]/u.test(text) &&
    !/^ | $/.test(text) &&
    !/[<>{}`\\]/.test(text) &&
    !/&#?\w+;/.test(text) &&
    !/^[=+\-@]/.test(text)
  );
}

/** The attribute as a plain name, or undefined when it is not there. */
export function plainName(attribute: NameAttribute | undefined, refusal: Refusal): string | undefined {
  if (attribute === undefined) return undefined;
  const text = textOf(attribute);
  if (text === undefined || !isPlainName(text, maxNameCharacters))
    throw refusal('request/subject', `value of ${attribute.type} is not a plain name`);
  return text;
}

export const subjectTypes = {
  organisation: new Set<string>([oids.commonName, oids.organizationalUnitName, oids.uniqueIdentifier]),
  ikiClient: new Set<string>([oids.organizationName, oids.organizationalUnitName, oids.commonName])
} as const;
