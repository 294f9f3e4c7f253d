/** RSA signatures as numbers: those beside a good one, and those with an octet too many or too few. */
import { octetString, tlv } from '../../../../../pki/der/index.js';
import { concat } from '../../../../kit/ber.js';
import { digestOf, numberFrom, octetsFrom, type RsaNumbers } from '../../../../kit/rsa-arithmetic.js';
import { octetChangedAt, octetsOf } from './ber.js';
import { message } from './ecdsa-subject.js';
import { digestInfo, pkcs1Message } from './rsa-encoding.js';
import { rsaInput, signedMessage } from './rsa-subject.js';
import type { SignatureCase } from './signature-class.js';

const info = digestInfo('sha256', digestOf('sha256', message));

/** Numbers beside the signature that stand for the same remainder, or for none. */
export function wrongNumbers(key: RsaNumbers): SignatureCase[] {
  const { n, octets } = key;
  const good = signedMessage(key, pkcs1Message(octets, info));
  const s = numberFrom(good);
  const one = (title: string, signature: Uint8Array): SignatureCase => ({
    title,
    input: rsaInput(key, signature)
  });
  const cases = [
    one('the modulus more, an octet longer', octetsFrom(s + n, octets + 1)),
    one('twice the modulus more', octetsFrom(s + 2n * n, octets + 1)),
    one('the modulus', octetsFrom(n, octets)),
    one('the modulus less one', octetsFrom(n - 1n, octets)),
    one('complemented', octetsFrom(n - s, octets)),
    one('0', octetsFrom(0n, octets)),
    one('1', octetsFrom(1n, octets)),
    one('all bits', new Uint8Array(octets).fill(0xff)),
    one('an octet 0 before', concat(octetsOf('00'), good)),
    one('an octet 0 after', concat(good, octetsOf('00'))),
    one('without its last octet', good.subarray(0, -1)),
    one('without its first octet', good.subarray(1)),
    one('half', good.subarray(0, octets / 2)),
    one('twice', concat(good, good)),
    one('in an INTEGER', tlv(0x02, good)),
    one('in an OCTET STRING', octetString(good)),
    one('reversed', Uint8Array.from(good).reverse()),
    one('the encoded message itself', pkcs1Message(octets, info)),
    one('empty', new Uint8Array())
  ];
  // With a spare bit in the first octet the sum always fits: no case depends on which key was drawn.
  if (n < 1n << BigInt(8 * octets - 1)) cases.push(one('the modulus more', octetsFrom(s + n, octets)));
  for (let at = 0; at < octets; at++)
    for (const bit of [0x01, 0x80])
      cases.push(one(`octet ${at} changed`, octetChangedAt(good, at, (good[at] as number) ^ bit)));
  return cases;
}

/** A good signature that begins with an octet 0, as one in 256 does: with the octet it is one, without it none. */
export function leadingZero(key: RsaNumbers): { good: SignatureCase; short: SignatureCase } {
  for (let i = 0; ; i++) {
    const data = Uint8Array.of(i >> 8, i & 0xff);
    const signature = signedMessage(
      key,
      pkcs1Message(key.octets, digestInfo('sha256', digestOf('sha256', data)))
    );
    if (signature[0] !== 0) continue;
    return {
      good: { title: 'beginning with an octet 0', input: rsaInput(key, signature, { data }) },
      short: { title: 'without its leading octet 0', input: rsaInput(key, signature.subarray(1), { data }) }
    };
  }
}
