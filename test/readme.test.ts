import { expect } from 'chai';
import { execFileSync } from 'node:child_process';
import type { Command } from 'commander';
import { existsSync, readFileSync, readdirSync, statSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import { genesis, link } from '../ops/audit/entry.js';
import { createProgram } from '../ops/cli/index.js';
import { defaultPolicy, policyEntries } from '../pki/profile/index.js';
import { inFolder, smki } from './ops/cli/run.js';

const root = fileURLToPath(new URL('..', import.meta.url));
const documents = [
  ...['README.md', 'SECURITY.md', 'CONTRIBUTING.md', 'CHANGELOG.md'],
  ...readdirSync(path.join(root, 'docs')).map(name => `docs/${name}`)
].filter(name => name.endsWith('.md'));
const texts = new Map(documents.map(name => [name, readFileSync(path.join(root, name), 'utf8')]));

/** Lines of the `sh` blocks, without comments. */
function commandsIn(text: string): string[] {
  return [...text.matchAll(/^```sh\n([\s\S]*?)^```$/gm)]
    .flatMap(([, block]) => (block ?? '').split('\n'))
    .map(line => line.replace(/\s+#.*$/, '').trim())
    .filter(line => line !== '');
}

/** Text without code blocks. */
function prose(text: string): string {
  return text.replace(/^```[\s\S]*?^```$/gm, '');
}

function inlineCode(text: string): string[] {
  return [...prose(text).matchAll(/`([^`]+)`/g)].map(([, code]) => (code ?? '').replace(/\s+/g, ' '));
}

/** How each command of the command line that a document shows ends in a folder prepared by `prepare`. */
const expectedStatus: Readonly<Record<string, number>> = {
  'csr new device': 0,
  'certificate show': 0,
  // No system runs there: understood, and the answer is no.
  'repository status': 1,
  // Nor is there an endpoints.json, which is an input.
  'batch submit': 2,
  'batch list': 2,
  'ra batch list': 1,
  'audit verify': 0,
  'policy show': 0,
  'verify certificate --help': 0,
  'verify receipt --help': 0,
  openapi: 0
};

/** A working folder with the audit log of an installation in it. */
async function prepare(folder: string): Promise<void> {
  await mkdir(path.join(folder, '.data', 'audit'), { recursive: true });
  const origin = { environment: 'test', component: 'ra', instance: 'ra-1' };
  const event = {
    id: '00000000-0000-7000-8000-000000000000',
    at: '2030-01-01T00:00:00.000Z',
    type: 'audit.log.created',
    actor: '-',
    facts: { ...origin, number: 1 }
  };
  await writeFile(path.join(folder, '.data', 'audit', 'ra-1.log'), link(genesis(origin), event).line);
}

/** The command that words lead to, and what is left of them. */
function resolve(program: Command, words: readonly string[]): { command: Command; rest: readonly string[] } {
  const next = program.commands.find(command => command.name() === words[0]);
  return next === undefined ? { command: program, rest: words } : resolve(next, words.slice(1));
}

const program = createProgram({
  out: () => undefined,
  error: () => undefined,
  input: async () => new Uint8Array()
});

describe('documents', () => {
  it('every command in a code block is one that a test runs or knows', () => {
    const unknown = [...texts].flatMap(([name, text]) =>
      commandsIn(text)
        .filter(
          line =>
            !/^(?:ops\/[a-z]+|\.ci\/run)(?: |$)/.test(line) && !line.startsWith('node dist/ops/smki.js ')
        )
        .map(line => `${name}: ${line}`)
    );
    expect(unknown).to.deep.equal([]);
  });

  it('every script that is named can be run', () => {
    const scripts = new Set(
      [...texts.values()].flatMap(text => [
        ...commandsIn(text).map(line => line.split(' ')[0] ?? ''),
        ...inlineCode(text).flatMap(
          code => /^(?:ops\/(?:up|demo|test|setup)|\.ci\/run)(?= |$)/.exec(code)?.[0] ?? []
        )
      ])
    );
    scripts.delete('node');
    expect([...scripts].sort()).to.include.members([
      '.ci/run',
      'ops/demo',
      'ops/setup',
      'ops/test',
      'ops/up'
    ]);
    for (const script of scripts) {
      const file = path.join(root, script);
      expect(statSync(file).mode & 0o111, `${script} is not executable`).to.equal(0o111);
      execFileSync('bash', ['-n', file]);
    }
  });

  it('ops/setup and ops/test take the arguments that are shown', () => {
    const help = execFileSync(path.join(root, 'ops/setup'), ['--help'], { encoding: 'utf8' });
    for (const line of [...texts.values()]
      .flatMap(commandsIn)
      .filter(line => line.startsWith('ops/setup '))) {
      for (const option of line.split(' ').slice(1)) expect(help).to.include(option);
    }
  });

  it('the commands of the command line do what they are shown to do', () =>
    inFolder(async folder => {
      const before = process.cwd();
      process.chdir(folder);
      try {
        await prepare(folder);
        const lines = [...texts.values()].flatMap(commandsIn).filter(line => line.startsWith('node '));
        expect(lines).to.not.deep.equal([]);
        for (const line of lines) {
          const words = line.split(' ').slice(2);
          const key = Object.keys(expectedStatus).find(name => words.join(' ').startsWith(name)) ?? '';
          const { status, error } = await smki(words);
          expect(status, `${line}: ${error}`).to.equal(expectedStatus[key]);
        }
      } finally {
        process.chdir(before);
      }
    }));

  it('every `smki …` in the text is a command with these options', () => {
    const wrong = [...texts].flatMap(([name, text]) =>
      inlineCode(text)
        .filter(code => code.startsWith('smki '))
        .filter(code => {
          const { command, rest } = resolve(program, code.split(' ').slice(1));
          const options = rest.filter(word => word.startsWith('--'));
          const isLeaf = command.commands.length === 0;
          return (
            (!isLeaf && rest.length > 0) ||
            options.some(option => !command.options.some(({ long }) => long === option))
          );
        })
        .map(code => `${name}: ${code}`)
    );
    expect(wrong).to.deep.equal([]);
  });

  it('every relative link leads to a file, and to a heading of it', () => {
    const dead = [...texts].flatMap(([name, text]) =>
      [...prose(text).matchAll(/\]\(([^)\s]+)\)/g)]
        .map(([, target]) => target ?? '')
        .filter(target => !/^[a-z]+:/.test(target))
        .filter(target => {
          const [file = '', anchor] = target.split('#');
          const found = file === '' ? path.join(root, name) : path.join(root, path.dirname(name), file);
          if (!existsSync(found)) return true;
          return anchor !== undefined && !headings(readFileSync(found, 'utf8')).includes(anchor);
        })
        .map(target => `${name}: ${target}`)
    );
    expect(dead).to.deep.equal([]);
  });

  it('every policy figure that is named is in the table', () => {
    const names = policyEntries(defaultPolicy('test')).map(entry => entry.name);
    const families = new Set<string>(names.map(name => name.split('.')[0] ?? ''));
    const unknown = [...texts].flatMap(([name, text]) =>
      inlineCode(text)
        .filter(code => /^[a-z-]+\.[a-z-]+(?:\.[a-z-]+)*$|^[a-z-]+(?:\.[a-z-]+)*\.\*$/.test(code))
        .filter(code => families.has(code.split('.')[0] ?? ''))
        .filter(code => !names.some(known => known === code || known.startsWith(code.replace(/\*$/, ''))))
        .map(code => `${name}: ${code}`)
    );
    expect(unknown).to.deep.equal([]);
  });

  it('the fields of endpoints.json are those that are written', () => {
    const section = (texts.get('README.md') ?? '').split('## endpoints.json')[1]?.split('\n## ')[0] ?? '';
    const rows = [...section.matchAll(/^\| (`[^|]+) \|/gm)].map(([, cell]) => cell ?? '');
    const named = rows.flatMap(cell => [...cell.matchAll(/`([A-Za-z.]+)`/g)].map(([, field]) => field));
    expect(named).to.have.members(endpointFields());
  });

  it('the folders of the data directory are those that are made', () => {
    const source = readFileSync(path.join(root, 'ops/launch/data-directory.ts'), 'utf8');
    const made = /const folders = \[([^\]]*)\]/.exec(source)?.[1]?.match(/[a-z]+/g) ?? [];
    const table = (texts.get('README.md') ?? '').split('## Configuration')[1]?.split('\n## ')[0] ?? '';
    const named = [...table.matchAll(/^\| `([a-z]+)`/gm)].map(([, folder]) => folder);
    expect(named).to.have.members([...made, 'postgres']);
  });
});

