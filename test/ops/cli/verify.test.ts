import { createHash } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { expect } from 'chai';
import { encodePem } from '../../../pki/index.js';
import { encodeReceipt, receiptJson, signedReceiptJson, type Receipt } from '../../../pki/messages/index.js';
import { deviceDomain, issue, issueCrl, organisationDomain } from '../../kit/hierarchy.js';
import { p256Key, signRaw } from '../../kit/keys.js';
import { hierarchy } from '../../kit/pki/index.js';
import { codeOf, inFolder, smki } from './run.js';

const organisation = organisationDomain();
const supplier = issue('organisation-ds', { issuer: organisation.issuing });
const device = deviceDomain();
const meter = issue('device-ds', { issuer: device.issuing });
const pem = (...ders: readonly Uint8Array[]): string =>
  ders.map(der => encodePem('CERTIFICATE', der)).join('');
const at = ['--at', '2026-11-23T12:00:00Z'];

describe('smki verify certificate', () => {
  /** The files of one organisation, and what a command on them is. */
  const prepared = (work: (files: Files) => Promise<void>) =>
    inFolder(async folder => {
      const write = async (name: string, content: Uint8Array | string): Promise<string> => {
        const file = path.join(folder, name);
        await writeFile(file, content);
        return file;
      };
      const files = {
        write,
        supplier: await write('supplier.cer', supplier.certificate.der),
        root: await write('root.pem', pem(organisation.root.certificate.der)),
        issuing: await write('issuing.pem', pem(organisation.issuing.certificate.der)),
        crl: await write('list.crl', issueCrl(organisation.issuing, {}).der),
        arl: await write('authorities.pem', encodePem('X509 CRL', issueCrl(organisation.root, {}).der)),
        bad: await write('bad.pem', 'no certificate')
      };
      await work(files);
    });
  interface Files {
    readonly write: (name: string, content: Uint8Array | string) => Promise<string>;
    readonly supplier: string;
    readonly root: string;
    readonly issuing: string;
    readonly crl: string;
    readonly arl: string;
    readonly bad: string;
  }
  const under = ({ root, issuing }: Files) => ['--anchor', root, '--intermediate', issuing, ...at];
  const verify = (...args: readonly string[]) => smki(['verify', 'certificate', ...args]);

  it('says valid with status 0, in a line', () =>
    prepared(async files => {
      const done = await verify(files.supplier, ...under(files));
      expect({ status: done.status, error: done.error }).to.deep.equal({ status: 0, error: '' });
      expect(done.out.split('\n')).to.have.length(1);
      expect(done.out.startsWith(`${files.supplier}: valid: `)).to.equal(true);
    }));

  it('asks for status, purpose, role and entity', () =>
    prepared(async files => {
      const lists = ['--crl', files.crl, files.arl, '--revocation', 'chain'];
      const asked = ['--purpose', 'organisation', '--role', '2', '--entity', '90-B3-D5-1F-30-AA-00-01'];
      expect((await verify(files.supplier, ...under(files), ...lists, ...asked)).status).to.equal(0);
      const cases: readonly (readonly [readonly string[], string])[] = [
        [['--purpose', 'device'], 'smki/purpose'],
        [['--role', '3'], 'smki/role'],
        [['--entity', '90-B3-D5-1F-30-AA-00-02'], 'smki/entity'],
        [['--revocation', 'leaf'], 'revocation/unknown'],
        [['--revocation', 'chain', '--crl', files.crl], 'revocation/unknown'],
        [['--at', '2099-01-01T00:00:00Z'], 'expired']
      ];
      for (const [options, code] of cases) {
        const done = await verify(files.supplier, ...under(files), ...options);
        expect([done.status, codeOf(done)], code).to.deep.equal([1, 'cli/not-valid']);
        expect(done.out).to.include(code);
      }
    }));

  it('judges every certificate of every file; the worst of them is the status, 2 before 1', () =>
    prepared(async files => {
      const both = await files.write(
        'both.pem',
        `a note\n${pem(supplier.certificate.der, meter.certificate.der)}`
      );
      const mixed = await verify(both, files.supplier, ...under(files));
      expect([mixed.status, codeOf(mixed)]).to.deep.equal([1, 'cli/not-valid']);
      const lines = mixed.out.split('\n');
      expect(lines.map(line => /^.*?: (?:not )?valid/.exec(line)?.[0])).to.deep.equal([
        `${both}#1: valid`,
        `${both}#2: not valid`,
        `${files.supplier}: valid`
      ]);
      const unread = await verify(both, `${files.supplier}.gone`, files.bad, ...under(files));
      expect([unread.status, codeOf(unread)]).to.deep.equal([2, 'cli/not-judged']);
      expect(unread.out.split('\n')).to.have.length(4);
      expect(unread.out).to.include('not judged: cli/file').and.to.include('not judged: input/certificate');
    }));

  it('takes standard input, once', () =>
    prepared(async files => {
      for (const input of [supplier.certificate.der, pem(supplier.certificate.der)]) {
        const done = await smki(['verify', 'certificate', '-', ...under(files)], input);
        expect(done.status, done.error).to.equal(0);
      }
      const twice = await smki(
        ['verify', 'certificate', '-', '--anchor', '-', ...at],
        pem(organisation.root.certificate.der)
      );
      expect(twice.status).to.equal(2);
    }));

  it('explains the path as a tree, and puts the reason where it fails', () =>
    prepared(async files => {
      const good = await verify(files.supplier, ...under(files), '--explain');
      expect(good.out.split('\n')).to.have.length(4);
      const stranger = issue('organisation-ds', { issuer: organisationDomain().issuing });
      const file = await files.write('stranger.cer', stranger.certificate.der);
      const bad = await verify(file, ...under(files), '--explain');
      expect(bad.status).to.equal(1);
      expect(bad.out).to.match(/=> [a-z]+\/issuer-key: /);
    }));

  it('has the same for programs', () =>
    prepared(async files => {
      const done = await verify(files.supplier, files.bad, ...under(files), '--json');
      expect(done.status).to.equal(2);
      const [first, second] = JSON.parse(done.out) as Record<string, unknown>[];
      expect(first).to.deep.include({ file: files.supplier, valid: true });
      expect((first?.['facts'] as { profile: string }).profile).to.equal('organisation-ds');
      expect((second?.['failure'] as { code: string }).code).to.equal('input/certificate');
    }));

  it('refuses options and files that are wrong with status 2, and judges nothing', () =>
    prepared(async files => {
      const key = await files.write('key.pem', encodePem('PUBLIC KEY', p256Key().spki));
      const cut = await files.write('cut.pem', pem(supplier.certificate.der).slice(0, 200));
      const wrong: readonly (readonly string[])[] = [
        [files.supplier],
        [files.supplier, '--anchor', `${files.root}.gone`],
        [files.supplier, '--anchor', key],
        [files.supplier, '--anchor', cut],
        [files.supplier, ...under(files), '--crl', files.root],
        [files.supplier, ...under(files), '--purpose', 'nonsense'],
        [files.supplier, ...under(files), '--purpose', 'device', 'organisation'],
        [files.supplier, ...under(files), '--role', '256'],
        [files.supplier, ...under(files), '--at', 'now'],
        [files.supplier, ...under(files), '--at', '2026-02-30T00:00:00Z'],
        [files.supplier, ...under(files), '--revocation', 'some'],
        [files.supplier, ...under(files), '--policy', '1.2.3'],
        [files.supplier, ...under(files), '--explicit-policy'],
        [files.supplier, ...under(files), '--mode', 'rfc5280', '--role', '2'],
        [files.supplier, ...under(files), '--environment', 'other'],
        []
      ];
      for (const args of wrong) {
        const { status, out, error } = await verify(...args);
        expect({ status, out }, args.join(' ')).to.deep.equal({ status: 2, out: '' });
        expect(error).to.not.equal('');
      }
    }));

  it('believes no live certificate by the policy of the test environment, nor the reverse', () =>
    prepared(async files => {
      const live = await verify(files.supplier, ...under(files), '--environment', 'live');
      expect(live.status).to.equal(2);
      expect(live.out).to.include('input/policy');
    }));

  it('judges any path in mode rfc5280', () =>
    prepared(async files => {
      const { anchor, intermediates, leaf } = hierarchy({ intermediates: 1, kind: 'P-256', label: 'cli' });
      const target = await files.write('leaf.cer', leaf.der);
      const options = [
        ...['--mode', 'rfc5280', '--at', '2026-06-01T12:00:00Z'],
        ...['--anchor', await files.write('anchor.pem', pem(anchor.der))],
        ...['--intermediate', await files.write('between.pem', pem(...intermediates.map(({ der }) => der)))]
      ];
      const done = await verify(target, ...options);
      expect(done.status, `${done.out} ${done.error}`).to.equal(0);
      const late = await verify(target, ...options, '--at', '2099-06-01T12:00:00Z');
      expect(late.status).to.equal(1);
    }));

  it('has help with examples and what the status means', async () => {
    const { out } = await verify('--help');
    expect(out).to.include('Examples:').and.to.include('Exit status: 0 valid; 1 not valid; 2');
  });
});

