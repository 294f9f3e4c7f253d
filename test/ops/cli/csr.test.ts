import { expect } from 'chai';
import { execFile } from 'node:child_process';
import { createPrivateKey, createPublicKey } from 'node:crypto';
import { readFile, readdir, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { parseRequest } from '../../../pki/x509/index.js';
import { codeOf, inFolder, smki } from './run.js';

const run = promisify(execFile);
const eui = '00-DB-12-34-56-78-90-A0';

async function openssl(...args: string[]): Promise<string> {
  const { stdout, stderr } = await run('openssl', args);
  return stdout + stderr;
}

describe('smki csr new', () => {
  it('makes a device request that OpenSSL verifies, and keeps the key to its owner', () =>
    inFolder(async folder => {
      const out = path.join(folder, 'meter');
      const made = await smki(['csr', 'new', 'device', '--eui', eui, '--usage', 'KA', '--out', out]);
      expect(made.status).to.equal(0);
      const text = await openssl('req', '-in', `${out}.csr.pem`, '-verify', '-noout', '-text');
      expect(text).to.include('verify OK');
      expect(text).to.match(/Key Usage: critical\s+Key Agreement/);
      expect((await stat(`${out}.key.pem`)).mode & 0o777).to.equal(0o600);
      const key = createPrivateKey(await readFile(`${out}.key.pem`));
      const inRequest = await openssl('req', '-in', `${out}.csr.pem`, '-noout', '-pubkey');
      expect(createPublicKey(inRequest).equals(createPublicKey(key))).to.equal(true);
    }));

  it('makes an organisation request with role and identifier, in one line of base64', () =>
    inFolder(async folder => {
      const out = path.join(folder, 'supplier');
      const identifier = '90-B3-D5-1F-30-01-00-00';
      const made = await smki([
        ...['csr', 'new', 'organisation', '--eui', identifier, '--role', '02', '--usage', 'DS'],
        ...['--format', 'base64', '--out', out, '--json']
      ]);
      expect(JSON.parse(made.out)).to.deep.include({ key: `${out}.key.pem`, request: `${out}.csr.b64` });
      const der = Buffer.from(await readFile(`${out}.csr.b64`, 'latin1'), 'base64');
      const request = parseRequest(der);
      expect(request.subject.rdns.flat().map(({ type }) => type)).to.deep.equal(['2.5.4.11', '2.5.4.45']);
      expect(Buffer.from(request.subject.rdns[1]?.[0]?.bits?.octets ?? []).toString('hex')).to.equal(
        '90b3d51f30010000'
      );
    }));

  it('makes an IKI request with an RSA-2048 key', () =>
    inFolder(async folder => {
      const out = path.join(folder, 'system');
      await smki([
        ...['csr', 'new', 'iki', '--organisation', 'Example Energy', '--role', '02', '--name', 'adhoc-1'],
        ...['--out', out, '--format', 'der']
      ]);
      const text = await openssl(
        'req',
        '-inform',
        'DER',
        '-in',
        `${out}.csr.der`,
        '-verify',
        '-noout',
        '-text'
      );
      expect(text).to.include('verify OK').and.to.include('Public-Key: (2048 bit)');
    }));

  it('never overwrites a key', () =>
    inFolder(async folder => {
      const out = path.join(folder, 'meter');
      await writeFile(`${out}.key.pem`, 'kept');
      const made = await smki(['csr', 'new', 'device', '--eui', eui, '--usage', 'DS', '--out', out]);
      expect({ status: made.status, code: codeOf(made) }).to.deep.equal({ status: 2, code: 'cli/file' });
      expect(await readFile(`${out}.key.pem`, 'utf8')).to.equal('kept');
      expect(await readdir(folder)).to.deep.equal(['meter.key.pem']);
    }));

  for (const [what, args] of [
    ['an EUI-64 that is none', ['device', '--eui', 'meter', '--usage', 'DS']],
    ['a group EUI-64', ['device', '--eui', '01-00-00-00-00-00-00-01', '--usage', 'DS']],
    ['a usage that is none', ['device', '--eui', eui, '--usage', 'CA']],
    ['a role that is none', ['organisation', '--eui', eui, '--usage', 'DS', '--role', '137']],
    ['an OID that is none', ['device', '--eui', eui, '--usage', 'DS', '--hw-type', '3.1']],
    ['a missing option', ['device', '--usage', 'DS']]
  ] as const) {
    it(`refuses ${what} before it makes anything`, () =>
      inFolder(async folder => {
        const made = await smki(['csr', 'new', ...args, '--out', path.join(folder, 'x')]);
        expect(made.status).to.equal(2);
        expect(await readdir(folder)).to.deep.equal([]);
      }));
  }
});
