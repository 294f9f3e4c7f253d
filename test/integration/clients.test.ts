import { generateKeyPairSync, randomBytes, type KeyObject } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import { createHttpClient } from '../../ops/http/index.js';
import {
  operatorClient,
  sendJson,
  subscriberClient,
  type SubscriberFiles
} from '../../ops/launch/clients.js';
import { newDeviceRequest } from '../../ops/launch/new-request.js';
import { demoHwType } from '../../ops/launch/seed.js';
import { internalClientOptions } from '../../ops/tls/index.js';
import {
  assembleCertificate,
  assembleCrl,
  buildCrlTbs,
  compileTemplate,
  decodePem,
  encodePem,
  newSerial,
  parseCertificate,
  parseCrl,
  policyWith,
  type Certificate
} from '../../pki/index.js';
import { encodePublication } from '../../pki/messages/index.js';
import { testCertificate } from '../kit/certificates.js';
import { rsaKey, type TestKey } from '../kit/keys.js';
import { eventually, type TestSystem } from '../kit/system.js';
import { auditEvents, nextEvent } from './audit-log.js';
import { withIssuingIkiKey } from './issuing-token.js';
import { leftBehind } from './left-behind.js';
import { sharedSystem } from './shared.js';
import {
  clientFiles,
  newDeviceId,
  registerSupplier,
  sendAdHoc,
  sendEnrolment,
  untilIssued,
  type Answer,
  type RegisteredSystem
} from './talk.js';