/** Dotted names of the fields of the object that `endpoints` is made of in the source. */
function endpointFields(): string[] {
  const file = 'ops/launch/endpoints.ts';
  const source = ts.createSourceFile(
    file,
    readFileSync(path.join(root, file), 'utf8'),
    ts.ScriptTarget.ES2023
  );
  const fields: string[] = [];
  const collect = (node: ts.Node, prefix: string): void => {
    ts.forEachChild(node, child => {
      if (ts.isPropertyAssignment(child) && ts.isIdentifier(child.name)) {
        const name = `${prefix}${child.name.text}`;
        if (ts.isObjectLiteralExpression(child.initializer)) collect(child.initializer, `${name}.`);
        else fields.push(name);
      } else if (ts.isShorthandPropertyAssignment(child)) {
        fields.push(`${prefix}${child.name.text}`);
      } else if (!ts.isCallExpression(child)) {
        collect(child, prefix);
      }
    });
  };
  const visit = (node: ts.Node): void => {
    if (ts.isVariableDeclaration(node) && ts.isIdentifier(node.name) && node.name.text === 'endpoints') {
      if (node.initializer !== undefined) collect(node.initializer, '');
    } else ts.forEachChild(node, visit);
  };
  visit(source);
  return fields;
}

/** Anchors as GitHub makes them of headings. */
function headings(text: string): string[] {
  return [...prose(text).matchAll(/^#+ (.+)$/gm)].map(([, heading]) =>
    (heading ?? '')
      .toLowerCase()
      .replace(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-')
  );
}
