import { expect } from 'chai';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { checkLayers, isIn, type Rule } from './layers/check.js';
import { layers } from './layers/table.js';

const root = fileURLToPath(new URL('..', import.meta.url));
const folders = ['pki', 'hsm', 'ca', 'ra', 'repository', 'sec', 'ops', 'test'];

function readTree(): Map<string, string> {
  const files = new Map<string, string>();
  for (const folder of folders) {
    for (const name of readdirSync(path.join(root, folder), { recursive: true, encoding: 'utf8' })) {
      if (!name.endsWith('.ts')) continue;
      const file = path.posix.join(folder, name);
      files.set(file, readFileSync(path.join(root, file), 'utf8'));
    }
  }
  return files;
}

/** What is found in a tree made of these files. */
function found(files: Record<string, string>): { rule: Rule; file: string }[] {
  return checkLayers(new Map(Object.entries(files))).map(({ rule, file }) => ({ rule, file }));
}

describe('layers', () => {
  const tree = readTree();

  it('every file keeps to the table of who may import whom', () => {
    expect(checkLayers(tree).map(({ rule, file, detail }) => `${file}: ${rule}: ${detail}`)).to.deep.equal(
      []
    );
  });

  it('every layer of the table holds files', () => {
    const empty = layers.filter(layer => ![...tree.keys()].some(file => isIn(file, layer.folder)));
    expect(empty.map(layer => layer.folder)).to.deep.equal([]);
  });

  it('every package that a layer may import is one that it does', () => {
    const idle = layers.flatMap(layer => {
      const own = [...tree].filter(([file]) => isIn(file, layer.folder)).map(([, text]) => text);
      return [...layer.packages, ...layer.packageTypes]
        .filter(
          name => !own.some(text => text.includes(` from '${name}`) || text.includes(`import('${name}`))
        )
        .map(name => `${layer.folder}: ${name}`);
    });
    // The types of what is handed in are one list for all components.
    expect(idle.filter(entry => !/: (?:knex|pino)$/.test(entry))).to.deep.equal([]);
  });

  describe('what the check finds', () => {
    const cases: { title: string; files: Record<string, string>; rule: Rule; file: string }[] = [
      {
        title: 'a component that imports another',
        files: { 'ra/a.ts': `import { b } from '../ca/b.js';`, 'ca/b.ts': '' },
        rule: 'layer',
        file: 'ra/a.ts'
      },
      {
        title: 'a value taken from ops/kit',
        files: { 'ca/a.ts': `import { b } from '../ops/kit/b.js';`, 'ops/kit/b.ts': '' },
        rule: 'layer',
        file: 'ca/a.ts'
      },
      {
        title: 'an inline type import, which loads the module all the same',
        files: { 'ca/a.ts': `import { type B } from '../ops/kit/b.js';`, 'ops/kit/b.ts': '' },
        rule: 'layer',
        file: 'ca/a.ts'
      },
      {
        title: 'a re-export across the line',
        files: { 'pki/index.ts': `export * from '../hsm/b.js';`, 'hsm/b.ts': '' },
        rule: 'layer',
        file: 'pki/index.ts'
      },
      {
        title: "the inside of hsm where only its index is the CA's",
        files: { 'ca/a.ts': `import { b } from '../hsm/permit.js';`, 'hsm/permit.ts': '' },
        rule: 'layer',
        file: 'ca/a.ts'
      },
      {
        title: 'an import() across the line',
        files: { 'ra/a.ts': `const b = await import('../hsm/index.js');`, 'hsm/index.ts': '' },
        rule: 'layer',
        file: 'ra/a.ts'
      },
      {
        title: 'an import() of something computed',
        files: { 'ops/a.ts': `const name = 'x'; await import(name);` },
        rule: 'computed',
        file: 'ops/a.ts'
      },
      {
        title: 'an import that leads nowhere',
        files: { 'pki/a.ts': `import { b } from './b.js';` },
        rule: 'unresolved',
        file: 'pki/a.ts'
      },
      {
        title: 'pkijs outside the tests',
        files: { 'pki/verify/a.ts': `import type { Certificate } from 'pkijs';` },
        rule: 'package',
        file: 'pki/verify/a.ts'
      },
      {
        title: 'a package that reaches the verification core through another folder',
        files: {
          'pki/verify/a.ts': `import { b } from '../xml/b.js';`,
          'pki/xml/b.ts': `import { SaxesParser } from 'saxes';`
        },
        rule: 'npm-free',
        file: 'pki/verify/a.ts'
      },
      {
        title: 'files read in pki',
        files: { 'pki/a.ts': `import { readFile } from 'node:fs/promises';` },
        rule: 'node',
        file: 'pki/a.ts'
      },
      {
        title: 'a module of Node.js without its prefix',
        files: { 'ops/a.ts': `import fs from 'fs';` },
        rule: 'node',
        file: 'ops/a.ts'
      },
      {
        title: 'the environment read in a component',
        files: { 'repository/a.ts': `const port = process.env['PORT'];` },
        rule: 'environment',
        file: 'repository/a.ts'
      },
      {
        title: 'the environment read by another name',
        files: { 'sec/a.ts': `const { env } = globalThis.process;` },
        rule: 'environment',
        file: 'sec/a.ts'
      },
      {
        title: 'the software signer reached from ops',
        files: { 'ops/a.ts': `import '../hsm/software/b.js';`, 'hsm/software/b.ts': '' },
        rule: 'layer',
        file: 'ops/a.ts'
      },
      {
        title: 'the PKCS#11 module reached from the CA process through others',
        files: {
          'ops/process/ca.ts': `import '../../hsm/index.js';`,
          'hsm/index.ts': `export * from './client.js';`,
          'hsm/client.ts': `export * from './pkcs11/token.js';`,
          'hsm/pkcs11/token.ts': ''
        },
        rule: 'reach',
        file: 'ops/process/ca.ts'
      },
      {
        title: 'a file outside every layer',
        files: { 'helpers/a.ts': '' },
        rule: 'no layer',
        file: 'helpers/a.ts'
      }
    ];
    for (const { title, files, rule, file } of cases) {
      it(title, () => {
        expect(found(files)).to.deep.include({ rule, file });
      });
    }

    it('nothing where only types cross the line', () => {
      const files = {
        'ca/a.ts': `import type { B } from '../ops/kit/b.js'; export type C = import('../ops/kit/b.js').B;`,
        'ops/kit/b.ts': `import type { Knex } from 'knex'; export type B = Knex;`
      };
      expect(found(files)).to.deep.equal([]);
    });
  });
});
