import { renameSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import { newDeviceRequest } from '../../ops/launch/new-request.js';
import { demoHwType } from '../../ops/launch/seed.js';
import { parseCertificate, parseRequest } from '../../pki/index.js';
import { startTestSystem, type TestSystem } from '../kit/system.js';
import {
  type Answer,
  inParallel,
  isPassing,
  newDeviceId,
  sendAdHoc,
  sendEnrolment,
  show,
  untilIssued
} from './talk.js';

const inFlight = 32;
const beforeMs = 5_000;
const awayMs = 20_000;
const afterMs = 15_000;
const fullServiceWithinMs = 10_000;
/** A refusal comes at once; without a pause the clients alone would fill the machine. */
const pauseMs = 100;

/** Replacements that a client asks for one device, well below the limit of certificates of a device. */
const usesOfDevice = 50;

/** One answer; the same CSR is sent again until it has its certificate. */
interface Sent {
  readonly csr: Uint8Array;
  readonly sentAt: number;
  readonly answeredAt: number;
  readonly answer: Answer;
}

describe('the token directory away for 20 s under 32 requests in flight', function () {
  this.timeout(240_000);
  let test: TestSystem;
  const sent: Sent[] = [];
  let returnedAt = 0;
  let awayAt = 0;

  before('start', async () => {
    // The figures of recovery are those that a system is delivered with; only the rate limit is out of the way.
    test = await startTestSystem({
      limits: 'production',
      adjust: { ra: config => ({ ...config, settings: { ...config.settings, hardRatePerSecond: 10_000 } }) }
    });
  });
  after('stop', () => test?.stop());

  it('answers SUCCESS, CA_ERROR, or 503 with Retry-After, and serves in full again within 10 s', async () => {
    const [supplier, maker] = [test.subscriber(), test.maker()];
    const devices = Array.from({ length: inFlight }, newDeviceId);
    await inParallel(devices, inFlight, device =>
      untilIssued(() => sendEnrolment(maker, 'device', newDeviceRequest(device, 'DS', demoHwType).csr))
    );
    const pids = () => [...test.instances.map(name => test.process(name).pid())];
    const pidsBefore = pids();

    let going = true;
    // Devices of the JSON clients: they have a certificate that can be replaced.
    const certified: bigint[] = [];
    // Each client has one CSR under way at any time, so that 32 are.
    const client = async (at: number): Promise<void> => {
      const adhoc = at % 2 === 0;
      let own = devices[at]!;
      for (let uses = 1; going; uses++) {
        if (uses % usesOfDevice === 0) own = certified.pop() ?? own;
        const device = adhoc ? own : newDeviceId();
        const { csr } = newDeviceRequest(device, 'DS', demoHwType);
        const send = (): Promise<Answer> =>
          adhoc ? sendAdHoc(supplier, csr) : sendEnrolment(maker, 'device', csr);
        for (let answer: Answer | undefined; answer?.kind !== 'issued' && !overdue();) {
          if (answer !== undefined) await sleep(pauseMs);
          const sentAt = performance.now();
          answer = await send();
          sent.push({ csr, sentAt, answeredAt: performance.now(), answer });
          if (!isAllowed(answer)) break;
          if (!adhoc && answer.kind === 'issued') certified.push(device);
        }
      }
    };
    const overdue = (): boolean => returnedAt > 0 && performance.now() > returnedAt + afterMs + 45_000;
    const clients = Array.from({ length: inFlight }, (_, at) => client(at));

    const tokens = test.system.data.path('tokens');
    await sleep(beforeMs);
    awayAt = performance.now();
    renameSync(tokens, `${tokens}.away`);
    await sleep(awayMs);
    renameSync(`${tokens}.away`, tokens);
    returnedAt = performance.now();
    await sleep(afterMs);
    going = false;
    await Promise.all(clients);

    const issued = (some: readonly Sent[]) => some.filter(({ answer }) => answer.kind === 'issued').length;
    const before = sent.filter(({ answeredAt }) => answeredAt < awayAt);
    const during = sent.filter(({ sentAt, answeredAt }) => answeredAt >= awayAt && sentAt < returnedAt);
    const later = sent.filter(({ sentAt }) => sentAt >= returnedAt);
    const failed = later.filter(({ answer }) => answer.kind !== 'issued');
    const recoveredMs = Math.round(Math.max(returnedAt, ...failed.map(({ sentAt }) => sentAt)) - returnedAt);
    const kinds = new Map<string, number>();
    for (const { answer } of sent) kinds.set(nameOf(answer), (kinds.get(nameOf(answer)) ?? 0) + 1);
    show(
      `certified: ${issued(before)} of ${before.length} answers before, ${issued(during)} of ${during.length} while ` +
        `away, ${issued(later)} of ${later.length} after; full service ${recoveredMs} ms after the return; ` +
        [...kinds].map(([kind, count]) => `${kind} ${count}`).join(', ')
    );

    const other = sent.filter(({ answer }) => !isAllowed(answer));
    expect(other.map(({ answer }) => answer)).to.deep.equal([]);
    // It was away indeed, and it worked before and after.
    expect(issued(during)).to.be.lessThan(during.length);
    expect(issued(before)).to.equal(before.length).and.to.be.greaterThan(0);
    expect(recoveredMs).to.be.lessThan(fullServiceWithinMs);
    const settled = later.filter(({ sentAt }) => sentAt >= returnedAt + fullServiceWithinMs);
    expect(issued(settled)).to.equal(settled.length).and.to.be.greaterThan(0);
    expect(pids()).to.deep.equal(pidsBefore);
  });

  it('loses nothing: every CSR got its certificate in the end, and exactly one', async () => {
    const csrs = new Map(sent.map(({ csr }) => [Buffer.from(csr).toString('hex'), csr]));
    const all = sent.flatMap(({ csr, answer }) =>
      answer.kind === 'issued' ? [{ csr, certificate: answer.certificate }] : []
    );
    expect(all.length).to.equal(csrs.size);

    const reconciled = await test.reconcile(60_000);
    const rows = await test.sql<{ key: string; der: Buffer }>(
      `select encode(r.public_key_hash, 'hex') as key, c.der from ca.certificate c join ra.request r on r.id = c.request_id`
    );
    expect(reconciled.certificates).to.equal(rows.length);
    const byKey = new Map<string, Buffer[]>();
    for (const { der } of rows) {
      const key = Buffer.from(parseCertificate(new Uint8Array(der)).publicKey.spki).toString('hex');
      byKey.set(key, [...(byKey.get(key) ?? []), der]);
    }
    for (const { csr, certificate } of all) {
      const key = Buffer.from(parseRequest(csr).publicKey.spki).toString('hex');
      const certified = byKey.get(key) ?? [];
      expect(certified.length).to.equal(1);
      expect(certified[0]?.equals(certificate)).to.equal(true);
    }
  });
});

/**
 * SUCCESS; CA_ERROR of the ad hoc web service; 503 with Retry-After of the JSON interface, or its 202, by which it
 * says that the request is on record and where its certificate will be found.
 */
function isAllowed(answer: Answer): boolean {
  if (answer.kind === 'issued') return true;
  if (answer.kind === 'accepted') return answer.location.startsWith('/ra/v1/requests/');
  return isPassing(answer) && (answer.status === undefined || answer.http === 200);
}

function nameOf(answer: Answer): string {
  return answer.kind === 'refused' ? `${answer.status ?? answer.http} ${answer.code}` : answer.kind;
}
