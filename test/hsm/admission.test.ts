import { expect } from 'chai';
import { createHash, createHmac, randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { Admission, checkForm, SpentPermits } from '../../hsm/admission.js';
import { mintPermit, permitMatches } from '../../hsm/permit.js';
import { LaneQueue, WaitingGroup } from '../../hsm/queue.js';
import { maximumDataOctets, type SignRequest } from '../../hsm/signer.js';
import { signRequest } from '../kit/signer.js';

const secret = randomBytes(32);

describe('permits', () => {
  it('keeps at least its size of the latest spent permits, and forgets the oldest', () => {
    const spent = new SpentPermits(10);
    const requests = Array.from({ length: 40 }, () => signRequest(secret, 'k'));
    for (const request of requests) expect(spent.spend(request)).to.equal(true);
    for (const request of requests.slice(-10)) expect(spent.spend(request)).to.equal(false);
    expect(spent.spend(requests[0]!)).to.equal(true);
  });

  it('gives back a permit that was not used', () => {
    const spent = new SpentPermits();
    const request = signRequest(secret, 'k');
    spent.spend(request);
    spent.giveBack(request);
    expect(spent.spend(request)).to.equal(true);
  });

  it('holds one id apart under each key and purpose, and the same id together for other data', () => {
    const spent = new SpentPermits();
    const base = signRequest(secret, 'k', { purpose: 'crl' });
    expect(spent.spend(base)).to.equal(true);
    expect(spent.spend({ ...base, key: 'l' })).to.equal(true);
    expect(spent.spend({ ...base, purpose: 'certificate' })).to.equal(true);
    expect(spent.spend({ ...base, data: randomBytes(5) })).to.equal(false);
  });

  it('holds ids apart whatever octets they are made of', () => {
    const spent = new SpentPermits();
    const base = signRequest(secret, 'a/crl/x');
    const of = (key: string, id: string): SignRequest => ({
      ...base,
      key,
      permit: { ...base.permit, id: Buffer.from(id, 'latin1') }
    });
    for (const [key, id] of [
      ['a', 'x'],
      ['a', 'x '],
      ['a', ' x'],
      ['a', '\u00e9'],
      ['a', '\u00c3\u00a9'],
      ['a', 'b x'],
      ['ab', 'x'],
      ['a/certificate', 'x']
    ] as const) {
      expect(spent.spend(of(key, id))).to.equal(true);
      expect(spent.spend(of(key, id))).to.equal(false);
    }
  });

  it('are an HMAC-SHA256 over the parts with their lengths', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ minLength: 0, maxLength: 64 }),
        fc.string({ unit: 'binary', maxLength: 40 }),
        fc.constantFrom('certificate', 'crl', 'statement', 'health'),
        fc.uint8Array({ maxLength: 500 }),
        fc.uint8Array({ minLength: 1, maxLength: 255 }),
        (key, label, purpose, data, id) => {
          const mac = createHmac('sha256', key);
          for (const part of [
            Buffer.from(label),
            Buffer.from(purpose),
            createHash('sha256').update(data).digest(),
            id
          ]) {
            const length = Buffer.alloc(4);
            length.writeUInt32BE(part.length);
            mac.update(length).update(part);
          }
          const permit = mintPermit(key, label, purpose, data, id);
          expect(Buffer.from(permit.mac).equals(mac.digest())).to.equal(true);
          const request = { key: label, purpose, data, permit } as const;
          expect(permitMatches(key, request)).to.equal(true);
          expect(permitMatches(key, { ...request, data: Buffer.concat([data, Buffer.of(0)]) })).to.equal(
            false
          );
        }
      )
    );
  });

  it('does not spend the permit of a request that is not the permitted one', () => {
    const admission = new Admission(secret);
    const request = signRequest(secret, 'k');
    expect(() => admission.admit({ ...request, data: randomBytes(5) }))
      .to.throw()
      .with.property('code', 'hsm/permit');
    expect(admission.admit(request)).to.deep.equal({
      key: 'k',
      digest: createHash('sha256').update(request.data).digest()
    });
    expect(() => admission.admit(request))
      .to.throw()
      .with.property('code', 'hsm/permit');
  });

  it('has no way for health checks without a health key', () => {
    const request = signRequest(secret, 'k', { purpose: 'health' });
    expect(() => new Admission(secret).admit(request))
      .to.throw()
      .with.property('code', 'hsm/permit');
  });

  it('refuses data beyond its limit by its size alone', () => {
    const data = { length: maximumDataOctets + 1 } as Uint8Array;
    const request: SignRequest = { ...signRequest(secret, 'k'), data };
    expect(() => checkForm(request))
      .to.throw()
      .with.property('code', 'hsm/request');
  });
});

describe('the queue', () => {
  const waiting = (octets: number, overdue = 0) => ({
    request: signRequest(secret, 'k', { data: Buffer.alloc(octets) }),
    overdue,
    group: new WaitingGroup(1),
    index: 0
  });

  it('makes frames bounded in number and in octets, and never an empty one', () => {
    const queue = new LaneQueue(1000);
    for (let index = 0; index < 40; index++) queue.push('batch', waiting(10));
    for (const octets of [3_000_000, 600_000, 600_000]) queue.push('batch', waiting(octets));
    const sizes = [];
    while (!queue.isEmpty('batch')) sizes.push(queue.takeFrame('batch').length);
    expect(sizes).to.deep.equal([32, 8, 1, 1, 1]);
    expect(queue.takeFrame('adhoc')).to.deep.equal([]);
  });

  it('is bounded in number and in octets over both lanes', () => {
    const queue = new LaneQueue(3);
    queue.push('adhoc', waiting(1));
    queue.push('batch', waiting(1));
    expect(queue.hasRoomFor(waiting(1).request)).to.equal(true);
    queue.push('batch', waiting(1));
    expect(queue.hasRoomFor(waiting(1).request)).to.equal(false);
    queue.takeAll();
    const huge = { data: { length: 256 * 1024 * 1024 } } as SignRequest;
    expect(queue.hasRoomFor(huge)).to.equal(true);
    queue.push('adhoc', waiting(1));
    expect(queue.hasRoomFor(huge)).to.equal(false);
  });

  it('gives up what is overdue in either lane, and nothing else', () => {
    const queue = new LaneQueue(10);
    for (const overdue of [1, 2, 3]) queue.push('adhoc', waiting(1, overdue));
    for (const overdue of [2, 5]) queue.push('batch', waiting(1, overdue));
    expect(queue.takeOverdue(3).map(({ overdue }) => overdue)).to.deep.equal([1, 2, 2]);
    expect(queue.takeAll().map(({ overdue }) => overdue)).to.deep.equal([3, 5]);
  });
});
