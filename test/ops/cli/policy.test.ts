import { expect } from 'chai';
import { defaultPolicy, policyEntries, type PolicyEntry } from '../../../pki/profile/index.js';
import { smki } from './run.js';

interface Shown {
  readonly version: string;
  readonly entries: readonly PolicyEntry[];
}

describe('smki policy show', () => {
  it('shows every figure with its source, as JSON', async () => {
    const shown = JSON.parse((await smki(['policy', 'show', '--json'])).out) as Shown;
    const policy = defaultPolicy('test');
    expect(shown.version).to.equal(policy.version);
    expect(shown.entries).to.deep.equal(policyEntries(policy));
  });

  it('marks in the table exactly the figures that were not read in a primary text', async () => {
    const { out } = await smki(['policy', 'show']);
    const marked = out.split('\n').flatMap(line => /^(\S+) .* {2}unverified {2}/.exec(line)?.[1] ?? []);
    const expected = policyEntries(defaultPolicy('test')).filter(entry => !entry.verified);
    expect(marked).to.deep.equal(expected.map(entry => entry.name));
    expect(marked).to.not.have.length(0);
  });

  it('--unverified leaves out the others', async () => {
    const shown = JSON.parse((await smki(['policy', 'show', '--unverified', '--json'])).out) as Shown;
    expect(shown.entries.filter(entry => entry.verified)).to.deep.equal([]);
  });

  it('the live environment has no policy OID of its own', async () => {
    const shown = JSON.parse(
      (await smki(['policy', 'show', '--environment', 'live', '--json'])).out
    ) as Shown;
    const oids = shown.entries.filter(entry => entry.name.startsWith('oid.'));
    expect(oids.map(entry => entry.value)).to.deep.equal(oids.map(() => []));
  });
});
