import { expect } from 'chai';
import { assertDer, bitString } from '../../pki/der/index.js';
import { readFileSync } from 'node:fs';
import { decodePem, parseCertificate } from '../../pki/index.js';
import { lintCertificate } from '../../pki/lint/index.js';

import { buildRequestInfo, deviceRequestContent, signatureAlgorithmDer } from '../../pki/x509/index.js';
import { concat, indefiniteTlv, longForm, longLengthTlv, reencode } from '../kit/ber.js';
import { p256Key, type TestKey } from '../kit/keys.js';
import {
  derSignature,
  deviceRequest,
  longFormDeviceRequest,
  resigned,
  testDeviceEui
} from '../kit/requests.js';
import type { TestSystem } from '../kit/system.js';
import { sharedSystem } from './shared.js';
import { relyingParty, sendAdHoc, sendEnrolment, untilIssued } from './talk.js';

type Encode = (tag: number, content: Uint8Array) => Uint8Array;
const long: Encode = (tag, content) => longLengthTlv(tag, content, 2);

/** One liberty each, taken with every value of certificationRequestInfo, whose lengths are long as before. */
const liberties: Readonly<Record<string, Encode>> = {
  'indefinite lengths': (tag, content) => (tag & 0x20 ? indefiniteTlv(tag, content) : long(tag, content)),
  'five length octets': (tag, content) => longLengthTlv(tag, content, 5),
  'BOOLEAN TRUE as 01': (tag, content) => long(tag, tag === 1 ? Uint8Array.of(1) : content),
  'a padded INTEGER': (tag, content) => long(tag, tag === 2 ? concat(Uint8Array.of(0), content) : content),
  'a padded OID arc': (tag, content) =>
    long(tag, tag === 6 ? concat(content.subarray(0, 1), Uint8Array.of(0x80), content.subarray(1)) : content),
  'constructed OCTET STRINGs': (tag, content) =>
    tag === 4 ? long(0x24, long(4, content)) : long(tag, content),
  'constructed BIT STRINGs': (tag, content) =>
    tag === 3 ? long(0x23, long(3, content)) : long(tag, content),
  'unused bits that are set': (tag, content) =>
    long(tag, tag === 3 && content.length === 2 ? Uint8Array.of(7, 0x81) : content),
  'a high tag number form': (tag, content) =>
    tag === 4 ? concat(Uint8Array.of(0x1f, 0x04), long(0, content).subarray(1)) : long(tag, content)
};

describe('a device request with long-form lengths, through the ad hoc web service', function () {
  this.timeout(120_000);
  let test: TestSystem;
  before('start', async () => {
    test = await sharedSystem();
    // The ad hoc web service replaces: the device must have had a certificate.
    const first = deviceRequest({ eui: testDeviceEui });
    await untilIssued(() => sendEnrolment(test.maker(), 'device', first));
  });

  for (const octets of [1, 2, 4])
    it(`is certified: ${octets} length octets everywhere`, async () => {
      const key = p256Key();
      const csr = longFormDeviceRequest(key, octets);
      expect(() => assertDer(csr, { lengths: 'minimal' })).to.throw();
      const answer = await sendAdHoc(test.subscriber(), csr);
      if (answer.kind !== 'issued') throw new Error(`answered ${JSON.stringify(answer)}`);

      const der = answer.certificate;
      assertDer(der, { lengths: 'minimal' });
      const certificate = parseCertificate(der);
      expect(Buffer.from(certificate.publicKey.spki).equals(key.spki)).to.equal(true);
      const [pem] = decodePem(readFileSync(test.system.hierarchy.certificates['issuing-dca'], 'utf8'));
      const issuer = parseCertificate(pem!.der);
      const { policy } = test.system;
      expect(lintCertificate(der, { profile: 'device-ds', issuer, policy, at: new Date() })).to.deep.equal(
        []
      );

      const reader = relyingParty(test);
      const found = await reader.retrieve(certificate.serialHex);
      reader.close();
      expect(Buffer.from(found.certificate ?? []).equals(der)).to.equal(true);
    });

  describe('is refused with any other liberty', () => {
    const key = p256Key();
    const content = deviceRequestContent({
      spki: key.spki,
      usage: 'digitalSignature',
      hwType: '1.3.6.1.4.1.99999.1.2',
      eui: Buffer.from(testDeviceEui.replaceAll('-', ''), 'hex')
    });
    const info = buildRequestInfo(content);
    const request = (encode: Encode) => resigned(key, reencode(info, encode), tree => longForm(tree, 2));

    it('while the same tree, built the same way with long lengths alone, is taken', async () => {
      const other = p256Key();
      const good = buildRequestInfo({ ...content, spki: other.spki });
      const answer = await sendAdHoc(
        test.subscriber(),
        resigned(other, reencode(good, long), tree => longForm(tree, 2))
      );
      expect(answer.kind).to.equal('issued');
    });

    const spoilt: [string, () => Uint8Array][] = [
      ...Object.entries(liberties).map(([name, encode]): [string, () => Uint8Array] => [
        name,
        () => request(encode)
      ]),
      ['an indefinite length around the whole', () => indefiniteTlv(0x30, insideOf(request(long)))],
      ['a trailing octet', () => concat(request(long), Uint8Array.of(0))],
      ['a long-form length inside the signature value', () => longSignature(key, info)],
      ['a constructed signature', () => constructedSignature(key, info)]
    ];
    for (const [name, make] of spoilt)
      it(name, async () => {
        const answer = await sendAdHoc(test.subscriber(), make());
        expect(answer).to.include({ kind: 'refused', http: 200, status: 'CSR_ERROR' });
        expect(answer.kind === 'refused' && answer.code).to.be.oneOf(['CR:R1', 'CR:R3', 'CR:R4', 'CR:R5']);
        const rows = await test.sql('select 1 from ra.request where public_key_hash = sha256(?)', [
          Buffer.from(key.spki)
        ]);
        expect(rows).to.deep.equal([]);
      });
  });
});

function insideOf(value: Uint8Array): Uint8Array {
  // A long form of two length octets, as `request` makes it.
  expect(value[1]).to.equal(0x82);
  return value.subarray(4);
}

/** DER but for ECDSA-Sig-Value, whose length is long. */
function longSignature(key: TestKey, info: Uint8Array): Uint8Array {
  const signature = derSignature(key, info);
  return frame(key, info, bitString(concat(Uint8Array.of(0x30, 0x81), signature.subarray(1))));
}

/** The signature BIT STRING in two segments. */
function constructedSignature(key: TestKey, info: Uint8Array): Uint8Array {
  const signature = derSignature(key, info);
  const segments = concat(
    longLengthTlv(3, concat(Uint8Array.of(0), signature.subarray(0, 8)), 1),
    longLengthTlv(3, concat(Uint8Array.of(0), signature.subarray(8)), 1)
  );
  return frame(key, info, longLengthTlv(0x23, segments, 1));
}

function frame(key: TestKey, info: Uint8Array, signature: Uint8Array): Uint8Array {
  return longLengthTlv(0x30, concat(info, signatureAlgorithmDer[key.algorithm], signature), 2);
}
