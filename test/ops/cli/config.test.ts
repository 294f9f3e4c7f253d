import { expect } from 'chai';
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { ReadConfig } from '../../../ops/config/index.js';
import { codeOf, inFolder, smki } from './run.js';

/** A configuration of a repository, its secrets beside it. */
async function writeConfig(folder: string, change: Record<string, unknown> = {}): Promise<string> {
  await mkdir(folder, { recursive: true });
  await writeFile(path.join(folder, 'url'), 'postgres://u:p@127.0.0.1:5432/opensmki', { mode: 0o600 });
  await writeFile(path.join(folder, 'key.pem'), '', { mode: 0o600 });
  const config: ReadConfig<'repository'> = {
    component: 'repository',
    environment: 'test',
    instance: 'repository-1',
    database: { urlFile: 'url' },
    audit: { directory: 'audit' },
    tls: { certificateFile: 'certificate.pem', keyFile: 'key.pem', rootFile: 'root.pem' },
    run: { directory: 'run' },
    public: { port: 0 },
    internal: { port: 0, peers: [{ name: 'ca' }] },
    anchorFiles: ['root-oca.cer']
  };
  const file = path.join(folder, 'repository-1.json');
  await writeFile(file, JSON.stringify({ ...config, ...change }));
  return file;
}

interface Checked {
  readonly instance: string;
  readonly unverified: readonly { readonly name: string }[];
  readonly liveRefuses: readonly { readonly code: string }[];
}

describe('smki config check', () => {
  it('a valid file is status 0 and names the unverified values', () =>
    inFolder(async folder => {
      const done = await smki(['config', 'check', await writeConfig(folder), '--json']);
      expect({ status: done.status, error: done.error }).to.deep.equal({ status: 0, error: '' });
      const [checked] = JSON.parse(done.out) as Checked[];
      expect(checked?.unverified.map(({ name }) => name)).to.include('lifetime.organisation');
      expect(checked?.liveRefuses).to.deep.equal([]);
    }));

  it('--as-live says what live would refuse in it', () =>
    inFolder(async folder => {
      const file = await writeConfig(folder, { madeBy: 'up' });
      const done = await smki(['config', 'check', file, '--as-live', '--json']);
      expect({ status: done.status, code: codeOf(done) }).to.deep.equal({
        status: 1,
        code: 'cli/configuration'
      });
      const codes = (JSON.parse(done.out) as Checked[])[0]?.liveRefuses.map(({ code }) => code);
      expect(codes).to.include.members(['live/made-by-up', 'live/test-oid', 'live/policy-unverified']);
    }));

  it('a file of live is refused without --as-live', () =>
    inFolder(async folder => {
      const file = await writeConfig(folder, { environment: 'live' });
      expect((await smki(['config', 'check', file])).status).to.equal(1);
    }));

  it('an unknown field, another component, and what is no JSON are status 1', () =>
    inFolder(async folder => {
      const unknown = await writeConfig(path.join(folder, 'a'), { nonsense: 1 });
      const valid = await writeConfig(path.join(folder, 'b'));
      const text = path.join(folder, 'text.json');
      await writeFile(text, 'x');
      for (const [args, code] of [
        [[unknown], 'config/invalid'],
        [[valid, '--component', 'ca'], 'config/component'],
        [[text], 'config/json']
      ] as const) {
        const done = await smki(['config', 'check', ...args]);
        expect({ status: done.status, code: codeOf(done) }).to.deep.equal({
          status: 1,
          code: 'cli/configuration'
        });
        expect(done.error).to.include(code);
      }
    }));

  it('a file that is not there is status 2', async () => {
    expect((await smki(['config', 'check', '/nonexistent/ca.json'])).status).to.equal(2);
  });

  it("policy show --config shows the process's own values", () =>
    inFolder(async folder => {
      const policy = { 'lifetime.organisation': { value: 7 } };
      const file = await writeConfig(folder, { policy });
      const done = await smki(['policy', 'show', '--config', file, '--json']);
      const shown = JSON.parse(done.out) as { entries: { name: string; value: unknown }[] };
      expect(shown.entries.find(({ name }) => name === 'lifetime.organisation')).to.have.property('value', 7);
    }));
});
