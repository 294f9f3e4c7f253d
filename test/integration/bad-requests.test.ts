import { expect } from 'chai';
import { operatorClient } from '../../ops/launch/clients.js';
import type { HttpClient } from '../../ops/http/index.js';
import { p256Key } from '../kit/keys.js';
import { deviceExtensions, deviceRequest, requestOfParts } from '../kit/requests.js';
import type { TestSystem } from '../kit/system.js';
import { badRequests as listed, type BadRequest } from '../pki/request/bad-requests.js';
import { schemaFaults } from '../ra/adhoc-messages.js';
import { auditEvents, nextEvent } from './audit-log.js';
import { leftBehind } from './left-behind.js';
import { sharedSystem } from './shared.js';
import { readJsonAnswer, sendAdHoc, sendEnrolment, type Answer, type Refused } from './talk.js';

const stolen: BadRequest = {
  name: 'a signature by another key',
  kind: 'device',
  rule: 'R4',
  code: 'request/possession',
  make: () => requestOfParts(p256Key(), { spki: p256Key().spki, extensions: deviceExtensions() })
};
const badRequests = [...listed, stolen];
const ofKind = (kind: BadRequest['kind']) => badRequests.filter(bad => bad.kind === kind);

/** What went out, and what came back. */
interface Sent {
  readonly bad: BadRequest;
  readonly answer: Refused;
}

describe('bad requests to a whole system', function () {
  this.timeout(240_000);
  let test: TestSystem;
  let atFirst: Readonly<Record<string, number>>;

  before('start', async () => {
    test = await sharedSystem();
    await test.reconcile();
    atFirst = await leftBehind(test);
  });

  /** Sends each, and shows the names of those that were not refused at all. */
  async function sendEach(
    bads: readonly BadRequest[],
    send: (csr: Uint8Array) => Promise<Answer>
  ): Promise<Sent[]> {
    const sent: Sent[] = [];
    const taken: string[] = [];
    for (const bad of bads) {
      const answer = await send(bad.make());
      if (answer.kind === 'refused') sent.push({ bad, answer });
      else taken.push(bad.name);
    }
    expect(taken, 'not refused').to.deep.equal([]);
    return sent;
  }

  it('the ad hoc web service answers each with its code, and its transaction is in the audit log', async () => {
    const from = nextEvent(test, 'ra-1');
    const client = test.subscriber();
    const sent = await sendEach(ofKind('device'), csr => sendAdHoc(client, csr));
    expect(sent.map(({ bad, answer }) => [bad.name, answer.http, answer.status, answer.code])).to.deep.equal(
      ofKind('device').map(({ name, rule }) => [name, 200, 'CSR_ERROR', `CR:${rule}`])
    );
    expect(await schemaFaults(...sent.map(({ answer }) => answer.body))).to.deep.equal([]);

    const events = auditEvents(test, 'ra-1', from);
    const recorded = sent.flatMap(({ bad, answer }) =>
      events
        .filter(({ facts }) => facts['transactionId'] === answer.transactionId)
        .map(
          ({ type, facts }) =>
            `${bad.name}: ${type} ${String(facts['interface'])} ${String(facts['code'])} ${String(facts['detail'])}`
        )
    );
    expect(recorded).to.deep.equal(
      ofKind('device').map(({ name, rule, code }) => {
        // No text at all is not even Base64 of something.
        const detail = name === 'nothing' ? 'request/text-form' : code;
        return `${name}: ra.request.refused adhoc request/${rule} ${detail}`;
      })
    );
  });

  for (const kind of ['device', 'organisation'] as const)
    it(`the JSON interface answers each bad ${kind} request with its code, and the audit log has it`, async () => {
      const from = nextEvent(test, 'ra-1');
      const client = kind === 'device' ? test.maker() : test.subscriber();
      const sent = await sendEach(ofKind(kind), csr => sendEnrolment(client, kind, csr));
      const expected = ofKind(kind).map(bad =>
        // JSON itself can say "nothing", and its schema refuses it before there is a request to look at.
        bad.name === 'nothing'
          ? { ...bad, http: 400, answered: 'message/schema', detail: 'csr: too_small' }
          : { ...bad, http: 422, answered: `request/${bad.rule}`, detail: bad.code }
      );
      expect(
        sent.map(({ bad, answer }) => [bad.name, answer.http, answer.code, answer.detail])
      ).to.deep.equal(expected.map(({ name, http, answered, detail }) => [name, http, answered, detail]));

      const recorded = auditEvents(test, 'ra-1', from)
        .filter(({ type, facts }) => type === 'ra.request.refused' && facts['interface'] === 'json')
        .map(({ facts }) => [facts['kind'], facts['code'], facts['detail']]);
      expect(recorded).to.deep.equal(expected.map(({ answered, detail }) => [kind, answered, detail]));
    });

  it('the operator is told the code of each bad request for a system, and the audit log has it', async () => {
    const from = nextEvent(test, 'ra-1');
    const operator = await operatorClient(test.system, 'ra');
    try {
      const sent = await sendEach(ofKind('iki-client'), csr => registerSystem(test, operator, csr));
      expect(
        sent.map(({ bad, answer }) => [bad.name, answer.http, answer.code, answer.detail])
      ).to.deep.equal(
        ofKind('iki-client').map(({ name, rule, code }) => [name, 422, `request/${rule}`, code])
      );
    } finally {
      operator.close();
    }
    const recorded = auditEvents(test, 'ra-1', from)
      .filter(({ type }) => type === 'ra.admin.refused')
      .map(({ facts }) => facts['code']);
    expect(recorded).to.deep.equal(ofKind('iki-client').map(({ rule }) => `request/${rule}`));
  });

  it('none of them left a certificate, an order, a serial number, a key or a place for a device', async () => {
    const reconciled = await test.reconcile();
    expect(await leftBehind(test)).to.deep.equal(atFirst);
    expect(reconciled.certificates).to.equal(atFirst['certificates']);
  });

  it('and a good request is served as before', async () => {
    const answer = await sendEnrolment(
      test.maker(),
      'device',
      deviceRequest({ eui: '00-07-81-00-00-00-00-02' })
    );
    expect(answer.kind).to.equal('issued');
  });
});

async function registerSystem({ demo }: TestSystem, operator: HttpClient, csr: Uint8Array): Promise<Answer> {
  return readJsonAnswer(
    await operator.send({
      method: 'POST',
      path: '/admin/v1/systems',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({
        ...{ partyId: demo.supplierPartyId, name: 'adhoc', interfaces: ['adhoc'] },
        actingRoles: ['import-supplier'],
        csr: Buffer.from(csr).toString('base64')
      }),
      timeoutMs: 30_000
    })
  );
}
