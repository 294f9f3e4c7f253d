import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import { newDeviceRequest } from '../../ops/launch/new-request.js';
import { demoHwType } from '../../ops/launch/seed.js';
import { formatEui64, parseCertificate, parseRequest } from '../../pki/index.js';
import { p256Key } from '../kit/keys.js';
import { deviceRequest } from '../kit/requests.js';
import { startTestSystem, type TestSystem } from '../kit/system.js';
import {
  type Answer,
  inParallel,
  newDeviceId,
  relyingParty,
  sendAdHoc,
  sendEnrolment,
  show,
  untilIssued
} from './talk.js';

const requests = 1_000;
const width = 48;
/** One CA is killed when so many certificates are there. */
const killAfter = 350;

describe('two RAs, two CAs and two repositories on one database', function () {
  this.timeout(300_000);
  let test: TestSystem;
  before('start', async () => {
    test = await startTestSystem({ instances: { ra: 2, ca: 2, repository: 2 } });
  });
  after('stop', () => test?.stop());

  it('certify 1,000 keys once each while one CA is killed with orders in hand', async () => {
    const ras = [test.maker('ra-1'), test.maker('ra-2')] as const;
    const adhoc = [test.subscriber('ra-1'), test.subscriber('ra-2')] as const;
    const began = performance.now();
    let done = 0;
    let killed: Promise<number> | undefined;

    // Two certificates for each device: the first over the JSON interface, its replacement over the ad hoc one.
    const devices = Array.from({ length: requests / 2 }, newDeviceId);
    const issued = await inParallel(devices, width, async (device, at) => {
      const first = newDeviceRequest(device, 'DS', demoHwType).csr;
      const second = newDeviceRequest(device, 'DS', demoHwType).csr;
      const count = (): void => {
        done += 1;
        if (done !== killAfter) return;
        killed = killWithOrdersInHand(test, 'ca-1');
        // Its failure is looked at where it is awaited.
        killed.catch(() => undefined);
      };
      const one = await untilIssued(() => sendEnrolment(ras[at % 2]!, 'device', first));
      count();
      // The replacement goes through the other RA.
      const two = await untilIssued(() => sendAdHoc(adhoc[(at + 1) % 2]!, second));
      count();
      return [
        { csr: first, certificate: one },
        { csr: second, certificate: two }
      ];
    });
    const inHand = (await killed) ?? 0;
    const seconds = (performance.now() - began) / 1_000;
    const all = issued.flat();
    expect(all.length).to.equal(requests);
    expect(inHand).to.be.greaterThan(0);

    show(`${requests} certificates in ${seconds.toFixed(1)} s; ca-1 died with ${inHand} orders in hand`);
    const keys = new Set<string>();
    for (const { csr, certificate } of all) {
      const spki = Buffer.from(parseRequest(csr).publicKey.spki);
      expect(spki.equals(parseCertificate(certificate).publicKey.spki)).to.equal(true);
      keys.add(spki.toString('hex'));
    }
    expect(keys.size).to.equal(requests);

    const inCa = await test.sql<{ der: Buffer }>(
      `select der from ca.certificate where public_key = any(select uuid_send(key_hash) from ra.key_registry)`
    );
    const certified = new Map<string, number>();
    for (const { der } of inCa) {
      const key = Buffer.from(parseCertificate(new Uint8Array(der)).publicKey.spki).toString('hex');
      certified.set(key, (certified.get(key) ?? 0) + 1);
    }
    expect([...keys].filter(key => certified.get(key) !== 1)).to.deep.equal([]);
    const inRa = await test.sql<{ times: number }>(
      `select count(*)::int as times from ra.request where state = 'issued' and kind = 'device' group by public_key_hash`
    );
    expect(inRa.filter(({ times }) => times !== 1)).to.deep.equal([]);

    // Both repositories have each, over the interface of relying parties.
    for (const instance of ['repository-1', 'repository-2']) {
      const reader = relyingParty(test, instance);
      const answers = await inParallel(all, 16, async ({ certificate }) => {
        const found = await reader.retrieve(parseCertificate(certificate).serialHex);
        return found.http === 200 && Buffer.from(found.certificate ?? []).equals(certificate);
      });
      reader.close();
      expect(answers.filter(same => same).length, instance).to.equal(requests);
    }
  });

  it('one CA alone serves both RAs, and the other takes part again when it is back', async () => {
    const one = await untilIssued(() => sendEnrolment(test.maker('ra-1'), 'device', freshRequest()));
    const two = await untilIssued(() => sendEnrolment(test.maker('ra-2'), 'device', freshRequest()));
    expect(parseCertificate(one).serialHex).not.to.equal(parseCertificate(two).serialHex);
    await test.start('ca-1');
    // The first thing ca-1 did was to place in its audit log what it had recorded and not placed.
    const { abandoned } = await test.reconcile(60_000);
    show(`${abandoned} serial numbers were given up with ca-1`);
    await test.kill('ca-2');
    const three = await untilIssued(() => sendEnrolment(test.maker('ra-1'), 'device', freshRequest()));
    expect(parseCertificate(three).serialHex).to.have.length(32);
    await test.start('ca-2');
  });

  describe('the same key through both RAs at the same moment is certified once', () => {
    const pairs = 8;
    /** Sends one through each RA, together. */
    const both = (one: Uint8Array, other: Uint8Array): Promise<[Answer, Answer]> =>
      Promise.all([
        sendEnrolment(test.maker('ra-1'), 'device', one),
        sendEnrolment(test.maker('ra-2'), 'device', other)
      ]);
    const certificatesOf = (spki: Uint8Array) =>
      test.sql<{ der: Buffer }>(
        `select der from ca.certificate where public_key = substr(sha256(?), 1, 16)`,
        [Buffer.from(spki)]
      );

    it('in one request: both answers have the one certificate', async () => {
      for (let pair = 0; pair < pairs; pair++) {
        const key = p256Key();
        const csr = deviceRequest({ key, eui: formatEui64(newDeviceId()) });
        const answers = await both(csr, csr);
        const ders = await Promise.all(
          answers.map(async (answer, at) =>
            answer.kind === 'issued'
              ? answer.certificate
              : untilIssued(() => sendEnrolment(test.maker(`ra-${at + 1}`), 'device', csr))
          )
        );
        const certified = await certificatesOf(key.spki);
        expect(certified.length).to.equal(1);
        for (const der of ders) expect(certified[0]?.der.equals(der)).to.equal(true);
      }
    });

    it('in two requests for one device: one is certified, the other a duplicate', async () => {
      for (let pair = 0; pair < pairs; pair++) {
        const key = p256Key();
        const eui = formatEui64(newDeviceId());
        const answers = await both(deviceRequest({ key, eui }), deviceRequest({ key, eui }));
        expect(answers.map(shortly).sort()).to.deep.equal(['issued', 'request/duplicate']);
        expect((await certificatesOf(key.spki)).length).to.equal(1);
      }
    });

    it('in requests of two devices: one is certified, the other told that the key has an owner', async () => {
      for (let pair = 0; pair < pairs; pair++) {
        const key = p256Key();
        const answers = await both(
          deviceRequest({ key, eui: formatEui64(newDeviceId()) }),
          deviceRequest({ key, eui: formatEui64(newDeviceId()) })
        );
        expect(answers.map(shortly).sort()).to.deep.equal(['issued', 'key/owned']);
        expect((await certificatesOf(key.spki)).length).to.equal(1);
      }
    });

    it('and the books agree', async () => {
      await test.reconcile();
    });
  });
});

function freshRequest(): Uint8Array {
  return newDeviceRequest(newDeviceId(), 'DS', demoHwType).csr;
}

function shortly(answer: Answer): string {
  return answer.kind === 'refused' ? answer.code : answer.kind;
}

/**
 * SIGKILL for a CA at a moment when it has begun orders and finished none of them: it is stopped, looked at, and
 * let go again until that is so. Answers how many.
 */
async function killWithOrdersInHand(test: TestSystem, instance: string): Promise<number> {
  for (let tries = 0; tries < 400; tries++) {
    test.process(instance).kill('SIGSTOP');
    // What it had sent to the database before it was stopped is settled a moment later.
    await sleep(20);
    const [row] = await test.sql<{ open: number }>(
      `select count(*)::int as open from ca.intent where state = 'open' and holder like ? || '/%'`,
      [instance]
    );
    if (row !== undefined && row.open > 0) {
      await test.kill(instance);
      return row.open;
    }
    test.process(instance).kill('SIGCONT');
    await sleep(10);
  }
  throw new Error(`${instance} never had an order in hand`);
}
