import { createHash, randomBytes } from 'node:crypto';
import { expect } from 'chai';
import { connect } from '../../ops/database/index.js';
import { deviceDomain, issue, issueCrl, type TestEntity } from '../kit/hierarchy.js';
import { byAltName, post, retrieval, retrieve, search, searchFor, textOf } from './client.js';
import { apiKey, events, problemCode, startRepository, type Running } from './running.js';

const hwType = '2.25.7';

describe('faults', function () {
  this.timeout(60_000);
  let running: Running;
  let device: TestEntity;
  beforeEach(async () => {
    running = await startRepository();
    device = issue('device-ds', {
      issuer: running.domains.device.issuing,
      subject: { eui: 0x0007810000003000n, hwType }
    });
    await running.publish(device.certificate.der);
  });
  afterEach(() => running.stop());
  const deviceSearch = () => post(running, 'certificatesearch', search(byAltName('00-07-81-00-00-00-30-00')));

  it('answers 503 and no result once the audit log cannot be written', async () => {
    await running.audit.close();
    const found = await deviceSearch();
    expect([found.status, found.headers['retry-after']]).to.deep.equal([503, '5']);
    expect(textOf(found.body.toString(), 'ResponseCode')).to.equal('503');
    expect(found.body.toString()).not.to.match(/Result>|AuditReference/);
    const path = `/certificates/${device.certificate.serialHex}?apikey=${apiKey}`;
    const file = await running.ask({ path });
    expect([file.status, problemCode(file)]).to.deep.equal([503, 'repository/audit-unavailable']);
    const fresh = issue('device-ds', { issuer: running.domains.device.issuing });
    for (const { certificate } of [fresh, fresh, device]) {
      const lodged = await running.publish(certificate.der);
      expect([lodged.status, problemCode(lodged)]).to.deep.equal([503, 'repository/audit-unavailable']);
    }
    const marked = await running.call('operator', {
      method: 'POST',
      path: '/admin/v1/mark-in-use',
      body: JSON.stringify({ serial: device.certificate.serialHex })
    });
    expect(marked.status).to.equal(503);
  });

  it('answers 503 while the database does not answer, and 200 when it does again', async () => {
    expect(await running.repository.health()).to.deep.equal({ healthy: true, checks: { database: 'ok' } });
    const admin = connect(running.adminUrl, { applicationName: 'test-fault', poolMax: 1 });
    try {
      await admin.raw('alter role opensmki_repository connection limit 0');
      await admin.raw(
        "select pg_terminate_backend(pid) from pg_stat_activity where usename = 'opensmki_repository'"
      );
      const away = await deviceSearch();
      expect([away.status, away.headers['retry-after']]).to.deep.equal([503, '5']);
      expect(textOf(away.body.toString(), 'ResponseCode')).to.equal('503');
      const list = await running.ask({ path: '/crl/organisation.crl' });
      expect([list.status, problemCode(list)]).to.deep.equal([503, 'repository/unavailable']);
      expect((await running.publish(device.certificate.der)).status).to.equal(503);
      expect(await running.repository.health()).to.deep.equal({
        healthy: false,
        checks: { database: 'unavailable' }
      });
    } finally {
      await admin.raw('alter role opensmki_repository connection limit -1');
      await admin.destroy();
    }
    expect((await deviceSearch()).status).to.equal(200);
    expect((await running.repository.health()).healthy).to.equal(true);
  });

  it('answers no certificate that contradicts its row', async () => {
    const other = issue('device-ds', {
      issuer: running.domains.device.issuing,
      subject: { eui: 0x0007810000003001n, hwType }
    });
    await running.publish(other.certificate.der);
    const damage = async (change: Record<string, unknown>) => {
      const undo = await running
        .ownerKnex('certificate')
        .where({ eui: String(0x0007810000003000n) })
        .first<Record<string, unknown>>();
      await running
        .ownerKnex('certificate')
        .where({ eui: String(0x0007810000003000n) })
        .update(change);
      const answer = await post(running, 'retrievecertificate', retrieval(device.certificate.serialHex));
      expect(answer.status).to.equal(503);
      expect(answer.body.toString()).not.to.contain('CertificateBody');
      const kinds = (await events(running)).slice(-2).map(event => event.type);
      expect(kinds).to.deep.equal(['repository.store.inconsistent', 'repository.query.failed']);
      const file = await running.ask({
        path: `/certificates/${device.certificate.serialHex}?apikey=${apiKey}`
      });
      expect([file.status, problemCode(file)]).to.deep.equal([503, 'repository/inconsistent']);
      await running
        .ownerKnex('certificate')
        .where({ id: undo['id'] })
        .update({ der: undo['der'], sha256: undo['sha256'] });
    };
    const flipped = Buffer.from(device.certificate.der);
    flipped[40] = (flipped[40] ?? 0) ^ 1;
    await damage({ der: flipped });
    await damage({ sha256: randomBytes(32) });
    // Another device's certificate with its own hash: the number does not agree.
    await damage({
      der: Buffer.from(other.certificate.der),
      sha256: createHash('sha256').update(other.certificate.der).digest()
    });
    expect((await retrieve(running, device.certificate.serialHex))?.serial).to.equal(
      device.certificate.serialHex
    );
  });

  it('believes no authority that only the database knows', async () => {
    const rogue = deviceDomain();
    // As somebody with the database would do it: the row of the true issuing authority becomes the rogue's.
    await running
      .ownerKnex('certificate')
      .where({ profile: 'issuing-dca' })
      .update({
        der: Buffer.from(rogue.issuing.certificate.der),
        subject: Buffer.from(rogue.issuing.certificate.subject.der)
      });
    const answer = await running.publish(issue('device-ds', { issuer: rogue.issuing }).certificate.der);
    expect([answer.status, problemCode(answer)]).to.deep.equal([422, 'repository/unknown-issuer']);
  });

  it('works on one database with another repository', async () => {
    const other = await running.another();
    try {
      const eui = 0x0007810000003002n;
      const make = () =>
        issue('device-ds', { issuer: running.domains.device.issuing, subject: { eui, hwType } });
      const group = randomBytes(16);
      const same = make().certificate.der;
      const answers = await Promise.all([
        running.publishGroup(group, [same]),
        other.publishGroup(group, [same]),
        ...Array.from({ length: 6 }, (_, i) =>
          (i % 2 === 0 ? running : other).publish(make().certificate.der)
        )
      ]);
      expect(answers.map(one => one.status)).to.deep.equal(answers.map(() => 200));
      for (const each of [running, other]) {
        const found = await searchFor(each, byAltName('00-07-81-00-00-00-30-02'));
        expect(found).to.have.length(7);
        expect(found.filter(one => one.status === 'I')).to.have.length(1);
      }
      // What one has served, the other replaces: no cache stands in between.
      const { issuing } = running.domains.organisation;
      for (const [number, lodges, serves] of [
        [1n, running, other],
        [2n, other, running],
        [3n, other, other]
      ] as const) {
        const { der } = issueCrl(issuing, { number });
        expect((await lodges.publishCrl(der)).status).to.equal(200);
        expect((await serves.ask({ path: '/crl/organisation.crl' })).body.equals(der)).to.equal(true);
      }
      const sequences = await running.ownerKnex('publication').orderBy('sequence').pluck('sequence');
      expect(sequences.map(Number)).to.deep.equal(sequences.map((_, i) => i + 1));
    } finally {
      await other.stop();
    }
  });

  it('makes API keys, forgets their texts and stops them everywhere', async () => {
    const other = await running.another();
    const admin = (method: string, path: string, body?: unknown) =>
      running.call('operator', {
        method,
        path: `/admin/v1/api-keys${path}`,
        ...(body === undefined ? {} : { body: JSON.stringify(body) })
      });
    try {
      const made = await admin('POST', '', { name: 'a party' });
      expect(made.status).to.equal(201);
      const { id, key } = JSON.parse(made.body.toString()) as { id: string; key: string };
      expect(key).to.match(/^[A-Za-z0-9_-]{43}$/);
      const listed = (await admin('GET', '')).body.toString();
      expect(listed).to.contain(id).and.not.to.contain(key);
      const stored = JSON.stringify(await running.ownerKnex('api_key'));
      expect(stored).not.to.contain(key).and.not.to.contain(Buffer.from(key).toString('hex'));
      const status = async (each: Running) =>
        (await post(each, 'certificatesearch', search(byAltName('00-07-81-00-00-00-30-00')), {}, key)).status;
      running.clock.advance(4_000);
      expect([await status(running), await status(other)]).to.deep.equal([200, 200]);
      expect((await admin('DELETE', `/${id}`)).status).to.equal(204);
      expect((await admin('DELETE', `/${id}`)).status).to.equal(404);
      // At once where it was revoked, within a second elsewhere.
      expect(await status(running)).to.equal(403);
      running.clock.advance(1_001);
      expect([await status(running), await status(other)]).to.deep.equal([403, 403]);
      expect((await running.call('ca', { path: '/admin/v1/api-keys' })).status).to.equal(403);
    } finally {
      await other.stop();
    }
  });
});
