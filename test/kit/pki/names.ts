/** Names and general names by a compact description. */
import {
  contextOctets,
  contextTagged,
  oid,
  sequence,
  setOf,
  tags,
  tlv,
  utf8String
} from '../../../pki/der/index.js';

const attributeTypes: Readonly<Record<string, string>> = {
  CN: '2.5.4.3',
  SN: '2.5.4.4',
  serialNumber: '2.5.4.5',
  C: '2.5.4.6',
  L: '2.5.4.7',
  ST: '2.5.4.8',
  O: '2.5.4.10',
  OU: '2.5.4.11',
  DC: '0.9.2342.19200300.100.1.25',
  E: '1.2.840.113549.1.9.1'
};

const stringTags: Readonly<Record<string, number>> = {
  utf8: tags.utf8String,
  printable: tags.printableString,
  ia5: tags.ia5String,
  teletex: 0x14,
  universal: 0x1c,
  bmp: 0x1e
};

/** The string type an attribute has unless its description says otherwise. */
const usualTypes: Readonly<Record<string, string>> = {
  C: 'printable',
  DC: 'ia5',
  E: 'ia5',
  serialNumber: 'printable'
};

/** A name: a description in the order of its encoding, or finished DER. */
export type NameInput = string | Uint8Array;

/**
 * A DER Name from `O=Test, CN=One`: RDNs in the order of the encoding, members of one RDN joined by ` + `, the
 * string type after a colon where it is not the usual one (`CN:printable=One`), an attribute by OID as
 * `2.5.4.65=x`, a comma in a value as `\,`. `''` is the empty name. Octets outside a type's alphabet are written
 * as they are: a bad name is for the test to make.
 */
export function nameOf(description: NameInput): Uint8Array {
  if (typeof description !== 'string') return description;
  if (description === '') return sequence();
  const rdns = description.split(/(?<!\\),\s*/);
  return sequence(...rdns.map(rdn => setOf(...rdn.split(' + ').map(attributeDer))));
}

function attributeDer(text: string): Uint8Array {
  const match = /^([A-Za-z0-9.]+)(?::([a-z0-9]+))?=(.*)$/su.exec(text);
  if (match === null) throw new RangeError(`not an attribute: ${text}`);
  const [, type = '', form, value = ''] = match;
  const tag = stringTags[form ?? usualTypes[type] ?? 'utf8'];
  const identifier = type.includes('.') ? type : attributeTypes[type];
  if (tag === undefined || identifier === undefined) throw new RangeError(`unknown form or type: ${text}`);
  return sequence(oid(identifier), tlv(tag, stringOctets(tag, value.replace(/\\,/g, ','))));
}

function stringOctets(tag: number, text: string): Uint8Array {
  if (tag === tags.utf8String) return Buffer.from(text, 'utf8');
  if (tag === 0x1e) return Buffer.from(text, 'utf16le').swap16();
  if (tag === 0x1c) return Buffer.concat([...text].map(one => Buffer.from([0, 0, 0, one.charCodeAt(0)])));
  return Buffer.from(text, 'latin1');
}

/** GeneralName (RFC 5280 4.2.1.6), for names and, as bases, for name constraints. */
export const generalName = {
  other: (type: string, value: Uint8Array) => contextTagged(0, oid(type), contextTagged(0, value)),
  email: (text: string) => contextOctets(1, Buffer.from(text, 'latin1')),
  dns: (text: string) => contextOctets(2, Buffer.from(text, 'latin1')),
  x400: () => contextTagged(3, sequence()),
  directory: (name: NameInput) => contextTagged(4, nameOf(name)),
  ediParty: (party: string) => contextTagged(5, contextTagged(1, utf8String(party))),
  uri: (text: string) => contextOctets(6, Buffer.from(text, 'latin1')),
  /** `192.0.2.1`, `192.0.2.0/24`, or octets. */
  ip: (address: string | Uint8Array) =>
    contextOctets(7, typeof address === 'string' ? ipOctets(address) : address),
  registeredId: (identifier: string) => contextOctets(8, oid(identifier).subarray(2))
} as const;

/** IPv4, or IPv6 with all eight groups written, each with an optional prefix length. */
function ipOctets(text: string): Uint8Array {
  const [address = '', prefix] = text.split('/');
  const octets = address.includes(':')
    ? Buffer.from(
        address
          .split(':')
          .map(group => group.padStart(4, '0'))
          .join(''),
        'hex'
      )
    : Uint8Array.from(address.split('.').map(Number));
  if (octets.length !== 4 && octets.length !== 16) throw new RangeError(`write ${text} in full`);
  if (prefix === undefined) return octets;
  const mask = octets.map((_, i) => 0xff & ~(0xff >> Math.max(0, Math.min(8, Number(prefix) - 8 * i))));
  return Uint8Array.from([...octets, ...mask]);
}
