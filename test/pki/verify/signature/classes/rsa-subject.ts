/** RSA keys of tests and signatures by them over any encoded message. */
import type { SignatureInput } from '../../../../../pki/verify/index.js';
import { numberFrom, octetsFrom, rsaNumbers, type RsaNumbers } from '../../../../kit/rsa-arithmetic.js';
import { message } from './ecdsa-subject.js';
import type { SignatureCase } from './signature-class.js';

const known = new Map<string, RsaNumbers>();

/** The key of a size and exponent: the same one whenever it is asked for in this process. */
export function rsaKeyOf(bits: number, e = 65_537n): RsaNumbers {
  const name = `${bits} ${e}`;
  let key = known.get(name);
  if (key === undefined) known.set(name, (key = rsaNumbers(bits, e)));
  return key;
}

/** A signature that recovers to the encoded message, which must be below the modulus. */
export function signedMessage(key: RsaNumbers, encoded: Uint8Array): Uint8Array {
  const m = numberFrom(encoded);
  if (m >= key.n) throw new RangeError('message over the modulus');
  return octetsFrom(key.sign(m), key.octets);
}

export function rsaInput(
  key: RsaNumbers,
  signature: Uint8Array,
  more: Partial<SignatureInput> = {}
): SignatureInput {
  return { publicKey: key.spki, data: message, signature, format: 'der', ...more };
}

/** Each encoded message signed by a key. */
export function messageCases(
  key: RsaNumbers,
  messages: Readonly<Record<string, Uint8Array>>,
  more: Partial<SignatureInput> = {}
): SignatureCase[] {
  return Object.entries(messages).map(([title, encoded]) => ({
    title,
    input: rsaInput(key, signedMessage(key, encoded), more)
  }));
}
