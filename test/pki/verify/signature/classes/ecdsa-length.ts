/** Length octets of an ECDSA-Sig-Value, with every liberty and every error (X.690 8.1.3, 10.1). */
import { tlv } from '../../../../../pki/der/index.js';
import { concat, indefiniteTlv, longLengthTlv } from '../../../../kit/ber.js';
import { integerOf, octetsOf, sequenceOfOctets, withLength } from './ber.js';
import type { EcdsaSubject } from './ecdsa-subject.js';

type Octets = Readonly<Record<string, Uint8Array>>;

/** Both places of an INTEGER, one after the other and together. */
export function inEitherPlace(
  r: Uint8Array,
  s: Uint8Array,
  title: string,
  wrongR: Uint8Array,
  wrongS: Uint8Array
): Octets {
  return {
    [`${title}: r`]: sequenceOfOctets(wrongR, s),
    [`${title}: s`]: sequenceOfOctets(r, wrongS),
    [`${title}: both`]: sequenceOfOctets(wrongR, wrongS)
  };
}

/** Every length in more octets than it needs. */
export function lengthForms({ r, s, base }: EcdsaSubject): Octets {
  const [goodR, goodS] = [integerOf(r), integerOf(s)];
  const inside = base.signature.subarray(2);
  const forms: Record<string, Uint8Array> = {};
  for (const octets of [1, 2, 3, 4, 5, 8, 126]) {
    const long = (value: Uint8Array) => longLengthTlv(0x02, value.subarray(2), octets);
    forms[`SEQUENCE: ${octets} length octets`] = longLengthTlv(0x30, inside, octets);
    Object.assign(forms, inEitherPlace(goodR, goodS, `${octets} length octets`, long(goodR), long(goodS)));
  }
  return forms;
}

/** Lengths that are not said, and values in pieces. */
export function indefiniteForms({ r, s, base }: EcdsaSubject): Octets {
  const [goodR, goodS] = [integerOf(r), integerOf(s)];
  const inside = base.signature.subarray(2);
  const open = (value: Uint8Array) => indefiniteTlv(0x02, value.subarray(2));
  const pieces = (value: Uint8Array) => indefiniteTlv(0x22, value);
  const constructed = (value: Uint8Array) => tlv(0x22, value);
  return {
    'SEQUENCE of indefinite length': indefiniteTlv(0x30, inside),
    'the same without its end': concat(octetsOf('3080'), inside),
    'the same, half an end': concat(octetsOf('3080'), inside, octetsOf('00')),
    'a definite length and an end': concat(base.signature, octetsOf('0000')),
    ...inEitherPlace(goodR, goodS, 'INTEGER of indefinite length', open(goodR), open(goodS)),
    ...inEitherPlace(goodR, goodS, 'INTEGER in pieces', pieces(goodR), pieces(goodS)),
    ...inEitherPlace(goodR, goodS, 'INTEGER constructed', constructed(goodR), constructed(goodS))
  };
}

/** Lengths that say more or less than there is. */
export function wrongLengths({ r, s, base }: EcdsaSubject): Octets {
  const [goodR, goodS] = [integerOf(r), integerOf(s)];
  const { signature } = base;
  const forms: Record<string, Uint8Array> = {};
  for (const [title, length] of Object.entries({
    none: '00',
    all: 'ff',
    reserved: '80',
    '127': '7f',
    '2^31': '8480000000',
    '2^32 - 1': '84ffffffff',
    '2^63': '888000000000000000',
    '2^64 - 1': '88ffffffffffffffff',
    '2^64': '89010000000000000000'
  })) {
    const octets = octetsOf(length);
    forms[`SEQUENCE: ${title}`] = withLength(signature, octets);
    Object.assign(
      forms,
      inEitherPlace(goodR, goodS, title, withLength(goodR, octets), withLength(goodS, octets))
    );
  }
  for (const by of [-2, -1, 1, 2]) {
    const other = (value: Uint8Array) => withLength(value, Uint8Array.of((value[1] as number) + by));
    forms[`SEQUENCE: by ${by}`] = other(signature);
    Object.assign(forms, inEitherPlace(goodR, goodS, `by ${by}`, other(goodR), other(goodS)));
  }
  return forms;
}
