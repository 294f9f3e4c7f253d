import {
  DerError,
  DerReader,
  contextConstructed,
  contextPrimitive,
  tags,
  type Lengths
} from '../der/index.js';
import { readKeyUsage, type KeyUsageName } from './key-usage.js';
import { oids } from './oids.js';

export interface Extension {
  /** Dotted object identifier. */
  readonly oid: string;
  readonly critical: boolean;
  /** Content of extnValue's OCTET STRING. */
  readonly value: Uint8Array;
  /** The whole Extension SEQUENCE as received. */
  readonly der: Uint8Array;
}

export interface BasicConstraints {
  readonly ca: boolean;
  readonly pathLength: number | undefined;
}

export interface PolicyInformation {
  readonly oid: string;
  readonly qualified: boolean;
}

/** RFC 4108 section 5: the hardware type and, of a GB smart-metering device, its EUI-64 in 8 octets. */
export interface HardwareModuleName {
  /** Dotted object identifier chosen by the maker. */
  readonly hwType: string;
  readonly serialNumber: Uint8Array;
}

export interface AuthorityKeyIdentifier {
  readonly keyIdentifier: Uint8Array | undefined;
  /** Whether authorityCertIssuer or authorityCertSerialNumber are there too; the profiles allow neither. */
  readonly other: boolean;
}

export type GeneralName =
  | { readonly kind: 'hardware-module'; readonly name: HardwareModuleName }
  | { readonly kind: 'dns' | 'uri' | 'email'; readonly text: string }
  | { readonly kind: 'ip'; readonly octets: Uint8Array }
  | { readonly kind: 'other'; readonly der: Uint8Array };

/** `Extensions ::= SEQUENCE SIZE (1..MAX) OF Extension`, duplicates not judged here. */
export function readExtensions(reader: DerReader, what: string): Extension[] {
  const list = reader.sequence(what);
  const extensions: Extension[] = [];
  do {
    const value = list.read(tags.sequence, 'extension');
    const inner = list.inside(value, 'extension');
    const oid = inner.oid('extension identifier');
    const critical = inner.defaultFalse('extension criticality');
    const octets = inner.octetString('extension value');
    inner.end('extension');
    extensions.push({ oid, critical, value: octets, der: value.der });
  } while (!list.done);
  return extensions;
}

/** The object identifiers that stand more than once. */
export function duplicatesIn(extensions: readonly Pick<Extension, 'oid'>[]): string[] {
  if (!mayHaveDuplicates(extensions)) return [];
  const seen = new Set<string>();
  const twice = new Set<string>();
  for (const { oid } of extensions) (seen.has(oid) ? twice : seen).add(oid);
  return [...twice];
}

/** A certificate has half a dozen: comparing each with those before it is cheaper than any index. */
function mayHaveDuplicates(extensions: readonly Pick<Extension, 'oid'>[]): boolean {
  if (extensions.length > 16) return true;
  for (let i = 1; i < extensions.length; i++)
    for (let j = 0; j < i; j++) if (extensions[i]?.oid === extensions[j]?.oid) return true;
  return false;
}

function over(value: Uint8Array, what: string, lengths: Lengths): DerReader {
  return DerReader.over(value, what, { lengths });
}

