/** PKCS#1 v1.5: the encoded message is the one there is (RFC 8017 8.2.2 compares, and so no part is free). */
import { octetString, oid, sequence, tlv } from '../../../../../pki/der/index.js';
import { hashNames } from '../../../../../pki/verify/signature/algorithms.js';
import { concat, indefiniteTlv, longForm } from '../../../../kit/ber.js';
import { digestOf, type RsaNumbers } from '../../../../kit/rsa-arithmetic.js';
import { octetsOf, octetChangedAt } from './ber.js';
import { message } from './ecdsa-subject.js';
import { digestInfo, digestOids, pkcs1Message } from './rsa-encoding.js';
import { forgeries } from './rsa-forgery.js';
import { leadingZero, wrongNumbers } from './rsa-number.js';
import { messageCases, rsaInput, rsaKeyOf, signedMessage } from './rsa-subject.js';
import type { SignatureCase, SignatureClass } from './signature-class.js';

type Octets = Record<string, Uint8Array>;

const clause = 'RFC 8017 8.2.2, 9.2';
const digest = digestOf('sha256', message);
const info = digestInfo('sha256', digest);

function wrongPadding(octets: number): Octets {
  const good = pkcs1Message(octets, info);
  const separator = octets - info.length - 1;
  const fill = (value: number) =>
    concat(good.subarray(0, 2), new Uint8Array(separator - 2).fill(value), good.subarray(separator));
  const forms: Octets = {
    'block type 0': octetChangedAt(good, 1, 0),
    'block type 2': octetChangedAt(good, 1, 2),
    'block type 0, zeros': octetChangedAt(fill(0), 1, 0),
    'block type 2, random': octetChangedAt(fill(0x5b), 1, 2),
    'no separator': octetChangedAt(good, separator, 0xff),
    'separator 01': octetChangedAt(good, separator, 0x01),
    'padding of zeros': fill(0),
    'padding of fe': fill(0xfe),
    'first octet 01': octetChangedAt(good, 0, 1)
  };
  for (let at = 2; at < separator; at += 1) forms[`padding octet ${at} zero`] = octetChangedAt(good, at, 0);
  for (const at of [2, 3, 9, 10, separator - 1]) {
    forms[`padding octet ${at} 7f`] = octetChangedAt(good, at, 0x7f);
    forms[`padding octet ${at} fe`] = octetChangedAt(good, at, 0xfe);
  }
  return forms;
}

/** Short padding with octets after the hash, or before it, or none at all. */
function garbage(octets: number): Octets {
  const forms: Octets = {};
  for (const padding of [0, 1, 7, 8, 9, 100]) {
    const head = concat(octetsOf('0001'), new Uint8Array(padding).fill(0xff), octetsOf('00'), info);
    for (const [title, octet] of [
      ['zeros', 0],
      ['ff', 0xff],
      ['5a', 0x5a]
    ] as const)
      forms[`${padding} padding octets, ${title} after`] = concat(
        head,
        new Uint8Array(octets - head.length).fill(octet)
      );
  }
  for (const count of [1, 2, 16]) {
    const after = new Uint8Array(count).fill(0x5a);
    forms[`${count} octets after`] = pkcs1Message(octets, concat(info, after));
    forms[`${count} octets before`] = pkcs1Message(octets, concat(after, info));
    forms[`${count} octets in the SEQUENCE`] = pkcs1Message(octets, sequence(info.subarray(2), after));
  }
  return forms;
}

