import { expect } from 'chai';
import { parseCertificate, parseEui64 } from '../../pki/index.js';
import { deviceRequest, longFormDeviceRequest, testDeviceEui } from '../kit/requests.js';
import { p256Key } from '../kit/keys.js';
import { adHoc, adHocEach, adHocRequest, schemaFaults } from './adhoc-messages.js';
import { eventually } from './eventually.js';
import { Stand, type Subscriber } from './stand.js';

describe('ad hoc device CSR web service', function () {
  this.timeout(30_000);
  let stand: Stand;
  let supplier: Subscriber;

  before(async function () {
    this.timeout(90_000);
    stand = await Stand.open({ hardRatePerSecond: 12 });
    stand.ca.start();
    supplier = await stand.subscriber({ identifiers: [{ eui: '90-B3-D5-1F-30-01-00-00', roles: [2] }] });
    await stand.certified(testDeviceEui);
  });
  after(async () => stand.close());

  it('refuses above the hard ceiling of a party, and lets others pass', async () => {
    const busy = await stand.subscriber();
    const before = (await stand.events('ra.rate.exceeded')).length;
    const frozen = new Date();
    stand.now = () => frozen;
    try {
      const csr = deviceRequest({ eui: '00-07-81-00-00-00-0A-01' });
      const answers = await adHocEach(
        busy.client,
        Array.from({ length: 13 }, () => adHocRequest(csr))
      );
      const codes = answers.map(({ errorCode }) => errorCode);
      expect(codes.slice(0, 12).every(code => code === 'UD:R13')).to.equal(true);
      expect(codes[12]).to.equal('WF:RT1');
      expect((await adHoc(supplier.client, adHocRequest(csr))).errorCode).to.equal('UD:R13');
      expect(await stand.events('ra.rate.exceeded')).to.have.lengthOf(before + 1);
    } finally {
      stand.now = () => new Date();
    }
  });

  it('answers a replacement with its certificate, echoing the ID', async () => {
    const key = p256Key();
    const body = adHocRequest(deviceRequest({ key }), 'request-1');
    expect(await schemaFaults(body)).to.deep.equal([]);
    const answer = await adHoc(supplier.client, body);
    expect(answer).to.include({ http: 200, status: 'SUCCESS', id: 'request-1' });
    const certificate = parseCertificate(answer.certificate ?? new Uint8Array());
    expect(Buffer.from(certificate.publicKey.spki)).to.deep.equal(Buffer.from(key.spki));
    expect(Buffer.from(certificate.hardwareModuleName?.serialNumber ?? []).toString('hex')).to.equal(
      testDeviceEui.replaceAll('-', '').toLowerCase()
    );
    const delivered = await stand.events('ra.certificate.delivered');
    const event = delivered.find(({ serial }) => serial === certificate.serialHex);
    expect(event?.['transactionId']).to.equal(String(answer.transactionId));
    const signed = stand.ca.orders.at(-1);
    expect(signed).to.include({
      environment: 'test',
      domain: 'smki-device',
      lane: 'adhoc'
    });
    expect(signed?.items.map(({ profile }) => profile)).to.deep.equal(['device-ds']);
    expect(signed?.policyVersion).to.equal(stand.hierarchy.policy.version);
  });

  it('numbers its answers upwards and each once', async () => {
    const first = await adHoc(supplier.client, adHocRequest(deviceRequest()));
    const second = await adHoc(supplier.client, adHocRequest(deviceRequest()));
    expect(second.transactionId > first.transactionId).to.equal(true);
  });

  it('takes the long-form lengths of GBCS devices', async () => {
    const answer = await adHoc(supplier.client, adHocRequest(longFormDeviceRequest()));
    expect(answer.status).to.equal('SUCCESS');
  });

  it('refuses the same request after SUCCESS as a duplicate', async () => {
    const body = adHocRequest(deviceRequest());
    expect((await adHoc(supplier.client, body)).status).to.equal('SUCCESS');
    await eventually(
      async () =>
        (await stand.count('ra.request', {
          delivery_confirmed_at: null,
          state: 'issued',
          interface: 'adhoc'
        })) === 0
    );
    const again = await adHoc(supplier.client, body);
    expect(again).to.include({ http: 200, status: 'CSR_ERROR', errorCode: 'CR:9999' });
  });

  it('refuses a key certified for another device as the key of another', async () => {
    const key = p256Key();
    await stand.certified('00-07-81-00-00-00-00-02');
    expect((await adHoc(supplier.client, adHocRequest(deviceRequest({ key })))).status).to.equal('SUCCESS');
    const other = deviceRequest({ key, eui: '00-07-81-00-00-00-00-02' });
    expect(await adHoc(supplier.client, adHocRequest(other))).to.include({
      status: 'CSR_ERROR',
      errorCode: 'CR:R15'
    });
    expect(await stand.events('ra.alarm.key')).to.have.lengthOf(1);
  });

  it('refuses a device without an earlier certificate as unknown', async () => {
    const csr = deviceRequest({ eui: '00-07-81-00-00-00-0A-01' });
    const answer = await adHoc(supplier.client, adHocRequest(csr));
    expect(answer).to.include({ status: 'UNKNOWN_DEVICE', errorCode: 'UD:R13' });
  });

  it('refuses at the limit of certificates for a device', async () => {
    const eui = '00-07-81-00-00-00-0A-02';
    await stand.certified(eui, 99);
    const first = await adHoc(supplier.client, adHocRequest(deviceRequest({ eui })));
    expect(first.status).to.equal('SUCCESS');
    const second = await adHoc(supplier.client, adHocRequest(deviceRequest({ eui })));
    expect(second).to.include({ status: 'ISSUANCE_ANOMALY', errorCode: 'CA:R12' });
  });

  it('never passes the limit under concurrent requests', async () => {
    const eui = '00-07-81-00-00-00-0A-03';
    await stand.certified(eui, 97);
    // A party of its own: with what the others sent in the same second the ceiling of a party would be passed.
    const maker = await stand.subscriber();
    const answers = await Promise.all(
      Array.from({ length: 8 }, () => adHoc(maker.client, adHocRequest(deviceRequest({ eui }))))
    );
    expect(answers.filter(({ status }) => status === 'SUCCESS')).to.have.lengthOf(3);
    expect(answers.filter(({ status }) => status === 'ISSUANCE_ANOMALY')).to.have.lengthOf(5);
    const row = await deviceCounter(eui);
    expect(row).to.deep.equal({ issued: 100, reserved: 0 });
  });

  describe('eligibility', () => {
    const eui = '00-07-81-00-00-00-0B-01';
    const device = parseEui64(eui);
    const supplierEui = parseEui64('90-B3-D5-1F-30-01-00-00');
    before(async () => stand.certified(eui));
    afterEach(() => {
      stand.devices.delete(device);
      stand.faults.inventory = 'ok';
    });

    const ask = () => adHoc(supplier.client, adHocRequest(deviceRequest({ eui })));
    const record = { deviceId: device, type: 'ESME' as const, since: new Date() };

    it('lets the responsible supplier replace on a commissioned device', async () => {
      stand.devices.set(device, { ...record, status: 'Commissioned', responsibleSuppliers: [supplierEui] });
      expect((await ask()).status).to.equal('SUCCESS');
    });
    it('refuses a supplier who is not responsible', async () => {
      stand.devices.set(device, { ...record, status: 'Commissioned', responsibleSuppliers: [1n] });
      expect(await ask()).to.include({ status: 'WORKFLOW_ERROR', errorCode: 'WF:R11' });
    });
    it('refuses a withdrawn device to everybody', async () => {
      stand.devices.set(device, { ...record, status: 'Withdrawn', responsibleSuppliers: [supplierEui] });
      expect(await ask()).to.include({ status: 'WORKFLOW_ERROR', errorCode: 'WF:R11' });
    });
    it('refuses with another code when the inventory cannot be read', async () => {
      stand.faults.inventory = 'unavailable';
      expect(await ask()).to.include({ status: 'WORKFLOW_ERROR', errorCode: 'WF:R11U' });
    });
  });

  async function deviceCounter(eui: string): Promise<unknown> {
    return stand.database
      .knex('ra.device_counter')
      .select('issued', 'reserved')
      .where('eui', BigInt.asIntN(64, parseEui64(eui)).toString())
      .first();
  }
});
