import { expect } from 'chai';
import { rsaKey } from '../kit/keys.js';
import { deviceRequest, testDeviceEui } from '../kit/requests.js';
import { badRequests } from '../pki/request/bad-requests.js';
import { adHoc, adHocEach, adHocRequest } from './adhoc-messages.js';
import { Stand, type Subscriber } from './stand.js';

describe('refusals of the ad hoc web service', function () {
  this.timeout(60_000);
  let stand: Stand;
  let supplier: Subscriber;

  before(async function () {
    this.timeout(90_000);
    stand = await Stand.open();
    stand.ca.start();
    supplier = await stand.subscriber();
    await stand.certified(testDeviceEui);
  });
  after(async () => stand.close());

  /** What a refusal may not leave behind. */
  const traces = async () => ({
    requests: await stand.count('ra.request'),
    keys: await stand.count('ra.key_registry'),
    orders: await stand.count('ra.orders'),
    reserved: await stand.count('ra.device_counter', 'reserved > 0')
  });

  it('answers every bad device request with the code of its rule, an event and no trace', async () => {
    const bad = badRequests.filter(({ kind }) => kind === 'device');
    expect(bad.length).to.be.greaterThan(40);
    const before = await traces();
    const events = (await stand.events('ra.request.refused')).length;
    const answers = await adHocEach(
      supplier.client,
      bad.map(({ make }, index) => adHocRequest(make(), `bad-${index}`))
    );
    const told = answers.map(({ http, id, status, errorCode }) => ({ http, id, status, errorCode }));
    expect(told).to.deep.equal(
      bad.map(({ rule }, index) => ({
        http: 200,
        id: `bad-${index}`,
        status: 'CSR_ERROR',
        errorCode: `CR:${rule}`
      }))
    );
    expect(await traces()).to.deep.equal(before);
    const recorded = (await stand.events('ra.request.refused')).slice(events);
    // No octets at all are no text of a request.
    const codes = bad.map(({ make, code }) => (make().length === 0 ? 'request/text-form' : code));
    expect(recorded.map(({ detail }) => detail)).to.deep.equal(codes);
    expect(recorded.map(({ transactionId }) => transactionId)).to.deep.equal(
      answers.map(({ transactionId }) => String(transactionId))
    );
  });

  it('refuses text that is not base64 without white space', async () => {
    const base64 = Buffer.from(deviceRequest()).toString('base64');
    const texts = ['', 'AAAA====', `${base64.slice(0, 64)}\n${base64.slice(64)}`, ` ${base64}`];
    texts.push(`-----BEGIN CERTIFICATE REQUEST-----${base64}-----END CERTIFICATE REQUEST-----`);
    texts.push('A'.repeat(8_000));
    const answers = await adHocEach(
      supplier.client,
      texts.map(text => adHocRequest(text))
    );
    for (const answer of answers) expect(answer).to.include({ status: 'CSR_ERROR', errorCode: 'CR:R1' });
  });

  it('tells unreadable XML from XML that breaks the schema, and echoes only a readable ID', async () => {
    const good = adHocRequest(deviceRequest());
    const cases: [string, string, string, string | undefined][] = [
      ['empty', '', 'FM:XM3', undefined],
      ['cut short', good.slice(0, -5), 'FM:XM3', undefined],
      ['document type', good.replace('?>', '?><!DOCTYPE x [<!ENTITY a "b">]>'), 'FM:XM3', undefined],
      ['other encoding', good.replace('UTF-8', 'ISO-8859-1'), 'FM:XM3', undefined],
      ['comment in the value', good.replace('</Cert', '<!-- x --></Cert'), 'FM:XM3', undefined],
      ['other root', '<Other ID="T1"/>', 'FM:XM4', undefined],
      ['no ID', good.replace(' ID="T1"', ''), 'FM:XM4', undefined],
      ['long ID', good.replace('T1', 'T'.repeat(33)), 'FM:XM4', undefined],
      ['namespace', good.replace(' ID', ' xmlns="urn:x" ID'), 'FM:XM4', undefined],
      ['no Version', good.replace('<Version>1.0</Version>', ''), 'FM:XM4', 'T1'],
      ['one more element', good.replace('<Version>', '<More/><Version>'), 'FM:XM4', 'T1'],
      ['other attribute', good.replace(' ID', ' other="1" ID'), 'FM:XM4', 'T1'],
      ['other version', adHocRequest(deviceRequest(), 'T1', '2.0'), 'FM:XM5', 'T1']
    ];
    const answers = await adHocEach(
      supplier.client,
      cases.map(([, body]) => body)
    );
    expect(answers.map(({ http, status, errorCode, id }) => [http, status, errorCode, id])).to.deep.equal(
      cases.map(([, , code, id]) => [200, 'FORMAT_ERROR', code, id])
    );
  });

  it('answers another content type 415 and a body too large 413, with FORMAT_ERROR', async () => {
    const good = adHocRequest(deviceRequest());
    for (const type of ['text/xml', 'application/json', 'application/xml; charset=ISO-8859-1'])
      expect(await adHoc(supplier.client, good, type)).to.include({ http: 415, errorCode: 'FM:XM1' });
    const large = adHocRequest('A'.repeat(70_000));
    expect(await adHoc(supplier.client, large)).to.include({ http: 413, errorCode: 'FM:XM2' });
    // The same when the client did not say beforehand how long its body is.
    const chunked = await supplier.client.send({
      method: 'POST',
      path: '/1.0/AdHocDeviceCSR',
      headers: { 'content-type': 'application/xml', 'transfer-encoding': 'chunked' },
      body: large
    });
    expect(chunked.status).to.equal(413);
    expect(chunked.body.toString()).to.contain('<ErrorCode>FM:XM2</ErrorCode>');
  });

  it('serves no client without a certificate', async () => {
    const reply = await stand
      .anonymous(stand.first)
      .then(client =>
        client.send({
          method: 'POST',
          path: '/1.0/AdHocDeviceCSR',
          headers: { 'content-type': 'application/xml' },
          body: adHocRequest(deviceRequest())
        })
      )
      .then(
        () => 'answered',
        (error: NodeJS.ErrnoException) => error.code ?? error.message
      );
    expect(reply).to.match(/CERTIFICATE_REQUIRED|HANDSHAKE|ECONNRESET|EPIPE/);
  });

  it('refuses an IKI certificate bound to no system', async () => {
    const key = rsaKey();
    const subject = { commonName: 'unbound', organisation: 'Test', organisationalUnit: '02' };
    const certificate = stand.hierarchy.issue('iki-client', key.spki, subject, wholeSecond());
    const client = await stand.connect(stand.first, key, certificate);
    const answer = await adHoc(client, adHocRequest(deviceRequest(), 'who'));
    expect(answer).to.include({ http: 200, status: 'WORKFLOW_ERROR', errorCode: 'WF:IF5', id: 'who' });
  });

  it('refuses a revoked client, and one whose status is not known, apart', async () => {
    const codes: (string | undefined)[] = [];
    for (const status of ['revoked', 'unknown'] as const) {
      stand.faults.clientStatus = status;
      codes.push((await adHoc(supplier.client, adHocRequest(deviceRequest()))).errorCode);
    }
    stand.faults.clientStatus = 'good';
    expect(codes).to.deep.equal(['WF:IF3', 'WF:IF4']);
  });

  it('refuses an expired client certificate that TLS let in', async () => {
    stand.faults.clockOffset = 400 * 86_400_000;
    const answer = await adHoc(supplier.client, adHocRequest(deviceRequest()));
    stand.faults.clockOffset = 0;
    expect(answer).to.include({ status: 'WORKFLOW_ERROR', errorCode: 'WF:IF2' });
  });

  it('refuses systems and parties that may not use the service, each with its code', async () => {
    const json = await stand.subscriber({ interfaces: ['json'] });
    const maker = await stand.subscriber({ actingRoles: ['manufacturer'], ou: '7F' });
    const plain = await stand.subscriber({ deviceSubscriber: false });
    const leaving = await stand.subscriber();
    const off = await stand.subscriber();
    const { operator } = stand.first;
    await operator.json('POST', `/admin/v1/parties/${leaving.partyId}`, { state: 'suspended' });
    await operator.json('POST', `/admin/v1/systems/${off.systemId}`, { state: 'suspended' });
    const codes: (string | undefined)[] = [];
    for (const { client } of [json, maker, plain, leaving, off])
      codes.push((await adHoc(client, adHocRequest(deviceRequest()))).errorCode);
    expect(codes).to.deep.equal(['WF:IF6', 'WF:PA3', 'WF:PA2', 'WF:PA1', 'WF:IF5']);
  });

  it('answers a fault in the checker as a fault of the authority', async () => {
    stand.faults.checker = new Error('the worker died');
    const answer = await adHoc(supplier.client, adHocRequest(deviceRequest()));
    stand.faults.checker = undefined;
    expect(answer).to.include({ http: 200, status: 'CA_ERROR', errorCode: 'CA:CK1' });
  });

  it('ordered nothing through all of this but the clients', () => {
    expect(stand.ca.orders.length).to.be.greaterThan(0);
    for (const { items } of stand.ca.orders)
      for (const { profile } of items) expect(profile).to.equal('iki-client');
  });
});

function wholeSecond(): Date {
  return new Date(Math.floor(Date.now() / 1000) * 1000);
}
