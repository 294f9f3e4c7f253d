import { expect } from 'chai';
import { parseCertificate, parseEui64 } from '../../../pki/index.js';
import { p256Key } from '../../kit/keys.js';
import { deviceRequest, organisationRequest } from '../../kit/requests.js';
import { Stand, type Subscriber } from '../stand.js';
import type { TestCa } from '../test-ca.js';
import { newEui, newRequest, newRequests } from './devices.js';
import { batchMessage, items, pollUntil, schemaFaults, submit } from './messages.js';
import type { BatchReply } from '../../kit/batches.js';

describe('results of a batch', function () {
  this.timeout(60_000);
  let stand: Stand;
  let maker: Subscriber;
  let ca: TestCa;

  before(async function () {
    this.timeout(90_000);
    stand = await Stand.open({ batches: { approval: 'rule', caRetryMs: 10, pollMs: 50 } });
    stand.ca.start();
    maker = await stand.subscriber({ actingRoles: ['manufacturer'], ou: '7F' });
    ca = stand.newCa(stand.first, 'batch');
    ca.start();
  });
  after(async () => stand.close());
  afterEach(() => {
    stand.faults.inventory = 'ok';
    ca.refuseWith = undefined;
  });

  const run = async (...requests: readonly (Uint8Array | string)[]): Promise<BatchReply> => {
    const { batchId } = await submit(maker.client, batchMessage(items(...requests)));
    return pollUntil(maker.client, batchId, 'COMPLETED');
  };
  const outcomes = ({ items: certificates }: BatchReply): string[] =>
    certificates.map(({ status, errorCode }) => `${status}${errorCode === undefined ? '' : ` ${errorCode}`}`);
  /** Places still held for devices. */
  const reserved = async (): Promise<number> => stand.count('ra.device_counter', 'reserved > 0');

  it('certifies each request of a batch and answers in the order of the upload', async () => {
    const keys = [1, 2, 3, 4, 5].map(() => p256Key());
    const requests = keys.map((key, index) =>
      deviceRequest({
        key,
        eui: newEui(),
        ...(index % 2 === 1 && { usage: 'keyAgreement' as const })
      })
    );
    const message = batchMessage(items(...requests), 'a batch & more');
    expect(await schemaFaults('submit-csr-batch', message.replace('& ', '&amp; '))).to.deep.equal([]);
    const answer = await submit(maker.client, message.replace('& ', '&amp; '));
    expect(answer).to.include({ http: 200, id: 'a batch & more', status: 'PENDING', errorCode: undefined });
    const result = await pollUntil(maker.client, answer.batchId, 'COMPLETED');
    expect(result).to.include({ id: 'a batch & more', batchId: answer.batchId });
    expect(result.items.map(({ id }) => id)).to.deep.equal(['R1', 'R2', 'R3', 'R4', 'R5']);
    for (const [index, { status, certificate }] of result.items.entries()) {
      expect(status).to.equal('SUCCESS');
      const { publicKey } = parseCertificate(certificate ?? new Uint8Array());
      expect(Buffer.from(publicKey.spki).equals(keys[index]?.spki ?? Buffer.alloc(0))).to.equal(true);
    }
    const [delivered] = await stand.events('ra.batch.delivered');
    expect(delivered).to.include({ batch: answer.batchId, issued: 5, refused: 0, form: 'xml' });
  });

  it('says of each request what is wrong with it, and certifies the others', async () => {
    const gone = newEui();
    stand.devices.set(parseEui64(gone), {
      deviceId: parseEui64(gone),
      since: new Date(),
      status: 'Decommissioned',
      type: 'ESME',
      responsibleSuppliers: []
    });
    const full = newEui();
    await stand.certified(full, 100);
    const key = p256Key();
    const [owner, ownersEui] = [p256Key(), newEui()];
    const twice = deviceRequest({ key, eui: newEui() });
    const spoilt = Buffer.from(newRequest());
    spoilt[spoilt.length - 1] = (spoilt[spoilt.length - 1] ?? 0) ^ 1;
    const text = Buffer.from(newRequest()).toString('base64');
    const result = await run(
      newRequest(),
      'not Base64',
      `${text.slice(0, 64)}\n${text.slice(64)}`,
      'AAAA',
      Buffer.concat([newRequest(), Buffer.alloc(5_000)]),
      organisationRequest(),
      spoilt,
      deviceRequest({ eui: gone }),
      deviceRequest({ eui: full }),
      twice,
      twice,
      deviceRequest({ key: owner, eui: ownersEui }),
      deviceRequest({ key: owner, eui: ownersEui, usage: 'keyAgreement' }),
      newRequest()
    );
    expect(outcomes(result)).to.deep.equal([
      'SUCCESS',
      'CSR_ERROR CR:R1',
      'CSR_ERROR CR:R1',
      'CSR_ERROR CR:R1',
      'CSR_ERROR CR:R1',
      'CSR_ERROR CR:R7',
      'CSR_ERROR CR:R4',
      'INELIGIBLE IN:R11',
      'ISSUANCE_ANOMALY CA:R12',
      'SUCCESS',
      'CSR_ERROR CR:9999',
      'SUCCESS',
      'CSR_ERROR CR:R15',
      'SUCCESS'
    ]);
    expect(await stand.events('ra.alarm.key')).to.have.lengthOf(1);
    expect(await reserved()).to.equal(0);
  });

  it('takes no request again that was certified, in the same batch, another one or another interface', async () => {
    const [first, second] = newRequests(2);
    const adHocFirst = newRequest();
    const reply = await maker.client.json(
      'POST',
      '/ra/v1/requests/device',
      { csr: Buffer.from(adHocFirst).toString('base64') },
      { 'idempotency-key': 'batch-results-1' }
    );
    expect(reply.status).to.equal(201);
    expect(outcomes(await run(first ?? '', adHocFirst))).to.deep.equal(['SUCCESS', 'CSR_ERROR CR:9999']);
    expect(outcomes(await run(first ?? '', second ?? ''))).to.deep.equal(['CSR_ERROR CR:9999', 'SUCCESS']);
    const again = await maker.client.json(
      'POST',
      '/ra/v1/requests/device',
      { csr: Buffer.from(first ?? '').toString('base64') },
      { 'idempotency-key': 'batch-results-2' }
    );
    expect(again.status).to.equal(409);
  });

  it('tells what the CA refused, and certifies it when it is sent again', async () => {
    const requests = newRequests(3);
    ca.refuseWith = 'ca/lint';
    expect(outcomes(await run(...requests))).to.deep.equal(Array(3).fill('CA_ERROR CA:CA3'));
    expect(await reserved()).to.equal(0);
    ca.refuseWith = undefined;
    expect(outcomes(await run(...requests))).to.deep.equal(Array(3).fill('SUCCESS'));
    expect(outcomes(await run(...requests))).to.deep.equal(Array(3).fill('CSR_ERROR CR:9999'));
  });

  it('orders again what the CA could not do, and gives up after some tries', async () => {
    const [request = new Uint8Array()] = newRequests(1);
    ca.refuseWith = 'ca/unavailable';
    const before = ca.orders.length;
    expect(outcomes(await run(request))).to.deep.equal(['CA_ERROR CA:CA3']);
    expect(ca.orders.length - before).to.equal(5);
    const ids = ca.orders
      .slice(before)
      .map(({ items: [item] }) => Buffer.from(item?.requestId ?? []).toString('hex'));
    expect(new Set(ids).size).to.equal(1);
    expect(await reserved()).to.equal(0);
    ca.refuseWith = undefined;
    expect(outcomes(await run(request))).to.deep.equal(['SUCCESS']);
  });

  it('waits for a CA that has the request in hand', async () => {
    ca.refuseWith = 'ca/request-in-progress';
    const { batchId } = await submit(maker.client, batchMessage(items(newRequest())));
    const before = ca.orders.length;
    while (ca.orders.length < before + 8) await new Promise(resolve => setTimeout(resolve, 20));
    ca.refuseWith = undefined;
    expect(outcomes(await pollUntil(maker.client, batchId, 'COMPLETED'))).to.deep.equal(['SUCCESS']);
  });

  it('waits for an inventory that does not answer, and says so after some tries', async () => {
    stand.faults.inventory = 'unavailable';
    const { batchId } = await submit(maker.client, batchMessage(items(newRequest())));
    expect(outcomes(await pollUntil(maker.client, batchId, 'COMPLETED'))).to.deep.equal([
      'WORKFLOW_ERROR WF:R11U'
    ]);
  });
});