/** The decoders of extension values, by extension. Offsets in their errors count from the value's first octet. */
export const decodeExtension = {
  keyUsage: (value: Uint8Array, lengths: Lengths = 'minimal'): KeyUsageName[] => {
    return readKeyUsage(over(value, 'keyUsage', lengths));
  },

  subjectKeyIdentifier: (value: Uint8Array, lengths: Lengths = 'minimal'): Uint8Array => {
    const reader = over(value, 'subjectKeyIdentifier', lengths);
    const octets = reader.octetString('subjectKeyIdentifier');
    reader.end('subjectKeyIdentifier');
    return octets;
  },

  authorityKeyIdentifier: (value: Uint8Array, lengths: Lengths = 'minimal'): AuthorityKeyIdentifier => {
    const what = 'authorityKeyIdentifier';
    const reader = over(value, what, lengths);
    const inner = reader.sequence(what);
    const keyIdentifier =
      inner.peek() === contextPrimitive(0) ? inner.octetString(what, contextPrimitive(0)) : undefined;
    let other = false;
    for (const tag of [contextConstructed(1), contextPrimitive(2)]) {
      if (inner.peek() !== tag) continue;
      inner.opaque(what);
      other = true;
    }
    inner.end(what);
    reader.end(what);
    return { keyIdentifier, other };
  },

  basicConstraints: (value: Uint8Array, lengths: Lengths = 'minimal'): BasicConstraints => {
    const reader = over(value, 'basicConstraints', lengths);
    const inner = reader.sequence('basicConstraints');
    const ca = inner.defaultFalse('cA');
    const pathLength = inner.done ? undefined : inner.smallInteger('pathLenConstraint');
    inner.end('basicConstraints');
    reader.end('basicConstraints');
    return { ca, pathLength };
  },

  certificatePolicies: (value: Uint8Array, lengths: Lengths = 'minimal'): PolicyInformation[] => {
    const what = 'certificatePolicies';
    const reader = over(value, what, lengths);
    const list = reader.sequence(what);
    const policies: PolicyInformation[] = [];
    const seen = new Set<string>();
    do {
      const information = list.sequence(what);
      const oid = information.oid('policyIdentifier');
      const qualified = !information.done;
      if (qualified)
        information.checkInside(information.read(tags.sequence, 'policyQualifiers'), 'policyQualifiers');
      information.end(what);
      // RFC 5280 4.2.1.4: a policy stands once.
      if (seen.has(oid)) list.fail('der/value', what);
      seen.add(oid);
      policies.push({ oid, qualified });
    } while (!list.done);
    reader.end(what);
    return policies;
  },

  extendedKeyUsage: (value: Uint8Array, lengths: Lengths = 'minimal'): string[] => {
    const reader = over(value, 'extendedKeyUsage', lengths);
    const list = reader.sequence('extendedKeyUsage');
    const purposes: string[] = [];
    do purposes.push(list.oid('KeyPurposeId'));
    while (!list.done);
    reader.end('extendedKeyUsage');
    return purposes;
  },

  subjectAltName: (value: Uint8Array, lengths: Lengths = 'minimal'): GeneralName[] => {
    const reader = over(value, 'subjectAltName', lengths);
    const list = reader.sequence('subjectAltName');
    const names: GeneralName[] = [];
    do names.push(readGeneralName(list));
    while (!list.done);
    reader.end('subjectAltName');
    return names;
  },

  crlNumber: (value: Uint8Array): bigint => {
    const reader = DerReader.over(value, 'cRLNumber');
    // RFC 5280 5.2.3: at most 20 octets.
    const octets = reader.unsigned('cRLNumber', 20);
    reader.end('cRLNumber');
    return BigInt(`0x${Buffer.from(octets).toString('hex')}`);
  },

  reasonCode: (value: Uint8Array): number => {
    const reader = DerReader.over(value, 'reasonCode');
    const reason = reader.smallInteger('reasonCode', tags.enumerated);
    reader.end('reasonCode');
    // RFC 5280 5.3.1: 0..10 without 7; unspecified is left out rather than written.
    if (reason > 10 || reason === 7) throw new DerError('der/value', 0, 'reasonCode');
    return reason;
  }
} as const;

const generalNameText: ReadonlyMap<number, 'email' | 'dns' | 'uri'> = new Map([
  [contextPrimitive(1), 'email'],
  [contextPrimitive(2), 'dns'],
  [contextPrimitive(6), 'uri']
]);

function readGeneralName(list: DerReader): GeneralName {
  const at = list.offset;
  const value = list.any('GeneralName');
  const kind = generalNameText.get(value.tag);
  if (kind !== undefined) {
    if (value.content.some(octet => octet < 0x21 || octet > 0x7e))
      throw new DerError('der/string', at, 'GeneralName');
    return { kind, text: Buffer.from(value.content).toString('latin1') };
  }
  if (value.tag === contextPrimitive(7)) {
    if (value.content.length !== 4 && value.content.length !== 16)
      throw new DerError('der/value', at, 'iPAddress');
    return { kind: 'ip', octets: value.content };
  }
  if (value.tag === contextConstructed(0)) {
    const other = list.inside(value, 'otherName');
    const type = other.oid('otherName type');
    if (type === oids.hardwareModuleName) {
      const explicit = other.enter(contextConstructed(0), 'otherName value');
      const name = readHardwareModuleName(explicit);
      explicit.end('otherName value');
      other.end('otherName');
      return { kind: 'hardware-module', name };
    }
    other.read(contextConstructed(0), 'otherName value');
    other.end('otherName');
  } else if (value.tag < 0x80 || (value.tag & 0x1f) > 8) {
    throw new DerError('der/tag', at, 'GeneralName');
  }
  list.checkInside(value, 'GeneralName');
  return { kind: 'other', der: value.der };
}

function readHardwareModuleName(reader: DerReader): HardwareModuleName {
  const inner = reader.sequence('hardwareModuleName');
  const hwType = inner.oid('hwType');
  const serialNumber = inner.octetString('hwSerialNum');
  inner.end('hardwareModuleName');
  return { hwType, serialNumber };
}
