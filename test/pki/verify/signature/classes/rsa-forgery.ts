/** Signatures made without the private key, which readers that parse an encoded message instead of comparing it took. */
import { oid } from '../../../../../pki/der/index.js';
import { concat } from '../../../../kit/ber.js';
import {
  cubeRoot,
  cubeRootOfEnd,
  digestOf,
  numberFrom,
  octetsFrom,
  type RsaNumbers
} from '../../../../kit/rsa-arithmetic.js';
import { octetsOf } from './ber.js';
import { message } from './ecdsa-subject.js';
import { digestInfo, digestOids } from './rsa-encoding.js';
import { rsaInput, rsaKeyOf } from './rsa-subject.js';
import type { SignatureCase } from './signature-class.js';

/** Exponent 3: any beginning, or any odd end, is that of a cube (Bleichenbacher 2006, and what came after). */
export function forgeries(): SignatureCase[] {
  const key = rsaKeyOf(2048, 3n);
  const prefix = concat(
    octetsOf('0001ffffffffffffffff00'),
    digestInfo('sha256', digestOf('sha256', message))
  );
  const room = 8 * (key.octets - prefix.length);
  const low = numberFrom(prefix) << BigInt(room);
  const root = cubeRoot(low) + 1n;
  if ((root ** 3n) >> BigInt(room) !== low >> BigInt(room)) throw new RangeError('no forgery');
  return [
    { title: 'garbage after the hash', input: rsaInput(key, octetsFrom(root, key.octets)) },
    { title: 'garbage in the padding', input: endForgery(key) },
    { title: 'garbage in the parameters', input: parameterForgery(key) }
  ];
}

/** A message whose hash is odd: only odd numbers have cube roots among the residues of a power of two. */
function oddMessage(): { data: Uint8Array; signed: Uint8Array } {
  for (let i = 0; ; i++) {
    const data = Uint8Array.of(i);
    const hash = digestOf('sha256', data);
    if ((hash[31] as number) & 1) return { data, signed: digestInfo('sha256', hash) };
  }
}

/** A cube that begins with `head` and ends with `end`: as many octets of its root are free for each. */
function cubeBetween(key: RsaNumbers, head: Uint8Array, end: Uint8Array): Uint8Array {
  const bits = 8 * end.length;
  const root = cubeRootOfEnd(numberFrom(end), bits);
  const room = BigInt(8 * (key.octets - head.length));
  const from = cubeRoot(numberFrom(head) << room) + 1n;
  const high = ((from >> BigInt(bits)) + 1n) << BigInt(bits);
  const forged = high + root;
  if ((forged ** 3n) >> room !== numberFrom(head)) throw new RangeError('no forgery');
  return octetsFrom(forged, key.octets);
}

function endForgery(key: RsaNumbers): SignatureCase['input'] {
  const { data, signed } = oddMessage();
  return rsaInput(key, cubeBetween(key, octetsOf('0001ff'), concat(octetsOf('00'), signed)), { data });
}

/** The garbage stands as parameters of a length that covers it, between a good beginning and a good hash. */
function parameterForgery(key: RsaNumbers): SignatureCase['input'] {
  const { data, signed } = oddMessage();
  const end = signed.subarray(-34);
  const hashOid = oid(digestOids.sha256);
  const length = key.octets - 2 - 1 - 1 - 34;
  // 00 01 ff 00 30 81 len 30 81 len OID 04 81 len …
  const inner = length - 6 - 3;
  const head = concat(
    octetsOf('0001ff00'),
    Uint8Array.of(0x30, 0x81, length - 3 + 34, 0x30, 0x81, length - 6),
    hashOid,
    Uint8Array.of(0x04, 0x81, inner - hashOid.length)
  );
  return rsaInput(key, cubeBetween(key, head, end), { data });
}
