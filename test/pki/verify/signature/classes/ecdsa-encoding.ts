/** What is not the one DER encoding of an ECDSA-Sig-Value (RFC 3279 2.2.3, X.690). All stand for the same r and s. */
import { tlv } from '../../../../../pki/der/index.js';
import { concat } from '../../../../kit/ber.js';
import { integerContent, integerOf, octetsOf, rawOf, sequenceOfOctets } from './ber.js';
import { indefiniteForms, inEitherPlace, lengthForms, wrongLengths } from './ecdsa-length.js';
import type { EcdsaSubject } from './ecdsa-subject.js';
import { casesOf, type SignatureClass } from './signature-class.js';

const der = 'X.690 8.3, 10.1';
const syntax = 'RFC 3279 2.2.3';

type Octets = Readonly<Record<string, Uint8Array>>;

function paddedIntegers(r: Uint8Array, s: Uint8Array): Octets {
  const pad = (value: Uint8Array, octets: number) => tlv(0x02, new Uint8Array(octets), value.subarray(2));
  return Object.assign(
    {},
    ...[1, 2, 8, 200].map(octets =>
      inEitherPlace(r, s, `${octets} zero octets before`, pad(r, octets), pad(s, octets))
    )
  ) as Octets;
}

/** The content of both without the zero octet before a set top bit: a negative number. */
function unsignedIntegers(r: Uint8Array, s: Uint8Array): Octets {
  if (r[2] !== 0 || s[2] !== 0) return {};
  return inEitherPlace(r, s, 'no sign octet', tlv(0x02, r.subarray(3)), tlv(0x02, s.subarray(3)));
}

function negativeIntegers({ r, s, n, octets }: EcdsaSubject): Octets {
  const [goodR, goodS] = [integerOf(r), integerOf(s)];
  const power = 1n << BigInt(8 * octets);
  const longer = (value: bigint) => tlv(0x02, octetsOf('ff'), integerContent(value));
  return {
    ...inEitherPlace(goodR, goodS, 'negated', integerOf(-r), integerOf(-s)),
    ...inEitherPlace(goodR, goodS, 'less the order', integerOf(r - n), integerOf(s - n)),
    ...inEitherPlace(goodR, goodS, 'less a power of two', integerOf(r - power), integerOf(s - power)),
    ...inEitherPlace(goodR, goodS, 'negated, not minimal', longer(-r), longer(-s)),
    ...inEitherPlace(goodR, goodS, '-1', integerOf(-1n), integerOf(-1n))
  };
}

/** Values of other types, as things that do not belong. */
const strangers: Octets = {
  'a zero octet': octetsOf('00'),
  'an end of contents': octetsOf('0000'),
  NULL: octetsOf('0500'),
  'an empty SEQUENCE': octetsOf('3000'),
  'an INTEGER 0': octetsOf('020100'),
  'an INTEGER 1': octetsOf('020101'),
  'an empty OCTET STRING': octetsOf('0400'),
  'half a value': octetsOf('30'),
  'a thousand zeros': new Uint8Array(1_000)
};

function named(title: string, write: (stranger: Uint8Array) => Uint8Array): Octets {
  return Object.fromEntries(
    Object.entries(strangers).map(([name, stranger]) => [`${title} ${name}`, write(stranger)])
  );
}

function wrongTags({ r, s, base }: EcdsaSubject): Octets {
  const [goodR, goodS] = [integerOf(r), integerOf(s)];
  const forms: Record<string, Uint8Array> = {};
  const retag = (value: Uint8Array, tag: number) => concat(Uint8Array.of(tag), value.subarray(1));
  for (let tag = 0; tag <= 0xff; tag++) {
    if (tag !== 0x30) forms[`SEQUENCE as ${tag}`] = retag(base.signature, tag);
    if (tag === 0x02) continue;
    forms[`r as ${tag}`] = sequenceOfOctets(retag(goodR, tag), goodS);
    forms[`s as ${tag}`] = sequenceOfOctets(goodR, retag(goodS, tag));
  }
  return forms;
}

