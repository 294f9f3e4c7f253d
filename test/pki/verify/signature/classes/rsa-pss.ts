/** RSASSA-PSS with MGF1 on the message's hash and a salt as long as it (RFC 8017 9.1.2). */
import { hashNames, hashOctets, type HashName } from '../../../../../pki/verify/signature/algorithms.js';
import {
  digestOf,
  numberFrom,
  octetsFrom,
  rsaSpki,
  type RsaNumbers
} from '../../../../kit/rsa-arithmetic.js';
import { message } from './ecdsa-subject.js';
import { digestInfo, pkcs1Message, pssMessage, type PssForm } from './rsa-encoding.js';
import { rsaInput, rsaKeyOf, signedMessage } from './rsa-subject.js';
import type { SignatureCase, SignatureClass } from './signature-class.js';

const clause = 'RFC 8017 9.1.2';

function signed(key: RsaNumbers, hash: HashName, form: PssForm = {}, data = message): Uint8Array {
  return signedMessage(key, pssMessage(key.n.toString(2).length, hash, data, form));
}

function pssCase(title: string, key: RsaNumbers, hash: HashName, form: PssForm = {}): SignatureCase {
  return { title, input: rsaInput(key, signed(key, hash, form), { padding: 'pss', hash }) };
}

/** Bits of the modulus decide whether the encoded message has spare bits, or an octet less. */
const sizes = [2048, 2049, 2050, 2055, 2056, 3072, 4096];

function wrongForms(key: RsaNumbers): SignatureCase[] {
  const cases: SignatureCase[] = [];
  for (const hash of hashNames) {
    const one = (title: string, form: PssForm) => cases.push(pssCase(`${hash}: ${title}`, key, hash, form));
    const octets = hashOctets[hash];
    const longest = key.octets - octets - 2;
    for (const salt of [0, 1, octets - 1, octets + 1, 20, 2 * octets, longest])
      if (salt !== octets) one(`salt of ${salt} octets`, { salt });
    for (const maskHash of ['sha1', ...hashNames.filter(name => name !== hash)])
      one(`mask of ${maskHash}`, { maskHash });
    for (const trailer of [0x00, 0xbb, 0xbd, 0xcc, 0x3c]) one(`trailer ${trailer}`, { trailer });
    for (const separator of [0x00, 0x02, 0x81, 0xff]) one(`separator ${separator}`, { separator });
    const spare = key.octets - octets - 1 - octets - 1;
    for (const at of [1, 2, spare >> 1, spare - 1])
      one(`padding octet ${at}`, { change: db => void (db[at] = 0x01) });
    one('an octet 01 before the separator', { change: db => void (db[spare - 2] = 0x01) });
    one('another salt under the mask', { change: db => void (db[db.length - 1] = 0x00) });
  }
  return cases;
}

/** Encoded messages that are one bit too long: the mask leaves room, the modulus has it, the standard does not. */
function topBits(): SignatureCase[] {
  return [2048, 2049, 2050, 2055].map(bits => {
    const key = rsaKeyOf(bits);
    const extra = 1n << BigInt(bits - 1);
    for (let i = 0; ; i++) {
      const data = Uint8Array.of(i >> 8, i & 0xff);
      const m = numberFrom(pssMessage(bits, 'sha256', data)) + extra;
      // Not every one is below the modulus: another message has another mask.
      if (m >= key.n) continue;
      return {
        title: `a bit over the length, ${bits} bits`,
        input: rsaInput(key, octetsFrom(key.sign(m), key.octets), { data, padding: 'pss' })
      };
    }
  });
}

function wrongNumbers(key: RsaNumbers): SignatureCase[] {
  const good = signed(key, 'sha256');
  const one = (title: string, signature: Uint8Array): SignatureCase => ({
    title,
    input: rsaInput(key, signature, { padding: 'pss' })
  });
  const cases = [
    one('without its last octet', good.subarray(0, -1)),
    one('an octet 0 before', new Uint8Array([0, ...good])),
    one('an octet 0 after', new Uint8Array([...good, 0])),
    one('empty', new Uint8Array()),
    one('all bits', new Uint8Array(key.octets).fill(0xff)),
    one('zeros', new Uint8Array(key.octets))
  ];
  for (let at = 0; at < key.octets; at++) {
    const changed = Uint8Array.from(good);
    changed[at] = (changed[at] as number) ^ 0x10;
    cases.push(one(`octet ${at} changed`, changed));
  }
  return cases;
}

function confusions(key: RsaNumbers): SignatureCase[] {
  const pkcs1 = signedMessage(
    key,
    pkcs1Message(key.octets, digestInfo('sha256', digestOf('sha256', message)))
  );
  const pss = signed(key, 'sha256');
  const other = new Uint8Array(Buffer.from('another message'));
  return [
    { title: 'PKCS#1 v1.5 as PSS', input: rsaInput(key, pkcs1, { padding: 'pss' }) },
    { title: 'PSS as PKCS#1 v1.5', input: rsaInput(key, pss, { padding: 'pkcs1' }) },
    { title: 'PSS without saying so', input: rsaInput(key, pss) },
    { title: 'PSS as sha384', input: rsaInput(key, pss, { padding: 'pss', hash: 'sha384' }) },
    { title: 'PSS as sha512', input: rsaInput(key, pss, { padding: 'pss', hash: 'sha512' }) },
    { title: 'PKCS#1 v1.5 as sha384', input: rsaInput(key, pkcs1, { hash: 'sha384' }) },
    { title: 'PKCS#1 v1.5 as sha512', input: rsaInput(key, pkcs1, { hash: 'sha512' }) },
    { title: 'PKCS#1 v1.5, another message', input: rsaInput(key, pkcs1, { data: other }) },
    { title: 'PSS, another message', input: rsaInput(key, pss, { data: other, padding: 'pss' }) },
    { title: 'PKCS#1 v1.5, another key', input: rsaInput(rsaKeyOf(2049), pkcs1) },
    {
      title: 'PKCS#1 v1.5, another exponent',
      input: { ...rsaInput(key, pkcs1), publicKey: rsaSpki(key.n, 3n) }
    },
    { title: 'PSS, another key of the size', input: rsaInput(rsaKeyOf(2048, 3n), pss, { padding: 'pss' }) }
  ];
}

export function pssClasses(): SignatureClass[] {
  const key = () => rsaKeyOf(2048);
  const good = () =>
    sizes.flatMap(bits => hashNames.map(hash => pssCase(`${bits} bits, ${hash}`, rsaKeyOf(bits), hash)));
  return [
    { rule: 'a good PSS signature is believed', clause, expect: 'valid', cases: good },
    {
      rule: 'the parts of a PSS encoding are as they must be',
      clause,
      expect: 'refused',
      cases: () => [...wrongForms(key()), ...topBits()]
    },
    {
      rule: 'a PSS signature is as long as the modulus and below it',
      clause: 'RFC 8017 5.2.2, 8.1.2',
      expect: 'refused',
      cases: () => wrongNumbers(key())
    },
    {
      rule: 'padding, hash, message and key are the signed ones',
      clause: 'RFC 8017 8.1.2, 8.2.2',
      expect: 'refused',
      cases: () => confusions(key())
    }
  ];
}