describe('who may ask: clients of a whole system', function () {
  this.timeout(120_000);
  let test: TestSystem;
  /** A device that had a certificate: everything below is right about the requests but who sends them. */
  const device = newDeviceId();
  const request = () => newDeviceRequest(device, 'DS', demoHwType).csr;

  before('start', async () => {
    test = await sharedSystem();
    await untilIssued(() => sendEnrolment(test.maker(), 'device', request()));
  });

  /** The same good request over both interfaces. */
  async function askBoth(files: SubscriberFiles): Promise<{ adhoc: Answer; json: Answer }> {
    const client = subscriberClient(test.url('ra-1', 'public'), files);
    try {
      return {
        adhoc: await sendAdHoc(client, request()),
        json: await sendEnrolment(client, 'device', request())
      };
    } finally {
      client.close();
    }
  }

  /** Refused over both with these codes, each in the audit log, and nothing left behind. */
  async function refusedWith(
    files: SubscriberFiles,
    code: string,
    adhoc: { readonly status: string; readonly errorCode: string },
    http: number
  ): Promise<void> {
    const before = await leftBehind(test);
    const from = nextEvent(test, 'ra-1');
    const answers = await askBoth(files);
    expect(answers.adhoc).to.include({ http: 200, status: adhoc.status, code: adhoc.errorCode });
    expect(answers.json).to.include({ http, code });
    const recorded = auditEvents(test, 'ra-1', from)
      .filter(({ type }) => type === 'ra.request.refused')
      .map(({ facts }) => `${String(facts['interface'])} ${String(facts['code'])}`);
    expect(recorded).to.deep.equal([`adhoc ${code}`, `json ${code}`]);
    expect(await leftBehind(test)).to.deep.equal(before);
  }

  async function served(files: SubscriberFiles): Promise<void> {
    const { adhoc, json } = await askBoth(files);
    const told = ({ kind, ...answer }: Answer) =>
      kind === 'issued' ? kind : JSON.stringify({ kind, ...answer });
    expect([told(adhoc), told(json)]).to.deep.equal(['issued', 'issued']);
  }

  const operate = async (path: string, body: unknown): Promise<void> => {
    const operator = await operatorClient(test.system, 'ra');
    try {
      await sendJson(operator, path, body, { expect: 200, what: path });
    } finally {
      operator.close();
    }
  };

  it('the demo supplier is served', () => served(test.demo.subscriber));

  describe('TLS lets nobody in', () => {
    async function refusedByTls(files: Partial<Record<'cert' | 'key', string>>): Promise<void> {
      const before = await leftBehind(test);
      const client = createHttpClient(test.url('ra-1', 'public'), {
        ca: readFileSync(test.demo.subscriber.ca),
        servername: 'localhost',
        ...files
      });
      try {
        for (const send of [sendAdHoc(client, request()), sendEnrolment(client, 'device', request())]) {
          const outcome = await send.catch((error: unknown) => error);
          expect(outcome).to.have.property('code', 'peer/unavailable');
        }
      } finally {
        client.close();
      }
      expect(await leftBehind(test)).to.deep.equal(before);
    }
    const pem = (key: TestKey) => String(key.privateKey.export({ type: 'pkcs8', format: 'pem' }));

    it('without a certificate', () => refusedByTls({}));

    it('with a certificate of another authority', async () => {
      const key = rsaKey();
      const cert = encodePem('CERTIFICATE', testCertificate({ key, extensions: [] }));
      await refusedByTls({ cert, key: pem(key) });
    });

    it('with a certificate that claims the issuing CA and was signed by another key', async () => {
      const key = rsaKey();
      const { cert } = clientTemplate(test, key.spki);
      const forged = await cert(async () => new Uint8Array(256).fill(7));
      await refusedByTls({ cert: withIssuer(test, forged), key: pem(key) });
    });

    it("with a component's certificate", async () => {
      const tls = (name: string) => readFileSync(test.system.data.path('tls', name), 'utf8');
      await refusedByTls({ cert: tls('ca.pem'), key: tls('ca.key') });
    });

    it("with a device's certificate", async () => {
      const made = newDeviceRequest(newDeviceId(), 'DS', demoHwType);
      const der = await untilIssued(() => sendEnrolment(test.maker(), 'device', made.csr));
      const issuing = readFileSync(test.system.hierarchy.certificates['issuing-dca'], 'utf8');
      await refusedByTls({
        cert: encodePem('CERTIFICATE', der) + issuing,
        key: String(made.privateKey.export({ type: 'pkcs8', format: 'pem' }))
      });
    });
  });

  it('a certificate that the IKI signed and the RA never registered is refused', async () => {
    const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
    const { cert } = clientTemplate(test, new Uint8Array(publicKey.export({ type: 'spki', format: 'der' })));
    const der = await withIssuingIkiKey(test, sign => cert(tbs => sign('certificate', tbs)));
    const files = keep('unregistered', der, privateKey);
    await refusedWith(files, 'client/not-registered', { status: 'WORKFLOW_ERROR', errorCode: 'WF:IF5' }, 403);
  });

  it('a certificate that the IKI signed under another policy is refused', async () => {
    const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
    const spki = new Uint8Array(publicKey.export({ type: 'spki', format: 'der' }));
    const { cert } = clientTemplate(test, spki, policyWith('test', { 'oid.iki': { value: ['2.25.1'] } }));
    const der = await withIssuingIkiKey(test, sign => cert(tbs => sign('certificate', tbs)));
    const files = keep('other-policy', der, privateKey);
    await refusedWith(files, 'client/not-valid', { status: 'WORKFLOW_ERROR', errorCode: 'WF:IF2' }, 403);
  });

  it('a client is refused on an interface it is not registered for', async () => {
    const adhoc = await registerSupplier(test, 'ADHOC-ONLY', ['adhoc']);
    const overAdhoc = await askBoth(adhoc.files);
    expect(overAdhoc.adhoc.kind).to.equal('issued');
    expect(overAdhoc.json).to.include({ http: 403, code: 'client/interface' });

    const json = await registerSupplier(test, 'JSON-ONLY', ['json']);
    const overJson = await askBoth(json.files);
    expect(overJson.adhoc).to.include({ http: 200, status: 'WORKFLOW_ERROR', code: 'WF:IF6' });
    expect(overJson.json.kind).to.equal('issued');
  });

  describe('a registered supplier', () => {
    let supplier: RegisteredSystem;
    before('register', async () => {
      supplier = await registerSupplier(test, 'REFUSED-SUPPLIER');
    });

    for (const state of ['suspended', 'expelled'])
      it(`is refused while its party is ${state}, and served again after`, async () => {
        await served(supplier.files);
        await operate(`/admin/v1/parties/${supplier.partyId}`, { state });
        await refusedWith(
          supplier.files,
          'party/not-active',
          { status: 'WORKFLOW_ERROR', errorCode: 'WF:PA1' },
          403
        );
        await operate(`/admin/v1/parties/${supplier.partyId}`, { state: 'active' });
        await served(supplier.files);
      });

    it('is refused while its system is suspended, and served again after', async () => {
      await operate(`/admin/v1/systems/${supplier.systemId}`, { state: 'suspended' });
      await refusedWith(
        supplier.files,
        'client/not-registered',
        { status: 'WORKFLOW_ERROR', errorCode: 'WF:IF5' },
        403
      );
      await operate(`/admin/v1/systems/${supplier.systemId}`, { state: 'active' });
      await served(supplier.files);
    });

    it('is refused once its certificate is on the published list, on a connection it holds open too', async () => {
      const open = subscriberClient(test.url('ra-1', 'public'), supplier.files);
      try {
        expect((await sendAdHoc(open, request())).kind).to.equal('issued');
        await publishRevoked(test, parseCertificate(supplier.certificate));
        // With a request that gets nothing: asked for until then, certificates would pass the device's limit.
        const altered = Uint8Array.from(request());
        altered[altered.length - 1]! ^= 1;
        await eventually('the RA has read the list', 30_000, async () => {
          const answer = await sendAdHoc(open, altered);
          return answer.kind === 'refused' && answer.code === 'WF:IF3';
        });
        await refusedWith(
          supplier.files,
          'client/revoked',
          { status: 'WORKFLOW_ERROR', errorCode: 'WF:IF3' },
          403
        );
      } finally {
        open.close();
      }
      await served(test.demo.subscriber);
    });
  });

  it('every process said at its start under which policy it decides', () => {
    for (const component of ['ca', 'ra', 'repository'] as const) {
      const events = auditEvents(test, `${component}-1`);
      const started = events.find(({ type }) => type === `${component}.started`);
      expect(started?.facts, component).to.deep.include({
        environment: 'test',
        policyVersion: test.system.policy.version
      });
    }
  });

  it('nothing is out of balance after all of it', async () => {
    await test.reconcile();
  });

  function keep(name: string, der: Uint8Array, key: KeyObject): SubscriberFiles {
    return clientFiles(test.system.data.path('tls'), name, test.demo.subscriber.ca, {
      certificates: withIssuer(test, der),
      key: String(key.export({ type: 'pkcs8', format: 'pem' }))
    });
  }
});

