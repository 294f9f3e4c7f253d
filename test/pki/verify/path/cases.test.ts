import { readdirSync } from 'node:fs';
import { expect } from 'chai';
import { pathCodes } from '../../../../pki/verify/path/failure.js';
import { verifyPath } from '../../../../pki/verify/path/verify-path.js';
import type { KeyKind } from '../../../kit/pki/index.js';
import type { PathRule } from './cases.js';

const usual: readonly KeyKind[] = ['P-256', 'RSA-2048'];
const folder = new URL('./cases/', import.meta.url);

const tables = await Promise.all(
  readdirSync(folder)
    .sort()
    .map(async file => (await import(new URL(file, folder).href)) as { readonly rules: readonly PathRule[] })
);

describe('path validation by rule', () => {
  for (const { rules } of tables)
    for (const { rule, clause, cases } of rules)
      describe(`${clause}: ${rule}`, () => {
        for (const { title, expect: expected, on = usual, input } of cases)
          for (const kind of on)
            it(`${title} on ${kind}: ${expected}`, () => {
              if (expected !== 'valid') expect(pathCodes).to.include(expected);
              const result = verifyPath(input(kind));
              expect(result.valid ? 'valid' : result.failure.code).to.equal(expected);
            });

        it('has a good and a bad case', () => {
          expect(cases.some(one => one.expect === 'valid')).to.equal(true);
          expect(cases.some(one => one.expect !== 'valid')).to.equal(true);
        });
      });
});
