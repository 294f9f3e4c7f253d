import { expect } from 'chai';
import { issue, issueCrl, type TestEntity } from '../kit/hierarchy.js';
import { byAltName, searchFor } from './client.js';
import { events, problemCode, startRepository, type Answer, type Running } from './running.js';

const hwType = '2.25.7';
const text = '00-07-81-00-00-00-20-00';
const eui = 0x0007810000002000n;

describe('certificates in use', function () {
  this.timeout(60_000);
  let running: Running;
  let first: TestEntity;
  let second: TestEntity;
  let third: TestEntity;

  beforeEach(async () => {
    running = await startRepository();
    const make = () =>
      issue('device-ds', { issuer: running.domains.device.issuing, subject: { eui, hwType } });
    [first, second, third] = [make(), make(), make()];
    for (const one of [first, second, third]) await running.publish(one.certificate.der);
    running.clock.advance(60_000);
  });
  afterEach(() => running.stop());

  const mark = (serial: string, at?: string): Promise<Answer> =>
    running.call('operator', {
      method: 'POST',
      path: '/admin/v1/mark-in-use',
      body: JSON.stringify({ serial, at })
    });
  const statuses = async () => {
    const found = await searchFor(running, byAltName(text));
    return [first, second, third].map(
      one => found.find(({ serial }) => serial === one.certificate.serialHex)?.status
    );
  };

  it('puts one in use and takes its predecessor out', async () => {
    expect(await statuses()).to.deep.equal(['I', 'P', 'P']);
    const answer = await mark(second.certificate.serialHex.toLowerCase());
    expect(answer.status).to.equal(200);
    expect(JSON.parse(answer.body.toString())).to.deep.equal({
      serial: second.certificate.serialHex,
      replaced: first.certificate.serialHex
    });
    expect(await statuses()).to.deep.equal(['N', 'I', 'P']);
    expect((await events(running)).findLast(event => event.type.startsWith('repository.status'))).to.include({
      type: 'repository.status.in-use',
      actor: 'operator'
    });
    // Back to the first: a device may keep its old certificate after all.
    expect((await mark(first.certificate.serialHex)).status).to.equal(200);
    expect(await statuses()).to.deep.equal(['I', 'N', 'P']);
  });

  it('never lets an older statement override a newer one', async () => {
    const now = running.clock.now().getTime();
    const ago = (seconds: number) => new Date(now - seconds * 1_000).toISOString();
    expect((await mark(second.certificate.serialHex, ago(10))).status).to.equal(200);
    const late = await mark(third.certificate.serialHex, ago(20));
    expect([late.status, problemCode(late)]).to.deep.equal([409, 'repository/older-statement']);
    expect(await statuses()).to.deep.equal(['N', 'I', 'P']);
    // Saying again what is so makes the statement as new as that.
    expect((await mark(second.certificate.serialHex, ago(2))).status).to.equal(200);
    expect((await mark(third.certificate.serialHex, ago(5))).status).to.equal(409);
    expect((await mark(third.certificate.serialHex, ago(1))).status).to.equal(200);
    expect(await statuses()).to.deep.equal(['N', 'N', 'I']);
  });

  it('keeps exactly one in use when statements and publications meet', async () => {
    const more = Array.from({ length: 6 }, () =>
      issue('device-ds', { issuer: running.domains.device.issuing, subject: { eui, hwType } })
    );
    const serials = [first, second, third].map(one => one.certificate.serialHex);
    await Promise.all([
      ...more.map(one => running.publish(one.certificate.der)),
      ...Array.from({ length: 12 }, (_, i) => mark(serials[i % 3] ?? ''))
    ]);
    const found = await searchFor(running, byAltName(text));
    expect(found).to.have.length(9);
    expect(found.filter(one => one.status === 'I')).to.have.length(1);
    expect(found.filter(one => one.manufacturing === 'true').map(one => one.serial)).to.deep.equal([
      serials[0]
    ]);
  });

  it('decides which is the first once, when several are lodged at the same moment', async () => {
    const other = 0x0007810000002001n;
    const make = () =>
      issue('device-ka', { issuer: running.domains.device.issuing, subject: { eui: other, hwType } });
    const answers = await Promise.all([
      ...Array.from({ length: 5 }, () => running.publish(make().certificate.der)),
      running.publish(make().certificate.der, make().certificate.der)
    ]);
    expect(answers.map(one => one.status)).to.deep.equal([200, 200, 200, 200, 200, 200]);
    const found = await searchFor(running, byAltName('00-07-81-00-00-00-20-01'));
    expect(found.map(one => one.status).sort()).to.deep.equal(['I', 'P', 'P', 'P', 'P', 'P', 'P']);
    expect(found.filter(one => one.manufacturing === 'true').map(one => one.status)).to.deep.equal(['I']);
  });

  it('refuses what it cannot state', async () => {
    const organisation = issue('organisation-ds', { issuer: running.domains.organisation.issuing });
    await running.publish(organisation.certificate.der);
    const refusal = async (answer: Promise<Answer>) => [(await answer).status, problemCode(await answer)];
    expect(await refusal(mark('0123'))).to.deep.equal([404, 'repository/unknown-certificate']);
    expect(await refusal(mark(organisation.certificate.serialHex))).to.deep.equal([
      409,
      'repository/not-a-device-certificate'
    ]);
    expect(await refusal(mark('not a number'))).to.deep.equal([400, 'repository/malformed']);
    const future = new Date(running.clock.now().getTime() + 1_000).toISOString();
    expect(await refusal(mark(second.certificate.serialHex, future))).to.deep.equal([
      400,
      'repository/malformed'
    ]);
    const call = (peer: string, body: string) =>
      running.call(peer, { method: 'POST', path: '/admin/v1/mark-in-use', body });
    expect(await refusal(call('operator', '{"serial":"01","status":"R"}'))).to.deep.equal([
      400,
      'repository/malformed'
    ]);
    expect(await refusal(call('operator', '{'))).to.deep.equal([400, 'repository/malformed']);
    expect(await refusal(call('ca', JSON.stringify({ serial: '01' })))).to.deep.equal([
      403,
      'repository/peer'
    ]);
    expect(await statuses()).to.deep.equal(['I', 'P', 'P']);
  });

  it('is not moved by a revocation, which outranks it in every answer', async () => {
    // No list of device certificates is taken, so the row is put there as a damaged database would have it.
    expect((await running.publishCrl(issueCrl(running.domains.organisation.issuing).der)).status).to.equal(
      200
    );
    await running.ownerKnex.raw(
      `insert into repository.revocation (serial, issuer, revoked_at, crl)
       select serial, issuer, now(), (select max(id) from repository.crl) from repository.certificate where eui = ?`,
      [eui.toString()]
    );
    expect(await statuses()).to.deep.equal(['R', 'R', 'R']);
    const answer = await mark(second.certificate.serialHex);
    expect([answer.status, problemCode(answer)]).to.deep.equal([409, 'repository/revoked']);
  });
});
