import { createHash } from 'node:crypto';
import { expect } from 'chai';
import {
  checkRequest,
  checkRequestAndPossession,
  examineRequest,
  requestChecks,
  requestCodes,
  requestKindNames,
  requestPolicy,
  RequestRefused,
  verifyPossession,
  verifyPossessions
} from '../../../pki/request/index.js';
import type { PointVerifier } from '../../../pki/verify/index.js';
import { defaultPolicy, policyWith } from '../../../pki/profile/index.js';
import { oid, sequence, setOf, utf8String } from '../../../pki/der/index.js';
import { encodeExtension, encodeName, oids } from '../../../pki/x509/index.js';
import { indefiniteTlv, longLengthTlv, partsOf, reencode, concat } from '../../kit/ber.js';
import { codeOf, codeOfAsync } from '../../kit/errors.js';
import { p256Key, rsaKey } from '../../kit/keys.js';
import {
  deviceExtensions,
  deviceRequest,
  extensionRequestAttribute,
  ikiClientRequest,
  keyUsageOf,
  longFormDeviceRequest,
  organisationRequest,
  requestOfParts,
  resigned,
  testHwType
} from '../../kit/requests.js';
import { badRequests } from './bad-requests.js';

const policy = requestPolicy(defaultPolicy('test'), new Set());
const hex = (text: string) => new Uint8Array(Buffer.from(text, 'hex'));

