import { expect } from 'chai';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import * as library from '../../../pki/verify/library.js';
import { exportedNames } from '../../docs/declarations.js';
import { codesIn, rowsOf, sectionOf } from '../../docs/page.js';

const root = fileURLToPath(new URL('../../..', import.meta.url));
const entry = 'pki/verify/library.ts';

/** Every file that is loaded with one, and the modules outside the tree that they import; types load nothing. */
function closureOf(first: string): {
  readonly files: ReadonlySet<string>;
  readonly modules: ReadonlySet<string>;
} {
  const files = new Set<string>();
  const modules = new Set<string>();
  const waiting = [first];
  for (let file = waiting.pop(); file !== undefined; file = waiting.pop()) {
    if (files.has(file)) continue;
    files.add(file);
    // What the compiler leaves of it is what is loaded.
    const { outputText } = ts.transpileModule(readFileSync(path.join(root, file), 'utf8'), {
      compilerOptions: { module: ts.ModuleKind.ESNext, verbatimModuleSyntax: true }
    });
    for (const { fileName } of ts.preProcessFile(outputText).importedFiles)
      if (fileName.startsWith('.'))
        waiting.push(path.posix.join(path.posix.dirname(file), fileName).replace(/js$/, 'ts'));
      else modules.add(fileName);
  }
  return { files, modules };
}

describe('opensmki/verify', () => {
  const names = exportedNames(entry);

  it('exports what docs/verify.md says, and nothing else', () => {
    const page = readFileSync(path.join(root, 'docs/verify.md'), 'utf8');
    const told = rowsOf(sectionOf(page, 'Exports')).flatMap(([cell = '']) => codesIn(cell));
    expect(told).to.have.members([...names.values, ...names.types]);
  });

  it('has these values when it is loaded', () => {
    expect(Object.keys(library)).to.have.members(names.values);
  });

  it('is what the package exports', () => {
    const { exports } = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8')) as {
      exports: Record<string, unknown>;
    };
    const place = `./dist/${entry.replace(/\.ts$/, '')}`;
    expect(exports['./verify']).to.deep.equal({ types: `${place}.d.ts`, default: `${place}.js` });
  });

  it('loads nothing from outside Node.js, and neither files nor the network', () => {
    const { files, modules } = closureOf(entry);
    expect([...modules].sort()).to.deep.equal(['node:crypto', 'node:util']);
    expect([...files].filter(file => !file.startsWith('pki/'))).to.deep.equal([]);
  });
});
