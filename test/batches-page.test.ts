import { expect } from 'chai';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { defaultPolicy, policyEntries } from '../pki/profile/index.js';
import { batchSettings } from '../ra/batch/config.js';
import { batchPath } from '../ra/batch/service.js';
import { batchStates, transitions } from '../ra/batch/states.js';
import { portalPath } from '../ra/portal/index.js';

const page = readFileSync(fileURLToPath(new URL('../docs/batches.md', import.meta.url)), 'utf8');

/** Cells of the rows of the first table under a heading, without its head. */
function tableUnder(heading: string): string[][] {
  const section = page.split(`\n## ${heading}\n`)[1]?.split('\n## ')[0] ?? '';
  const lines = section.split('\n').filter(line => line.startsWith('|'));
  return lines.slice(2).map(line =>
    line
      .split('|')
      .slice(1, -1)
      .map(cell => cell.trim())
  );
}

function codesIn(cell: string): string[] {
  return [...cell.matchAll(/`([^`]+)`/g)].map(([, code]) => code ?? '');
}

/** The numbers of a cell, in octets and milliseconds where it says so. */
function numbersIn(cell: string): number[] {
  const units: Record<string, number> = { KiB: 1_024, MiB: 1_048_576, s: 1_000, min: 60_000 };
  return [...cell.matchAll(/(\d+(?:,\d{3})*)(?: (KiB|MiB|s|min)\b)?/g)].map(
    ([, digits, unit]) => Number(digits?.replaceAll(',', '')) * (units[unit ?? ''] ?? 1)
  );
}

describe('the page on batches', () => {
  it('has the states and the ways between them', () => {
    const told = tableUnder('States').map(([state = '', , next = '']) => [
      codesIn(state)[0],
      next === 'the end' ? [] : next.split(', ').sort()
    ]);
    expect(Object.fromEntries(told)).to.deep.equal(
      Object.fromEntries(
        batchStates.map(state => [
          state,
          transitions
            .filter(({ from }) => from === state)
            .map(({ to }) => to as string)
            .sort()
        ])
      )
    );
  });

  it('has the limits that are in force', () => {
    const figures = new Map(
      policyEntries(defaultPolicy('test')).map(({ name, value }) => [name as string, value as unknown])
    );
    const settings: Readonly<Record<string, unknown>> = batchSettings.parse({});
    const checked = tableUnder('Limits').flatMap(([limit = '', value = '', where = '']) => {
      const actual = codesIn(where).map(
        name => figures.get(name) ?? settings[name.replace('settings.batches.', '')]
      );
      expect(actual, limit).to.not.include(undefined);
      if (typeof actual[0] !== 'number') return [];
      // 20:00 is an hour, and so is 08:00.
      expect(numbersIn(value.replace(/:00/g, '')), limit).to.deep.equal(actual);
      return actual;
    });
    expect(checked.length).to.be.at.least(12);
  });

  it('has the paths that are served', () => {
    const paths = tableUnder('Interfaces')
      .flatMap(([cell = '']) => codesIn(cell))
      .map(code => code.split(' ')[1] ?? '');
    expect(paths.filter(path => path.startsWith(batchPath))).to.have.lengthOf(2);
    expect(paths.filter(path => path.startsWith(portalPath))).to.have.lengthOf(3);
  });
});