function wrappings({ r, s, octets, base }: EcdsaSubject): Octets {
  const { signature } = base;
  const [goodR, goodS] = [integerOf(r), integerOf(s)];
  const text = (form: BufferEncoding) => new Uint8Array(Buffer.from(Buffer.from(signature).toString(form)));
  return {
    'SEQUENCE in a SEQUENCE': sequenceOfOctets(signature),
    'in an OCTET STRING': tlv(0x04, signature),
    'in a BIT STRING': tlv(0x03, octetsOf('00'), signature),
    'in an explicit tag': tlv(0xa0, signature),
    twice: concat(signature, signature),
    'r in a SEQUENCE': sequenceOfOctets(sequenceOfOctets(goodR), goodS),
    's in a SEQUENCE': sequenceOfOctets(goodR, sequenceOfOctets(goodS)),
    'r in an explicit tag': sequenceOfOctets(tlv(0xa0, goodR), goodS),
    'r without its head': sequenceOfOctets(goodR.subarray(2), goodS),
    'both halves in one INTEGER': sequenceOfOctets(tlv(0x02, goodR.subarray(2), goodS.subarray(2))),
    'bare INTEGERs': concat(goodR, goodS),
    raw: rawOf(r, s, octets),
    hexadecimal: text('hex'),
    base64: text('base64')
  };
}

function missing({ r, s }: EcdsaSubject): Octets {
  const [goodR, goodS] = [integerOf(r), integerOf(s)];
  const empty = octetsOf('0200');
  return {
    nothing: new Uint8Array(),
    'a tag': octetsOf('30'),
    'no members': octetsOf('3000'),
    'r alone': sequenceOfOctets(goodR),
    's alone': sequenceOfOctets(goodS),
    NULL: octetsOf('0500'),
    'empty INTEGERs': sequenceOfOctets(empty, empty),
    'r empty': sequenceOfOctets(empty, goodS),
    's empty': sequenceOfOctets(goodR, empty)
  };
}

/** Octets lost or gained at every place. */
function cuts({ base: { signature } }: EcdsaSubject): Octets {
  const forms: Record<string, Uint8Array> = {};
  for (let at = 0; at < signature.length; at++) {
    const [before, after] = [signature.subarray(0, at), signature.subarray(at)];
    forms[`ends before octet ${at}`] = before;
    if (at > 0) forms[`begins at octet ${at}`] = after;
    forms[`without octet ${at}`] = concat(before, after.subarray(1));
    forms[`a zero before octet ${at}`] = concat(before, octetsOf('00'), after);
  }
  return forms;
}

export function encodingClasses(subject: EcdsaSubject): SignatureClass[] {
  const { base, r, s } = subject;
  const [goodR, goodS] = [integerOf(r), integerOf(s)];
  const inside = base.signature.subarray(2);
  const refused = (rule: string, clause: string, signatures: () => Octets): SignatureClass => ({
    rule,
    clause,
    expect: 'refused',
    cases: () => casesOf(base, signatures())
  });
  return [
    refused('INTEGERs are minimal', 'X.690 8.3.2', () => ({
      ...paddedIntegers(goodR, goodS),
      ...unsignedIntegers(goodR, goodS)
    })),
    refused('INTEGERs are not negative', 'FIPS 186-5 6.4.2', () => negativeIntegers(subject)),
    refused('lengths are in their shortest form', der, () => lengthForms(subject)),
    refused('lengths are definite, values in one piece', der, () => indefiniteForms(subject)),
    refused('lengths are right', 'X.690 8.1.3', () => wrongLengths(subject)),
    refused('nothing follows the SEQUENCE', syntax, () =>
      named('then', stranger => concat(base.signature, stranger))
    ),
    refused('nothing but r and s is in the SEQUENCE', syntax, () => ({
      ...named('after s', stranger => sequenceOfOctets(inside, stranger)),
      ...named('before r', stranger => sequenceOfOctets(stranger, inside)),
      ...named('between', stranger => sequenceOfOctets(goodR, stranger, goodS))
    })),
    refused('r and s are both there', syntax, () => missing(subject)),
    refused('tags are SEQUENCE and INTEGER', syntax, () => wrongTags(subject)),
    refused('the value is not wrapped, nor in another form', syntax, () => wrappings(subject)),
    refused('no octet is lost or gained', syntax, () => cuts(subject))
  ];
}
