/** Octets of 64 KiB that are cheap to send: well-formed up to a hostile field, or hostile throughout. */
import { bitString, integer, octetString, oid, sequence, tlv } from '../../../../pki/der/index.js';
import { concat } from '../../../kit/ber.js';
import { replaceAt, valueAt } from '../../../kit/der-surgery.js';
import { crlDer, endEntity, ext, generalName, type Entity } from '../../../kit/pki/index.js';

const size = 65_536;

export interface LargeInput {
  readonly name: string;
  readonly octets: Uint8Array;
}

function repeated(unit: string): Uint8Array {
  return Buffer.alloc(size, Buffer.from(unit, 'hex'));
}

/** A SEQUENCE of the whole size around so much of the content. */
function framed(content: Uint8Array): Uint8Array {
  return concat(Uint8Array.of(0x30, 0x82, 0xff, 0xfc), content.subarray(4));
}

/** As many members as stay within the size. */
function filled(member: (i: number) => Uint8Array, spare = 2_048): Uint8Array[] {
  const members: Uint8Array[] = [];
  let length = 0;
  for (let i = 0; ; i++) {
    const next = member(i);
    length += next.length;
    if (length > size - spare) return members;
    members.push(next);
  }
}

const number = (i: number) =>
  Uint8Array.of(0x41 + (i >> 12), 0x41 + ((i >> 8) & 15), 0x41 + ((i >> 4) & 15), 0x41 + (i & 15));
const label = (i: number) => Buffer.from(number(i)).toString('latin1');

export function largeInputs(issuer: Entity): LargeInput[] {
  const leaf = (extension: Uint8Array) => endEntity(issuer, 'CN=Large', { moreExtensions: [extension] }).der;
  const plain = endEntity(issuer, 'CN=Large').der;
  const inSubject = (name: Uint8Array) => endEntity(issuer, name).der;
  const text = Buffer.alloc(size - 2_048, 0x61).toString('latin1');
  return [
    ...['30', '3080', 'a0', 'ff', '00', '0600', '3000', '31003000', '2480'].map(unit => ({
      name: `${unit} repeated`,
      octets: repeated(unit)
    })),
    ...['3000', '0c01', '0500', '020100', '060100', 'a000'].map(unit => ({
      name: `SEQUENCE of ${unit}`,
      octets: framed(repeated(unit))
    })),
    {
      name: 'serial number',
      octets: replaceAt(plain, [0, 1], tlv(2, new Uint8Array(size - 2_048).fill(0x7f)))
    },
    {
      name: 'object identifier',
      octets: replaceAt(plain, [0, 2, 0], tlv(6, new Uint8Array(size - 2_048).fill(0x81)))
    },
    {
      name: 'object identifier of many arcs',
      octets: replaceAt(plain, [0, 2, 0], tlv(6, new Uint8Array(size - 2_048).fill(1)))
    },
    { name: 'signature', octets: replaceAt(plain, [2], bitString(new Uint8Array(size - 2_048).fill(1))) },
    {
      name: 'signature with huge r',
      octets: replaceAt(
        plain,
        [2],
        bitString(sequence(tlv(2, new Uint8Array(size - 2_048).fill(1)), integer(1)))
      )
    },
    {
      name: 'RSA modulus',
      octets: replaceAt(
        plain,
        [0, 6],
        sequence(
          sequence(oid('1.2.840.113549.1.1.1'), tlv(5)),
          bitString(sequence(tlv(2, new Uint8Array(size - 2_048).fill(0x7f)), integer(65537)))
        )
      )
    },
    {
      name: 'extensions',
      octets: endEntity(issuer, 'CN=Large', {
        moreExtensions: filled(i => sequence(oid(`1.3.${i}`), octetString(tlv(5))))
      }).der
    },
    {
      name: 'the same extension again',
      octets: endEntity(issuer, 'CN=Large', {
        moreExtensions: filled(() => sequence(oid('1.3.1'), octetString(tlv(5))))
      }).der
    },
    {
      name: 'extension value',
      octets: leaf(sequence(oid('1.3.1'), octetString(new Uint8Array(size - 2_048))))
    },
    { name: 'alternative names', octets: leaf(ext.subjectAltName(filled(i => generalName.dns(label(i))))) },
    { name: 'one alternative name', octets: leaf(ext.subjectAltName([generalName.dns(text)])) },
    {
      name: 'one mailbox of many at signs',
      octets: leaf(ext.subjectAltName([generalName.email('@'.repeat(60_000))]))
    },
    {
      name: 'one locator of many colons',
      octets: leaf(ext.subjectAltName([generalName.uri(`https://${':'.repeat(60_000)}`)]))
    },
    {
      name: 'one name of many dots',
      octets: leaf(ext.subjectAltName([generalName.dns('.'.repeat(60_000))]))
    },
    {
      name: 'policies',
      octets: leaf(ext.certificatePolicies(filled(i => oid(`1.3.${i}`), 30_000).map((_, i) => `1.3.${i}`)))
    },
    {
      name: 'purposes',
      octets: leaf(
        ext.extendedKeyUsage(filled(() => oid('1.3.4.5'), 4_096).map((_, i) => `1.3.4.${i % 120}`))
      )
    },
    {
      name: 'name constraints',
      octets: leaf(
        ext.nameConstraints({
          permitted: filled(i => sequence(generalName.dns(label(i)))).map(subtree => valueAt(subtree, [0]))
        })
      )
    },
    {
      name: 'distribution points',
      octets: leaf(
        ext.crlDistributionPoints(
          filled(() => new Uint8Array(20)).map(() => ({ fullName: [generalName.uri('a:b')] }))
        )
      )
    },
    {
      name: 'subject of many parts',
      octets: inSubject(sequence(...filled(i => tlv(0x31, sequence(oid('2.5.4.3'), tlv(0x0c, number(i)))))))
    },
    {
      name: 'subject part of many attributes',
      octets: inSubject(sequence(tlv(0x31, ...filled(i => sequence(oid('2.5.4.3'), tlv(0x0c, number(i)))))))
    },
    {
      name: 'subject of one text',
      octets: inSubject(sequence(tlv(0x31, sequence(oid('2.5.4.3'), tlv(0x0c, Buffer.from(text))))))
    },
    {
      name: 'subject of spaces',
      octets: inSubject(
        sequence(tlv(0x31, sequence(oid('2.5.4.3'), tlv(0x0c, Buffer.alloc(size - 2_048, 0x20)))))
      )
    },
    {
      name: 'subject of combining marks',
      octets: inSubject(
        sequence(tlv(0x31, sequence(oid('2.5.4.3'), tlv(0x0c, Buffer.from('\u0315\u0300'.repeat(15_000))))))
      )
    },
    {
      name: 'entries',
      octets: crlDer(issuer, { entries: filled(() => new Uint8Array(24)).map((_, i) => ({ serial: i + 1 })) })
    },
    {
      name: 'entries with a reason',
      octets: crlDer(issuer, {
        entries: filled(() => new Uint8Array(40)).map((_, i) => ({ serial: i + 1, reason: 1 }))
      })
    },
    {
      name: 'the same entry again',
      octets: crlDer(issuer, { entries: filled(() => new Uint8Array(24)).map(() => ({ serial: 1 })) })
    }
  ];
}
