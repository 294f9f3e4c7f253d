import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import { figureRows } from '../../../pki/profile/figures.js';
import { profileNames, profiles, type Profile } from '../../../pki/profile/profiles.js';

const page = readFileSync(new URL('../../../pki/profile/README.md', import.meta.url), 'utf8');

/** Rows of the page's tables that begin with a profile's name. */
function rows(columns: number): string[][] {
  return page
    .split('\n')
    .filter(line => line.startsWith('| `'))
    .map(line =>
      line
        .slice(2, -2)
        .split(' | ')
        .map(cell => cell.trim())
    )
    .filter(cells => cells.length === columns);
}

function subjectText({ subject }: Profile): string {
  if (subject.length === 0) return 'empty';
  return subject
    .map(({ attribute, source }) => {
      if ('fixed' in source) return `${attribute}=${source.fixed}`;
      return 'optional' in source ? `[${attribute}]` : attribute;
    })
    .join(', ');
}

describe('pki/profile/README.md', () => {
  it('has the rows of the profile table', () => {
    const expected = profileNames.map(name => {
      const profile = profiles[name];
      return [
        `\`${name}\``,
        profile.domain,
        profile.kind === 'root' ? 'itself' : `\`${profile.issuerProfile}\``,
        profile.keyAlgorithm,
        profile.keyUsage.join(', '),
        profile.policies === 'any' ? 'anyPolicy' : `\`oid.${profile.domain}\``,
        profile.lifetime === undefined ? 'none' : `\`${profile.lifetime}\``,
        profile.published ? 'yes' : 'no'
      ];
    });
    expect(rows(8)).to.deep.equal(expected);
  });

  it('has their subjects and extensions', () => {
    const expected = profileNames.map(name => [
      `\`${name}\``,
      subjectText(profiles[name]),
      profiles[name].extensions
        .map(({ extension, critical }) => `${extension}${critical ? '\\*' : ''}`)
        .join(', ')
    ]);
    expect(rows(3)).to.deep.equal(expected);
  });

  it('names only figures that exist', () => {
    const named = page.match(/`(lifetime|oid|key)\.[a-z.-]+`/g) ?? [];
    expect(named.length).to.be.greaterThan(10);
    for (const name of named) expect(Object.keys(figureRows)).to.include(name.slice(1, -1));
  });
});

describe('the profile table', () => {
  it('says the same thing in columns that depend on each other', () => {
    for (const name of profileNames) {
      const profile = profiles[name];
      const issuer = profiles[profile.issuerProfile];
      const has = (extension: string) => profile.extensions.some(column => column.extension === extension);
      expect(profile.lifetime === undefined, name).to.equal(profile.validity === 'days-unlimited');
      expect(issuer.kind, name).to.equal(profile.kind === 'end-entity' ? 'issuing' : 'root');
      expect(issuer.domain, name).to.equal(profile.domain);
      expect(has('authorityKeyIdentifier'), name).to.equal(profile.kind !== 'root');
      expect(has('basicConstraints'), name).to.equal(profile.kind !== 'end-entity');
      expect(has('subjectAltName'), name).to.equal(profile.subject.length === 0);
      expect(profile.usage !== undefined, name).to.equal(profile.kind === 'end-entity');
    }
  });
});