function issuingIca({ system }: TestSystem): Certificate {
  const [pem] = decodePem(readFileSync(system.hierarchy.certificates['issuing-ica'], 'utf8'));
  return parseCertificate(pem!.der);
}

function withIssuer({ system }: TestSystem, der: Uint8Array): string {
  return encodePem('CERTIFICATE', der) + readFileSync(system.hierarchy.certificates['issuing-ica'], 'utf8');
}

/** A client certificate as the IKI issues them, to be signed by whomever. */
function clientTemplate(test: TestSystem, spki: Uint8Array, policy = test.system.policy) {
  const template = compileTemplate('iki-client', { issuer: issuingIca(test), policy });
  const tbs = template.tbs({
    serial: newSerial(octets => randomBytes(octets)),
    ...template.validity(new Date()),
    spki,
    subject: { organisation: 'Test Party', organisationalUnit: '02', commonName: 'stranger' }
  });
  return {
    cert: async (sign: (tbs: Uint8Array) => Promise<Uint8Array>) =>
      assembleCertificate(tbs, template.signingAlgorithm, await sign(tbs))
  };
}

/** The next IKI list with this certificate on it, lodged as the CA lodges its own. */
async function publishRevoked(test: TestSystem, revoked: Certificate): Promise<void> {
  const repository = createHttpClient(test.url('repository-1', 'public'));
  const current = await repository.send({ method: 'GET', path: '/crl/iki.crl', timeoutMs: 5_000 });
  repository.close();
  const last = parseCrl(new Uint8Array(current.body));
  const now = new Date(Math.floor(Date.now() / 1_000) * 1_000);
  const tbs = buildCrlTbs({
    issuer: issuingIca(test),
    number: last.number + 1n,
    thisUpdate: now,
    nextUpdate: new Date(now.getTime() + 86_400_000),
    entries: [{ serialHex: revoked.serialHex, date: now, reason: 'keyCompromise' }]
  });
  const crl = assembleCrl(tbs, 'RSA-2048', await withIssuingIkiKey(test, sign => sign('crl', tbs)));
  const tls = (name: string) => test.system.data.path('tls', name);
  const ca = createHttpClient(
    test.url('repository-1', 'internal'),
    await internalClientOptions(
      { certificateFile: tls('ca.pem'), keyFile: tls('ca.key'), rootFile: tls('root.pem') },
      { name: 'repository' }
    )
  );
  try {
    const answer = await ca.send({
      method: 'POST',
      path: '/ca/v1/publications',
      headers: { 'content-type': 'application/octet-stream' },
      body: encodePublication({ kind: 'crl', crl }),
      timeoutMs: 10_000
    });
    expect(answer.status, answer.body.toString('utf8')).to.equal(200);
  } finally {
    ca.close();
  }
}
