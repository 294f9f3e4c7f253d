/** Batches as a subscriber and an officer meet them: the command line and curl against a running system. */
import { expect } from 'chai';
import { spawn } from 'node:child_process';
import { readFileSync, readdirSync, statSync, mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { encodePem } from '../../pki/x509/index.js';
import { deviceRequest } from '../kit/requests.js';
import { archiveOf } from '../ra/portal/archive-octets.js';
import { hitsOf, newDeviceEui, query, searchByAltName } from './clients.js';
import { program, smki, smkiJson, succeed, type Ended } from './command.js';
import { eventually, newFolder, up, type Running } from './running.js';

interface Batch {
  readonly batchId: string;
  readonly name: string;
  readonly state: string;
  readonly requests: number;
  readonly issued: number;
  readonly refused: number;
  readonly reason?: string;
}

interface Started {
  readonly pid: number;
  readonly ended: Promise<Ended>;
  signal(name: NodeJS.Signals): void;
}

/** A command line that goes on while the test does something else. */
function start(args: readonly string[]): Started {
  const child = spawn(process.execPath, [program, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  const out: Buffer[] = [];
  const error: Buffer[] = [];
  child.stdout.on('data', (part: Buffer) => out.push(part));
  child.stderr.on('data', (part: Buffer) => error.push(part));
  const ended = new Promise<Ended>(resolve => {
    child.once('close', status => {
      const octets = Buffer.concat(out);
      resolve({ status, octets, out: octets.toString(), error: Buffer.concat(error).toString() });
    });
  });
  return { pid: child.pid!, ended, signal: name => void child.kill(name) };
}

describe('batches on a running system', function () {
  this.timeout(180_000);
  let system: Running;
  let endpoints: string;
  let work: string;

  before(async () => {
    work = newFolder('open');
    system = await up(path.join(newFolder('open'), 'data'), { args: ['--batch-approval', 'officer'] });
    endpoints = path.join(system.data, 'endpoints.json');
  });

  const submitting = (files: string, out: string, name: string): string[] => [
    ...['batch', 'submit', files, '--endpoints', endpoints],
    ...['--out', out, '--name', name, '--wait']
  ];
  const officer = (...args: readonly string[]): Promise<Ended> =>
    smki(['ra', 'batch', ...args, '--data', system.data]);
  const named = async (name: string): Promise<Batch[]> =>
    (await smkiJson<Batch[]>(['batch', 'list', '--endpoints', endpoints])).filter(batch =>
      batch.name.startsWith(`${name}-`)
    );
  const pending = (name: string): Promise<Batch> =>
    eventually(`a batch ${name} that waits`, async () =>
      (await named(name)).find(({ state }) => state === 'PENDING')
    );
  const approve = async ({ batchId }: Batch): Promise<void> => {
    const done = await officer('approve', batchId, '--officer', 'officer-1', '--note', 'as agreed');
    expect(done.status, done.error).to.equal(0);
  };

  /** Requests in files, PEM; the EUIs of their devices by name. */
  function requestFiles(name: string, count: number): { folder: string; euis: Map<string, string> } {
    const folder = path.join(work, name);
    mkdirSync(folder);
    const euis = new Map<string, string>();
    for (let n = 1; n <= count; n++) {
      const eui = newDeviceEui();
      euis.set(`${name}-${n}`, eui);
      writeFileSync(
        path.join(folder, `${name}-${n}.csr`),
        encodePem('CERTIFICATE REQUEST', deviceRequest({ eui }))
      );
    }
    return { folder, euis };
  }

  async function judge(files: readonly string[]): Promise<void> {
    const { anchors } = system.endpoints();
    const { out } = await succeed('openssl', [
      ...['verify', '-x509_strict', '-policy_check', '-CAfile', anchors.rootDca],
      ...['-untrusted', anchors.issuingDca, ...files]
    ]);
    expect(out.match(/: OK$/gm) ?? []).to.have.lengthOf(files.length);
  }

  const certificates = (folder: string): string[] =>
    readdirSync(folder)
      .filter(name => name.endsWith('.crt'))
      .map(name => path.join(folder, name));

  it('a batch waits for the officer, is approved, and its results are files that OpenSSL verifies', async () => {
    const { folder, euis } = requestFiles('first', 40);
    writeFileSync(path.join(folder, 'wrong.csr'), Buffer.from([0x30, 0x00]));
    const out = path.join(work, 'first-out');
    const running = start(submitting(folder, out, 'first'));
    const batch = await pending('first');
    const listed = await officer('list', '--state', 'PENDING');
    expect(listed.out).to.include(batch.name);
    const shown = await smkiJson<Record<string, unknown>>([
      ...['ra', 'batch', 'show', batch.batchId, '--data', system.data]
    ]);
    expect(shown).to.include({ state: 'PENDING', requests: 41, source: 'batch' });
    await approve(batch);
    const ended = await running.ended;
    expect(ended.status, ended.error).to.equal(1);
    expect(ended.error).to.match(/COMPLETED, 41 of 41 done, 1 refused/);
    expect(ended.error).to.match(/^cli\/refused: 1 requests have no certificate/m);
    expect(readFileSync(path.join(out, 'errors.csv'), 'utf8').split('\n')[1]).to.match(
      new RegExp(`^${batch.batchId},R41,wrong,CSR_ERROR,CR:R1,`)
    );
    expect(certificates(out)).to.have.lengthOf(40);
    await judge(certificates(out));
    const [name, eui] = [...euis][0]!;
    const serial = await succeed('openssl', [
      ...['x509', '-in', path.join(out, `${name}.crt`), '-noout', '-serial']
    ]);
    await eventually('the certificate in the repository', async () => {
      const answer = await query(system.endpoints(), 'certificatesearch', searchByAltName(eui));
      return hitsOf(answer.body).some(hit => serial.out.includes(hit.serial ?? '-')) || undefined;
    });
    // Approving again changes nothing; it is too late to reject.
    await approve(batch);
    const late = await officer('reject', batch.batchId, '--officer', 'officer-2', '--reason', 'no');
    expect(late.status).to.equal(1);
    expect(late.error).to.match(/resource\/conflict/);
  });

  it('a rejected batch ends with the reason, and nothing is issued', async () => {
    const { folder } = requestFiles('unwanted', 3);
    const out = path.join(work, 'unwanted-out');
    const running = start(submitting(folder, out, 'unwanted'));
    const batch = await pending('unwanted');
    const rejected = await officer(
      ...['reject', batch.batchId, '--officer', 'officer-1', '--reason', 'not agreed']
    );
    expect(rejected.status, rejected.error).to.equal(0);
    const ended = await running.ended;
    expect(ended.status).to.equal(1);
    expect(ended.error).to.match(/is REJECTED/);
    expect(certificates(out)).to.deep.equal([]);
    expect(await named('unwanted')).to.have.nested.property('[0].reason', 'not agreed');
  });

  for (const signal of ['SIGINT', 'SIGKILL'] as const) {
    it(`goes on after ${signal}: submitted once, and every certificate is there`, async () => {
      const name = `again-${signal.toLowerCase()}`;
      const { folder } = requestFiles(name, 5);
      const out = path.join(work, `${name}-out`);
      const first = start(submitting(folder, out, name));
      const batch = await pending(name);
      await eventually(
        'the BatchId in the folder',
        () => readFileSync(path.join(out, 'submission.json'), 'utf8').includes('"submitted"') || undefined
      );
      first.signal(signal);
      const ended = await first.ended;
      if (signal === 'SIGINT') {
        expect(ended.status).to.equal(1);
        expect(ended.error).to.match(/^cli\/interrupted: /m);
      }
      await approve(batch);
      const second = await smki(submitting(folder, out, name));
      expect(second.status, second.error).to.equal(0);
      expect(await named(name)).to.have.lengthOf(1);
      expect(certificates(out)).to.have.lengthOf(5);
      const before = certificates(out).map(file => statSync(file).ino);
      expect((await smki(submitting(folder, out, name))).status).to.equal(0);
      expect(certificates(out).map(file => statSync(file).ino)).to.deep.equal(before);
    });
  }

  it('waits through kill -9 of the RA, and so does whoever watches', async () => {
    const { folder } = requestFiles('through', 600);
    const out = path.join(work, 'through-out');
    const running = start(submitting(folder, out, 'through'));
    const batch = await pending('through');
    await approve(batch);
    for (const pid of system.endpoints().pids.ra) process.kill(pid, 'SIGKILL');
    const ended = await running.ended;
    expect(ended.status, ended.error).to.equal(0);
    expect(certificates(out)).to.have.lengthOf(600);
    await judge(certificates(out));
    const watched = await officer('watch', batch.batchId);
    expect(watched.out).to.equal(
      `batch ${batch.batchId}: COMPLETED, 600 of 600 done, 600 issued, 0 refused\n`
    );
  });

  it("takes the portal's archive by curl, and hands over report and certificates", async () => {
    const { tls, ra } = system.endpoints();
    const curl = (...args: readonly string[]): Promise<Ended> =>
      succeed('curl', [
        ...['--silent', '--show-error', '--fail', '--max-time', '20'],
        ...['--cacert', tls.ca, '--cert', tls.makerCert, '--key', tls.makerKey, ...args]
      ]);
    const zip = path.join(work, 'portal.zip');
    writeFileSync(
      zip,
      archiveOf(
        ['left', 'right'].map(name => ({
          name: `${name}.csr`,
          content: encodePem('NEW CERTIFICATE REQUEST', deviceRequest({ eui: newDeviceEui() })),
          method: 8
        }))
      )
    );
    const answer = await curl(
      ...[
        '--header',
        'Content-Type: application/zip',
        '--data-binary',
        `@${zip}`,
        `${ra.portal}?name=portal.zip`
      ]
    );
    const { batchId } = JSON.parse(answer.out) as { batchId: string };
    expect((await officer('approve', batchId, '--officer', 'officer-1')).status).to.equal(0);
    await eventually('the batch completed', async () => {
      const [one] = await smkiJson<Batch[]>(['batch', 'status', batchId, '--endpoints', endpoints]);
      return one?.state === 'COMPLETED' || undefined;
    });
    const report = await curl(`${ra.portal}/${batchId}/report`);
    expect(report.out).to.equal(`${batchId}-1\tleft.csr\tsuccess\t\n${batchId}-2\tright.csr\tsuccess\t\n`);
    const response = await curl(`${ra.portal}/${batchId}/response`);
    expect(response.octets.subarray(0, 4)).to.deep.equal(Buffer.from('PK\x03\x04', 'latin1'));
    const out = path.join(work, 'portal-out');
    const fetched = await smki(['batch', 'results', batchId, '--out', out, '--endpoints', endpoints]);
    expect(fetched.status, fetched.error).to.equal(0);
    expect(certificates(out).map(file => path.basename(file))).to.have.members(['left.crt', 'right.crt']);
    const left = readFileSync(path.join(out, 'left.crt'), 'utf8').replace(/-----[^-]+-----|\n/g, '');
    expect(response.octets.includes(left)).to.equal(true);
    await judge(certificates(out));
  });

  it('another party finds none of them', async () => {
    const list = await smkiJson<Batch[]>(['batch', 'list', '--endpoints', endpoints, '--as', 'supplier']);
    expect(list).to.deep.equal([]);
    const status = await smki(['batch', 'status', '1', '--endpoints', endpoints, '--as', 'supplier']);
    expect(status.status).to.equal(1);
    expect(status.error).to.match(/^cli\/refused: status 404/);
  });

  it('records every decision with its officer, and every log is whole', async () => {
    const { out } = await succeed(process.execPath, [
      ...[program, 'audit', 'verify', '--data', system.data, '--json']
    ]);
    expect(out).to.not.equal('');
    const log = readFileSync(path.join(system.data, 'audit', 'ra-1.log'), 'utf8');
    const decisions = log
      .split('\n')
      .filter(line => line !== '')
      .map(line => JSON.parse(line) as { type: string; facts: Record<string, unknown> })
      .filter(({ type }) => type === 'ra.batch.approved' || type === 'ra.batch.rejected');
    expect(decisions.map(({ facts }) => facts['decidedBy']))
      .to.include('officer-1')
      .and.not.include('rule');
  });
});
