/** Encoded messages of RSA signatures (RFC 8017 9.1, 9.2), with whatever is wrong with them for a test. */
import { nullValue, octetString, oid, sequence } from '../../../../../pki/der/index.js';
import type { HashName } from '../../../../../pki/verify/signature/algorithms.js';
import { concat } from '../../../../kit/ber.js';
import { digestOf } from '../../../../kit/rsa-arithmetic.js';
import { octetsOf } from './ber.js';

export const digestOids = {
  md5: '1.2.840.113549.2.5',
  sha1: '1.3.14.3.2.26',
  sha224: '2.16.840.1.101.3.4.2.4',
  sha256: '2.16.840.1.101.3.4.2.1',
  sha384: '2.16.840.1.101.3.4.2.2',
  sha512: '2.16.840.1.101.3.4.2.3',
  'sha512-256': '2.16.840.1.101.3.4.2.6',
  'sha3-256': '2.16.840.1.101.3.4.2.8'
} as const;

export function digestInfo(hash: keyof typeof digestOids, digest: Uint8Array): Uint8Array {
  return sequence(sequence(oid(digestOids[hash]), nullValue()), octetString(digest));
}

/** 00 01, octets ff, 00, and what is signed, in the length of the modulus. */
export function pkcs1Message(octets: number, signed: Uint8Array): Uint8Array {
  const padding = new Uint8Array(octets - 3 - signed.length).fill(0xff);
  return concat(octetsOf('0001'), padding, octetsOf('00'), signed);
}

function mask(hash: string, seed: Uint8Array, octets: number): Uint8Array {
  const blocks: Uint8Array[] = [];
  for (let counter = 0, length = 0; length < octets; counter++) {
    const block = digestOf(hash, concat(seed, Uint8Array.of(0, 0, 0, counter)));
    blocks.push(block);
    length += block.length;
  }
  return concat(...blocks).subarray(0, octets);
}

/** What of a PSS encoding may be made otherwise than 9.1.1 has it. */
export interface PssForm {
  readonly salt?: number;
  readonly maskHash?: string;
  readonly trailer?: number;
  /** In front of the salt. */
  readonly separator?: number;
  /** Changes DB before it is masked. */
  readonly change?: (db: Uint8Array) => void;
}

/** EMSA-PSS of data for a modulus of so many bits; the salt is all of one octet. */
export function pssMessage(
  modulusBits: number,
  hash: HashName,
  data: Uint8Array,
  form: PssForm = {}
): Uint8Array {
  const bits = modulusBits - 1;
  const octets = Math.ceil(bits / 8);
  const digest = digestOf(hash, data);
  const salt = new Uint8Array(form.salt ?? digest.length).fill(0xa5);
  const h = digestOf(hash, concat(new Uint8Array(8), digest, salt));
  const db = new Uint8Array(octets - h.length - 1);
  db[db.length - salt.length - 1] = form.separator ?? 0x01;
  db.set(salt, db.length - salt.length);
  form.change?.(db);
  const masked = mask(form.maskHash ?? hash, h, db.length).map((octet, i) => octet ^ (db[i] as number));
  const spare = 8 * octets - bits;
  masked[0] = (masked[0] as number) & (0xff >> spare);
  return concat(masked, h, Uint8Array.of(form.trailer ?? 0xbc));
}
