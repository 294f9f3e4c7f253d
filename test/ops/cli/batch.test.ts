import { expect } from 'chai';
import { spawn } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { readFileSync, readdirSync, statSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import path from 'node:path';
import { progressLine, progressOf } from '../../../ops/cli/batch/progress.js';
import { encodePem } from '../../../pki/x509/index.js';
import { testCertificate } from '../../kit/certificates.js';
import { compiled } from '../../kit/compiled.js';
import { p256Key } from '../../kit/keys.js';
import { deviceRequest } from '../../kit/requests.js';
import { archiveOf } from '../../ra/portal/archive-octets.js';
import { BatchStand, certificateResult, errorResult, sha256 } from './batch-stand.js';
import { codeOf, inFolder, smki, type Outcome } from './run.js';

const wrong = Buffer.from([0x30, 0x03, 0x02, 0x01, 0x00]);

interface Submitting {
  readonly pid: number;
  /** Undefined while it goes on, its first batch submitted. */
  readonly status: number | null | undefined;
  readonly code: string | undefined;
  readonly error: string;
  end(signal: NodeJS.Signals): Promise<void>;
}

/** Files of requests in every form, in a folder of their own. */
async function requestFolder(stand: BatchStand): Promise<{ folder: string; ders: Record<string, Buffer> }> {
  const folder = path.join(stand.folder, 'requests');
  await mkdir(folder);
  const ders = Object.fromEntries(['a', 'b', 'c', 'd'].map(name => [name, Buffer.from(deviceRequest())]));
  const lines = (text: string) => text.match(/.{1,76}/g)?.join('\r\n') ?? '';
  await writeFile(path.join(folder, 'a.csr.pem'), encodePem('CERTIFICATE REQUEST', ders['a']!));
  await writeFile(path.join(folder, 'a.key.pem'), 'not to be read');
  await writeFile(path.join(folder, 'b.csr'), encodePem('NEW CERTIFICATE REQUEST', ders['b']!));
  await writeFile(path.join(folder, 'c.csr.der'), ders['c']!);
  await writeFile(path.join(folder, 'd.csr'), lines(ders['d']!.toString('base64')));
  return { folder, ders };
}

function submit(stand: BatchStand, files: readonly string[], ...more: readonly string[]): Promise<Outcome> {
  const out = path.join(stand.folder, 'out');
  return smki(['batch', 'submit', ...files, ...stand.access, '--out', out, ...more]);
}

function results(stand: BatchStand): string[] {
  return readdirSync(path.join(stand.folder, 'out'))
    .filter(name => name.endsWith('.crt'))
    .sort();
}

function errors(stand: BatchStand): string {
  return readFileSync(path.join(stand.folder, 'out/errors.csv'), 'utf8');
}

describe('smki batch', function () {
  this.timeout(20_000);

  it('submits folders, files and archives as one batch, in every form of a request', () =>
    BatchStand.with(async stand => {
      const { folder, ders } = await requestFolder(stand);
      const [e, f] = [Buffer.from(deviceRequest()), Buffer.from(deviceRequest())];
      const zip = path.join(stand.folder, 'more.zip');
      await writeFile(
        zip,
        archiveOf([
          { name: 'e.csr', content: e.toString('base64'), method: 8 },
          { name: 'f.csr', content: encodePem('CERTIFICATE REQUEST', f) }
        ])
      );
      const single = path.join(stand.folder, 'single');
      await writeFile(single, wrong);
      const done = await submit(stand, [folder, zip, single], '--json');
      expect({ status: done.status, error: done.error }).to.deep.equal({
        status: 0,
        error: 'batch 1 submitted, 7 requests'
      });
      const [batch] = stand.batches;
      expect(batch?.requests.map(({ id, der }) => [id, sha256(der)])).to.deep.equal(
        [ders['a'], ders['b'], ders['c'], ders['d'], e, f, wrong].map((der, n) => [`R${n + 1}`, sha256(der!)])
      );
      expect(JSON.parse(done.out)).to.have.nested.property('batches[0].batchId', '1');
    }));

  it('with --wait writes a certificate for each request under its name, and what was refused', () =>
    BatchStand.with(async stand => {
      const { folder, ders } = await requestFolder(stand);
      await writeFile(path.join(folder, 'wrong.csr'), wrong.toString('base64'));
      const done = await submit(stand, [folder], '--wait');
      expect({
        status: done.status,
        code: codeOf({ ...done, error: done.error.split('\n').at(-1) ?? '' })
      }).to.deep.equal({ status: 1, code: 'cli/refused' });
      expect(results(stand)).to.deep.equal(['a.crt', 'b.crt', 'c.crt', 'd.crt']);
      for (const name of ['a', 'b', 'c', 'd']) {
        const pem = readFileSync(path.join(stand.folder, 'out', `${name}.crt`), 'utf8');
        const spki = new X509Certificate(pem).publicKey.export({ type: 'spki', format: 'der' });
        expect(ders[name]?.includes(spki), name).to.equal(true);
      }
      expect(errors(stand)).to.equal(
        'batch,id,name,status,errorCode,errorText\n1,R5,wrong,CSR_ERROR,CR:R1,"wrong, ""very"""\n'
      );
    }));

  it('is status 0 when every request has its certificate, in DER when asked', () =>
    BatchStand.with(async stand => {
      const { folder } = await requestFolder(stand);
      const done = await submit(stand, [folder], '--wait', '--format', 'der');
      expect(done.status, done.error).to.equal(0);
      expect(readFileSync(path.join(stand.folder, 'out/a.crt'))[0]).to.equal(0x30);
      expect(errors(stand)).to.not.include('CR:');
    }));

  it('splits what is more than one batch holds, and keeps one list of errors', () =>
    BatchStand.with(async stand => {
      const { folder } = await requestFolder(stand);
      await writeFile(path.join(folder, 'aa.csr'), wrong);
      await writeFile(path.join(folder, 'zz.csr'), wrong);
      await submit(stand, [folder], '--wait', '--batch-size', '2');
      expect(stand.batches.map(({ requests }) => requests.map(({ id }) => id))).to.deep.equal([
        ['R1', 'R2'],
        ['R1', 'R2'],
        ['R1', 'R2']
      ]);
      expect(new Set(stand.batches.map(({ name }) => name)).size).to.equal(3);
      expect(results(stand)).to.deep.equal(['a.crt', 'b.crt', 'c.crt', 'd.crt']);
      expect(
        errors(stand)
          .split('\n')
          .slice(1, -1)
          .map(line => line.split(',').slice(0, 3))
      ).to.deep.equal([
        ['1', 'R2', 'aa'],
        ['3', 'R2', 'zz']
      ]);
    }));

  it('keeps names that a list in CSV has to quote', () =>
    BatchStand.with(async stand => {
      const folder = path.join(stand.folder, 'requests');
      await mkdir(folder);
      await writeFile(path.join(folder, 'a, "b".csr'), deviceRequest());
      await writeFile(path.join(folder, 'wrong, "too".csr'), wrong);
      await submit(stand, [folder], '--wait');
      expect(results(stand)).to.deep.equal(['a, "b".crt']);
      expect(errors(stand)).to.include(',"wrong, ""too""",CSR_ERROR,');
    }));

  it('a message of its own is sent as it is, and its IDs name the certificates', () =>
    BatchStand.with(async stand => {
      const file = path.join(stand.folder, 'message.xml');
      const csr = Buffer.from(deviceRequest()).toString('base64');
      await writeFile(
        file,
        `<?xml version="1.0"?>\n<SubmitCSRBatch ID="mine"><Version>1.0</Version><DeviceCSR ID="meter_7">${csr}</DeviceCSR></SubmitCSRBatch>`
      );
      expect((await submit(stand, [file], '--wait')).status).to.equal(0);
      expect(stand.batches[0]?.name).to.equal('mine');
      expect(results(stand)).to.deep.equal(['meter_7.crt']);
    }));

  describe('again with the same folder', () => {
    it('neither submits again nor writes again what is there', () =>
      BatchStand.with(async stand => {
        const { folder } = await requestFolder(stand);
        await submit(stand, [folder], '--wait');
        const before = statSync(path.join(stand.folder, 'out/a.crt'));
        const again = await submit(stand, [folder], '--wait');
        expect(again.status).to.equal(0);
        expect(stand.uploads).to.equal(1);
        expect(statSync(path.join(stand.folder, 'out/a.crt')).ino).to.equal(before.ino);
      }));

    it('finds the batch whose answer was lost', () =>
      BatchStand.with(async stand => {
        const { folder } = await requestFolder(stand);
        stand.behaviour.loseAnswer = true;
        expect(codeOf(await submit(stand, [folder], '--wait'))).to.equal('cli/unavailable');
        stand.behaviour.loseAnswer = false;
        expect((await submit(stand, [], '--wait')).status).to.equal(0);
        expect(stand.uploads).to.equal(1);
        expect(results(stand)).to.have.lengthOf(4);
      }));

    it('sends again what did not arrive', () =>
      BatchStand.with(async stand => {
        const { folder } = await requestFolder(stand);
        stand.behaviour.cutUpload = true;
        expect(codeOf(await submit(stand, [folder], '--wait'))).to.equal('cli/unavailable');
        stand.behaviour.cutUpload = false;
        expect((await submit(stand, [folder], '--wait')).status).to.equal(0);
        expect(stand.batches).to.have.lengthOf(1);
      }));

    it('goes on with results that broke off, and leaves the files that are whole', () =>
      BatchStand.with(async stand => {
        const { folder } = await requestFolder(stand);
        await writeFile(path.join(folder, 'aa.csr'), wrong);
        stand.behaviour.cutResultsAfter = 3;
        expect((await submit(stand, [folder], '--wait')).status).to.equal(1);
        expect(results(stand)).to.deep.equal(['a.crt', 'b.crt']);
        const before = statSync(path.join(stand.folder, 'out/a.crt'));
        stand.behaviour.cutResultsAfter = Infinity;
        expect((await submit(stand, [folder], '--wait')).status).to.equal(1);
        expect(results(stand)).to.deep.equal(['a.crt', 'b.crt', 'c.crt', 'd.crt']);
        expect(statSync(path.join(stand.folder, 'out/a.crt')).ino).to.equal(before.ino);
        expect(errors(stand).split('\n')).to.have.lengthOf(3);
        expect(
          readdirSync(path.join(stand.folder, 'out')).filter(name => name.endsWith('.part'))
        ).to.deep.equal([]);
      }));

    it('refuses other files, and files that have changed', () =>
      BatchStand.with(async stand => {
        const { folder } = await requestFolder(stand);
        stand.behaviour.cutUpload = true;
        await submit(stand, [folder]);
        stand.behaviour.cutUpload = false;
        const others = await submit(stand, [path.join(folder, 'b.csr')]);
        expect({ status: others.status, code: codeOf(others) }).to.deep.equal({
          status: 2,
          code: 'cli/option'
        });
        await writeFile(path.join(folder, 'd.csr'), deviceRequest());
        const changed = await submit(stand, [folder]);
        expect({ status: changed.status, code: codeOf(changed) }).to.deep.equal({
          status: 2,
          code: 'cli/file'
        });
        expect(stand.batches).to.deep.equal([]);
      }));
  });

  describe('a folder that another process works in', function () {
    this.timeout(60_000);

    /** A process of its own that waits for batches that do not end; resolves when it has ended or has the folder. */
    async function start(stand: BatchStand, folder: string): Promise<Submitting> {
      const out = path.join(stand.folder, 'out');
      const args = ['batch', 'submit', folder, ...stand.access, '--out', out, '--wait'];
      const child = spawn(process.execPath, [compiled('ops/smki'), ...args], {
        stdio: ['ignore', 'ignore', 'pipe']
      });
      let error = '';
      const ended = new Promise<number | null>(resolve => child.once('close', status => resolve(status)));
      const submitted = new Promise<undefined>(resolve =>
        child.stderr.setEncoding('utf8').on('data', (text: string) => {
          error += text;
          if (error.includes(' submitted')) resolve(undefined);
        })
      );
      const status = await Promise.race([ended, submitted]);
      return {
        ...{ pid: child.pid ?? 0, status, code: codeOf({ status: 1, out: '', error }), error },
        end: async signal => {
          child.kill(signal);
          await ended;
        }
      };
    }

    it('is left alone: of two at once one sends; a killed one is followed by the next', () =>
      BatchStand.with(async stand => {
        const { folder } = await requestFolder(stand);
        stand.behaviour.state = 'PROCESSING';
        const both = await Promise.all([start(stand, folder), start(stand, folder)]);
        const [holder, refused] = both.sort((a, b) => Number(a.status ?? 0) - Number(b.status ?? 0));
        try {
          expect(holder?.status).to.equal(undefined);
          expect([refused?.status, refused?.code]).to.deep.equal([1, 'cli/in-use']);
          expect(stand.uploads).to.equal(1);
          const lock = path.join(stand.folder, 'out/submission.lock');
          expect(JSON.parse(readFileSync(lock, 'utf8'))).to.deep.include({
            pid: holder?.pid,
            host: hostname()
          });
          // Fetching the results again would write the same files.
          const out = path.join(stand.folder, 'out');
          const fetching = await smki(['batch', 'results', '1', ...stand.access, '--out', out]);
          expect([fetching.status, codeOf(fetching)]).to.deep.equal([1, 'cli/in-use']);
          await holder?.end('SIGKILL');
          stand.behaviour.state = 'COMPLETED';
          const next = await submit(stand, [folder], '--wait');
          expect(next.status, next.error).to.equal(0);
          expect(next.error).to.include(`process ${holder?.pid}`);
          expect(stand.uploads).to.equal(1);
          expect(readdirSync(out).filter(name => name.includes('lock'))).to.deep.equal([]);
        } finally {
          for (const one of both) await one.end('SIGKILL');
        }
      }));

    it('is given back by one that is interrupted', () =>
      BatchStand.with(async stand => {
        const { folder } = await requestFolder(stand);
        stand.behaviour.state = 'PROCESSING';
        await (await start(stand, folder)).end('SIGINT');
        expect(readdirSync(path.join(stand.folder, 'out')).sort()).to.deep.equal([
          'requests.csv',
          'submission.json'
        ]);
      }));

    it('is not taken from another host, whose processes cannot be seen', () =>
      BatchStand.with(async stand => {
        const { folder } = await requestFolder(stand);
        const out = path.join(stand.folder, 'out');
        await mkdir(out);
        const lock = path.join(out, 'submission.lock');
        await writeFile(
          lock,
          JSON.stringify({ pid: 1, host: 'elsewhere.example', started: '1', token: '1' })
        );
        const done = await submit(stand, [folder]);
        expect([done.status, codeOf(done)]).to.deep.equal([1, 'cli/in-use']);
        expect(stand.uploads).to.equal(0);
        expect(readdirSync(out)).to.deep.equal(['submission.lock']);
      }));
  });

  describe('nothing is sent when', () => {
    const cases: Record<string, (folder: string) => Promise<readonly string[]>> = {
      'a file is no request': async folder => {
        await writeFile(path.join(folder, 'x.csr'), 'hello');
        return [folder];
      },
      'two requests have one name': async folder => {
        await mkdir(path.join(folder, 'sub'));
        await writeFile(path.join(folder, 'x.csr'), wrong);
        await writeFile(path.join(folder, 'sub', 'X.csr.der'), wrong);
        return [folder, path.join(folder, 'sub')];
      },
      'a file is larger than a request': async folder => {
        await writeFile(path.join(folder, 'x.csr'), Buffer.alloc(9_000, 'A'));
        return [folder];
      },
      'an archive is not what it seems': async folder => {
        const zip = path.join(folder, 'x.zip');
        await writeFile(zip, archiveOf([{ name: '../x.csr', content: 'MIIB' }]));
        return [zip];
      },
      'a file is not there': async folder => [path.join(folder, 'nothing')],
      'a folder holds no request': async folder => [folder]
    };
    for (const [title, files] of Object.entries(cases)) {
      it(title, () =>
        BatchStand.with(async stand => {
          const folder = path.join(stand.folder, 'in');
          await mkdir(folder);
          const done = await submit(stand, await files(folder));
          expect(done.status, done.error).to.equal(2);
          expect(codeOf(done)).to.match(/^cli\/(?:file|option)$/);
          expect(stand.uploads).to.equal(0);
        })
      );
    }
  });

  describe('an answer that is wrong', () => {
    const other = certificateResult('R1', testCertificate({ key: p256Key() }));
    const cases: Record<string, (told: readonly string[]) => readonly string[]> = {
      'a result that is missing': told => told.slice(1),
      'a result twice': told => [...told, told[0] ?? ''],
      'a result of nothing that was sent': told => [...told, errorResult('R9', 'CR:R1')],
      'a certificate for another key': told => [other, ...told.slice(1)],
      'a certificate that is none': told => [certificateResult('R1', wrong), ...told.slice(1)],
      'an element of another schema': told => ['<Extra>1</Extra>', ...told],
      'a success without certificate': told => [
        '<DeviceCertificate ID="R1"><Status>SUCCESS</Status></DeviceCertificate>',
        ...told.slice(1)
      ],
      'text beside elements': told => ['x', ...told]
    };
    for (const [title, change] of Object.entries(cases)) {
      it(`${title} is not taken`, () =>
        BatchStand.with(async stand => {
          const { folder } = await requestFolder(stand);
          stand.behaviour.change = change;
          const done = await submit(stand, [folder], '--wait');
          expect(done.status).to.equal(1);
          expect(done.error).to.match(/^cli\/unavailable: /m);
        }));
    }

    it('a refusal is told with its codes', () =>
      BatchStand.with(async stand => {
        const { folder } = await requestFolder(stand);
        stand.behaviour.refuse = {
          status: 200,
          body:
            '<SubmitCSRBatchStatus><Version>1.0</Version><Build>t</Build><BatchStatus>FORMAT_ERROR</BatchStatus>' +
            '<Error><ErrorCode>FM:AA2</ErrorCode><ErrorText>too many</ErrorText></Error></SubmitCSRBatchStatus>'
        };
        const done = await submit(stand, [folder]);
        expect({ status: done.status, code: codeOf(done) }).to.deep.equal({ status: 1, code: 'cli/refused' });
        expect(done.error).to.include('FM:AA2');
        stand.behaviour.refuse = undefined;
        expect((await submit(stand, [folder])).status).to.equal(0);
      }));

    for (const state of ['REJECTED', 'TAMPERED']) {
      it(`a batch that is ${state} is status 1, and no file is written`, () =>
        BatchStand.with(async stand => {
          const { folder } = await requestFolder(stand);
          stand.behaviour.state = state;
          const done = await submit(stand, [folder], '--wait');
          expect(done.status).to.equal(1);
          expect(done.error).to.include(state);
          expect(results(stand)).to.deep.equal([]);
        }));
    }
  });

  describe('asks for batches', () => {
    it('status, list and results', () =>
      BatchStand.with(async stand => {
        const { folder } = await requestFolder(stand);
        await submit(stand, [folder], '--name', 'mine');
        const status = await smki(['batch', 'status', '1', ...stand.access, '--json']);
        expect(JSON.parse(status.out)).to.have.nested.property('[0].state', 'COMPLETED');
        const list = await smki(['batch', 'list', ...stand.access]);
        expect(list.out).to.match(/^1 +COMPLETED +4 .* mine-[0-9a-f]{8}-1$/m);
        const elsewhere = path.join(stand.folder, 'elsewhere');
        const fetched = await smki(['batch', 'results', '1', '--out', elsewhere, ...stand.access, '--json']);
        expect(JSON.parse(fetched.out)).to.include({ issued: 4, refused: 0, kept: 0 });
        expect(readdirSync(elsewhere).sort()).to.deep.equal([
          'R1.crt',
          'R2.crt',
          'R3.crt',
          'R4.crt',
          'errors.csv'
        ]);
        const named = await smki([
          ...['batch', 'results', '1', '--out', path.join(stand.folder, 'out'), ...stand.access]
        ]);
        expect(named.status).to.equal(0);
        expect(results(stand)).to.deep.equal(['a.crt', 'b.crt', 'c.crt', 'd.crt']);
      }));

    it('one that is not there is status 1 with its code; what is no number is status 2', () =>
      BatchStand.with(async stand => {
        const unknown = await smki(['batch', 'status', '77', ...stand.access]);
        expect({ status: unknown.status, code: codeOf(unknown) }).to.deep.equal({
          status: 1,
          code: 'cli/refused'
        });
        expect(unknown.error).to.include('batch/unknown');
        const odd = await smki(['batch', 'status', '../x', ...stand.access]);
        expect({ status: odd.status, code: codeOf(odd) }).to.deep.equal({ status: 2, code: 'cli/option' });
      }));
  });

  it('wants to know where the RA is', () =>
    inFolder(async folder => {
      const done = await smki(['batch', 'list', '--ra', 'https://localhost:1']);
      expect({ status: done.status, code: codeOf(done) }).to.deep.equal({ status: 2, code: 'cli/option' });
      const plain = ['--ca', 'x', '--cert', 'x', '--key', 'x', '--ra', 'http://localhost:1'];
      expect((await smki(['batch', 'list', ...plain])).status).to.equal(2);
      const file = path.join(folder, 'endpoints.json');
      await writeFile(file, '{}');
      expect(codeOf(await smki(['batch', 'list', '--endpoints', file]))).to.equal('cli/option');
    }));

  it('shows one moving line on a terminal, takes it away, and says the end', () => {
    const lines: (string | undefined)[] = [];
    const said: string[] = [];
    const show = progressOf({
      ...{ out: text => said.push(text), error: text => said.push(text), status: line => lines.push(line) },
      input: () => Promise.resolve(new Uint8Array())
    });
    const view = {
      ...{ batchId: '1', name: 'n', source: 'batch' as const, parsed: 9, ordered: 0, requests: 9 },
      ...{ issued: 0, refused: 1, submittedAt: '' }
    };
    show({ ...view, state: 'PENDING', done: 0 });
    show({ ...view, state: 'PROCESSING', done: 4 });
    show({ ...view, state: 'COMPLETED', done: 9 });
    expect(lines).to.have.lengthOf(3);
    expect(lines[1]).to.include('4 of 9  PROCESSING');
    expect(lines[2]).to.equal(undefined);
    expect(said).to.deep.equal(['batch 1: COMPLETED, 9 of 9 done, 1 refused']);
  });

  it('shows a bar of one width and the pace', () => {
    const view = {
      ...{ batchId: '1', name: 'n', source: 'batch' as const, state: 'PROCESSING', parsed: 0, ordered: 0 },
      ...{ issued: 0, refused: 0, submittedAt: '' }
    };
    const bars = [0, 1, 12_345, 49_999, 50_000].map(done =>
      progressLine({ ...view, requests: 50_000, done }, 1_000)
    );
    expect(new Set(bars.map(line => line.indexOf(']'))).size).to.equal(1);
    expect(bars[2]).to.include('12,345 of 50,000').and.include('1,000/s, 38 s left');
  });
});
