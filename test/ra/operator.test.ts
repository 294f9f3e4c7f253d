import { randomUUID } from 'node:crypto';
import { expect } from 'chai';
import { defaultPolicy } from '../../pki/index.js';
import type { RaConfigInput } from '../../ra/index.js';
import { rsaKey } from '../kit/keys.js';
import { ikiClientRequest } from '../kit/requests.js';
import { field, Stand } from './stand.js';

describe('internal listener', function () {
  this.timeout(30_000);
  let stand: Stand;

  before(async function () {
    this.timeout(90_000);
    stand = await Stand.open({ interfacesPerSystem: 1 });
    stand.ca.start();
  });
  after(async () => stand.close());

  const operator = (method: string, path: string, body?: unknown) =>
    stand.first.operator.json(method, `/admin/v1/${path}`, body);
  const newParty = (signifier: string, identifiers: unknown[] = []) => ({
    signifier,
    deviceSubscriber: true,
    organisationSubscriber: false,
    identifiers
  });
  const systemOf = (
    partyId: string,
    name: string,
    interfaces: string[],
    key = rsaKey(),
    commonName = name
  ) => ({
    partyId,
    name,
    interfaces,
    actingRoles: ['import-supplier'],
    csr: Buffer.from(ikiClientRequest({ key, commonName })).toString('base64')
  });

  it('gives nothing to a peer on the routes of another', async () => {
    const { internal, operator: asOperator } = stand.first;
    const crossed = [
      await internal.json('GET', '/admin/v1/parties'),
      await asOperator.json('POST', '/ca/v1/claim?lane=adhoc&wait=0'),
      await asOperator.json('POST', '/ca/v1/report')
    ];
    expect(crossed.map(({ status }) => status)).to.deep.equal([404, 404, 404]);
    expect((await internal.json('POST', '/ca/v1/claim?lane=batch&wait=0')).status).to.equal(200);
    expect((await internal.json('POST', '/ca/v1/claim?lane=other&wait=0')).status).to.equal(400);
  });

  it('registers a party and its identifiers, each held by one party only', async () => {
    const eui = '90-B3-D5-1F-30-11-00-00';
    const first = await operator('POST', 'parties', newParty('ONE', [{ eui, roles: [2, 8] }]));
    expect(first.status).to.equal(201);
    const second = await operator('POST', 'parties', newParty('TWO', [{ eui, roles: [2] }]));
    expect([second.status, field(second.body, 'code')]).to.deep.equal([409, 'resource/conflict']);
    const listed = JSON.parse((await operator('GET', 'parties')).body.toString()) as {
      parties: { signifier: string; identifiers: unknown[] }[];
    };
    expect(listed.parties.map(({ signifier }) => signifier)).to.deep.equal(['ONE']);
    expect(listed.parties[0]?.identifiers).to.deep.equal([{ eui, roles: [2, 8] }]);
    expect((await operator('POST', 'parties', newParty('ONE'))).status).to.equal(409);
    const id = field(first.body, 'id');
    const taken = await operator('POST', `parties/${id}/identifiers`, { eui, roles: [] });
    expect(taken.status).to.equal(409);
    expect(await stand.events('ra.admin.refused')).to.have.lengthOf(3);
  });

  it('refuses identifiers outside the block of organisations, and roles of CAs', async () => {
    for (const identifier of [
      { eui: '00-07-81-00-00-00-00-01', roles: [2] },
      { eui: '90-B3-D5-1F-30-12-00-00', roles: [0] },
      { eui: '90-B3-D5-1F-30-12-00-00', roles: [7] },
      { eui: 'not an identifier', roles: [2] }
    ])
      expect((await operator('POST', 'parties', newParty('BAD', [identifier]))).status).to.equal(400);
  });

  it('suspends a party, and changes what it may ask for', async () => {
    const id = field((await operator('POST', 'parties', newParty('THREE'))).body, 'id');
    const changed = await operator('POST', `parties/${id}`, {
      state: 'suspended',
      organisationSubscriber: true
    });
    expect(JSON.parse(changed.body.toString())).to.include({
      state: 'suspended',
      organisationSubscriber: true
    });
    expect((await operator('POST', `parties/${id}`, {})).status).to.equal(400);
    expect((await operator('POST', `parties/${randomUUID()}`, { state: 'active' })).status).to.equal(404);
  });

  it('registers a system by its request, with a name of its own on its interface', async () => {
    const id = field((await operator('POST', 'parties', newParty('FOUR'))).body, 'id');
    const first = await operator('POST', 'systems', systemOf(id, 'meter-system', ['adhoc']));
    expect(first.status).to.equal(201);
    const order = stand.ca.orders.at(-1);
    expect(order?.domain).to.equal('iki');
    expect(order?.items.map(({ profile }) => profile)).to.deep.equal(['iki-client']);
    expect(await stand.count('ra.client_certificate')).to.equal(1);
    const other = field((await operator('POST', 'parties', newParty('FIVE'))).body, 'id');
    expect((await operator('POST', 'systems', systemOf(other, 'meter-system', ['adhoc']))).status).to.equal(
      409
    );
    expect((await operator('POST', 'systems', systemOf(other, 'meter-system', ['batch']))).status).to.equal(
      201
    );
    // The same system with a new request renews its certificate.
    expect((await operator('POST', 'systems', systemOf(id, 'meter-system', ['adhoc']))).status).to.equal(201);
    expect(await stand.count('ra.client_certificate')).to.equal(3);
    expect(await stand.count('ra.system')).to.equal(2);
  });

  it('registers nothing for a request that is not of the system, or for more interfaces than allowed', async () => {
    const id = field((await operator('POST', 'parties', newParty('SIX'))).body, 'id');
    const systems = await stand.count('ra.system');
    const misnamed = await operator(
      'POST',
      'systems',
      systemOf(id, 'named', ['adhoc'], rsaKey(), 'otherwise')
    );
    expect([misnamed.status, field(misnamed.body, 'code')]).to.deep.equal([422, 'request/R8']);
    const greedy = await operator('POST', 'systems', systemOf(id, 'greedy', ['adhoc', 'json']));
    expect(greedy.status).to.equal(400);
    const weak = await operator('POST', 'systems', systemOf(id, 'weak', ['adhoc'], rsaKey(1024)));
    expect(weak.status).to.equal(422);
    expect(await stand.count('ra.system')).to.equal(systems);
  });

  it('gives the runtime role no more than it needs', async () => {
    const forbidden = [
      'delete from ra.request',
      'delete from ra.orders',
      'delete from ra.key_registry',
      'update ra.key_registry set subject = subject',
      'update ra.orders set bytes = bytes',
      'update ra.request set csr = csr',
      'update ra.client_certificate set system_id = system_id',
      'update ra.identifier set party_id = party_id',
      'truncate ra.orders',
      'create table ra.more (id int)'
    ];
    for (const statement of forbidden) {
      const code = await stand.database.knex.raw(statement).then(
        () => 'done',
        (error: { code?: string }) => error.code
      );
      expect(code, statement).to.equal('42501');
    }
  });

  it('does not start with settings that live refuses, or with the policy of another environment', async () => {
    const wrong: Partial<RaConfigInput>[] = [
      { environment: 'live' },
      { environment: 'live', approvals: 'officers', interfacesPerSystem: 2 },
      { environment: 'live', approvals: 'officers', interfacesPerSystem: 1 }
    ];
    const policies = [defaultPolicy('live'), defaultPolicy('live'), defaultPolicy('test')];
    for (const [index, config] of wrong.entries())
      expect(() => stand.create(config, policies[index]))
        .to.throw()
        .with.property('code', 'ra/configuration');
    await stand.create({ environment: 'live', approvals: 'officers' }, defaultPolicy('live')).stop();
  });

  it('is healthy while its database answers, and counts what it does', async () => {
    expect((await stand.first.ra.health()).status).to.equal('ok');
    const text = await stand.first.metrics.metrics();
    expect(text).to.match(/opensmki_ra_orders_total\{event="reported"\} [1-9]/);
  });
});
