import { randomBytes } from 'node:crypto';
import { expect } from 'chai';
import { newSerial, newSerials } from '../../../pki/profile/index.js';

describe('serial numbers', () => {
  it('have 16 octets, the first 01..7F, and octets of their own', () => {
    const many = newSerials(randomBytes, 2_000);
    expect(many).to.have.length(2_000);
    for (const serial of [newSerial(randomBytes), ...many]) {
      expect(serial).to.have.length(16);
      expect(serial[0]).to.be.within(0x01, 0x7f);
      expect(serial.buffer.byteLength).to.equal(16);
    }
    expect(new Set(many.map(serial => Buffer.from(serial).toString('hex'))).size).to.equal(2_000);
    expect(newSerials(randomBytes, 0)).to.deep.equal([]);
  });

  it('are drawn at once, and again where one begins with zero', () => {
    const drawn: number[] = [];
    const random = (octets: number) => {
      drawn.push(octets);
      return new Uint8Array(octets).fill(drawn.length === 1 ? 0x80 : 0x85);
    };
    expect(newSerials(random, 3)).to.deep.equal(
      Array.from({ length: 3 }, () => Uint8Array.of(0x05, ...new Array<number>(15).fill(0x85)))
    );
    expect(drawn).to.deep.equal([48, 16, 16, 16]);
  });
});