describe('request checks', () => {
  it('stand in one table in the order of their rules', () => {
    const rules = requestChecks.map(check => Number(check.rule.slice(1)));
    expect(rules).to.deep.equal([...rules].sort((a, b) => a - b));
    for (const kind of requestKindNames) {
      const applied = requestChecks.filter(check => check.kinds.includes(kind)).map(check => check.rule);
      expect(applied).to.deep.equal([
        'R1',
        'R2',
        'R3',
        'R4',
        'R5',
        'R6',
        kind === 'device' ? 'R7' : 'R8',
        'R16'
      ]);
    }
  });

  describe('take', () => {
    for (const [usage, profile, short] of [
      ['digitalSignature', 'device-ds', 'DS'],
      ['keyAgreement', 'device-ka', 'KA']
    ] as const) {
      it(`a device's ${usage} request`, async () => {
        const key = p256Key();
        const bytes = deviceRequest({ key, usage });
        const facts = await checkRequestAndPossession(bytes, 'device', policy);
        expect(facts).to.deep.include({
          kind: 'device',
          profile,
          usage: short,
          eui: 0x0007810000000001n,
          hwType: testHwType,
          notes: []
        });
        expect(Buffer.compare(facts.spki, key.spki)).to.equal(0);
        expect(Buffer.from(facts.publicKeyHash).toString('hex')).to.equal(
          createHash('sha256').update(key.spki).digest('hex')
        );
        expect(Buffer.from(facts.requestHash).toString('hex')).to.equal(
          createHash('sha256').update(bytes).digest('hex')
        );
      });
    }

    for (const [ou, usage, profile, role] of [
      ['02', 'digitalSignature', 'organisation-ds', 2],
      ['02', 'keyAgreement', 'organisation-ka', 2],
      ['7f', 'keyAgreement', 'organisation-ka', 127],
      ['87', 'digitalSignature', 'organisation-xml', 135],
      ['89', 'digitalSignature', 'organisation-xml', 137]
    ] as const) {
      it(`an organisation's request for role ${ou}, ${usage}`, async () => {
        const bytes = organisationRequest({ ou, usage, commonName: "O'Brien & Söhne (No. 2)" });
        const facts = await checkRequestAndPossession(bytes, 'organisation', policy);
        expect(facts).to.deep.include({
          profile,
          role,
          organisationalUnit: ou.toUpperCase(),
          eui: 0x90b3d51f30010000n,
          commonName: "O'Brien & Söhne (No. 2)"
        });
      });
    }

    it('an organisation subject in any order and as PrintableString', () => {
      const subject = encodeName([
        { type: oids.uniqueIdentifier, bits: hex('90b3d51f30010000') },
        { type: oids.organizationalUnitName, printable: '02' }
      ]);
      const bytes = requestOfParts(p256Key(), { subject, extensions: [keyUsageOf(hex('03020780'))] });
      expect(checkRequest(bytes, 'organisation', policy).role).to.equal(2);
    });

    it("an IKI client's request", async () => {
      const facts = await checkRequestAndPossession(ikiClientRequest({ ou: '7F' }), 'iki-client', policy);
      expect(facts).to.deep.include({
        profile: 'iki-client',
        usage: 'DS',
        role: 127,
        organisation: 'Example Energy Limited',
        commonName: 'adhoc-1'
      });
      expect(facts).not.to.have.property('eui');
    });

    it('key usage and alternative name that are not critical', () => {
      const [, name] = deviceExtensions();
      const extensions = [
        keyUsageOf(hex('03020308'), false),
        encodeExtension(oids.subjectAltName, false, sanValueOf(name as Uint8Array))
      ];
      expect(checkRequest(requestOfParts(p256Key(), { extensions }), 'device', policy).usage).to.equal('KA');
    });

    it('unknown extensions and attributes, noted', () => {
      const extensions = [...deviceExtensions(), encodeExtension('1.2.3', false, hex('0500'))];
      const password = sequence(oid('1.2.840.113549.1.9.7'), setOf(utf8String('secret <b>')));
      const bytes = requestOfParts(p256Key(), {
        attributes: [password, extensionRequestAttribute(extensions)]
      });
      const { notes } = checkRequest(bytes, 'device', policy);
      expect(notes).to.deep.equal(['attribute 1.2.840.113549.1.9.7 ignored', 'extension 1.2.3 ignored']);
    });

    for (const octets of [1, 2, 3, 4]) {
      it(`a device's request with ${octets}-octet long-form lengths, by the key's one hash`, async () => {
        const key = p256Key();
        const bytes = longFormDeviceRequest(key, octets);
        const facts = await checkRequestAndPossession(bytes, 'device', policy);
        expect(Buffer.compare(facts.spki, key.spki)).to.equal(0);
        expect(facts.eui).to.equal(0x0007810000000001n);
      });
    }
  });

  describe('refuse', () => {
    for (const bad of badRequests) {
      it(`${bad.name}: ${bad.code}`, () => {
        const bytes = bad.make();
        try {
          checkRequest(bytes, bad.kind, policy);
        } catch (error) {
          expect(error).to.be.instanceOf(RequestRefused);
          const { code, rule, errorClass, message, detail } = error as RequestRefused;
          expect({ code, rule, errorClass }).to.deep.equal({
            code: bad.code,
            rule: bad.rule,
            errorClass: 'CSR_ERROR'
          });
          // Details go to logs and answers: printable ASCII of our own making, whatever the request held.
          expect(message).to.match(/^[ -~]+$/);
          expect(detail).not.to.match(/[<>]|script|jndi|evil|SUM|cmd/);
          return;
        }
        expect.fail('taken');
      });
    }

    it('with every code that does not need a signature or a text', () => {
      const shown = new Set<string>(badRequests.map(bad => bad.code));
      const elsewhere = ['request/text-form', 'request/possession'];
      expect(
        Object.keys(requestCodes)
          .filter(code => !shown.has(code))
          .sort()
      ).to.deep.equal(elsewhere.sort());
    });

    it('common names where policy has none', () => {
      const strict = requestPolicy(
        policyWith('test', { 'organisation.common-name': { value: false } }),
        new Set()
      );
      const bytes = organisationRequest({ commonName: 'Name' });
      expect(codeOf(() => checkRequest(bytes, 'organisation', strict))).to.equal('request/common-name');
      expect(checkRequest(organisationRequest(), 'organisation', strict).role).to.equal(2);
    });

    it("keys on the operator's list, also from a request in long form", () => {
      const key = p256Key();
      const knownBadKeys = new Set([createHash('sha256').update(key.spki).digest('hex')]);
      const listing = requestPolicy(defaultPolicy('test'), knownBadKeys);
      expect(codeOf(() => checkRequest(deviceRequest({ key }), 'device', listing))).to.equal(
        'request/weak-key'
      );
      expect(codeOf(() => checkRequest(longFormDeviceRequest(key), 'device', listing))).to.equal(
        'request/weak-key'
      );
      expect(checkRequest(deviceRequest(), 'device', listing).usage).to.equal('DS');
    });

    it('requests of one kind handed in as another', () => {
      expect(codeOf(() => checkRequest(deviceRequest(), 'organisation', policy))).to.equal(
        'request/subject-alt-name'
      );
      expect(codeOf(() => checkRequest(organisationRequest(), 'device', policy))).to.equal('request/subject');
      expect(codeOf(() => checkRequest(organisationRequest(), 'iki-client', policy))).to.equal(
        'request/public-key'
      );
    });

    it('long-form lengths from anything but a device', () => {
      const key = p256Key();
      const long = longFormDeviceRequest(key);
      expect(codeOf(() => checkRequest(long, 'organisation', policy))).to.equal('request/encoding');
    });
  });

  describe('beside long-form lengths allow no other liberty', () => {
    const key = p256Key();
    const [info] = partsOf(deviceRequest({ key })) as [Uint8Array];
    const long = (tag: number, content: Uint8Array) => longLengthTlv(tag, content, 2);
    const spoilt: readonly (readonly [string, string, (tag: number, content: Uint8Array) => Uint8Array])[] = [
      [
        'indefinite lengths',
        'request/encoding',
        (tag, content) => (tag & 0x20 ? indefiniteTlv(tag, content) : long(tag, content))
      ],
      ['five length octets', 'request/encoding', (tag, content) => longLengthTlv(tag, content, 5)],
      [
        'BOOLEAN TRUE as 01',
        'request/encoding',
        (tag, content) => long(tag, tag === 1 ? Uint8Array.of(1) : content)
      ],
      [
        'padded INTEGERs',
        'request/encoding',
        (tag, content) => long(tag, tag === 2 ? concat(Uint8Array.of(0), content) : content)
      ],
      [
        'padded OID arcs',
        'request/encoding',
        (tag, content) =>
          long(
            tag,
            tag === 6 ? concat(content.subarray(0, 1), Uint8Array.of(0x80), content.subarray(1)) : content
          )
      ],
      [
        'constructed OCTET STRINGs',
        'request/encoding',
        (tag, content) => (tag === 4 ? long(0x24, long(4, content)) : long(tag, content))
      ],
      [
        'unused bits set',
        'request/key-usage',
        (tag, content) => long(tag, tag === 3 && content.length === 2 ? Uint8Array.of(7, 0x81) : content)
      ]
    ];
    for (const [name, code, encode] of spoilt) {
      it(name, () => {
        expect(codeOf(() => checkRequest(resigned(key, reencode(info, encode)), 'device', policy))).to.equal(
          code
        );
      });
    }

    it('trailing octets', () => {
      const bytes = concat(longFormDeviceRequest(key), Uint8Array.of(0));
      expect(codeOf(() => checkRequest(bytes, 'device', policy))).to.equal('request/encoding');
    });

    it('but take the same tree with long lengths alone', async () => {
      const facts = await checkRequestAndPossession(resigned(key, reencode(info, long)), 'device', policy);
      expect(facts.usage).to.equal('DS');
    });
  });

  describe('proof of possession', () => {
    it('fails for a signature by another key, of each kind', async () => {
      const [victim, thief] = [p256Key(), p256Key()];
      const stolen = requestOfParts(thief, { spki: victim.spki, extensions: deviceExtensions() });
      expect(await codeOfAsync(checkRequestAndPossession(stolen, 'device', policy))).to.equal(
        'request/possession'
      );
      const [rsaVictim, rsaThief] = [rsaKey(), rsaKey()];
      const subject = encodeName([
        { type: oids.organizationName, utf8: 'Example' },
        { type: oids.organizationalUnitName, utf8: '02' },
        { type: oids.commonName, utf8: 'adhoc' }
      ]);
      const rsaStolen = requestOfParts(rsaThief, {
        spki: rsaVictim.spki,
        subject,
        extensions: [keyUsageOf(hex('03020780'))]
      });
      expect(await codeOfAsync(checkRequestAndPossession(rsaStolen, 'iki-client', policy))).to.equal(
        'request/possession'
      );
    });

    it('is over the octets as received', async () => {
      const key = p256Key();
      const [info] = partsOf(deviceRequest({ key })) as [Uint8Array];
      // The signature of the DER form around the long form: the same values, other octets.
      const [, algorithm, signature] = partsOf(deviceRequest({ key })) as [
        Uint8Array,
        Uint8Array,
        Uint8Array
      ];
      const swapped = sequence(
        reencode(info, (tag, content) => longLengthTlv(tag, content, 2)),
        algorithm,
        signature
      );
      expect(await codeOfAsync(checkRequestAndPossession(swapped, 'device', policy))).to.equal(
        'request/possession'
      );
    });

    it('of many is answered in their order, and by the verifier handed in where it can', async () => {
      const good = examineRequest(deviceRequest(), 'device', policy).proof;
      const bad = { ...good, signature: examineRequest(deviceRequest(), 'device', policy).proof.signature };
      const rsa = examineRequest(ikiClientRequest(), 'iki-client', policy).proof;
      const badRsa = { ...rsa, requestInfo: good.requestInfo };
      const proofs = [good, bad, rsa, good, badRsa];
      const expected = [true, false, true, true, false];
      expect(await verifyPossessions(proofs)).to.deep.equal(expected);
      expect(await verifyPossessions([])).to.deep.equal([]);
      const points: Uint8Array[] = [];
      const verifyPoint: PointVerifier = (point, data, raw) => {
        points.push(point);
        expect(data).to.deep.equal(good.requestInfo);
        return raw === good.signature;
      };
      expect(await verifyPossessions(proofs, verifyPoint)).to.deep.equal(expected);
      expect(await verifyPossession(bad, verifyPoint)).to.equal(false);
      expect(await verifyPossession(rsa, verifyPoint)).to.equal(true);
      expect(points).to.deep.equal(Array.from({ length: 4 }, () => good.publicKey.keyBits));
    });

    it('survives structured clone on the way to a worker', async () => {
      const { facts, proof } = structuredClone(examineRequest(deviceRequest(), 'device', policy));
      expect(await verifyPossession(proof)).to.equal(true);
      expect(facts.usage).to.equal('DS');
      const changed = { ...proof, signature: new Uint8Array(64).fill(1) };
      expect(await verifyPossession(changed)).to.equal(false);
    });
  });
});

/** The value of an extension that the builder made critical. */
function sanValueOf(extension: Uint8Array): Uint8Array {
  const [, , value] = partsOf(extension) as [Uint8Array, Uint8Array, Uint8Array];
  return value.subarray(2);
}
