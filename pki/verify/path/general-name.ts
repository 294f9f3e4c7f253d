import { DerError, type DerReader, contextConstructed, contextPrimitive, tags } from '../../der/index.js';
import type { Name } from '../../x509/index.js';
import { oidFromContent } from '../../der/oid.js';
import { readName } from './name.js';

/** A GeneralName (RFC 5280 4.2.1.6) as read: encoding and alphabet are right, the name itself is not judged. */
export type GeneralName =
  | {
      readonly kind: 'otherName';
      /** type-id, dotted. */
      readonly type: string;
      /** The encoding of the value inside `[0] EXPLICIT`. */
      readonly value: Uint8Array;
      readonly der: Uint8Array;
    }
  | {
      readonly kind: 'rfc822Name' | 'dNSName' | 'uniformResourceIdentifier';
      /** Printable ASCII and spaces. */
      readonly text: string;
      readonly der: Uint8Array;
    }
  | { readonly kind: 'directoryName'; readonly name: Name; readonly der: Uint8Array }
  /** 4 or 16 octets; in a subtree 8 or 32, address and mask (RFC 5280 4.2.1.10). */
  | { readonly kind: 'iPAddress'; readonly octets: Uint8Array; readonly der: Uint8Array }
  | { readonly kind: 'registeredID'; readonly oid: string; readonly der: Uint8Array }
  | { readonly kind: 'x400Address' | 'ediPartyName'; readonly der: Uint8Array };

export type GeneralNameKind = GeneralName['kind'];

/** Whether a name stands for itself or is the base of a GeneralSubtree: addresses there have a mask. */
export type GeneralNameUse = 'name' | 'subtree';

type TextKind = 'rfc822Name' | 'dNSName' | 'uniformResourceIdentifier';
const textKinds: ReadonlyMap<number, TextKind> = new Map([
  [contextPrimitive(1), 'rfc822Name'],
  [contextPrimitive(2), 'dNSName'],
  [contextPrimitive(6), 'uniformResourceIdentifier']
]);

/** Reads one GeneralName of any kind, whole. Octets outside ASCII and controls, NUL among them, throw `DerError`. */
export function readGeneralName(list: DerReader, use: GeneralNameUse = 'name'): GeneralName {
  const value = list.any('GeneralName');
  const { tag, content, offset, contentOffset, der } = value;
  const text = textKinds.get(tag);
  if (text !== undefined) {
    for (const octet of content)
      if (octet < 0x20 || octet > 0x7e) throw new DerError('der/string', contentOffset, text);
    return { kind: text, text: Buffer.from(content).toString('latin1'), der };
  }
  switch (tag) {
    case contextConstructed(0): {
      const other = list.inside(value, 'otherName');
      const type = other.oid('otherName type-id');
      const explicit = other.enter(contextConstructed(0), 'otherName value');
      const inner = explicit.opaque('otherName value').der;
      explicit.end('otherName value');
      other.end('otherName');
      return { kind: 'otherName', type, value: inner, der };
    }
    case contextConstructed(3):
    case contextConstructed(5):
      list.checkInside(value, 'GeneralName');
      return { kind: tag === contextConstructed(3) ? 'x400Address' : 'ediPartyName', der };
    case contextConstructed(4): {
      const inner = list.inside(value, 'directoryName');
      const name = readName(inner, 'directoryName');
      inner.end('directoryName');
      return { kind: 'directoryName', name, der };
    }
    case contextPrimitive(7): {
      const factor = use === 'subtree' ? 2 : 1;
      if (content.length !== 4 * factor && content.length !== 16 * factor)
        throw new DerError('der/value', contentOffset, 'iPAddress');
      return { kind: 'iPAddress', octets: content, der };
    }
    case contextPrimitive(8):
      return { kind: 'registeredID', oid: oidFromContent(content, contentOffset, 'registeredID'), der };
    default:
      throw new DerError('der/tag', offset, 'GeneralName');
  }
}

/** `GeneralNames ::= SEQUENCE SIZE (1..MAX) OF GeneralName`, or under an IMPLICIT tag. */
export function readGeneralNames(
  reader: DerReader,
  what: string,
  tag: number = tags.sequence
): GeneralName[] {
  const list = reader.enter(tag, what);
  const names: GeneralName[] = [];
  do names.push(readGeneralName(list));
  while (!list.done);
  return names;
}
