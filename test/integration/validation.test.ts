import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFileSync, renameSync } from 'node:fs';
import { expect } from 'chai';
import { readReceiptFile, verifyReceipt } from '../../ops/cli/verify/check-receipt.js';
import { createHttpClient, type HttpAnswer } from '../../ops/http/index.js';
import { writeEndpoints } from '../../ops/launch/endpoints.js';
import { decodePem, parseCertificate } from '../../pki/index.js';
import type { ValidationAnswer } from '../../repository/index.js';
import { eventually, startTestSystem, type TestSystem } from '../kit/system.js';
import { inParallel, show } from './talk.js';

const instance = 'repository-validation-1';

describe('the validation service of a running system', function () {
  this.timeout(180_000);
  let test: TestSystem;
  let supplier: Uint8Array;
  let meter: Uint8Array;

  before('start', async () => {
    test = await startTestSystem({ instances: { validation: 1 } });
    supplier = await published(test.demo.organisationSerial);
    meter = await published(test.demo.deviceSerial);
  });
  after('stop', () => test?.stop());

  async function published(serial: string): Promise<Uint8Array> {
    const client = createHttpClient(test.url('repository-1', 'public'));
    try {
      const path = `/certificates/${serial}?apikey=${encodeURIComponent(test.system.repositoryApiKey)}`;
      const answer = await client.send({ method: 'GET', path, timeoutMs: 10_000 });
      if (answer.status !== 200) throw new Error(`${answer.status}`);
      return new Uint8Array(answer.body);
    } finally {
      client.close();
    }
  }

  async function post(question: object, key = test.system.repositoryApiKey): Promise<HttpAnswer> {
    const client = createHttpClient(test.url(instance, 'public'));
    try {
      return await send(client, question, key);
    } finally {
      client.close();
    }
  }
  const send = (
    client: ReturnType<typeof createHttpClient>,
    question: object,
    key = test.system.repositoryApiKey
  ): Promise<HttpAnswer> =>
    client.send({
      method: 'POST',
      path: `/validate/v1?apikey=${encodeURIComponent(key)}`,
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(question),
      timeoutMs: 20_000
    });

  function answerIn({ status, body }: HttpAnswer): ValidationAnswer {
    expect(status, body.toString()).to.equal(200);
    return JSON.parse(body.toString()) as ValidationAnswer;
  }
  const sha256 = (octets: Uint8Array): string => createHash('sha256').update(octets).digest('hex');
  const base64 = (octets: Uint8Array): string => Buffer.from(octets).toString('base64');
  const receiptKey = (): Uint8Array => {
    const [block] = decodePem(readFileSync(test.system.receiptKey.file, 'latin1'));
    return block?.der ?? new Uint8Array();
  };
  const holds = (answer: ValidationAnswer): void => {
    const file = readReceiptFile('answer', Buffer.from(JSON.stringify(answer)));
    verifyReceipt(file, { keys: [receiptKey()], environment: 'test' });
  };

  it('answers about certificates as issued, with receipts of the key on its own token', async () => {
    const one = answerIn(
      await post({ certificate: base64(supplier), purpose: 'organisation-ds', role: 2, revocation: 'chain' })
    );
    expect([one.valid, one.failure]).to.deep.equal([true, undefined]);
    expect(one.lists).to.have.length(2);
    holds(one);
    const { issuer } = parseCertificate(meter);
    const two = answerIn(await post({ issuer: base64(issuer.der), serial: test.demo.deviceSerial }));
    expect([two.valid, two.profile, two.lists]).to.deep.equal([true, 'device-ds', []]);
    holds(two);
    expect(one.receipt.keyId).to.equal(test.system.receiptKey.keyId);
    // The RA's key, which signs orders, is another.
    expect(one.receipt.keyId).to.not.equal(test.system.hierarchy.statementKey.keyId);
    const refused = await post({ certificate: base64(supplier) }, 'another');
    expect(refused.status).to.equal(403);
  });

  it('is in endpoints.json, with its key', () => {
    const file = writeEndpoints(test.system, test.demo);
    const { validation, pids } = JSON.parse(readFileSync(file, 'utf8')) as {
      validation: { url: string; receiptKey: string; receiptKeyId: string };
      pids: { validation: number[]; validationSigner: number[]; signer: number[] };
    };
    expect(validation.url).to.equal(test.url(instance, 'public'));
    expect(sha256(receiptKey())).to.equal(validation.receiptKeyId);
    expect(readFileSync(validation.receiptKey, 'utf8')).to.match(/^-----BEGIN PUBLIC KEY-----/);
    expect(pids.validation).to.deep.equal([test.process(instance).pid()]);
    expect(pids.validationSigner).to.deep.equal([test.signerPid(instance)]);
    expect(pids.signer).to.have.length(2).and.to.not.include(test.signerPid(instance));
  });

  it('answers 400 questions on 16 connections, each with its receipt', async () => {
    const clients = Array.from({ length: 16 }, () => createHttpClient(test.url(instance, 'public')));
    const turns = Array.from({ length: 400 }, (_, at) => at);
    const took: number[] = [];
    const pid = test.process(instance).pid() ?? 0;
    const signer = test.signerPid(instance);
    const before = [cpuMs(pid), cpuMs(signer)];
    const began = performance.now();
    const answers = await inParallel(turns, 16, async at => {
      const from = performance.now();
      const certificate = base64(at % 2 === 0 ? supplier : meter);
      const answer = await send(clients[at % 16]!, { certificate, revocation: 'chain' });
      took.push(performance.now() - from);
      return answerIn(answer);
    });
    const seconds = (performance.now() - began) / 1_000;
    clients.forEach(client => client.close());
    const [own, signing] = [cpuMs(pid) - (before[0] ?? 0), cpuMs(signer) - (before[1] ?? 0)];
    took.sort((a, b) => a - b);
    show(
      `${answers.length} receipts in ${seconds.toFixed(2)} s; p50 ${took[200]?.toFixed(1)} ms, p99 ` +
        `${took[395]?.toFixed(1)} ms; ${(own / 400).toFixed(2)} ms of processor in the service and ` +
        `${(signing / 400).toFixed(2)} in its signer for each`
    );
    answers.forEach(answer => {
      expect(answer.valid).to.equal(true);
      holds(answer);
    });
    expect(new Set(answers.map(({ auditReference }) => auditReference)).size).to.equal(400);
  });

  it('is there again after a kill, at the same address and with the same key', async () => {
    const before = answerIn(await post({ certificate: base64(meter) }));
    await test.kill(instance);
    await test.start(instance);
    const after = answerIn(await post({ certificate: base64(meter) }));
    expect([after.valid, after.receipt.keyId]).to.deep.equal([true, before.receipt.keyId]);
    holds(before);
    holds(after);
  });

  it('answers 503 with Retry-After while its signer is away, and serves again', async () => {
    const tokens = test.system.data.path('tokens');
    renameSync(tokens, `${tokens}.away`);
    try {
      process.kill(test.signerPid(instance), 'SIGKILL');
      await eventually('503', 30_000, async () => {
        const answer = await post({ certificate: base64(meter) });
        if (answer.status === 200) return false;
        expect([answer.status, answer.headers['retry-after']]).to.deep.equal([503, '5']);
        expect(answer.body.toString()).to.include('repository/signer-unavailable');
        return true;
      });
    } finally {
      renameSync(`${tokens}.away`, tokens);
    }
    await eventually('200', 60_000, async () => (await post({ certificate: base64(meter) })).status === 200);
  });

  it('answers 503 while the database is away, and serves again', async function () {
    if (!test.ownPostgres) this.skip();
    await test.killPostgres();
    try {
      await eventually('503', 30_000, async () => {
        const answer = await post({ certificate: base64(meter) });
        if (answer.status === 200) return false;
        expect([answer.status, answer.headers['retry-after']]).to.deep.equal([503, '5']);
        return true;
      });
    } finally {
      await test.startPostgres();
    }
    await eventually('200', 60_000, async () => (await post({ certificate: base64(meter) })).status === 200);
  });

  it('says that it serves, and leaves logs that hold', async () => {
    const { status, parts } = await test.health(instance);
    expect(status).to.equal('ok');
    expect(parts).to.include.keys('audit', 'database', 'signer');
    await test.reconcile(60_000);
  });
});

/** Processor time of a process so far, in milliseconds (proc(5): utime and stime of stat, in ticks). */
function cpuMs(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return ((Number(fields[11]) + Number(fields[12])) * 1_000) / ticksPerSecond;
}

const ticksPerSecond = Number(execFileSync('getconf', ['CLK_TCK']).toString());
