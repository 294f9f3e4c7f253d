import { createHash, randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { expect } from 'chai';
import type { Entry } from '../../../ops/audit/entry.js';
import { findAuditEvent } from '../../../ops/audit/index.js';
import { readReceiptFile, verifyReceipt } from '../../../ops/cli/verify/check-receipt.js';
import { connect } from '../../../ops/database/index.js';
import { HsmError } from '../../../hsm/index.js';
import { validationProblems, type ValidationAnswer } from '../../../repository/index.js';
import { statuses } from '../../../repository/http/problem.js';
import { issue, issueCrl, organisationDomain, type TestEntity } from '../../kit/hierarchy.js';
import { problemCode, startRepository, type Running } from '../running.js';
import { startValidation, type RunningValidation } from './running.js';

const base64 = (octets: Uint8Array): string => Buffer.from(octets).toString('base64');
const sha256 = (octets: Uint8Array): string => createHash('sha256').update(octets).digest('hex');
const issued = new Date('2026-11-23T10:45:00Z');

describe('validation service', function () {
  this.timeout(60_000);
  let running: Running;
  let service: RunningValidation;
  let supplier: TestEntity;
  let device: TestEntity;

  before(async () => {
    running = await startRepository();
    const { organisation, device: devices } = running.domains;
    supplier = issue('organisation-ds', { issuer: organisation.issuing });
    device = issue('device-ds', { issuer: devices.issuing });
    for (const entity of [supplier, device]) {
      const answer = await running.publish(entity.certificate.der);
      if (answer.status !== 200) throw new Error(answer.body.toString());
    }
    await running.publishCrl(issueCrl(organisation.root, { number: 1n }).der);
    await running.publishCrl(issueCrl(organisation.issuing, { number: 1n }).der);
    service = await startValidation(running);
  });
  after(async () => {
    await service?.stop();
    await running?.stop();
  });

  const refused = async (body: object | string, options?: Parameters<RunningValidation['post']>[1]) => {
    const answer = await service.post(typeof body === 'string' ? body : JSON.stringify(body), options);
    return [answer.status, problemCode(answer)];
  };
  const holds = (answer: ValidationAnswer) =>
    verifyReceipt(readReceiptFile('answer', Buffer.from(JSON.stringify(answer))), {
      keys: [service.key.spki],
      environment: 'test'
    });
  const eventOf = async (reference: string): Promise<Entry> => {
    const event = await findAuditEvent(running.auditDirectory, reference);
    if (event === undefined) throw new Error(`${reference} is not in the log`);
    return event;
  };

  it('judges an organisation certificate with its lists, and signs a receipt of it', async () => {
    const { organisation } = running.domains;
    const question = {
      certificate: base64(supplier.certificate.der),
      purpose: 'organisation',
      role: 2,
      entity: '90-B3-D5-1F-30-AA-00-01',
      revocation: 'chain'
    };
    const answer = await service.ask(question);
    expect(answer).to.deep.include({ valid: true, profile: 'organisation-ds', timeRule: 'all-valid-now' });
    expect(answer.path.map(({ sha256 }) => sha256)).to.deep.equal(
      [supplier, organisation.issuing, organisation.root].map(({ certificate }) => sha256(certificate.der))
    );
    expect(answer.path[0]?.serial).to.equal(supplier.certificate.serialHex);
    expect(answer.lists.map(({ number }) => number)).to.deep.equal(['1', '1']);
    expect(answer.requestSha256).to.equal(sha256(Buffer.from(JSON.stringify(question))));
    const receipt = holds(answer);
    expect(receipt.question).to.deep.equal({
      purpose: 'organisation',
      role: 2,
      entity: 0x90b3d51f30aa0001n,
      at: running.clock.at,
      revocation: 'chain'
    });
    const event = await eventOf(answer.auditReference);
    expect(event.type).to.equal('repository.validation.answered');
    expect(event.facts).to.deep.include({
      verdict: 'valid',
      certificate: sha256(supplier.certificate.der),
      lists: ['1', '1'],
      receipt: sha256(Buffer.from(answer.receipt.statement, 'base64'))
    });
  });

  it('judges a device certificate by the rule of devices, which have no lists', async () => {
    const answer = await service.ask({ certificate: base64(device.certificate.der), purpose: 'device' });
    expect(answer).to.deep.include({
      valid: true,
      timeRule: 'issuer-valid-when-issued',
      lists: []
    });
    holds(answer);
  });

  it('finds a certificate of the repository by issuer and serial number', async () => {
    const { issuer, serialHex, der } = supplier.certificate;
    for (const serial of [serialHex, serialHex.toLowerCase(), `00${serialHex}`]) {
      const answer = await service.ask({ issuer: base64(issuer.der), serial, revocation: 'leaf' });
      expect([answer.valid, answer.path[0]?.sha256]).to.deep.equal([true, sha256(der)]);
    }
    const unknown = { issuer: base64(issuer.der), serial: '01' };
    expect(await refused(unknown)).to.deep.equal([404, 'repository/unknown-certificate']);
    // Somebody else's of this number.
    const other = { issuer: base64(device.certificate.issuer.der), serial: serialHex };
    expect(await refused(other)).to.deep.equal([404, 'repository/unknown-certificate']);
  });

  it('says why a certificate is not valid, with a receipt', async () => {
    const certificate = base64(supplier.certificate.der);
    const stranger = issue('organisation-ds', { issuer: organisationDomain().issuing });
    const cases: readonly (readonly [object, string])[] = [
      [{ certificate, purpose: 'device' }, 'smki/purpose'],
      [{ certificate, role: 3 }, 'smki/role'],
      [{ certificate, entity: '90-B3-D5-1F-30-AA-00-02' }, 'smki/entity'],
      [{ certificate: base64(stranger.certificate.der) }, 'smki/issuer-key']
    ];
    for (const [question, code] of cases) {
      const answer = await service.ask(question);
      expect([answer.valid, answer.failure?.code], code).to.deep.equal([false, code]);
      expect(holds(answer).verdict.code).to.equal(code);
      expect((await eventOf(answer.auditReference)).facts['verdict']).to.equal(code);
    }
  });

  it('refuses what is no question, and records it', async () => {
    const certificate = base64(supplier.certificate.der);
    const malformed: readonly (object | string)[] = [
      ...['', '{', 'null', '[]', '{}', '\u0000'],
      { certificate, more: 1 },
      { certificate, issuer: certificate, serial: '01' },
      { issuer: certificate },
      { serial: '01' },
      { issuer: certificate, serial: '0' },
      { certificate: certificate.slice(0, -1) },
      { certificate: `${certificate}\n` },
      { certificate: `${certificate}A` },
      { certificate, purpose: 'nonsense' },
      { certificate, role: 256 },
      { certificate, entity: '00-00-00-00-00-00-00-00' },
      { certificate, time: 'yesterday' },
      { certificate, revocation: 'sometimes' }
    ];
    for (const body of malformed)
      expect(await refused(body), JSON.stringify(body)).to.deep.equal([400, 'repository/malformed']);
    for (const octets of [
      Buffer.of(0x30, 0),
      randomBytes(300),
      Buffer.from([...supplier.certificate.der, 0])
    ])
      expect(await refused({ certificate: base64(octets) })).to.deep.equal([
        422,
        'repository/certificate-malformed'
      ]);
    expect(await refused('x'.repeat(16 * 1024 + 1))).to.deep.equal([413, 'repository/too-large']);
    expect(await refused({ certificate }, { headers: { 'content-type': 'text/plain' } })).to.deep.equal([
      415,
      'repository/content-type'
    ]);
    const text = await readFile(service.audit.path, 'utf8');
    const refusals = text.split('\n').filter(line => line.includes('"repository.validation.refused"'));
    expect(refusals.length).to.be.at.least(malformed.length + 5);
  });

  it('answers nobody without a key that works', async () => {
    const certificate = base64(supplier.certificate.der);
    for (const apiKey of ['', 'another', 'x'.repeat(300)])
      expect(await refused({ certificate }, { apiKey })).to.deep.equal([403, 'repository/api-key']);
  });

  it('answers about moments within the policy only', async () => {
    const certificate = base64(supplier.certificate.der);
    const ask = (ms: number) => ({
      certificate,
      revocation: 'none',
      time: new Date(running.clock.at.getTime() + ms).toISOString()
    });
    for (const ms of [-86_400_001, 60_001])
      expect(await refused(ask(ms))).to.deep.equal([422, 'repository/time']);
    for (const ms of [-86_400_000 + 43_200_000, 60_000]) {
      const answer = await service.ask(ask(ms));
      expect(answer.question.at).to.equal(ask(ms).time);
      expect(answer.valid).to.equal(true);
    }
    // Before it and its issuer were.
    expect((await service.ask(ask(-86_400_000))).failure?.code).to.match(/not-yet-valid$/);
  });

  it('says revoked within a second of the list, and stale where a list is past its nextUpdate', async () => {
    const { organisation } = running.domains;
    const other = issue('organisation-ds', {
      issuer: organisation.issuing,
      subject: { organisationalUnit: '02', eui: 0x90b3d51f30aa0002n }
    });
    await running.publish(other.certificate.der);
    const question = { certificate: base64(other.certificate.der), revocation: 'leaf' };
    expect((await service.ask(question)).valid).to.equal(true);
    const crl = issueCrl(organisation.issuing, {
      number: 2n,
      thisUpdate: new Date('2026-11-23T11:00:00Z'),
      entries: [{ serialHex: other.certificate.serialHex, date: issued, reason: 'keyCompromise' }]
    });
    expect((await running.publishCrl(crl.der)).status).to.equal(200);
    running.clock.advance(1_001);
    const answer = await service.ask(question);
    expect([answer.valid, answer.failure?.code]).to.deep.equal([false, 'revocation/revoked']);
    expect(answer.lists).to.deep.equal([
      {
        issuer: answer.path[1]?.subject,
        number: '2',
        thisUpdate: crl.thisUpdate.toISOString(),
        nextUpdate: crl.nextUpdate.toISOString(),
        sha256: sha256(crl.der)
      }
    ]);
    holds(answer);
    // As it was judged before the list began: by the one in force then.
    const before = await service.ask({ ...question, time: '2026-11-23T10:59:00Z' });
    expect([before.valid, before.lists[0]?.number]).to.deep.equal([true, '1']);

    const now = running.clock.at;
    try {
      running.clock.at = new Date(crl.nextUpdate.getTime() + 1_000);
      const stale = await service.ask({ certificate: base64(supplier.certificate.der), revocation: 'leaf' });
      expect([stale.failure?.code, stale.lists[0]?.number]).to.deep.equal(['revocation/stale', '2']);
    } finally {
      running.clock.at = now;
    }
  });

  it('believes no list and no authority that only the database knows', async () => {
    const rogue = organisationDomain();
    const theirs = issue('organisation-ds', { issuer: rogue.issuing });
    const row = await running
      .ownerKnex('certificate')
      .where({ profile: 'issuing-oca' })
      .first<Record<string, unknown>>();
    await running
      .ownerKnex('certificate')
      .where({ id: row['id'] })
      .update({ der: Buffer.from(rogue.issuing.certificate.der) });
    const other = await startValidation(running);
    try {
      const answer = await other.ask({ certificate: base64(theirs.certificate.der), revocation: 'none' });
      expect(answer.valid).to.equal(false);
    } finally {
      await other.stop();
      await running.ownerKnex('certificate').where({ id: row['id'] }).update({ der: row['der'] });
    }
  });

  it('answers 503 and no verdict while the token does not answer', async () => {
    const { sign } = service.signing;
    for (const code of ['hsm/unavailable', 'hsm/busy', 'hsm/failed', 'hsm/outcome-unknown'] as const) {
      service.signing.sign = async () => {
        throw new HsmError(code, 'away');
      };
      const answer = await service.post(JSON.stringify({ certificate: base64(supplier.certificate.der) }));
      expect([answer.status, answer.headers['retry-after'], problemCode(answer)]).to.deep.equal([
        503,
        '5',
        'repository/signer-unavailable'
      ]);
    }
    service.signing.sign = sign;
    expect((await service.ask({ certificate: base64(supplier.certificate.der) })).valid).to.equal(true);
  });

  it('answers 503 while the database does not answer, and again when it does', async () => {
    const question = { certificate: base64(supplier.certificate.der) };
    expect((await service.health()).checks.database).to.equal('ok');
    const admin = connect(running.adminUrl, { applicationName: 'test-fault', poolMax: 1 });
    try {
      await admin.raw('alter role opensmki_repository connection limit 0');
      await admin.raw(
        "select pg_terminate_backend(pid) from pg_stat_activity where usename = 'opensmki_repository'"
      );
      running.clock.advance(1_001);
      expect(await refused(question)).to.deep.equal([503, 'repository/unavailable']);
      expect((await service.health()).checks.database).to.equal('unavailable');
    } finally {
      await admin.raw('alter role opensmki_repository connection limit -1');
      await admin.destroy();
    }
    expect((await service.ask(question)).valid).to.equal(true);
  });

  it('answers many at once, each about its own certificate', async () => {
    const others = Array.from({ length: 40 }, (_, i) =>
      issue('device-ds', {
        issuer: running.domains.device.issuing,
        subject: { eui: 0x0007810000004000n + BigInt(i), hwType: '2.25.7' }
      })
    );
    const answers = await Promise.all(
      others.map(({ certificate }) =>
        service.ask({ certificate: base64(certificate.der), purpose: 'device' })
      )
    );
    answers.forEach((answer, i) => {
      expect([answer.valid, answer.path[0]?.sha256]).to.deep.equal([
        true,
        sha256(others[i]?.certificate.der ?? Buffer.of())
      ]);
      holds(answer);
    });
    expect(new Set(answers.map(({ auditReference }) => auditReference)).size).to.equal(answers.length);
    expect(await service.metrics.metrics()).to.match(
      /^opensmki_repository_verdicts_total\{verdict="valid"\} \d+$/m
    );
  });

  it('describes itself, and refuses other addresses and methods', async () => {
    const description = await service.get('/openapi.json');
    expect(description.status).to.equal(200);
    const { openapi, paths } = JSON.parse(description.body.toString()) as {
      openapi: string;
      paths: Record<string, { post: { responses: object } }>;
    };
    expect(openapi).to.match(/^3\.1\./);
    expect(Object.keys(paths)).to.deep.equal(['/validate/v1']);
    expect(Object.keys(paths['/validate/v1']?.post.responses ?? {})).to.include.members([
      '200',
      '403',
      '503'
    ]);
    const other = await service.get('/validate/v2');
    expect([other.status, problemCode(other)]).to.deep.equal([404, 'repository/not-found']);
    const method = await service.get('/validate/v1');
    expect([method.status, method.headers['allow'], problemCode(method)]).to.deep.equal([
      405,
      'POST',
      'repository/method'
    ]);
  });

  it('has the codes of its handbook page, with their statuses', async () => {
    const page = await readFile(new URL('../../../docs/validation.md', import.meta.url), 'utf8');
    const rows = [...page.matchAll(/^\| `(repository\/[a-z-]+)` *\| (\d{3}) *\| (.*?) *\|$/gm)];
    expect(rows.map(([, code, status, text]) => [code, Number(status), text])).to.deep.equal(
      Object.entries(validationProblems).map(([code, text]) => [
        code,
        statuses[code as keyof typeof statuses],
        text
      ])
    );
  });
});

describe('validation service without a word from the audit log', function () {
  this.timeout(60_000);
  it('answers 503', async () => {
    const running = await startRepository();
    const service = await startValidation(running);
    try {
      const { der } = issue('device-ds', { issuer: running.domains.device.issuing }).certificate;
      await service.audit.close();
      const answer = await service.post(JSON.stringify({ certificate: base64(der) }));
      expect([answer.status, problemCode(answer)]).to.deep.equal([503, 'repository/audit-unavailable']);
      expect(answer.body.toString()).to.not.contain('receipt');
    } finally {
      await service.stop();
      await running.stop();
    }
  });
});
