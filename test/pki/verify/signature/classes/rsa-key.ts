/** RSA keys: 2048 to 8192 bits, odd modulus, odd exponent from 3 on, in the one encoding (RFC 3279 2.3.1). */
import { bitString, integer, nullValue, oid, sequence, tlv } from '../../../../../pki/der/index.js';
import { concat, indefiniteTlv, longForm } from '../../../../kit/ber.js';
import { digestOf, octetsFrom, rsaSpki, type RsaNumbers } from '../../../../kit/rsa-arithmetic.js';
import { integerContent, octetsOf } from './ber.js';
import { message } from './ecdsa-subject.js';
import { digestInfo, pkcs1Message } from './rsa-encoding.js';
import { rsaInput, rsaKeyOf, signedMessage } from './rsa-subject.js';
import type { SignatureCase, SignatureClass } from './signature-class.js';

function signed(key: RsaNumbers): Uint8Array {
  return signedMessage(key, pkcs1Message(key.octets, digestInfo('sha256', digestOf('sha256', message))));
}

function keyCase(title: string, key: RsaNumbers): SignatureCase {
  return { title, input: rsaInput(key, signed(key)) };
}

/** Numbers that are no key, each with the signature that the numbers, taken at their word, would verify. */
function wrongNumbers({ n, e, octets, sign }: RsaNumbers): SignatureCase[] {
  const encoded = pkcs1Message(octets, digestInfo('sha256', digestOf('sha256', message)));
  const good = octetsFrom(sign(BigInt(`0x${Buffer.from(encoded).toString('hex')}`)), octets);
  const one = (title: string, publicKey: Uint8Array, signature = good): SignatureCase => ({
    title,
    input: { publicKey, data: message, signature, format: 'der' }
  });
  return [
    one('exponent 1', rsaSpki(n, 1n), encoded),
    one('exponent 0', rsaSpki(n, 0n), encoded),
    one('exponent 2', rsaSpki(n, 2n)),
    one('even exponent', rsaSpki(n, e + 1n)),
    one('exponent of 257 bits', rsaSpki(n, (1n << 256n) + 1n)),
    one('exponent as long as the modulus', rsaSpki(n, n - 2n)),
    one('even modulus', rsaSpki(n + 1n, e)),
    one('modulus 0', rsaSpki(0n, e)),
    one('modulus 1', rsaSpki(1n, e), octetsOf('00')),
    one('modulus 1, empty signature', rsaSpki(1n, e), new Uint8Array()),
    one('the numbers swapped', rsaSpki(e, n))
  ];
}

function wrongEncodings({ n, e, spki }: RsaNumbers): Record<string, Uint8Array> {
  const rsa = oid('1.2.840.113549.1.1.1');
  const numbers = sequence(integer(n), integer(e));
  const info = (algorithm: Uint8Array, bits: Uint8Array) => sequence(algorithm, bitString(bits));
  const usual = sequence(rsa, nullValue());
  const content = integerContent(n);
  return {
    'no NULL': info(sequence(rsa), numbers),
    'NULL twice': info(sequence(rsa, nullValue(), nullValue()), numbers),
    'other parameters': info(sequence(rsa, sequence()), numbers),
    'named RSASSA-PSS': info(sequence(oid('1.2.840.113549.1.1.10')), numbers),
    'named RSASSA-PSS, NULL': info(sequence(oid('1.2.840.113549.1.1.10'), nullValue()), numbers),
    'named sha256WithRSAEncryption': info(sequence(oid('1.2.840.113549.1.1.11'), nullValue()), numbers),
    'negative modulus': info(usual, sequence(tlv(0x02, content.subarray(1)), integer(e))),
    'modulus not minimal': info(usual, sequence(tlv(0x02, octetsOf('00'), content), integer(e))),
    'exponent not minimal': info(usual, sequence(integer(n), tlv(0x02, octetsOf('00'), integerContent(e)))),
    'negative exponent': info(usual, sequence(integer(n), tlv(0x02, integerContent(-e)))),
    'three numbers': info(usual, sequence(integer(n), integer(e), integer(0))),
    'one number': info(usual, sequence(integer(n))),
    'octets after the numbers': info(usual, concat(numbers, octetsOf('00'))),
    'octets after the key': concat(spki, octetsOf('00')),
    'bare numbers': numbers,
    'long lengths': longForm(spki, 3),
    'indefinite length': indefiniteTlv(0x30, spki.subarray(4)),
    'unused bits': sequence(usual, tlv(0x03, octetsOf('01'), numbers.subarray(0, -1), octetsOf('00'))),
    text: new Uint8Array(Buffer.from(Buffer.from(spki).toString('base64')))
  };
}

export function rsaKeyClasses(): SignatureClass[] {
  const key = () => rsaKeyOf(2048);
  return [
    {
      rule: 'RSA keys of 2048 to 8192 bits are believed',
      clause: 'SP 800-131A 3; DESIGN',
      expect: 'valid',
      cases: () => [2048, 8191, 8192].map(bits => keyCase(`${bits} bits`, rsaKeyOf(bits)))
    },
    {
      rule: 'RSA keys of other sizes are not',
      clause: 'SP 800-131A 3; DESIGN',
      expect: 'refused',
      cases: () =>
        [512, 1024, 1536, 2040, 2047, 8193, 8200, 16_384].map(bits => keyCase(`${bits} bits`, rsaKeyOf(bits)))
    },
    {
      rule: 'a long exponent has a short modulus',
      clause: 'DESIGN',
      expect: 'refused',
      cases: () => [keyCase('65 bits, 3080', rsaKeyOf(3080, (1n << 64n) + 13n))]
    },
    {
      rule: 'an exponent of 64 bits has any modulus',
      clause: 'DESIGN',
      expect: 'valid',
      cases: () => [keyCase('64 bits, 3080', rsaKeyOf(3080, (1n << 63n) + 29n))]
    },
    {
      rule: 'modulus and exponent are odd, the exponent 3 or more',
      clause: 'RFC 8017 3.1',
      expect: 'refused',
      cases: () => wrongNumbers(key())
    },
    {
      rule: 'an RSA key has one encoding',
      clause: 'RFC 3279 2.3.1',
      expect: 'refused',
      cases: () =>
        Object.entries(wrongEncodings(key())).map(([title, publicKey]) => ({
          title,
          input: { ...rsaInput(key(), signed(key())), publicKey }
        }))
    }
  ];
}
