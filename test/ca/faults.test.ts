import { expect } from 'chai';
import { setTimeout as sleep } from 'node:timers/promises';
import { PeerConflict, stages, type CaStage, type RaPeer } from '../../ca/index.js';
import { HsmError, type Signer, type SignOutcome } from '../../hsm/index.js';
import { parseCertificate } from '../../pki/index.js';
import { deviceRequest } from '../kit/requests.js';
import { codesOf, hex, issuedDer, only, orderIdOf, signOrder, World, type RunningCa } from './kit.js';

type Break = (outcomes: SignOutcome[], round: number) => SignOutcome[];

/** A signer whose answers to groups are changed on purpose; what it did not sign stays unsigned. */
function breakSigner(signer: Signer, change: Break): Signer & { rounds: number } {
  const broken = {
    rounds: 0,
    publicKey: signer.publicKey.bind(signer),
    sign: signer.sign.bind(signer),
    async signMany(requests: Parameters<Signer['signMany']>[0]): Promise<SignOutcome[]> {
      broken.rounds += 1;
      return change(await signer.signMany(requests), broken.rounds);
    }
  };
  return broken;
}

const refused = (code: 'hsm/outcome-unknown' | 'hsm/unavailable'): SignOutcome => ({
  ok: false,
  error: new HsmError(code, 'on purpose')
});

