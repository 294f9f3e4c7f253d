/**
 * At every point of issuance, each process that takes part in the step is killed there, and comes back. Whatever
 * the client saw, it sends the same request again until it has its certificate; then the books of the whole system
 * must agree: see `test/kit/reconcile.ts`.
 */
import { expect } from 'chai';
import { createHash, randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ReadConfig } from '../../ops/config/index.js';
import type { HttpClient } from '../../ops/http/index.js';
import { newDeviceRequest, newOrganisationRequest } from '../../ops/launch/new-request.js';
import { demoHwType } from '../../ops/launch/seed.js';
import { eui64FromOctets, parseEui64 } from '../../pki/identifier/index.js';
import { parseCertificate, parseRequest } from '../../pki/x509/index.js';
import { batchBody, listBatches, pollBatch, submitBatch, type BatchReply } from '../kit/batches.js';
import { eventually, startTestSystem, type TestSystem } from '../kit/system.js';
import { declared, rowsOf, victims, type Row, type Victim } from './points.js';

/** DESIGN: a client gives up here; leases, retries and restarts of the test's limits pass several times over. */
const clientPatienceMs = 60_000;

describe('a process killed at any point of issuance', function () {
  this.timeout(180_000);
  let system: TestSystem | undefined;
  const seen: string[] = [];

  /** One system for all rows; after a row that failed, another. */
  async function running(): Promise<TestSystem> {
    system ??= await startTestSystem({ adjust: shortDeadline });
    return system;
  }

  after(async () => {
    await system?.stop();
    process.stdout.write(`\n      ${'killed'.padEnd(16)}${'at'.padEnd(28)}the client saw\n`);
    for (const line of seen) process.stdout.write(`      ${line}\n`);
  });

  afterEach(async function () {
    if (this.currentTest?.state !== 'failed') return;
    const failed = system;
    system = undefined;
    await failed?.stop();
  });

  async function row({ victim, owner, at, way }: Row, how: 'kill' | 'stop-first' = 'kill'): Promise<void> {
    const test = await running();
    const instance = `${owner}-1`;
    const client = newClient(test, way);
    const before = await counted(test);

    const { first, afterwards } = await bring(test, client, instance, at, way);
    await strike(test, victim, instance, how);
    await afterwards();
    const answers = [await first];
    const patience = performance.now() + clientPatienceMs;
    while (client.certificates === undefined) {
      if (performance.now() > patience) throw new Error(`no certificate: ${answers.join('; ')}`);
      await sleep(200);
      answers.push(await client.ask());
    }
    seen.push(
      `${victim.padEnd(16)}${at.padEnd(28)}${briefly(answers)}${how === 'kill' ? '' : ' (stopped first)'}`
    );

    // Nothing of this is the client's fault, and nothing of it is unforeseen.
    for (const answer of answers) expect(answer).to.match(expectedAnswers);
    const books = await test.reconcile();
    expect(books.certificates - before, 'certificates for what was asked').to.equal(client.keys.length);
    const hex = (octets: Uint8Array) => Buffer.from(octets).toString('hex');
    const certified = client.certificates.map(der => hex(parseCertificate(der).publicKey.spki));
    expect(certified, 'certified keys').to.deep.equal(client.keys.map(hex));
  }

  for (const victim of victims) {
    // A server of the caller's is not ours to kill.
    if (victim === 'postgres' && process.env['OPENSMKI_TEST_DATABASE'] !== undefined) continue;
    describe(victim, () => {
      for (const one of rowsOf(victim)) it(`${one.at}, ${one.way}`, () => row(one));
      if (victim !== 'signer') return;
      for (const one of rowsOf(victim).filter(({ at }) => at.endsWith(':before')))
        it(`${one.at}, ${one.way}, the request sent and not answered`, async () => {
          const before = await unknownOutcomes(await running());
          await row(one, 'stop-first');
          const unknown = (await unknownOutcomes(await running())) - before;
          // Of a certificate the serial is listed; an order or a list is made anew.
          expect(unknown).to.equal(one.at === 'ca:7:before' ? 1 : 0);
        });
    });
  }

  it('has a row for every declared point and its own process', () => {
    for (const owner of ['ra', 'ca', 'repository'] as const)
      expect(rowsOf(owner).flatMap(row => (row.owner === owner ? row.at : []))).to.deep.equal([
        ...declared[owner]
      ]);
  });
});

