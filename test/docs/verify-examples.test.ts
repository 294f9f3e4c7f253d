import { expect } from 'chai';
import { spawnSync } from 'node:child_process';
import { copyFileSync, cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { compiled } from '../kit/compiled.js';
import { writeExampleFiles } from './example-files.js';
import { blocksIn, sectionOf } from './page.js';

const root = fileURLToPath(new URL('../..', import.meta.url));
const page = readFileSync(path.join(root, 'docs/verify.md'), 'utf8');
const headings = [...sectionOf(page, 'Examples').matchAll(/^### (.+)$/gm)].map(
  ([, heading]) => heading ?? ''
);

/**
 * A project of somebody else's, outside the checkout: the package as its package.json exports it, its compiled core,
 * and no other package anywhere above.
 */
function makeProject(): string {
  const folder = mkdtempSync(path.join(tmpdir(), 'opensmki-examples-'));
  const installed = path.join(folder, 'node_modules', 'opensmki');
  mkdirSync(installed, { recursive: true });
  copyFileSync(path.join(root, 'package.json'), path.join(installed, 'package.json'));
  const core = path.dirname(path.dirname(compiled('pki/verify/library')));
  cpSync(core, path.join(installed, 'dist', 'pki'), { recursive: true });
  return folder;
}

describe('the examples of the page on verification', () => {
  let project: string;

  before(() => {
    project = makeProject();
    mkdirSync(path.join(project, 'files'));
    writeExampleFiles(path.join(project, 'files'));
  });

  after(() => {
    rmSync(project, { recursive: true, force: true });
  });

  it('are five', () => {
    expect(headings).to.have.length(5);
  });

  for (const [at, heading] of headings.entries())
    it(`${heading}: prints what is shown`, () => {
      const section = sectionOf(page, heading);
      const [program, ...others] = blocksIn(section, 'js');
      const [output] = blocksIn(section, 'text');
      expect(others).to.deep.equal([]);
      const file = path.join(project, `example-${at + 1}.mjs`);
      writeFileSync(file, program ?? '');
      const run = spawnSync(process.execPath, [file, 'files'], { cwd: project, encoding: 'utf8' });
      expect(run.stderr).to.equal('');
      expect(run.stdout).to.equal(output);
      expect(run.status).to.equal(0);
    });
});
