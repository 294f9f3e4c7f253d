import { expect } from 'chai';
import fc from 'fast-check';
import { Shapes, type Place } from '../../../pki/x509/shape.js';

describe('shapes', () => {
  const places: readonly Place[] = [
    { start: 2, end: 4 },
    { start: 4, end: 5 },
    { start: 9, end: 10 }
  ];
  const model = Uint8Array.from({ length: 12 }, (_, i) => i);
  const inPlace = (at: number) => places.some(({ start, end }) => at >= start && at < end);

  it('take what differs in the places alone, wherever it stands', () => {
    const shapes = new Shapes<string>();
    shapes.learn(model, places, 'a');
    fc.assert(
      fc.property(fc.nat(11), fc.nat(255), fc.nat(5), (at, octet, offset) => {
        const octets = new Uint8Array(offset + 12 + 3);
        octets.set(model, offset);
        octets[offset + at] = octet;
        const fits = inPlace(at) || octet === at;
        expect(shapes.find(octets, offset, offset + 12)).to.equal(fits ? 'a' : undefined);
        expect(shapes.find(octets, offset, offset + 13)).to.equal(undefined);
      })
    );
  });

  it('keep a copy, and are bounded: the ones in use stay', () => {
    const shapes = new Shapes<number>();
    const of = (first: number) => Uint8Array.of(first, ...model.subarray(1));
    shapes.learn(of(200), places, -1);
    for (let i = 0; i < 100; i++) {
      const mine = of(i);
      shapes.learn(mine, places, i);
      mine.fill(0xff);
      expect(shapes.find(of(i), 0, 12)).to.equal(i);
      expect(shapes.find(of(200), 0, 12)).to.equal(-1);
    }
    const found = Array.from({ length: 100 }, (_, i) => shapes.find(of(i), 0, 12)).filter(
      value => value !== undefined
    );
    expect(found.length).to.be.lessThan(16);
    for (let length = 20; length < 200; length++) shapes.learn(new Uint8Array(length), [], length);
    expect(shapes.find(new Uint8Array(199), 0, 199)).to.equal(199);
    expect(shapes.find(new Uint8Array(20), 0, 20)).to.equal(undefined);
    shapes.learn(new Uint8Array(1_025), [], 0);
    expect(shapes.find(new Uint8Array(1_025), 0, 1_025)).to.equal(undefined);
  });

  it('refuse places that overlap', () => {
    const shapes = new Shapes<string>();
    expect(() => {
      shapes.learn(model, [places[1] as Place, places[0] as Place], 'a');
    }).to.throw(RangeError);
  });
});
