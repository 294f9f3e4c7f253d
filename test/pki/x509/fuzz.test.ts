import { expect } from 'chai';
import fc from 'fast-check';
import { defaultPolicy } from '../../../pki/profile/index.js';
import { assertDer, DerError } from '../../../pki/der/index.js';
import { parseCertificate, parseCrl, parseRequest, X509Error } from '../../../pki/x509/index.js';
import { checkRequest, requestKindNames, requestPolicy, RequestRefused } from '../../../pki/request/index.js';
import { concat, reencode, longLengthTlv } from '../../kit/ber.js';
import { testCertificate, testCrl } from '../../kit/certificates.js';
import { p256Key, rsaKey } from '../../kit/keys.js';
import {
  deviceRequest,
  ikiClientRequest,
  longFormDeviceRequest,
  organisationRequest
} from '../../kit/requests.js';

const ec = p256Key();
const rsa = rsaKey();
const certificates = [testCertificate({ key: ec }), testCertificate({ key: rsa })];
const requests = [
  deviceRequest({ key: ec }),
  longFormDeviceRequest(ec),
  organisationRequest({ key: ec, commonName: 'Name' }),
  ikiClientRequest({ key: rsa })
];
const crls = [
  testCrl({
    key: ec,
    entries: [{ serial: Uint8Array.of(0x4a, 1), date: new Date('2026-11-02T00:00:00Z'), reason: 1 }]
  })
];
const policy = requestPolicy(defaultPolicy('test'), new Set());

/** What a hostile hand does to octets: change, insert, remove, repeat, cut, append. */
interface Mutation {
  readonly kind: 'set' | 'insert' | 'remove' | 'repeat' | 'cut' | 'append';
  readonly at: number;
  readonly length: number;
  readonly octets: Uint8Array;
}

const interesting = fc.constantFrom(
  0x00,
  0x01,
  0x02,
  0x03,
  0x04,
  0x05,
  0x06,
  0x0c,
  0x13,
  0x30,
  0x31,
  0x7f,
  0x80,
  0x81,
  0x82,
  0x84,
  0xa0,
  0xa3,
  0xff
);
const mutation: fc.Arbitrary<Mutation> = fc.record({
  kind: fc.constantFrom('set', 'set', 'set', 'insert', 'remove', 'repeat', 'cut', 'append'),
  at: fc.nat(),
  length: fc.integer({ min: 1, max: 8 }),
  octets: fc
    .array(fc.oneof(interesting, fc.integer({ min: 0, max: 255 })), { minLength: 1, maxLength: 4 })
    .map(list => Uint8Array.from(list))
});

function mutated(octets: Uint8Array, { kind, at, length, octets: inserted }: Mutation): Uint8Array {
  const position = at % (octets.length + 1);
  const [head, tail] = [octets.subarray(0, position), octets.subarray(position)];
  switch (kind) {
    case 'set':
      return concat(head, inserted, tail.subarray(inserted.length));
    case 'insert':
      return concat(head, inserted, tail);
    case 'remove':
      return concat(head, tail.subarray(length));
    case 'repeat':
      return concat(head, tail.subarray(0, length), tail);
    case 'cut':
      return head;
    case 'append':
      return concat(octets, inserted);
  }
}

/** Runs a reader over mutants; what it takes must be DER to the last octet, what it refuses a typed error. */
function fuzz(
  seeds: readonly Uint8Array[],
  read: (bytes: Uint8Array) => void,
  typed: readonly (abstract new (...args: never[]) => Error)[],
  numRuns: number,
  lengths: 'minimal' | 'long-form-allowed' = 'minimal'
): void {
  fc.assert(
    fc.property(
      fc.constantFrom(...seeds),
      fc.array(mutation, { minLength: 1, maxLength: 3 }),
      (seed, mutations) => {
        const bytes = mutations.reduce(mutated, seed);
        try {
          read(bytes);
        } catch (error) {
          expect(
            typed.some(type => error instanceof type),
            String(error)
          ).to.equal(true);
          return;
        }
        assertDer(bytes, { lengths });
        expect(() => read(concat(bytes, Uint8Array.of(0)))).to.throw();
      }
    ),
    { numRuns }
  );
}

