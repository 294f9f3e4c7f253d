import { expect } from 'chai';
import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { encodeName, encodePem, oids } from '../../../pki/x509/index.js';
import { longForm, replaceOctets } from '../../kit/ber.js';
import { testCertificate } from '../../kit/certificates.js';
import { deviceDomain, ikiDomain, issue, organisationDomain, type TestEntity } from '../../kit/hierarchy.js';
import { p256Key } from '../../kit/keys.js';
import { deviceRequest, organisationRequest } from '../../kit/requests.js';
import { codeOf, inFolder, smki } from './run.js';

async function show(input: Uint8Array | string, ...options: string[]): Promise<Record<string, unknown>[]> {
  const shown = await smki(['certificate', 'show', '-', '--json', ...options], input);
  expect(shown.status, shown.error).to.equal(0);
  return JSON.parse(shown.out) as Record<string, unknown>[];
}

function pem(...entities: readonly TestEntity[]): string {
  return entities.map(({ certificate }) => encodePem('CERTIFICATE', certificate.der)).join('');
}

describe('smki certificate show', () => {
  const device = deviceDomain();
  const meter = issue('device-ka', { issuer: device.issuing });

  it('names profile, EUI-64, usage and validity of a device certificate', async () => {
    const [shown] = await show(meter.certificate.der);
    expect(shown).to.deep.include({
      kind: 'certificate',
      profile: 'device-ka',
      eui: '02-DB-12-34-56-78-90-A4',
      keyUsage: ['keyAgreement'],
      subject: '',
      serial: meter.certificate.serialHex,
      notAfter: '9999-12-31T23:59:59.000Z',
      role: null
    });
  });

  it('recognises every profile in a chain, and lints each with its issuer from the chain', async () => {
    const organisation = organisationDomain();
    const iki = ikiDomain();
    const entities = [
      ...[device.root, device.issuing, meter],
      ...[organisation.root, organisation.issuing],
      ...(['organisation-ds', 'organisation-ka', 'organisation-xml'] as const).map(name =>
        issue(name, { issuer: organisation.issuing })
      ),
      ...[iki.root, iki.issuing, issue('iki-client', { issuer: iki.issuing })]
    ];
    const shown = await show(pem(...entities));
    expect(shown.map(({ profile }) => profile)).to.deep.equal(entities.map(({ profile }) => profile));
    expect(shown.map(({ findings }) => findings)).to.deep.equal(entities.map(() => []));
  });

  it('names the role of an organisation', async () => {
    const { issuing } = organisationDomain();
    const [shown] = await show(pem(issue('organisation-ds', { issuer: issuing })));
    expect(shown?.['role']).to.deep.equal({ ou: '02', name: 'supplier' });
  });

  it('shows what a lint finds', async () => {
    await inFolder(async folder => {
      // Another authority of the same name: key identifiers differ.
      const other = path.join(folder, 'other.pem');
      await writeFile(other, pem(deviceDomain().issuing));
      const [judged] = await show(pem(meter), '--issuer', other);
      expect((judged?.['findings'] as { lint: string }[]).map(({ lint }) => lint)).to.include('L06');
    });
  });

  it('reads DER, PEM with text around it, and base64', async () => {
    const { der } = meter.certificate;
    const base64 = Buffer.from(der).toString('base64');
    for (const input of [
      der,
      `subject=x\n${pem(meter)}trailing\n`,
      base64,
      `${base64.slice(0, 64)}\n${base64.slice(64)}`
    ]) {
      expect((await show(input))[0]).to.have.property('profile', 'device-ka');
    }
  });

  it('shows a certificate with a key that nothing here uses, by its outline', async () => {
    await inFolder(async folder => {
      const file = path.join(folder, 'foreign.pem');
      const command = ['req', '-x509', '-newkey', 'ed25519', '-nodes', '-subj', '/CN=foreign', '-days', '2'];
      await promisify(execFile)('openssl', [
        ...command,
        '-keyout',
        path.join(folder, 'key.pem'),
        '-out',
        file
      ]);
      const shown = await smki(['certificate', 'show', file, '--json']);
      expect(shown.status, shown.error).to.equal(0);
      const [foreign] = JSON.parse(shown.out) as Record<string, unknown>[];
      expect(foreign).to.include({
        kind: 'certificate',
        profile: null,
        subject: 'CN=foreign',
        findings: null
      });
    });
  });

  it('shows requests with the checks an RA would make', async () => {
    const [organisation] = await show(encodePem('NEW CERTIFICATE REQUEST', organisationRequest()));
    expect(organisation).to.deep.include({ kind: 'request', profile: 'organisation-ds', refusal: null });
    const [long] = await show(deviceRequest());
    expect(long).to.deep.include({ requestKind: 'device', profile: 'device-ds', refusal: null });
    const broken = replaceOctets(
      deviceRequest({ eui: '00-07-81-00-00-00-00-01' }),
      '0007810000000001',
      '0007810000000002'
    );
    const [shown] = await show(broken);
    expect(shown).to.have.nested.property('refusal.code', 'request/possession');
  });

  it('shows what a request holds when its key or an extension cannot be read, with the refusal', async () => {
    const der = deviceRequest();
    // The curve becomes one that is not read; the key usage an INTEGER.
    const [otherCurve] = await show(replaceOctets(der, '2a8648ce3d030107', '2a8648ce3d030106'));
    expect(otherCurve).to.deep.include({ kind: 'request', requestKind: 'device', key: 'not a key of ours' });
    expect(otherCurve).to.have.nested.property('refusal.code', 'request/public-key');
    const [otherUsage] = await show(replaceOctets(der, '0404030207', '0404020207'));
    expect(otherUsage).to.deep.include({ kind: 'request', keyUsage: [] });
    expect(otherUsage).to.have.nested.property('refusal.code', 'request/key-usage');
  });

  it('reads a request with long-form lengths', async () => {
    const [shown] = await show(longForm(deviceRequest()));
    expect(shown).to.deep.include({ kind: 'request', requestKind: 'device' });
  });

  it('lets no control character of the input reach the terminal', async () => {
    const hostile = 'evil\u001b[2J\u202egnp.exe\u0007';
    const der = testCertificate({
      key: p256Key(),
      subject: encodeName([{ type: oids.commonName, utf8: hostile }])
    });
    for (const options of [[], ['--json']]) {
      const shown = await smki(['certificate', 'show', '-', ...options], der);
      expect(shown.out + shown.error).to.not.match(/[^\P{Cc}\n]|\p{Cf}/u);
      expect(`${shown.out}${shown.error}`).to.match(/evil|cli\/not-a-certificate/);
    }
  });

  for (const [what, input] of [
    ['nothing', ''],
    ['text', 'this is no certificate'],
    ['a key', encodePem('PRIVATE KEY', Uint8Array.of(0x30, 0))],
    ['a certificate with an octet behind it', Buffer.concat([meter.certificate.der, Buffer.of(0)])],
    ['random octets', Buffer.from('30820101deadbeef', 'hex')]
  ] as const) {
    it(`answers ${what} with status 1 and a code`, async () => {
      const shown = await smki(['certificate', 'show', '-'], input);
      expect({ status: shown.status, code: codeOf(shown) }).to.deep.equal({
        status: 1,
        code: 'cli/not-a-certificate'
      });
    });
  }

  it('a file that is not there is status 2', async () => {
    const shown = await smki(['certificate', 'show', '/nonexistent/certificate.pem']);
    expect({ status: shown.status, code: codeOf(shown) }).to.deep.equal({ status: 2, code: 'cli/file' });
  });
});