/** A certificate, a broken connection, accepted and not ready, or a fault that is ours and passes. */
const expectedAnswers =
  /^(SUCCESS|peer\/unavailable|202|CA_ERROR CA:(CA2|DB1|AU1|HS1)|503 [a-z/-]+|(PENDING|PARSING|QUEUED|PROCESSING)|WORKFLOW_ERROR WF:BB[12])$/;
/** Requests of a batch: some groups more than are under way at once. */
const batchRequests = 8;

/** The service waits 25 seconds for an order, this one a few; the policy is the same everywhere. */
const policy = { 'deadline.order': { value: 3 } };
const shortDeadline = {
  ca: (config: ReadConfig<'ca'>) => ({
    ...{ ...config, policy },
    limits: { ...config.limits, leaseMs: 1_200, heartbeatMs: 250 }
  }),
  ra: (config: ReadConfig<'ra'>) => ({
    ...{ ...config, policy },
    settings: {
      ...config.settings,
      ...{ leaseMs: 1_000, jsonWaitMs: 2_000 },
      batches: { ...config.settings.batches, groupMin: 1, groupMax: 2, groupsInFlight: 4, leaseMs: 1_000 }
    }
  }),
  repository: (config: ReadConfig<'repository'>) => ({ ...config, policy })
};

/** Sends the request and brings `instance` to its point with it. */
async function bring(
  test: TestSystem,
  client: Client,
  instance: string,
  at: string,
  way: Row['way']
): Promise<{ first: Promise<string>; afterwards: () => Promise<void> }> {
  const done = () => Promise.resolve();
  switch (way) {
    case 'device':
    case 'batch': {
      test.pauseAt(instance, at);
      const first = client.ask();
      await test.waitPaused(instance);
      return { first, afterwards: done };
    }
    case 'take-over':
    case 'list': {
      test.pauseAt('ca-1', way === 'list' ? 'ca:7:after' : 'ca:7:before');
      const first = client.ask();
      await test.waitPaused('ca-1');
      await test.kill('ca-1');
      test.pauseAt('ca-1', at);
      await test.start('ca-1');
      await test.waitPaused('ca-1');
      return { first, afterwards: done };
    }
    case 'unclaimed': {
      await test.kill('ca-1');
      test.pauseAt(instance, at);
      const first = client.ask();
      await test.waitPaused(instance);
      return { first, afterwards: () => test.start('ca-1') };
    }
    case 'claim': {
      await test.kill('ca-1');
      const first = client.ask();
      await orderIs(test, 'open');
      test.pauseAt(instance, at);
      await test.start('ca-1');
      await test.waitPaused(instance);
      if (at === 'ra:claim:after') await orderIs(test, 'claimed');
      return { first, afterwards: done };
    }
  }
}

/** The RA has an order of that state; between rows there is none. */
function orderIs(test: TestSystem, state: 'open' | 'claimed'): Promise<void> {
  return eventually(`an order is ${state}`, 30_000, async () => {
    const rows = await test.sql('select from ra.orders where state = ? and expires_at > now()', [state]);
    return rows.length === 1;
  });
}

/** Kills the victim while `instance` stands at its point, lets that go on, and brings the victim back. */
async function strike(
  test: TestSystem,
  victim: Victim,
  instance: string,
  how: 'kill' | 'stop-first'
): Promise<void> {
  switch (victim) {
    case 'postgres':
      await test.killPostgres();
      test.resume(instance);
      // Long enough for what stood at the point to meet the absence.
      await sleep(250);
      return test.startPostgres();
    case 'signer':
      if (how === 'kill') {
        const killed = test.killSigner(instance);
        test.resume(instance);
        return killed;
      }
      process.kill(test.signerPid(instance), 'SIGSTOP');
      test.resume(instance);
      // The request lies in the socket of a process that does not read it.
      await sleep(400);
      return test.killSigner(instance);
    case 'ra':
    case 'ca':
    case 'repository': {
      const killed = `${victim}-1`;
      await test.kill(killed);
      // Another process than the one at the point: that one goes on and finds it gone.
      test.resume(instance);
      return test.start(killed);
    }
  }
}

interface Client {
  /** Public keys of what is asked for. */
  readonly keys: readonly Uint8Array[];
  /** Of those keys in order, when all are there. */
  certificates: readonly Uint8Array[] | undefined;
  /** Sends the one request, for the first time or again; answers in a few words what came of it. */
  ask(): Promise<string>;
}

