import { expect } from 'chai';
import fc from 'fast-check';
import { policyWith } from '../../../pki/index.js';
import { codes } from '../../../ra/codes.js';
import { fateOf } from '../../../ra/batch/ca-refusal.js';
import { itemError, itemStatuses } from '../../../ra/batch/item-status.js';
import { GroupFacts, GroupResults, packFacts, type ItemFacts } from '../../../ra/batch/packed-group.js';
import { packedLength, packItem, unpackItems, type ItemForm } from '../../../ra/batch/packed-items.js';
import { OpenRanges, type ItemRange } from '../../../ra/batch/ranges.js';
import { batchItemOf, itemNumberOf, requestIdText, writeRequestId } from '../../../ra/batch/request-id.js';
import { windowAt } from '../../../ra/batch/window.js';
import { codeOf } from '../../kit/errors.js';

const octets = (length: number) => fc.uint8Array({ minLength: length, maxLength: length });

describe('packed batches', () => {
  it('reads back the items of a chunk, and refuses one that is cut anywhere', () => {
    const item = fc.record({
      id: fc.string({ maxLength: 20, unit: 'grapheme' }),
      form: fc.constantFrom<ItemForm>('der', 'portal'),
      octets: fc.uint8Array({ maxLength: 40 })
    });
    fc.assert(
      fc.property(fc.array(item, { minLength: 1, maxLength: 5 }), items => {
        const ids = items.map(({ id }) => Buffer.from(id, 'utf8'));
        const total = items.reduce(
          (sum, one, n) => sum + packedLength(ids[n] ?? Buffer.alloc(0), one.octets),
          0
        );
        const chunk = Buffer.alloc(total);
        let at = 0;
        for (const [n, one] of items.entries())
          at = packItem(chunk, at, ids[n] ?? Buffer.alloc(0), one.form, one.octets);
        expect(at).to.equal(total);
        expect(
          unpackItems(chunk).map(one => ({ ...one, octets: Uint8Array.from(one.octets) }))
        ).to.deep.equal(
          items.map((one, n) => ({ ...one, id: (ids[n] ?? Buffer.alloc(0)).toString('utf8') }))
        );
        let whole = 0;
        for (let cut = 1; cut < total; cut += 1) {
          try {
            unpackItems(chunk.subarray(0, cut));
            whole += 1;
          } catch (error) {
            expect(error).to.include({ code: 'batch/packing' });
          }
        }
        // A cut between two items leaves a shorter chunk that can be read: the count and the seal tell.
        expect(whole).to.equal(items.length - 1);
      }),
      { numRuns: 50 }
    );
  });

  it('reads back the facts of a group, and refuses others', () => {
    const facts = fc.record<ItemFacts>(
      {
        id: fc.string({ minLength: 1, maxLength: 20 }),
        requestId: octets(16),
        requestHash: octets(32),
        publicKeyHash: octets(32),
        eui: fc.bigInt({ min: 0n, max: (1n << 64n) - 1n }),
        profile: fc.constantFrom('device-ds', 'device-ka'),
        refusal: fc.constantFrom('request/R1', 'device/limit')
      },
      { requiredKeys: ['id', 'requestId', 'requestHash'] }
    );
    fc.assert(
      fc.property(fc.array(facts, { minLength: 1, maxLength: 6 }), items => {
        const packed = packFacts(items);
        const read = new GroupFacts(packed);
        expect(read.count).to.equal(items.length);
        for (const [index, item] of items.entries()) {
          expect(read.id(index)).to.equal(item.id);
          expect(Uint8Array.from(read.requestId(index))).to.deep.equal(item.requestId);
          expect(Uint8Array.from(read.requestHash(index))).to.deep.equal(item.requestHash);
          expect(Uint8Array.from(read.publicKeyHash(index))).to.deep.equal(
            item.publicKeyHash ?? new Uint8Array(32)
          );
          expect(read.signedEui(index)).to.equal(BigInt.asIntN(64, item.eui ?? 0n));
          expect(read.profile(index)).to.equal(item.profile);
          expect(read.refusal(index)).to.equal(item.refusal);
        }
        expect(codeOf(() => new GroupFacts(packed.subarray(0, packed.length - 1)))).to.be.oneOf([
          'batch/packing',
          'ERR_OUT_OF_RANGE'
        ]);
        expect(codeOf(() => new GroupFacts(Buffer.concat([packed, Buffer.alloc(1)])))).to.equal(
          'batch/packing'
        );
      }),
      { numRuns: 100 }
    );
  });

  it('reads back results, open ones among them', () => {
    const results = new GroupResults(3);
    results.certificates[0] = new Uint8Array([1, 2, 3]);
    results.codes[2] = 'ca/lint';
    const again = new GroupResults(3, results.pack());
    expect(again.certificates.map(der => der && [...der])).to.deep.equal([[1, 2, 3], undefined, undefined]);
    expect(again.codes).to.deep.equal([undefined, undefined, 'ca/lint']);
    expect(codeOf(() => new GroupResults(2, results.pack()))).to.equal('batch/packing');
    expect(codeOf(() => new GroupResults(3, results.pack().subarray(0, 8)))).to.equal('batch/packing');
  });

  it('finds a request by its identifier, and takes no other for one', () => {
    fc.assert(
      fc.property(
        fc.bigInt({ min: 1n, max: (1n << 48n) - 1n }),
        fc.integer({ min: 0, max: (1 << 20) - 1 }),
        (batch, item) => {
          const id = new Uint8Array(16);
          writeRequestId(id, 0, { batch, item });
          expect(batchItemOf(requestIdText(id))).to.deep.equal({ batch, item });
          expect(itemNumberOf(id)).to.equal(item);
        }
      )
    );
    const ids = new Uint8Array(32);
    for (const at of [0, 16]) writeRequestId(ids, at, { batch: 1n, item: 1 });
    expect(requestIdText(ids)).not.to.equal(requestIdText(ids.subarray(16)));
    expect(batchItemOf('8c5e1d52-2f5b-4d5e-9f0e-3d4c5b6a7988')).to.equal(undefined);
    expect(batchItemOf('')).to.equal(undefined);
    expect(() => writeRequestId(ids, 0, { batch: 1n << 48n, item: 0 })).to.throw(RangeError);
  });

  it('cuts what is open into ranges, whatever groups there are', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 60 }),
        fc.array(fc.boolean(), { minLength: 60, maxLength: 60 }),
        fc.integer({ min: 1, max: 9 }),
        (total, taken, size) => {
          const covered: ItemRange[] = [];
          for (let n = 0; n < total; n += 1) if (taken[n] === true) covered.unshift({ first: n, count: 1 });
          const open = new OpenRanges(total, covered);
          expect(open.left).to.equal(total - covered.length);
          const seen: number[] = [];
          for (let range = open.take(size); range !== undefined; range = open.take(size)) {
            expect(range.count).to.be.within(1, size);
            for (let n = 0; n < range.count; n += 1) seen.push(range.first + n);
          }
          const wanted = Array.from({ length: total }, (_, n) => n).filter(n => taken[n] !== true);
          expect(seen).to.deep.equal(wanted);
          expect(open.left).to.equal(0);
        }
      )
    );
  });

  it('opens the window by local time, in summer as in winter', () => {
    const night = policyWith('test', { 'batch.window': { value: 'night' } });
    const day = policyWith('test', {
      'batch.window': { value: 'night' },
      'batch.night.from': { value: 6 },
      'batch.night.until': { value: 9 }
    });
    const open = (at: string, policy = night) => windowAt(policy, new Date(at)).open;
    expect(open('2026-01-10T19:59:59Z')).to.equal(false);
    expect(open('2026-01-10T20:00:00Z')).to.equal(true);
    expect(open('2026-01-11T07:59:59Z')).to.equal(true);
    expect(open('2026-01-11T08:00:00Z')).to.equal(false);
    // British Summer Time is an hour ahead.
    expect(open('2026-07-10T18:59:59Z')).to.equal(false);
    expect(open('2026-07-10T19:00:00Z')).to.equal(true);
    expect(open('2026-07-11T07:00:00Z')).to.equal(false);
    expect(open('2026-01-11T08:59:59Z', day)).to.equal(true);
    expect(open('2026-01-11T20:00:00Z', day)).to.equal(false);
    expect(windowAt(night, new Date('2026-01-11T01:30:00Z')).since?.toISOString()).to.equal(
      '2026-01-10T20:00:00.000Z'
    );
    expect(windowAt(policyWith('test', {}), new Date())).to.deep.equal({ open: true });
  });

  it('has for every code a status of the schema with the prefix that belongs to it', () => {
    const prefixes = {
      ISSUANCE_ANOMALY: 'CA',
      INELIGIBLE: 'IN',
      CSR_ERROR: 'CR',
      CA_ERROR: 'CA',
      WORKFLOW_ERROR: 'WF'
    };
    for (const code of [...Object.keys(codes), 'ca/lint', 'ca/request-in-progress', 'unheard-of']) {
      const { status, errorCode } = itemError(code);
      expect(itemStatuses).to.include(status);
      expect(errorCode).to.match(/^[A-Z]{2}:[A-Za-z0-9]+$/);
      const { status: adHoc } = codes[code as keyof typeof codes] ?? {};
      // What no request of a batch can be told.
      if (adHoc !== 'FORMAT_ERROR' && adHoc !== 'UNKNOWN_DEVICE')
        expect(errorCode.slice(0, 2), code).to.equal(prefixes[status]);
    }
    expect(fateOf('unheard-of')).to.equal('refused');
    expect(fateOf('toString')).to.equal('refused');
  });
});