describe('hostile octets', () => {
  it('never make the certificate reader crash, and what it takes is DER', () => {
    fuzz(certificates, parseCertificate, [DerError, X509Error], 4000);
  });

  it('never make the revocation list reader crash, and what it takes is DER', () => {
    const read = (bytes: Uint8Array) => {
      const crl = parseCrl(bytes);
      expect([...crl.entries()]).to.have.length(crl.entryCount);
    };
    fuzz(crls, read, [DerError, X509Error], 3000);
  });

  it('never make the request reader crash, and what it takes is DER', () => {
    fuzz(
      requests,
      bytes => void parseRequest(bytes, { lengths: 'long-form-allowed' }),
      [DerError, X509Error],
      3000,
      'long-form-allowed'
    );
  });

  for (const kind of requestKindNames) {
    it(`never make the checks of ${kind} requests crash`, () => {
      fuzz(
        requests,
        bytes => void checkRequest(bytes, kind, policy),
        [RequestRefused],
        2000,
        'long-form-allowed'
      );
    });
  }

  it('of certificates in any other length form are not certificates', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...certificates),
        fc.integer({ min: 0, max: 20 }),
        fc.integer({ min: 3, max: 5 }),
        (der, target, octets) => {
          let seen = 0;
          const spoilt = reencode(der, (tag, content) =>
            seen++ === target ? longLengthTlv(tag, content, octets) : minimal(tag, content)
          );
          expect(() => parseCertificate(spoilt)).to.throw(DerError);
        }
      ),
      { numRuns: 100 }
    );
  });

  it('of 64 KiB are answered within 250 ms by every reader', () => {
    const size = 65_536;
    const repeated = (unit: string) => Buffer.alloc(size, Buffer.from(unit, 'hex'));
    const framed = (content: Buffer) => concat(Uint8Array.of(0x30, 0x82, 0xff, 0xfc), content.subarray(4));
    const inputs = [
      repeated('30'),
      repeated('3080'),
      repeated('a0'),
      repeated('ff'),
      repeated('00'),
      repeated('0600'),
      framed(repeated('3000')),
      framed(repeated('0c01'))
    ];
    const readers: readonly ((bytes: Uint8Array) => unknown)[] = [
      parseCertificate,
      bytes => parseRequest(bytes, { lengths: 'long-form-allowed' }),
      bytes => parseCrl(bytes),
      bytes => checkRequest(bytes, 'device', policy),
      bytes => checkRequest(bytes, 'device', { ...policy, maxOctets: size })
    ];
    for (const read of readers)
      for (const input of inputs) {
        const start = performance.now();
        expect(() => read(input)).to.throw();
        expect(performance.now() - start).to.be.below(250);
      }
  });

  it('of 64 KiB that are well-formed up to a hostile field are answered within 250 ms', () => {
    const many = Array.from({ length: 3000 }, (_, i) => ({
      serial: Uint8Array.of(1 + (i >> 8), i & 0xff),
      date: new Date('2026-11-02T00:00:00Z')
    }));
    const crl = testCrl({ key: ec, entries: many });
    for (const bytes of [
      concat(crl.subarray(0, -1), Uint8Array.of(0)),
      crl.subarray(0, -1),
      concat(crl, Uint8Array.of(0))
    ]) {
      const start = performance.now();
      try {
        parseCrl(bytes);
      } catch (error) {
        expect(error).to.be.instanceOf(DerError);
      }
      expect(performance.now() - start).to.be.below(250);
    }
  });
});

/** DER again, by the shortest length. */
function minimal(tag: number, content: Uint8Array): Uint8Array {
  if (content.length < 0x80) return concat(Uint8Array.of(tag, content.length), content);
  return longLengthTlv(tag, content, content.length < 0x100 ? 1 : 2);
}
