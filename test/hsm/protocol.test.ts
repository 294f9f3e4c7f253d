import { expect } from 'chai';
import fc from 'fast-check';
import { HsmError } from '../../hsm/errors.js';
import { FrameSplitter } from '../../hsm/frame.js';
import {
  decodeFromSigner,
  decodeToSigner,
  encodeFromSigner,
  encodeToSigner,
  type FromSigner,
  type ToSigner
} from '../../hsm/protocol.js';

const request = {
  key: 'test-issuing-dca-1',
  purpose: 'certificate',
  data: Buffer.from('to be signed'),
  permit: { id: Buffer.from('id'), mac: Buffer.alloc(32, 7) }
} as const;

const toSigner: ToSigner[] = [
  {
    kind: 'start',
    module: '/usr/lib/module.so',
    tokenLabel: 'label',
    pinFile: '/pin',
    latchFile: '/latch',
    permitSecret: new Uint8Array(32).fill(9),
    sessions: 2,
    calls: 'parallel',
    healthKey: undefined,
    allowGenerate: true
  },
  { kind: 'sign', id: 1, lane: 'batch', requests: [request, { ...request, purpose: 'crl' }] },
  { kind: 'public-key', id: 2, label: 'k' },
  { kind: 'generate', id: 0xffff_ffff, label: 'k', algorithm: 'RSA-2048' },
  { kind: 'ping', id: 3 },
  { kind: 'close' }
];

const failure = new HsmError('hsm/failed', 'C_Sign: CKR_DEVICE_ERROR', { rv: 'CKR_DEVICE_ERROR' });
const fromSigner: FromSigner[] = [
  { kind: 'state', ready: true, sessions: 2, manufacturer: 'SoftHSM', problem: undefined, reason: '' },
  { kind: 'state', ready: false, sessions: 0, manufacturer: '', problem: 'hsm/pin', reason: 'the PIN' },
  {
    kind: 'outcomes',
    id: 1,
    outcomes: [
      { ok: true, signature: new Uint8Array(64).fill(1) },
      { ok: false, error: failure }
    ]
  },
  { kind: 'public-key', id: 2, key: { label: 'k', algorithm: 'P-256', spki: new Uint8Array(91) } },
  { kind: 'error', id: 3, error: failure },
  { kind: 'pong', id: 4 }
];

describe('signer protocol', () => {
  it('reads what it writes', () => {
    for (const message of toSigner) {
      expect(decodeToSigner(encodeToSigner(message).subarray(4))).to.deep.equal(message);
    }
    for (const message of fromSigner) {
      const read = decodeFromSigner(encodeFromSigner(message).subarray(4));
      expect(facts(read)).to.deep.equal(facts(message));
    }
  });

  it('refuses every message that is cut short or goes on', () => {
    for (const [messages, encode, decode] of [
      [toSigner.map(encodeToSigner), 'to', decodeToSigner],
      [fromSigner.map(encodeFromSigner), 'from', decodeFromSigner]
    ] as const) {
      for (const message of messages) {
        const frame = message.subarray(4);
        for (let end = 0; end < frame.length; end++) {
          expect(() => decode(frame.subarray(0, end)), `${encode} ${end}`).to.throw();
        }
        expect(() => decode(Buffer.concat([frame, Buffer.of(0)]))).to.throw();
      }
    }
  });

  it('refuses octets outside its closed sets', () => {
    expect(() => decodeToSigner(Buffer.of(6))).to.throw();
    expect(() => decodeFromSigner(Buffer.of(9, 0, 0, 0, 1))).to.throw();
    // A state whose `ready` is neither 0 nor 1.
    const state = encodeFromSigner(fromSigner[0]!).subarray(4);
    state[1] = 2;
    expect(() => decodeFromSigner(state)).to.throw();
    // Text that is not UTF-8.
    const key = encodeToSigner(toSigner[2]!).subarray(4);
    key[key.length - 1] = 0xff;
    expect(() => decodeToSigner(key)).to.throw();
  });

  it('takes any octets without falling over', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), octets => {
        for (const decode of [decodeToSigner, decodeFromSigner]) {
          try {
            decode(Buffer.from(octets));
          } catch (error) {
            expect(error).to.be.instanceOf(Error);
          }
        }
      })
    );
  });

  it('cuts frames out of a stream, however it is chopped', () => {
    const frames = toSigner.map(encodeToSigner);
    const stream = Buffer.concat(frames);
    fc.assert(
      fc.property(fc.array(fc.nat({ max: stream.length }), { maxLength: 12 }), cuts => {
        const splitter = new FrameSplitter();
        const bounds = [0, ...cuts.sort((a, b) => a - b), stream.length];
        const out = bounds
          .slice(1)
          .flatMap((end, index) => splitter.push(stream.subarray(bounds[index], end)));
        expect(out).to.deep.equal(frames.map(frame => frame.subarray(4)));
      })
    );
  });

  it('refuses a length that no message has, before its octets are there', () => {
    expect(() => new FrameSplitter().push(Buffer.of(0xff, 0xff, 0xff, 0xff))).to.throw();
  });
});

/** Errors compared by code, message and return value, not by stack. */
function facts(message: FromSigner): unknown {
  return JSON.parse(
    JSON.stringify(message, (_, value: unknown) =>
      value instanceof HsmError ? { code: value.code, rv: value.rv, message: value.message } : value
    )
  );
}