function newClient(test: TestSystem, way: Row['way']): Client {
  if (way === 'batch') return newBatchClient(test);
  const fresh = newDevice();
  const { csr } =
    way === 'list'
      ? newOrganisationRequest(parseEui64(test.demo.organisationEui), '02', 'DS')
      : newDeviceRequest(way === 'claim' ? fresh : parseEui64(test.demo.deviceEui), 'DS', demoHwType);
  const client: Client = {
    keys: [parseRequest(csr).publicKey.spki],
    certificates: undefined,
    ask: () =>
      answered(async () => {
        if (way === 'list') return await json('organisation', test.subscriber());
        if (way === 'claim') return await json('device', test.maker());
        const answer = await test.adHoc(csr);
        if (answer.status === 'SUCCESS' && answer.certificate !== undefined)
          client.certificates = [answer.certificate];
        return answer.errorCode === undefined ? answer.status : `${answer.status} ${answer.errorCode}`;
      })
  };
  async function json(kind: 'device' | 'organisation', connection: HttpClient): Promise<string> {
    const key = createHash('sha256').update(csr).digest('hex');
    const answer = await connection.send({
      method: 'POST',
      path: `/ra/v1/requests/${kind}`,
      headers: { 'content-type': 'application/json', 'idempotency-key': key },
      body: JSON.stringify({ csr: Buffer.from(csr).toString('base64') }),
      timeoutMs: 30_000
    });
    const body = JSON.parse(answer.body.toString('utf8')) as { certificate?: string; code?: string };
    if (answer.status === 202) return '202';
    if (answer.status !== 201 || body.certificate === undefined) return `${answer.status} ${body.code ?? ''}`;
    client.certificates = [new Uint8Array(Buffer.from(body.certificate, 'base64'))];
    return 'SUCCESS';
  }
  return client;
}

/** Sends its batch until it is among the party's own, then asks for the results. */
function newBatchClient(test: TestSystem): Client {
  const name = `B${randomBytes(6).toString('hex')}`;
  const requests = Array.from(
    { length: batchRequests },
    () => newDeviceRequest(newDevice(), 'DS', demoHwType).csr
  );
  const connection = test.maker();
  let batchId: string | undefined;
  let sent = false;
  const client: Client = {
    keys: requests.map(csr => parseRequest(csr).publicKey.spki),
    certificates: undefined,
    ask: () =>
      answered(async () => {
        // The answer to the upload may have been lost, and the batch not.
        if (batchId === undefined && sent)
          batchId = (await listBatches(connection)).find(batch => batch.name === name)?.batchId;
        sent = true;
        const reply: BatchReply =
          batchId === undefined
            ? await submitBatch(connection, batchBody(name, requests))
            : await pollBatch(connection, batchId);
        batchId ??= reply.batchId;
        if (reply.status !== 'COMPLETED')
          return reply.errorCode === undefined ? reply.status : `${reply.status} ${reply.errorCode}`;
        const certificates = reply.items.flatMap(({ certificate }) => certificate ?? []);
        if (certificates.length !== requests.length) return JSON.stringify(reply);
        client.certificates = certificates;
        return 'SUCCESS';
      })
  };
  return client;
}

/** What was answered, or the code of what came in its place. */
async function answered(ask: () => Promise<string>): Promise<string> {
  try {
    return await ask();
  } catch (error) {
    return error instanceof Error && 'code' in error ? String(error.code) : String(error);
  }
}

function newDevice(): bigint {
  return eui64FromOctets(Buffer.concat([Buffer.of(0x02, 0x5a), randomBytes(6)]));
}

async function counted(test: TestSystem): Promise<number> {
  const [row] = await test.sql<{ count: number }>('select count(*)::int as count from ca.certificate');
  return row?.count ?? 0;
}

/** Serials given up because a token may have signed and nobody knows. */
async function unknownOutcomes(test: TestSystem): Promise<number> {
  const rows = await test.sql(
    `select from ca.abandoned_serial where reason = 'outcome-unknown' and may_exist`
  );
  return rows.length;
}

/** The first answer, how many like it followed, and the last. */
function briefly(answers: readonly string[]): string {
  return answers
    .filter((answer, at) => answer !== answers[at - 1])
    .map(answer => {
      const times = answers.filter(other => other === answer).length;
      return times > 1 ? `${answer} ×${times}` : answer;
    })
    .join(', ');
}
