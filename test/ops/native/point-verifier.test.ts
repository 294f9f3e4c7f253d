import { createPublicKey, KeyObject, randomBytes, sign, verify, webcrypto } from 'node:crypto';
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import fc from 'fast-check';
import { loadPointVerifier } from '../../../ops/native/point-verifier.js';
import type { PointVerifier } from '../../../pki/index.js';
import { p256Key } from '../../kit/keys.js';

const order = BigInt('0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551');

/** What Node.js itself says: point imported raw, signature as r‖s. */
async function judged(point: Uint8Array, data: Uint8Array, signature: Uint8Array): Promise<boolean> {
  try {
    const algorithm = { name: 'ECDSA', namedCurve: 'P-256' };
    const imported = await webcrypto.subtle.importKey('raw', new Uint8Array(point), algorithm, true, [
      'verify'
    ]);
    if (point[0] !== 4) return false;
    return verify('sha256', data, { key: KeyObject.from(imported), dsaEncoding: 'ieee-p1363' }, signature);
  } catch {
    return false;
  }
}

describe('the native verifier', function () {
  this.timeout(60_000);
  let native: PointVerifier;

  before('built for this Node.js', function () {
    const script = fileURLToPath(new URL('../../../ops/native/p256-verify/build', import.meta.url));
    const built = spawnSync(script, { encoding: 'utf8' });
    const loaded = loadPointVerifier();
    // Optional by design: without a compiler or Node's headers there is nothing to test, and it says which.
    if (built.status !== 0 || loaded === undefined) {
      process.stdout.write(`    ${built.stderr.trim()}\n`);
      this.skip();
    }
    native = loaded;
  });

  const keys = Array.from({ length: 8 }, () => p256Key());
  const points = keys.map(({ spki }) => new Uint8Array(spki.subarray(-65)));
  const signed = (at: number, data: Uint8Array) =>
    new Uint8Array(sign('sha256', data, { key: keys[at]!.privateKey, dsaEncoding: 'ieee-p1363' }));

  it('takes what is signed and nothing else, as Node.js does', async () => {
    const data = fc.uint8Array({ maxLength: 2_000 });
    const at = fc.nat({ max: keys.length - 1 });
    const change = fc.option(fc.record({ where: fc.nat({ max: 2_200 }), bit: fc.nat({ max: 7 }) }));
    await fc.assert(
      fc.asyncProperty(data, at, at, change, async (octets, signer, claimed, changed) => {
        const parts = [new Uint8Array(points[claimed]!), new Uint8Array(octets), signed(signer, octets)];
        if (changed !== null) {
          const [part, offset] = [
            [0, 65],
            [2, 64],
            [1, octets.length]
          ][changed.where % 3] as [number, number];
          if (offset > 0) parts[part]![changed.where % offset]! ^= 1 << changed.bit;
        }
        const [point, message, signature] = parts as [Uint8Array, Uint8Array, Uint8Array];
        expect(native(point, message, signature)).to.equal(await judged(point, message, signature));
      }),
      { numRuns: 2_000 }
    );
  });

  it('refuses octets of every other length and form, and leaves no error behind', async () => {
    const any = fc.uint8Array({ maxLength: 140 });
    await fc.assert(
      fc.asyncProperty(any, any, any, async (point, data, signature) => {
        expect(native(point, data, signature)).to.equal(false);
        // An error left in OpenSSL's queue would surface in Node's next call.
        expect(() =>
          createPublicKey({ key: keys[0]!.spki as Buffer, format: 'der', type: 'spki' })
        ).not.to.throw();
      }),
      { numRuns: 2_000 }
    );
    expect(native(points[0]!, randomBytes(9), new Uint8Array(64))).to.equal(false);
  });

  it('refuses r and s outside 1 to n - 1', () => {
    const data = randomBytes(100);
    const good = signed(0, data);
    for (const value of [0n, order, order + 1n, 2n ** 256n - 1n])
      for (const half of [0, 32]) {
        const bad = new Uint8Array(good);
        bad.set(Buffer.from(value.toString(16).padStart(64, '0'), 'hex'), half);
        expect(native(points[0]!, data, bad), `${value}`).to.equal(false);
      }
    expect(native(points[0]!, data, good)).to.equal(true);
  });

  it('refuses compressed, hybrid and infinite points, and points off the curve', () => {
    const data = randomBytes(100);
    const good = signed(0, data);
    const point = points[0]!;
    const first = (octet: number) => Uint8Array.from(point, (value, at) => (at === 0 ? octet : value));
    const off = new Uint8Array(point);
    off[64]! ^= 1;
    const compressed = new Uint8Array([2 + (point[64]! & 1), ...point.subarray(1, 33)]);
    const bad = [
      first(6 + (point[64]! & 1)),
      first(0),
      compressed,
      new Uint8Array([0]),
      new Uint8Array(65),
      off
    ];
    for (const one of bad) expect(native(one, data, good)).to.equal(false);
  });

  it('answers the same with the table of a key that is asked for often', async () => {
    const often = loadPointVerifier('often')!;
    const message = randomBytes(300);
    // More keys than have a place, so that some lose theirs and come back.
    for (const [at, point] of points.entries()) {
      const good = signed(at, message);
      for (let n = 0; n < 250; n++) expect(often(point, message, good)).to.equal(true);
    }
    const extra = p256Key();
    const another = new Uint8Array(extra.spki.subarray(-65));
    const data = fc.uint8Array({ maxLength: 500 });
    const at = fc.nat({ max: keys.length - 1 });
    const change = fc.option(fc.record({ where: fc.nat({ max: 2_200 }), bit: fc.nat({ max: 7 }) }));
    await fc.assert(
      fc.asyncProperty(data, at, at, change, async (octets, signer, claimed, changed) => {
        const [point, message, signature] = [points[claimed]!, octets.slice(), signed(signer, octets)];
        if (changed !== null) signature[changed.where % 64]! ^= 1 << changed.bit;
        const expected = await judged(point, message, signature);
        expect(often(point, message, signature)).to.equal(expected);
        expect(native(point, message, signature)).to.equal(expected);
      }),
      { numRuns: 2_000 }
    );
    const good = signed(0, message);
    for (const value of [0n, 1n, order - 1n, order, order + 1n, 2n ** 256n - 1n])
      for (const half of [0, 32]) {
        const bad = new Uint8Array(good);
        bad.set(Buffer.from(value.toString(16).padStart(64, '0'), 'hex'), half);
        expect(often(points[0]!, message, bad), `${value}`).to.equal(false);
      }
    const off = new Uint8Array(points[0]!);
    off[64]! ^= 1;
    for (let n = 0; n < 300; n++) expect(often(off, message, good)).to.equal(false);
    for (const wrong of [good.subarray(0, 0), good.subarray(1), new Uint8Array([...good, 0])])
      expect(often(points[0]!, message, wrong)).to.equal(false);
    expect(often(another, message, good)).to.equal(false);
    expect(often(points[0]!, message, good)).to.equal(true);
  });

  it('answers a wrong type with TypeError', () => {
    const call = native as (...values: unknown[]) => boolean;
    const data = new Uint8Array(3);
    const wrong = [
      null,
      undefined,
      'text',
      7,
      [4],
      {},
      new ArrayBuffer(65),
      new Uint16Array(65),
      new DataView(data.buffer)
    ];
    for (const value of wrong) {
      expect(() => call(value, data, data)).to.throw(TypeError);
      expect(() => call(data, value, data)).to.throw(TypeError);
      expect(() => call(data, data, value)).to.throw(TypeError);
    }
    expect(() => call(data, data)).to.throw(TypeError);
  });

  it('takes views into larger memory', () => {
    const data = randomBytes(100);
    const memory = new Uint8Array(400);
    memory.set(points[0]!, 7);
    memory.set(data, 80);
    memory.set(signed(0, data), 301);
    const [point, message, signature] = [
      memory.subarray(7, 72),
      memory.subarray(80, 180),
      memory.subarray(301, 365)
    ];
    expect(native(point, message, signature)).to.equal(true);
  });

  it('is left out where it is switched off', () => {
    process.env['OPENSMKI_NATIVE'] = 'off';
    try {
      expect(loadPointVerifier()).to.equal(undefined);
    } finally {
      delete process.env['OPENSMKI_NATIVE'];
    }
  });
});
