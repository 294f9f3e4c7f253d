import { expect } from 'chai';
import { verifyPath } from '../../../../pki/verify/path/verify-path.js';
import { pathologicalGraphs } from './graphs.js';
import { within } from '../../../kit/within.js';

/** No case may hold its caller for longer, whatever it was handed. */
const mostMilliseconds = 5_000;

describe('pathological graphs', () => {
  for (const { title, expect: codes, make } of pathologicalGraphs) {
    it(`${title}: ${codes.join(' or ')}`, function () {
      this.timeout(60_000);
      const input = make();
      const result = within(mostMilliseconds, () => verifyPath(input));
      expect(codes).to.include(result.valid ? 'valid' : result.failure.code);
      if (!result.valid) expect((result.failure.others ?? []).length).to.be.at.most(64);
    });
  }
});
