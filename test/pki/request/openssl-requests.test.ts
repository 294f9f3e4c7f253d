import { mkdtempSync, rmSync, writeFileSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { defaultPolicy } from '../../../pki/profile/index.js';
import { checkRequestAndPossession, decodeRequestText, requestPolicy } from '../../../pki/request/index.js';
import { codeOfAsync } from '../../kit/errors.js';
import { openssl } from '../../kit/openssl.js';

const policy = requestPolicy(defaultPolicy('test'), new Set());

/** Requests as subscribers make them, with nothing of ours in them. */
describe('requests made by OpenSSL', () => {
  let folder: string;
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'opensmki-requests-'));
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  function make(key: readonly string[], config: string, ...args: string[]): string {
    const [keyFile, configFile, out] = ['key.pem', 'req.cnf', 'out.pem'].map(name => join(folder, name)) as [
      string,
      string,
      string
    ];
    openssl(['genpkey', ...key, '-out', keyFile]);
    writeFileSync(configFile, `[req]\nprompt=no\ndistinguished_name=dn\nstring_mask=utf8only\n${config}`);
    openssl(['req', '-new', '-sha256', '-key', keyFile, '-config', configFile, '-out', out, ...args]);
    return readFileSync(out, 'latin1');
  }
  const p256 = [
    '-algorithm',
    'EC',
    '-pkeyopt',
    'ec_paramgen_curve:P-256',
    '-pkeyopt',
    'ec_param_enc:named_curve'
  ];
  const rsa = ['-algorithm', 'RSA', '-pkeyopt', 'rsa_keygen_bits:2048'];
  const hardware = [
    '[dn]',
    '[ext]',
    'keyUsage=critical,keyAgreement',
    'subjectAltName=critical,otherName:1.3.6.1.5.5.7.8.4;SEQUENCE:hardware',
    '[hardware]',
    'hwType=OID:1.3.6.1.4.1.99999.7',
    'serial=FORMAT:HEX,OCTETSTRING:0007810000000002',
    ''
  ].join('\n');

  it('for a device are taken', async () => {
    const text = make(p256, hardware, '-reqexts', 'ext', '-subj', '/');
    const facts = await checkRequestAndPossession(decodeRequestText(text, 'portal', 4096), 'device', policy);
    expect(facts).to.deep.include({
      profile: 'device-ka',
      eui: 0x0007810000000002n,
      hwType: '1.3.6.1.4.1.99999.7'
    });
  });

  it('for an IKI client are taken, a harmless basicConstraints noted', async () => {
    const config =
      '[dn]\nO=Example Energy Limited\nOU=02\nCN=adhoc-1\n[ext]\nkeyUsage=critical,digitalSignature\nbasicConstraints=CA:FALSE\n';
    const text = make(rsa, config, '-reqexts', 'ext');
    const facts = await checkRequestAndPossession(
      decodeRequestText(text, 'portal', 4096),
      'iki-client',
      policy
    );
    expect(facts).to.deep.include({
      profile: 'iki-client',
      organisation: 'Example Energy Limited',
      commonName: 'adhoc-1',
      role: 2
    });
    expect(facts.notes).to.deep.equal(['extension 2.5.29.19 ignored']);
  });

  it('without extensions, with SHA-512 or with explicit curve parameters are refused', async () => {
    const check = (text: string) =>
      codeOfAsync(checkRequestAndPossession(decodeRequestText(text, 'portal', 4096), 'device', policy));
    expect(await check(make(p256, hardware, '-subj', '/'))).to.equal('request/extension-request');
    expect(await check(make(p256, hardware, '-reqexts', 'ext', '-subj', '/', '-sha512'))).to.equal(
      'request/signature-algorithm'
    );
    const explicit = [
      '-algorithm',
      'EC',
      '-pkeyopt',
      'ec_paramgen_curve:P-256',
      '-pkeyopt',
      'ec_param_enc:explicit'
    ];
    expect(await check(make(explicit, hardware, '-reqexts', 'ext', '-subj', '/'))).to.equal(
      'request/public-key'
    );
  });
});
