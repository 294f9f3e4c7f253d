/** SubjectPublicKeyInfo of curves: the one encoding of a point on P-256 or P-384 (RFC 5480 2), all else refused. */
import { bitString, nullValue, oid, sequence } from '../../../../../pki/der/index.js';
import { curves } from '../../../../../pki/x509/index.js';
import { concat, indefiniteTlv, longForm, longLengthTlv } from '../../../../kit/ber.js';
import { pointFrom } from '../../../../kit/ec-arithmetic.js';
import { fixed, octetsOf } from './ber.js';
import type { EcdsaSubject } from './ecdsa-subject.js';
import type { SignatureClass } from './signature-class.js';

const ecPublicKey = oid('1.2.840.10045.2.1');
const curveOids = {
  'P-256': oid('1.2.840.10045.3.1.7'),
  'P-384': oid('1.3.132.0.34'),
  'P-521': oid('1.3.132.0.35'),
  secp256k1: oid('1.3.132.0.10')
} as const;

function wrongKeys({ curve, octets, base }: EcdsaSubject): Record<string, Uint8Array> {
  const { p } = curves[curve];
  const point = base.publicKey.subarray(-(1 + 2 * octets));
  const x = point.subarray(1, 1 + octets);
  const y = point.subarray(1 + octets);
  const spki = (parameters: Uint8Array, octetsOfPoint: Uint8Array) =>
    sequence(sequence(ecPublicKey, parameters), bitString(octetsOfPoint));
  const good = curveOids[curve];
  const parity = (y.at(-1) as number) & 1;
  const xOver = BigInt(`0x${Buffer.from(x).toString('hex')}`) + p;
  const small = pointFrom(curve, 1n, 1n);
  const flipped = Uint8Array.from(point);
  flipped[2 * octets] = (flipped[2 * octets] as number) ^ 1;
  const keys: Record<string, Uint8Array> = {
    'the point at infinity': spki(good, octetsOf('00')),
    'the point 0, 0': spki(good, concat(octetsOf('04'), new Uint8Array(2 * octets))),
    compressed: spki(good, concat(Uint8Array.of(2 + parity), x)),
    hybrid: spki(good, concat(Uint8Array.of(6 + parity), x, y)),
    'off the curve': spki(good, flipped),
    'x not reduced': spki(good, concat(octetsOf('04'), fixed(xOver, octets + 1), y)),
    'x over the prime': spki(
      good,
      concat(octetsOf('04'), fixed(small.x + p, octets), fixed(small.y, octets))
    ),
    'an octet short': spki(good, point.subarray(0, -1)),
    'an octet long': spki(good, concat(point, octetsOf('00'))),
    empty: spki(good, new Uint8Array()),
    'no parameters': sequence(sequence(ecPublicKey), bitString(point)),
    'NULL parameters': spki(nullValue(), point),
    'explicit parameters': spki(sequence(octetsOf('020101')), point),
    'two parameters': sequence(sequence(ecPublicKey, good, good), bitString(point)),
    'the other curve': spki(curveOids[curve === 'P-256' ? 'P-384' : 'P-256'], point),
    'P-521': spki(curveOids['P-521'], point),
    secp256k1: spki(curveOids.secp256k1, point),
    'RSA by name': sequence(sequence(oid('1.2.840.113549.1.1.1'), nullValue()), bitString(point)),
    'ECDH by name': sequence(sequence(oid('1.3.132.1.12'), good), bitString(point)),
    'unused bits': sequence(
      sequence(ecPublicKey, good),
      bitString(concat(point.subarray(0, -1), octetsOf('00')), 1)
    ),
    'octets after': concat(base.publicKey, octetsOf('00')),
    'a member more': sequence(base.publicKey.subarray(2), nullValue()),
    'long lengths': longForm(base.publicKey),
    'one long length': longLengthTlv(0x30, base.publicKey.subarray(2), 2),
    'indefinite length': indefiniteTlv(0x30, base.publicKey.subarray(2)),
    'a bare point': Uint8Array.from(point),
    nothing: new Uint8Array()
  };
  for (let end = 1; end < base.publicKey.length; end++)
    keys[`ends before octet ${end}`] = base.publicKey.subarray(0, end);
  return keys;
}

export function ecKeyClasses(subject: EcdsaSubject): SignatureClass[] {
  const { base } = subject;
  return [
    {
      rule: 'a key is a point on its curve in its one encoding',
      clause: 'RFC 5480 2.1, 2.2; SP 800-56A 5.6.2.3.3',
      expect: 'refused',
      cases: () =>
        Object.entries(wrongKeys(subject)).map(([title, publicKey]) => ({
          title,
          input: { ...base, publicKey }
        }))
    }
  ];
}
