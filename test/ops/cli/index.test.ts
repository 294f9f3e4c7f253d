import { expect } from 'chai';
import type { Command } from 'commander';
import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { createProgram } from '../../../ops/cli/index.js';
import { codeOf, inFolder, smki } from './run.js';

/** Every command of the tree that does something, as its words. */
function leaves(command: Command, words: readonly string[] = []): string[][] {
  if (command.commands.length === 0) return [[...words]];
  return command.commands.flatMap(child => leaves(child, [...words, child.name()]));
}

const silent = { out: () => undefined, error: () => undefined, input: async () => new Uint8Array() };

describe('smki', () => {
  it('has the version of the package', async () => {
    const { version } = JSON.parse(
      readFileSync(new URL('../../../package.json', import.meta.url), 'utf8')
    ) as {
      version: string;
    };
    expect(await smki(['--version'])).to.deep.equal({ status: 0, out: version, error: '' });
  });

  for (const words of leaves(createProgram(silent))) {
    it(`${words.join(' ')} --help: status 0, says what it is for and what belongs there`, async () => {
      const { status, out, error } = await smki([...words, '--help']);
      expect({ status, error }).to.deep.equal({ status: 0, error: '' });
      expect(out).to.match(/^Usage: smki /);
      expect(out.split('\n')[2]).to.match(/\S/);
    });
  }

  it('an unknown command, option or no command is status 2, with the message on standard error', async () => {
    for (const args of [['nonsense'], ['csr', 'nonsense'], ['policy', 'show', '--nonsense'], []]) {
      const { status, out, error } = await smki(args);
      expect({ status, out }, args.join(' ')).to.deep.equal({ status: 2, out: '' });
      expect(error).to.not.equal('');
    }
  });

  it('up: a secret given twice is a contradiction', () =>
    inFolder(async folder => {
      const file = path.join(folder, 'key');
      await writeFile(file, 'k');
      for (const [value, inFile] of [
        ['--repository-api-key', '--repository-api-key-file'],
        ['--database', '--database-file']
      ] as const) {
        const outcome = await smki(['up', '--data', folder, value, 'x', inFile, file]);
        expect({ status: outcome.status, code: codeOf(outcome) }).to.deep.equal({
          status: 2,
          code: 'cli/option'
        });
      }
    }));

  it('up: a secret file that is empty or not there is refused before anything starts', () =>
    inFolder(async folder => {
      const file = path.join(folder, 'key');
      await writeFile(file, '\n');
      const empty = await smki(['up', '--data', folder, '--repository-api-key-file', file]);
      expect({ status: empty.status, code: codeOf(empty) }).to.deep.equal({ status: 2, code: 'cli/option' });
      const gone = await smki(['up', '--data', folder, '--repository-api-key-file', `${file}.gone`]);
      expect({ status: gone.status, code: codeOf(gone) }).to.deep.equal({ status: 2, code: 'cli/file' });
    }));

  it('up: a port that is none is status 2', async () => {
    for (const port of ['x', '-1', '65536', '1e3']) {
      expect((await smki(['up', `--ra-port=${port}`])).status, port).to.equal(2);
    }
  });

  it('openapi: prints an OpenAPI 3.1 document', async () => {
    const { status, out } = await smki(['openapi']);
    expect(status).to.equal(0);
    expect(JSON.parse(out))
      .to.have.property('openapi')
      .that.matches(/^3\.1\./);
  });
});
