import { expect } from 'chai';
import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { startPkcs11KeyGenerator } from '../../../hsm/index.js';
import { signerCommand, signerOptions } from '../../kit/signer.js';
import { createSoftHsm, type SoftHsm } from '../../kit/softhsm.js';

describe('making a token', function () {
  this.timeout(30_000);
  let softHsm: SoftHsm;
  beforeEach(() => (softHsm = createSoftHsm()));
  afterEach(() => softHsm.dispose());

  function initialise(options: object) {
    const entry = fileURLToPath(new URL('../../../ops/signer/initialise.ts', import.meta.url));
    const argv = [...signerCommand.slice(1, 3), entry];
    const run = spawnSync(process.execPath, argv, { env: softHsm.env, input: JSON.stringify(options) });
    return { status: run.status, out: run.stdout.toString(), error: run.stderr.toString() };
  }

  it('makes it once, beside others, with the PINs of the files', async () => {
    softHsm.addToken('other');
    const token = softHsm.pinFiles('made');
    const { pinFile, soPinFile } = token;
    const options = { module: softHsm.module, label: 'made', pinFile, soPinFile };
    expect(initialise(options)).to.deep.equal({ status: 0, out: '{"created":true}\n', error: '' });
    expect(initialise(options)).to.deep.equal({ status: 0, out: '{"created":false}\n', error: '' });
    expect(readdirSync(softHsm.tokenDir)).to.have.length(2);
    const signer = await startPkcs11KeyGenerator(signerOptions(softHsm, token));
    expect((await signer.generate('k', 'P-256')).algorithm).to.equal('P-256');
    await signer.close();
  });

  it('sets the user PIN that a broken run did not get to', () => {
    const { pinFile, soPinFile } = softHsm.pinFiles('made');
    const options = { module: softHsm.module, label: 'made', soPinFile, pinFile };
    const broken = initialise({ ...options, pinFile: `${pinFile}.absent` });
    expect(broken.status).to.equal(1);
    expect(broken.error).to.match(/^hsm\/unavailable: /);
    expect(initialise(options)).to.include({ status: 0, out: '{"created":false}\n' });
  });

  it('refuses options that are not its own', () => {
    const { pinFile, soPinFile } = softHsm.pinFiles('made');
    const options = { module: softHsm.module, label: 'made', soPinFile, pinFile };
    for (const wrong of [{ ...options, pin: '1234' }, { ...options, label: 'x'.repeat(33) }, {}]) {
      expect(initialise(wrong)).to.include({ status: 1, out: '' });
    }
    expect(initialise({ ...options, module: '/nowhere.so' }).error).to.match(/^hsm\/unavailable: /);
  });
});