describe('ca: when the seam breaks', function () {
  this.timeout(60_000);
  let world: World;
  before(async () => {
    world = await World.create();
  });
  afterEach(async () => {
    world.ras.onReport = () => undefined;
    world.repository.onPublish = () => undefined;
    world.clock.aheadMs = 0;
    await world.stopAll();
  });
  after(() => world.close());

  const send = (n = 1, expiresAt = new Date(world.clock.now().getTime() + 60_000)) => {
    const csrs = Array.from({ length: n }, () => deviceRequest());
    const order = signOrder(world.ra, 'device-ds', csrs, { expiresAt });
    world.ras.offer(order);
    return order;
  };
  const abandonedOf = async (reason: string) =>
    (await world.rows(`select from ca.abandoned_serial where reason = ?`, reason)).length;

  describe('the token', () => {
    const flip = (signature: Uint8Array): Uint8Array => {
      const wrong = Uint8Array.from(signature);
      wrong[40] = (wrong[40] ?? 0) ^ 1;
      return wrong;
    };
    for (const { what, spoil } of [
      { what: 'a wrong signature', spoil: flip },
      { what: 'a short signature', spoil: (signature: Uint8Array) => signature.subarray(0, 63) },
      { what: 'no octets at all', spoil: () => new Uint8Array() }
    ])
      it(`answers OK with ${what}: never released, an alarm, the item gets a new serial`, async () => {
        const before = await abandonedOf('wrong-signature');
        const alarms = await world.events('ca.alarm.signature');
        const signer = breakSigner(world.made.issuing, (outcomes, round) =>
          outcomes.map((outcome, index) =>
            outcome.ok && round === 1 && index === 1
              ? { ok: true, signature: spoil(outcome.signature) }
              : outcome
          )
        );
        await world.start({ signer });
        const order = send(3);
        expect(codesOf(await world.ras.reported(order))).to.deep.equal(['issued', 'issued', 'issued']);
        expect(signer.rounds).to.equal(2);
        expect(await abandonedOf('wrong-signature')).to.equal(before + 1);
        expect(await world.events('ca.alarm.signature')).to.equal(alarms + 1);
        await world.balance();
      });

    it('swaps the signatures of a group: none is released', async () => {
      const signer = breakSigner(world.made.issuing, (outcomes, round) =>
        round === 1 ? [...outcomes].reverse() : outcomes
      );
      const before = await abandonedOf('wrong-signature');
      await world.start({ signer });
      expect(codesOf(await world.ras.reported(send(2)))).to.deep.equal(['issued', 'issued']);
      expect(await abandonedOf('wrong-signature')).to.equal(before + 2);
    });

    it('leaves an outcome unknown: the serial is abandoned and may exist, the next attempt has a new one', async () => {
      const before = await abandonedOf('outcome-unknown');
      const signer = breakSigner(world.made.issuing, (outcomes, round) =>
        round === 1 ? outcomes.map(() => refused('hsm/outcome-unknown')) : outcomes
      );
      await world.start({ signer });
      const der = issuedDer(only(await world.ras.reported(send())));
      expect(await abandonedOf('outcome-unknown')).to.equal(before + 1);
      const again = await world.rows(
        `select from ca.abandoned_serial where upper(replace(serial::text, '-', '')) = ?`,
        parseCertificate(der).serialHex
      );
      expect(again).to.have.length(0);
      await world.balance();
    });

    it('leaves every outcome unknown: bounded attempts, then refused', async () => {
      const signer = breakSigner(world.made.issuing, outcomes =>
        outcomes.map(() => refused('hsm/outcome-unknown'))
      );
      await world.start({ signer });
      expect(codesOf(await world.ras.reported(send(2)))).to.deep.equal(['ca/attempts', 'ca/attempts']);
      expect(signer.rounds).to.equal(3);
      await world.balance();
    });

    it('throws instead of answering: treated as unknown, never as none', async () => {
      const before = await abandonedOf('outcome-unknown');
      const signer = breakSigner(world.made.issuing, (outcomes, round) => {
        if (round === 1) throw new Error('on purpose');
        return outcomes;
      });
      await world.start({ signer });
      expect(codesOf(await world.ras.reported(send()))).to.deep.equal(['issued']);
      expect(await abandonedOf('outcome-unknown')).to.equal(before + 1);
    });

    it('is away for a while: the order waits and is issued; no serial is left that may exist', async () => {
      const [mayExist] = await world.rows<{ n: number }>(
        `select count(*)::int as n from ca.abandoned_serial where may_exist`
      );
      const back = Date.now() + 400;
      const signer = breakSigner(world.made.issuing, outcomes =>
        Date.now() < back ? outcomes.map(() => refused('hsm/unavailable')) : outcomes
      );
      await world.start({ signer });
      expect(codesOf(await world.ras.reported(send(2)))).to.deep.equal(['issued', 'issued']);
      expect(signer.rounds).to.be.greaterThan(1);
      expect(
        await world.rows(`select count(*)::int as n from ca.abandoned_serial where may_exist`)
      ).to.deep.equal([mayExist]);
      await world.balance();
    });

    it('is away for longer: asked again less and less often, so that ledger and audit log are not flooded', async () => {
      const signer = breakSigner(world.made.issuing, outcomes =>
        outcomes.map(() => refused('hsm/unavailable'))
      );
      const order = send(1, new Date(world.clock.now().getTime() + 2_000));
      await world.start({ signer });
      expect(codesOf(await world.ras.reported(order))).to.deep.equal(['ca/unavailable']);
      // One every 40 ms would be some 45.
      expect(signer.rounds).to.be.within(4, 12);
    });

    it('is away past the expiry of the order: refused as unavailable', async () => {
      const signer = breakSigner(world.made.issuing, outcomes =>
        outcomes.map(() => refused('hsm/unavailable'))
      );
      await world.start({ signer });
      const order = send(1, new Date(world.clock.now().getTime() + 300));
      expect(codesOf(await world.ras.reported(order))).to.deep.equal(['ca/unavailable']);
      await world.balance();
    });
  });

  describe('each write and each call', () => {
    // Before: not written. After: written, but reported failed. Either way the order ends once and for all.
    const points = stages.filter(point =>
      /^ca:(4|5|6|7|8|9-seal|9-publish|9-report|9-acknowledge):/.test(point)
    );
    const settled = async () => {
      const [row] = await world.rows<{ settled: boolean }>(
        `select bool_and(published_at is not null and reported_at is not null) as settled from ca.outbox`
      );
      return row?.settled;
    };
    const unrecorded: readonly CaStage[] = ['ca:4:claimed', 'ca:5:prepared', 'ca:6:before'];
    for (const point of points)
      it(`fails at ${point}: the order is finished all the same, each request certified once`, async () => {
        let armed = true;
        const running = await world.start({
          stage: at => {
            if (at !== point || !armed) return;
            armed = false;
            throw new Error(`on purpose at ${at}`);
          }
        });
        const certificates = await world.count('certificate');
        const order = send(2);
        // Before step 6 nothing is recorded: the RA's lease ends and it offers the order again.
        if (unrecorded.includes(point)) setTimeout(() => world.ras.offer(order), 200);
        const report = await world.ras.reported(order);
        expect(codesOf(report)).to.deep.equal(['issued', 'issued']);
        expect(await world.count('certificate')).to.equal(certificates + 2);
        // What was told and not acknowledged is told again after the grace.
        for (let i = 0; i < 500 && !(await settled()); i++) await sleep(10);
        expect(await settled()).to.equal(true);
        await running.stop();
        expect(armed).to.equal(false);
        await world.balance();
        // Told twice at most, with the same bytes: the peers refuse anything else.
        expect(world.logs.some(({ msg }) => msg.includes('other bytes'))).to.equal(false);
      });

    for (const when of ['before', 'after'] as const) {
      it(`the repository fails ${when} it keeps the group: lodged again with the same bytes, then reported`, async () => {
        let failures = 2;
        world.repository.onPublish = at => {
          if (at !== when || failures === 0) return;
          failures -= 1;
          throw new Error('on purpose');
        };
        await world.start();
        const order = send();
        const der = issuedDer(only(await world.ras.reported(order)));
        expect(
          [...world.repository.certificates.values()].some(one => Buffer.compare(one, der) === 0)
        ).to.equal(true);
        expect(failures).to.equal(0);
      });

      it(`the RA fails ${when} it keeps the report: reported again with the same bytes`, async () => {
        let failures = 2;
        world.ras.onReport = at => {
          if (at !== when || failures === 0) return;
          failures -= 1;
          throw new Error('on purpose');
        };
        await world.start();
        const order = send();
        await world.ras.reported(order);
        for (let i = 0; i < 300 && failures > 0; i++) await sleep(10);
        expect(failures).to.equal(0);
      });
    }

    it('the repository holds other bytes: nothing is reported, an alarm', async () => {
      const other = await World.create();
      try {
        other.repository.onPublish = when => {
          if (when === 'before') throw new PeerConflict('on purpose');
        };
        await other.start();
        const order = signOrder(other.ra, 'device-ds', [deviceRequest()]);
        other.ras.offer(order);
        for (let i = 0; i < 500 && !other.logs.some(({ level }) => level === 60); i++) await sleep(10);
        expect(other.logs.some(({ level, msg }) => level === 60 && msg.includes('other bytes'))).to.equal(
          true
        );
        expect(other.ras.reports.size).to.equal(0);
      } finally {
        await other.close();
      }
    });

    it('the RA ends its long polls at once: it is not asked again without a pause', async () => {
      let claims = 0;
      const eager: RaPeer = {
        name: 'ra-eager',
        claim: async () => {
          claims += 1;
          return [];
        },
        report: report => world.ras.report(report)
      };
      await world.start({ ras: [eager] });
      await sleep(400);
      // Two lanes, a pause of 40 ms each.
      expect(claims).to.be.within(2, 22);
    });

    it('the RA is away: health says so, and it is served when it is back', async () => {
      let away = true;
      const claim = world.ras.claim.bind(world.ras);
      const ra = {
        name: 'ra-away',
        claim: (...args: Parameters<typeof claim>) =>
          away ? Promise.reject(new Error('on purpose')) : claim(...args),
        report: world.ras.report.bind(world.ras)
      };
      const { ca } = await world.start({ ras: [ra] });
      const stateIs = async (state: string) => {
        for (let i = 0; i < 300 && (await ca.health()).parts.ras.state !== state; i++) await sleep(10);
        expect((await ca.health()).parts.ras.state).to.equal(state);
      };
      await stateIs('failed');
      away = false;
      const order = send();
      expect(codesOf(await world.ras.reported(order))).to.deep.equal(['issued']);
      await stateIs('ready');
      expect((await ca.health()).state).to.equal('ready');
    });

    it('the audit log is away: nothing is lodged or reported until it is back', async () => {
      const running = await world.start();
      const { audit } = running;
      const seal = audit.seal.bind(audit);
      let away = true;
      audit.seal = ticket => (away ? Promise.reject(new Error('audit/unavailable')) : seal(ticket));
      const calls = world.repository.calls;
      const order = send();
      for (let i = 0; i < 300 && !world.logs.some(({ msg }) => msg === 'not delivered yet'); i++)
        await sleep(10);
      expect(world.repository.calls).to.equal(calls);
      expect(world.ras.reports.has(hex(orderIdOf(order)))).to.equal(false);
      away = false;
      expect(codesOf(await world.ras.reported(order))).to.deep.equal(['issued']);
    });
  });

  describe('two CAs on one database', () => {
    it('with one order: one signs, the other does not', async () => {
      const signers = [1, 2].map(() => breakSigner(world.made.issuing, outcomes => outcomes));
      for (const signer of signers) await world.start({ signer });
      const items = await world.count('intent_item');
      const order = signOrder(
        world.ra,
        'device-ds',
        Array.from({ length: 20 }, () => deviceRequest())
      );
      for (let i = 0; i < 6; i++) world.ras.offer(order);
      expect(codesOf(await world.ras.reported(order))).to.deep.equal(
        Array.from({ length: 20 }, () => 'issued')
      );
      expect(signers.reduce((sum, { rounds }) => sum + rounds, 0)).to.equal(1);
      expect(await world.count('intent_item')).to.equal(items + 20);
      await world.stopAll();
      await world.balance();
    });

    it('with one request in two orders at once: one certificate', async () => {
      for (let i = 0; i < 2; i++) await world.start();
      const csr = deviceRequest();
      const requestIds = [Buffer.alloc(16, 7)];
      const orders = [1, 2, 3, 4].map(() => signOrder(world.ra, 'device-ds', [csr], { requestIds }));
      world.ras.offer(...orders);
      const codes = [];
      for (const order of orders) codes.push(...codesOf(await world.ras.reported(order)));
      expect(codes).to.include('issued');
      for (const code of codes) expect(code).to.be.oneOf(['issued', 'ca/request-in-progress']);
      const rows = await world.rows(
        `select from ca.certificate where request_id = '07070707-0707-0707-0707-070707070707'`
      );
      expect(rows).to.have.length(1);
      await world.stopAll();
      await world.balance();
    });

    /** Starts a CA that stays where it is at a point, alive for itself and silent for others. */
    async function hang(
      point: CaStage
    ): Promise<{ held: RunningCa; free: () => void; reached: Promise<void> }> {
      let free = () => {};
      let arrived = () => {};
      const gate = new Promise<void>(resolve => (free = resolve));
      const reached = new Promise<void>(resolve => (arrived = resolve));
      const held = await world.start({
        // No heartbeat within the test: as a process that stands still.
        limits: { heartbeatMs: 100_000, leaseMs: 200_000, sweepMs: 100_000 },
        stage: async at => {
          if (at !== point) return;
          arrived();
          await gate;
        }
      });
      return { held, free, reached };
    }

    for (const point of ['ca:6:after', 'ca:7:after', 'ca:8:before'] as const)
      it(`one stands still at ${point}: the other takes over with new serials, the late one discards`, async () => {
        const taken = await abandonedOf('taken-over');
        const { held, free, reached } = await hang(point);
        const order = send(2);
        await reached;
        await world.start();
        const report = await world.ras.reported(order);
        expect(codesOf(report)).to.deep.equal(['issued', 'issued']);
        expect(await abandonedOf('taken-over')).to.equal(taken + 2);
        free();
        await held.stop();
        expect(await world.ras.reported(order)).to.deep.equal(report);
        await world.stopAll();
        await world.balance();
      });

    it('one ends in good order with work left: the other need not wait for the lease', async () => {
      const away = breakSigner(world.made.issuing, outcomes =>
        outcomes.map(() => refused('hsm/unavailable'))
      );
      const limits = { leaseMs: 200_000, stopDeadlineMs: 300 };
      const first = await world.start({ signer: away, limits });
      const order = send();
      for (let i = 0; i < 300 && away.rounds === 0; i++) await sleep(10);
      await first.stop();
      await world.start({ limits });
      expect(codesOf(await world.ras.reported(order))).to.deep.equal(['issued']);
      await world.balance();
    });

    for (const point of ['ca:10:before', 'ca:10:after'] as const)
      it(`the one that takes over fails at ${point}: the order is finished all the same`, async () => {
        const { held, free, reached } = await hang('ca:7:after');
        const order = send(2);
        await reached;
        let armed = true;
        await world.start({
          stage: at => {
            if (at !== point || !armed) return;
            armed = false;
            throw new Error(`on purpose at ${at}`);
          }
        });
        expect(codesOf(await world.ras.reported(order))).to.deep.equal(['issued', 'issued']);
        free();
        await held.stop();
        await world.stopAll();
        expect(armed).to.equal(false);
        await world.balance();
      });

    it('evidence changed in the database: nothing is signed from it, an alarm', async () => {
      const { held, free, reached } = await hang('ca:7:before');
      const order = send();
      await reached;
      const other = signOrder(world.ra, 'device-ds', [deviceRequest()]);
      await world.rows(
        `update ca.signed_order set bytes = ? where bytes = ?`,
        Buffer.from(other.bytes),
        Buffer.from(order.bytes)
      );
      const signer = breakSigner(world.made.issuing, outcomes => outcomes);
      world.logs.length = 0;
      await world.start({ signer });
      for (let i = 0; i < 500 && !world.logs.some(({ level }) => level === 60); i++) await sleep(10);
      expect(world.logs.filter(({ msg }) => msg.includes('no longer verifies'))).to.have.length(1);
      expect(signer.rounds).to.equal(0);
      // The process that holds it has the order from the RA and not from the database: it finishes.
      free();
      await held.stop();
    });

    it('an order past its expiry is not signed at a take-over', async () => {
      const { held, free, reached } = await hang('ca:6:after');
      const order = send(1, new Date(world.clock.now().getTime() + 5_000));
      await reached;
      world.clock.aheadMs = 10_000;
      const signer = breakSigner(world.made.issuing, outcomes => outcomes);
      await world.start({ signer });
      expect(codesOf(await world.ras.reported(order))).to.deep.equal(['ca/unavailable']);
      expect(signer.rounds).to.equal(0);
      free();
      await held.stop();
    });
  });
});