function wrongInfo(octets: number): Octets {
  const hashOid = oid(digestOids.sha256);
  const nothing = octetsOf('0500');
  const infos: Octets = {
    'no NULL': sequence(sequence(hashOid), octetString(digest)),
    'NULL with content': sequence(sequence(hashOid, octetsOf('0504deadbeef')), octetString(digest)),
    'NULL twice': sequence(sequence(hashOid, nothing, nothing), octetString(digest)),
    'NULL of long length': sequence(sequence(hashOid, octetsOf('058100')), octetString(digest)),
    'other parameters': sequence(sequence(hashOid, octetsOf('3000')), octetString(digest)),
    'INTEGER parameters': sequence(sequence(hashOid, octetsOf('020100')), octetString(digest)),
    'long parameters': sequence(
      sequence(hashOid, octetString(new Uint8Array(64).fill(0x5a))),
      octetString(digest)
    ),
    'the hash alone': digest,
    'the hash as OCTET STRING': octetString(digest),
    'the message itself': message,
    'long lengths': longForm(info),
    'longer lengths': longForm(info, 3),
    'indefinite length': indefiniteTlv(0x30, info.subarray(2)),
    'the hash as BIT STRING': sequence(sequence(hashOid, nothing), tlv(0x03, octetsOf('00'), digest)),
    'the hash in pieces': sequence(sequence(hashOid, nothing), tlv(0x24, octetString(digest))),
    'a SET': tlv(0x31, info.subarray(2)),
    'an octet of the hash missing': digestInfo('sha256', digest.subarray(0, -1)),
    'an octet of the hash more': digestInfo('sha256', concat(digest, octetsOf('00'))),
    'no hash': digestInfo('sha256', new Uint8Array()),
    'the hash of the hash': digestInfo('sha256', digestOf('sha256', digest)),
    'another hash value': digestInfo('sha256', octetChangedAt(digest, 31, (digest[31] as number) ^ 1)),
    nothing: new Uint8Array()
  };
  for (const name of Object.keys(digestOids) as (keyof typeof digestOids)[]) {
    if (name !== 'sha256') infos[`named ${name}`] = digestInfo(name, digest);
    if (name !== 'sha256') infos[`a good ${name}`] = digestInfo(name, digestOf(name, message));
  }
  for (let at = 0; at < info.length; at++)
    infos[`octet ${at} of DigestInfo changed`] = octetChangedAt(info, at, (info[at] as number) ^ 0x01);
  return Object.fromEntries(
    Object.entries(infos).map(([title, signed]) => [title, pkcs1Message(octets, signed)])
  );
}

/** A good signature of every hash by one key. */
function goodPkcs1(key: RsaNumbers): SignatureCase[] {
  return hashNames.flatMap(hash =>
    [message, new Uint8Array(), new Uint8Array(1_000_003)].map(data => ({
      title: `${key.n.toString(2).length} bits, ${hash}, ${data.length} octets`,
      input: rsaInput(
        key,
        signedMessage(key, pkcs1Message(key.octets, digestInfo(hash, digestOf(hash, data)))),
        { data, hash }
      )
    }))
  );
}

/** Exponents short and long, moduli of whole octets and not. */
function goodKeys(): RsaNumbers[] {
  const exponents = [65_537n, 3n, (1n << 64n) + 13n, (1n << 255n) + 95n];
  return [...exponents.map(e => rsaKeyOf(2048, e)), ...[2049, 2055, 3072, 4096].map(bits => rsaKeyOf(bits))];
}

export function pkcs1Classes(): SignatureClass[] {
  const key = () => rsaKeyOf(2048);
  const cube = () => rsaKeyOf(2048, 3n);
  const octets = 256;
  return [
    {
      rule: 'a good PKCS#1 v1.5 signature is believed',
      clause,
      expect: 'valid',
      cases: () => goodKeys().flatMap(goodPkcs1).concat(leadingZero(key()).good)
    },
    {
      rule: 'the padding is 00 01 ff…ff 00',
      clause,
      expect: 'refused',
      cases: () => messageCases(key(), wrongPadding(octets))
    },
    {
      rule: 'the hash ends the encoded message',
      clause,
      expect: 'refused',
      cases: () => [...messageCases(key(), garbage(octets)), ...messageCases(cube(), garbage(octets))]
    },
    {
      rule: 'DigestInfo has one encoding',
      clause,
      expect: 'refused',
      cases: () => messageCases(key(), wrongInfo(octets))
    },
    { rule: 'forgeries of exponent 3 are seen', clause, expect: 'refused', cases: () => forgeries() },
    {
      rule: 'a signature is as long as the modulus and below it',
      clause: 'RFC 8017 5.2.2, 8.2.2',
      expect: 'refused',
      cases: () => [key(), rsaKeyOf(2049)].flatMap(wrongNumbers).concat(leadingZero(key()).short)
    }
  ];
}
