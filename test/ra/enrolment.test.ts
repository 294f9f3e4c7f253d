import { randomUUID } from 'node:crypto';
import { expect } from 'chai';
import { parseCertificate } from '../../pki/index.js';
import { HsmError } from '../../hsm/index.js';
import { encodePem } from '../../pki/x509/index.js';
import { p256Key } from '../kit/keys.js';
import { deviceRequest, organisationRequest, testOrganisationEui } from '../kit/requests.js';
import { enrolmentRoutes } from '../../ra/enrolment/routes.js';
import { contractProxy, openApi } from './contract.js';
import { field, Stand, type Subscriber } from './stand.js';

interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

describe('JSON enrolment API', function () {
  this.timeout(30_000);
  let stand: Stand;
  let party: Subscriber;
  let other: Subscriber;
  const proxies = new Map<Subscriber, Awaited<ReturnType<typeof contractProxy>>>();

  before(async function () {
    this.timeout(90_000);
    stand = await Stand.open({ jsonWaitMs: 1_500 });
    stand.ca.start();
    party = await stand.subscriber({ identifiers: [{ eui: testOrganisationEui, roles: [2, 135] }] });
    other = await stand.subscriber({ actingRoles: ['manufacturer'], ou: '7F' });
  });
  after(async () => {
    for (const proxy of proxies.values()) await proxy.close();
    await stand.close();
  });
  afterEach(() => {
    stand.ca.keepOrders = false;
    stand.faults.signer = undefined;
  });

  /** Sends through the validator, which lets no answer pass that the OpenAPI document does not describe. */
  async function call(
    from: Subscriber,
    method: string,
    template: string,
    more: { id?: string; body?: unknown; key?: string } = {}
  ): Promise<Answer> {
    const proxy = proxies.get(from) ?? (await contractProxy(from.client));
    proxies.set(from, proxy);
    const reply = await fetch(`http://127.0.0.1:${proxy.port}${template.replace('{id}', more.id ?? '')}`, {
      method,
      headers: {
        ...(more.body !== undefined && { 'content-type': 'application/json' }),
        ...(more.key !== undefined && { 'idempotency-key': more.key })
      },
      ...(more.body !== undefined && { body: JSON.stringify(more.body) })
    });
    const body = Buffer.from(await reply.arrayBuffer());
    if (reply.status === 599) throw new Error(`the answer breaks the contract: ${body.toString()}`);
    return { status: reply.status, headers: Object.fromEntries(reply.headers), body };
  }
  const create = (
    kind: 'device' | 'organisation',
    csr: Uint8Array | string,
    key = randomUUID(),
    from = party
  ) =>
    call(from, 'POST', `/ra/v1/requests/${kind}`, {
      key,
      body: { csr: typeof csr === 'string' ? csr : Buffer.from(csr).toString('base64') }
    });
  const code = (reply: Answer) => [reply.status, field(reply.body, 'code')];

  it('answers a path that is no address with 404', async () => {
    for (const path of ['//', '//[', '/ra/v1/nothing'])
      expect((await party.client.send({ method: 'GET', path })).status, path).to.equal(404);
  });

  it('issues a first device certificate to a maker: 201 with the certificate and its place', async () => {
    const key = p256Key();
    const pem = encodePem('CERTIFICATE REQUEST', deviceRequest({ key, eui: '00-07-81-00-00-00-10-01' }));
    const reply = await create('device', pem, randomUUID(), other);
    expect(reply.status).to.equal(201);
    const certificate = parseCertificate(Buffer.from(field(reply.body, 'certificate'), 'base64'));
    expect(Buffer.from(certificate.publicKey.spki)).to.deep.equal(Buffer.from(key.spki));
    const id = field(reply.body, 'id');
    expect(reply.headers['location']).to.equal(`/ra/v1/requests/${id}`);
    const shown = await call(other, 'GET', '/ra/v1/requests/{id}', { id });
    expect(field(shown.body, 'serial')).to.equal(certificate.serialHex);
    const der = await call(other, 'GET', '/ra/v1/requests/{id}/certificate', { id });
    expect(der.body.equals(certificate.der)).to.equal(true);
  });

  it('shows a request to its own party only', async () => {
    const reply = await create('device', deviceRequest({ eui: '00-07-81-00-00-00-10-02' }));
    const id = field(reply.body, 'id');
    for (const template of ['/ra/v1/requests/{id}', '/ra/v1/requests/{id}/certificate'])
      expect(code(await call(other, 'GET', template, { id }))).to.deep.equal([404, 'resource/not-found']);
    expect((await call(party, 'GET', '/ra/v1/requests/{id}', { id })).status).to.equal(200);
    expect((await call(party, 'GET', '/ra/v1/requests/{id}', { id: randomUUID() })).status).to.equal(404);
  });

  it('gives the same answer for the same key and body, and refuses another body', async () => {
    const key = randomUUID();
    const csr = deviceRequest({ eui: '00-07-81-00-00-00-10-03' });
    const first = await create('device', csr, key);
    const issued = stand.ca.issued;
    const again = await create('device', csr, key);
    expect([again.status, again.body.toString()]).to.deep.equal([201, first.body.toString()]);
    expect(stand.ca.issued).to.equal(issued);
    const changed = await create('device', deviceRequest(), key);
    expect(code(changed)).to.deep.equal([422, 'idempotency/reused']);
    expect(code(await create('device', csr))).to.deep.equal([409, 'request/duplicate']);
  });

  it('makes one request of equal creations at the same moment', async () => {
    const key = randomUUID();
    const csr = deviceRequest({ eui: '00-07-81-00-00-00-10-04' });
    const issued = stand.ca.issued;
    const replies = await Promise.all([1, 2, 3, 4].map(() => create('device', csr, key)));
    expect(replies.map(({ status }) => status)).to.deep.equal([201, 201, 201, 201]);
    expect(new Set(replies.map(({ body }) => field(body, 'id'))).size).to.equal(1);
    expect(stand.ca.issued).to.equal(issued + 1);
  });

  it('remembers a refusal under its key', async () => {
    const key = randomUUID();
    const first = await create('device', 'AAAA', key);
    expect(code(first)).to.deep.equal([422, 'request/R1']);
    expect((await create('device', 'AAAA', key)).body.toString()).to.equal(first.body.toString());
  });

  it('needs an Idempotency-Key', async () => {
    const reply = await call(party, 'POST', '/ra/v1/requests/device', { body: { csr: 'AAAA' } });
    expect(code(reply)).to.deep.equal([400, 'idempotency/missing']);
  });

  it('refuses bodies that do not follow the schema', async () => {
    for (const body of [{}, { csr: 1 }, { csr: 'AAAA', more: 1 }, []]) {
      const reply = await call(party, 'POST', '/ra/v1/requests/device', { key: randomUUID(), body });
      expect(code(reply)).to.deep.equal([400, 'message/schema']);
    }
  });

  it('answers 202 while the CA is at work, and the certificate later', async () => {
    stand.ca.keepOrders = true;
    const csr = deviceRequest({ eui: '00-07-81-00-00-00-10-05' });
    const key = randomUUID();
    const reply = await create('device', csr, key);
    expect([reply.status, field(reply.body, 'state')]).to.deep.equal([202, 'open']);
    const id = field(reply.body, 'id');
    expect((await call(party, 'GET', '/ra/v1/requests/{id}/certificate', { id })).status).to.equal(404);
    for (const order of stand.ca.kept.splice(0)) await stand.ca.report(await stand.ca.execute(order));
    expect(field((await call(party, 'GET', '/ra/v1/requests/{id}', { id })).body, 'state')).to.equal(
      'issued'
    );
    expect((await create('device', csr, key)).status).to.equal(201);
  });

  it('answers 503 with Retry-After while the statement key is away, and serves the same key later', async () => {
    stand.faults.signer = new HsmError('hsm/unavailable', 'the token is away');
    const csr = deviceRequest({ eui: '00-07-81-00-00-00-10-06' });
    const key = randomUUID();
    const reply = await create('device', csr, key);
    expect(code(reply)).to.deep.equal([503, 'statement/unavailable']);
    expect(Number(reply.headers['retry-after'])).to.be.greaterThan(0);
    stand.faults.signer = undefined;
    expect((await create('device', csr, key)).status).to.equal(201);
  });

  describe('organisation certificates', () => {
    it('issues digital signature, and several key agreement certificates for one role', async () => {
      expect((await create('organisation', organisationRequest())).status).to.equal(201);
      for (let i = 0; i < 2; i += 1) {
        const csr = organisationRequest({ usage: 'keyAgreement' });
        expect((await create('organisation', csr)).status).to.equal(201);
      }
    });
    it('refuses an identifier of nobody or another party', async () => {
      const csr = organisationRequest({ eui: '90-B3-D5-1F-30-02-00-00' });
      expect(code(await create('organisation', csr))).to.deep.equal([403, 'identifier/not-held']);
      const taken = await create('organisation', organisationRequest(), randomUUID(), other);
      expect(code(taken)).to.deep.equal([403, 'identifier/not-held']);
    });
    it('refuses a role the identifier is not registered for', async () => {
      const csr = organisationRequest({ ou: '03' });
      expect(code(await create('organisation', csr))).to.deep.equal([403, 'identifier/role']);
    });
    it('refuses a device request here, and an organisation request there', async () => {
      expect((await create('organisation', deviceRequest())).status).to.equal(422);
      expect((await create('device', organisationRequest())).status).to.equal(422);
    });
  });

  it('tells a system who it is', async () => {
    const reply = await call(party, 'GET', '/ra/v1/parties/self');
    const self = JSON.parse(reply.body.toString()) as Record<string, unknown>;
    expect(self['id']).to.equal(party.partyId);
    expect(self['identifiers']).to.deep.equal([{ eui: testOrganisationEui, roles: [2, 135] }]);
  });

  it('describes exactly the routes it has, and serves the description', async () => {
    const described = Object.entries(openApi.paths ?? {}).flatMap(([path, operations]) =>
      Object.keys(operations as object).map(method => `${method.toUpperCase()} ${path}`)
    );
    expect(described.sort()).to.deep.equal(
      enrolmentRoutes.map(({ method, path }) => `${method} ${path}`).sort()
    );
    const served = await party.client.send({ method: 'GET', path: '/openapi.json' });
    expect(JSON.parse(served.body.toString())).to.deep.equal(JSON.parse(JSON.stringify(openApi)));
  });
});