describe('smki verify receipt', () => {
  const key = p256Key();
  const keyId = new Uint8Array(createHash('sha256').update(key.spki).digest());
  const sha256 = (octets: Uint8Array) => createHash('sha256').update(octets).digest();
  const request = Buffer.from('{"certificate":"…"}');

  function answerOf(valid: boolean): string {
    const receipt: Receipt = {
      environment: 'test',
      keyId,
      policyVersion: '00'.repeat(32),
      answeredAt: new Date('2026-11-23T12:00:00Z'),
      requestSha256: sha256(request),
      question: {
        purpose: '',
        role: undefined,
        entity: undefined,
        at: new Date('2026-11-23T12:00:00Z'),
        revocation: 'none'
      },
      verdict: {
        valid,
        ...(valid ? { code: '', message: '' } : { code: 'path/expired', message: 'it \u001b[31mended' }),
        depth: 0,
        profile: 'organisation-ds',
        timeRule: 'all-valid-now'
      },
      path: [supplier, organisation.issuing, organisation.root].map(({ certificate }) => ({
        subject: 'CN=x',
        serial: certificate.serialHex,
        sha256: sha256(certificate.der)
      })),
      lists: []
    };
    const bytes = encodeReceipt(receipt);
    const signed = signedReceiptJson({ bytes, signature: signRaw(key, bytes) }, keyId);
    return JSON.stringify({ ...receiptJson(receipt), receipt: signed, auditReference: '1-1' });
  }

  const prepared = (work: (verify: Verify, files: Readonly<Record<string, string>>) => Promise<void>) =>
    inFolder(async folder => {
      const files: Record<string, string> = {};
      const contents: Readonly<Record<string, Uint8Array | string>> = {
        'key.pem': encodePem('PUBLIC KEY', key.spki),
        'key.der': key.spki,
        'other.pem': encodePem('PUBLIC KEY', p256Key().spki),
        'valid.json': answerOf(true),
        'invalid.json': answerOf(false),
        'altered.json': answerOf(true).replace('"valid":true', '"valid":false'),
        'none.json': '{}',
        'request.json': request,
        'supplier.cer': supplier.certificate.der,
        'meter.cer': meter.certificate.der,
        'root.pem': pem(organisation.root.certificate.der),
        'other-root.pem': pem(device.root.certificate.der)
      };
      for (const [name, content] of Object.entries(contents)) {
        files[name] = path.join(folder, name);
        await writeFile(path.join(folder, name), content);
      }
      await work((...args) => smki(['verify', 'receipt', ...args.map(arg => files[arg] ?? arg)]), files);
    });
  type Verify = (...args: readonly string[]) => ReturnType<typeof smki>;

  it('status 0 for a receipt that holds and says valid', () =>
    prepared(async verify => {
      const all = ['--certificate', 'supplier.cer', '--anchor', 'root.pem', '--request', 'request.json'];
      for (const file of ['key.pem', 'key.der']) {
        const done = await verify('valid.json', '--key', file, ...all, '--environment', 'test');
        expect(done.status, done.error).to.equal(0);
        expect(done.out).to.match(/^verdict +valid$/m);
      }
      const json = await verify('valid.json', '--key', 'other.pem', 'key.pem', '--json');
      expect(JSON.parse(json.out)).to.include({ holds: true, valid: true });
    }));

  it('status 1 for what does not hold, or is about something else', () =>
    prepared(async verify => {
      const cases: readonly (readonly [readonly string[], string])[] = [
        [['valid.json', '--key', 'other.pem'], 'receipt/key'],
        [['altered.json', '--key', 'key.pem'], 'receipt/answer'],
        [['valid.json', '--key', 'key.pem', '--environment', 'live'], 'receipt/environment'],
        [['valid.json', '--key', 'key.pem', '--certificate', 'meter.cer'], 'receipt/certificate'],
        [['valid.json', '--key', 'key.pem', '--anchor', 'other-root.pem'], 'receipt/anchor'],
        [['valid.json', '--key', 'key.pem', '--request', 'key.pem'], 'receipt/request'],
        [['invalid.json', '--key', 'key.pem'], 'receipt/verdict'],
        [['valid.json', '--key', 'key.pem', '--expect', 'not-valid'], 'receipt/verdict']
      ];
      for (const [args, code] of cases) {
        const done = await verify(...args);
        expect([done.status, codeOf(done)], code).to.deep.equal([1, 'cli/not-valid']);
        expect(done.error).to.include(code);
      }
    }));

  it('a refusal can be proven, and is shown without control characters', () =>
    prepared(async verify => {
      const done = await verify('invalid.json', '--key', 'key.pem', '--expect', 'not-valid');
      expect(done.status).to.equal(0);
      expect(done.out).to.include('path/expired').and.to.not.include('\u001b');
    }));

  it('status 2 for files that cannot be read and for wrong options', () =>
    prepared(async verify => {
      for (const args of [
        ['valid.json'],
        ['gone.json', '--key', 'key.pem'],
        ['none.json', '--key', 'key.pem'],
        ['supplier.cer', '--key', 'key.pem'],
        ['valid.json', '--key', 'root.pem'],
        ['valid.json', '--key', 'key.pem', '--expect', 'maybe']
      ]) {
        const { status, out } = await verify(...args);
        expect({ status, out }, args.join(' ')).to.deep.equal({ status: 2, out: '' });
      }
    }));
});
