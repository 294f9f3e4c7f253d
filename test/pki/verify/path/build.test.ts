import { expect } from 'chai';
import { verifyPath } from '../../../../pki/verify/path/verify-path.js';
import { anchor, endEntity, intermediate, keyOf } from '../../../kit/pki/index.js';
import { question } from './cases.js';

const top = anchor('O=Build, CN=Anchor');
const ca = intermediate(top, 'O=Build, CN=CA');
const leaf = endEntity(ca, 'O=Build, CN=Leaf');

describe('path building', () => {
  it('gives the path, target first and anchor last', () => {
    const result = verifyPath(question(leaf, [ca], [top]));
    expect(result.path).to.deep.equal([leaf.der, ca.der, top.der]);
  });

  it('takes the target by its octets, whatever else has its name', () => {
    const forged = endEntity(ca, 'O=Build, CN=Leaf', { signature: 'broken' });
    const result = verifyPath(question(forged, [leaf, forged, ca], [top]));
    expect(result.valid ? 'valid' : result.failure.code).to.equal('path/signature');
  });

  it('goes back from dead ends: expired, of another key, damaged, not a CA', () => {
    const expired = intermediate(top, 'O=Build, CN=CA', { notAfter: new Date('2025-06-01T00:00:00Z') });
    const stranger = intermediate(top, 'O=Build, CN=CA', { key: keyOf('P-256', 'stranger') });
    const deadEnd = intermediate(anchor('O=Build, CN=Nobody'), 'O=Build, CN=CA');
    const damaged = { ...ca, der: ca.der.subarray(0, 90) };
    const result = verifyPath(question(leaf, [expired, stranger, deadEnd, damaged, ca], [top]));
    expect(result.valid).to.equal(true);
  });

  it('goes back when a whole path does not validate', () => {
    const other = anchor('O=Build, CN=Short', { pathLength: 0 });
    const cross = intermediate(other, 'O=Build, CN=CA');
    const result = verifyPath(question(leaf, [cross, ca], [other, top]));
    expect(result.valid).to.equal(true);
  });

  it('names a damaged intermediate beside the failure', () => {
    const result = verifyPath(question(leaf, [{ ...ca, der: Uint8Array.of(0x30, 0x80) }], [top]));
    if (result.valid) throw new Error('valid');
    expect(result.failure.code).to.equal('path/issuer-not-found');
    expect(result.failure.others?.map(({ code }) => code)).to.include('path/malformed');
  });

  it('tells the place, the certificate and the dates', () => {
    const late = intermediate(top, 'O=Build, CN=Late', { notAfter: new Date('2026-01-01T00:00:00Z') });
    const result = verifyPath(question(endEntity(late), [late], [top]));
    if (result.valid) throw new Error('valid');
    const { code, depth, certificate, facts } = result.failure;
    expect({ code, depth, certificate }).to.deep.equal({
      code: 'path/expired',
      depth: 1,
      certificate: late.der
    });
    expect(facts).to.include({ notAfter: '2026-01-01T00:00:00.000Z' });
  });

  it('ends with each budget by name', () => {
    for (const [budget, limit] of [
      ['signatures', 1],
      ['candidates', 1]
    ] as const) {
      const result = verifyPath({ ...question(leaf, [ca], [top]), budgets: { [budget]: limit } });
      if (result.valid) throw new Error('valid');
      expect(result.failure.code).to.equal('path/budget');
      expect(result.failure.facts).to.deep.equal({ budget });
    }
  });

  it('throws TypeError for values of another type, and for nothing else', () => {
    const asked = question(leaf, [ca], [top]);
    for (const wrong of [
      { certificate: 'text' },
      { intermediates: [1] },
      { anchors: [{}] },
      { at: new Date(Number.NaN) },
      { revocation: 'maybe' },
      { extendedKeyUsage: 'nonsense' },
      { keyUsage: 'nonsense' },
      { maxDepth: -1 }
    ])
      expect(() => verifyPath({ ...asked, ...wrong } as typeof asked)).to.throw(TypeError);
    for (let length = 0; length < 40; length++)
      expect(verifyPath({ ...asked, certificate: leaf.der.subarray(0, length) }).valid).to.equal(false);
  });
});
