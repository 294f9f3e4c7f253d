import { createHash, randomBytes } from 'node:crypto';
import { expect } from 'chai';
import { releaseRaKey } from '../../ca/index.js';
import type { SignedOrder } from '../../pki/messages/index.js';
import { formatName, parseCertificate } from '../../pki/index.js';
import { p256Key, signRaw } from '../kit/keys.js';
import { deviceRequest, ikiClientRequest, organisationRequest } from '../kit/requests.js';
import { opensslVerifyChain } from './openssl.js';
import { codesOf, issuedDer, only, orderIdOf, raIdentity, signOrder, World } from './kit.js';

describe('ca: orders become certificates', function () {
  this.timeout(60_000);
  let world: World;

  before(async () => {
    world = await World.create();
  });
  afterEach(() => world.stopAll());
  after(() => world.close());

  const cases = [
    { profile: 'device-ds', csr: () => deviceRequest(), oid: '1.2.826.0.1.8641679.1.2.1.4', ca: 'dca' },
    {
      profile: 'device-ka',
      csr: () => deviceRequest({ usage: 'keyAgreement' }),
      oid: '1.2.826.0.1.8641679.1.2.1.4',
      ca: 'dca'
    },
    {
      profile: 'organisation-ds',
      csr: () => organisationRequest(),
      oid: '1.2.826.0.1.8641679.1.2.1.4',
      ca: 'oca'
    },
    {
      profile: 'organisation-xml',
      csr: () => organisationRequest({ ou: '87' }),
      oid: '1.2.826.0.1.8641679.1.2.1.4',
      ca: 'oca'
    },
    {
      profile: 'iki-client',
      csr: () => ikiClientRequest(),
      oid: '2.25.40770280000558349938338300825297129031',
      ca: 'ica'
    }
  ] as const;
  for (const { profile, csr, oid, ca } of cases)
    it(`issues ${profile}: OpenSSL verifies it, the repository has it where it is published`, async () => {
      await world.start();
      const order = signOrder(world.ra, profile, [csr()]);
      world.ras.offer(order);
      const der = issuedDer(only(await world.ras.reported(order)));
      const { certificates } = world.made.hierarchy;
      const chain = { root: certificates[`root-${ca}`], issuing: certificates[`issuing-${ca}`] };
      expect(opensslVerifyChain(der, chain, oid)).to.match(/^OK /);
      const lodged = [...world.repository.certificates.values()].some(one => Buffer.compare(one, der) === 0);
      expect(lodged).to.equal(profile !== 'iki-client');
      await world.balance();
    });

  it('takes the key from the request, and finds the certificate by serial with the order that asked for it', async () => {
    await world.start();
    const key = p256Key();
    const order = signOrder(world.ra, 'organisation-ka', [
      organisationRequest({ key, usage: 'keyAgreement' })
    ]);
    world.ras.offer(order);
    const certificate = parseCertificate(issuedDer(only(await world.ras.reported(order))));
    expect(Buffer.compare(certificate.publicKey.spki, key.spki)).to.equal(0);
    const [row] = await world.rows<{ der: Buffer; issuer: string; publicKey: Buffer; keyId: Buffer }>(
      `select c.der, n.name as issuer, c.public_key as "publicKey", o.key_id as "keyId"
         from ca.intent_item i join ca.issuer n on n.number = i.issuer
         join ca.certificate c using (order_id, item, serial) join ca.signed_order o using (order_id)
        where i.serial = ?`,
      certificate.serialHex
    );
    expect(row?.der.equals(certificate.der)).to.equal(true);
    expect(row?.issuer).to.equal(formatName(certificate.issuer));
    expect(row?.publicKey.equals(createHash('sha256').update(key.spki).digest().subarray(0, 16))).to.equal(
      true
    );
    expect(row?.keyId.equals(world.ra.keyId)).to.equal(true);
  });

  it('refuses a bad item and issues the rest of the group', async () => {
    await world.start();
    const stolen = organisationRequest();
    // Another signature: the last octets are inside the ECDSA-Sig-Value of the request's own key.
    const spoilt = Buffer.from(stolen);
    spoilt[spoilt.length - 1] = (spoilt[spoilt.length - 1] ?? 0) ^ 1;
    const order = signOrder(world.ra, 'organisation-ds', [
      organisationRequest(),
      spoilt,
      organisationRequest({ usage: 'keyAgreement' }),
      organisationRequest({ ou: '07' }),
      organisationRequest()
    ]);
    world.ras.offer(order);
    const report = await world.ras.reported(order);
    expect(codesOf(report)).to.deep.equal(['issued', 'ca/possession', 'ca/request', 'ca/request', 'issued']);
    await world.balance();
  });

  it('answers a finished order with its stored results, once signed', async () => {
    await world.start();
    const order = signOrder(world.ra, 'device-ds', [deviceRequest(), deviceRequest()]);
    world.ras.offer(order);
    const first = await world.ras.reported(order);
    const before = await world.count('intent_item');
    world.ras.reports.clear();
    world.ras.offer(order);
    expect(await world.ras.reported(order)).to.deep.equal(first);
    expect(await world.count('intent_item')).to.equal(before);
  });

  it('certifies a request once, by whatever orders', async () => {
    await world.start();
    const requestIds = [randomBytes(16)];
    const csr = deviceRequest();
    const orders = [1, 2].map(() => signOrder(world.ra, 'device-ds', [csr], { requestIds }));
    const outcomes = [];
    for (const order of orders) {
      world.ras.offer(order);
      outcomes.push(issuedDer(only(await world.ras.reported(order))));
    }
    expect(Buffer.compare(outcomes[0] ?? Buffer.of(), outcomes[1] ?? Buffer.of())).to.equal(0);
    const other = signOrder(world.ra, 'device-ds', [deviceRequest()], { requestIds });
    world.ras.offer(other);
    expect(codesOf(await world.ras.reported(other))).to.deep.equal(['ca/request-conflict']);
    await world.balance();
  });

  it('lets a refused request be ordered again', async () => {
    await world.start();
    const requestIds = [randomBytes(16)];
    const wrong = signOrder(world.ra, 'device-ka', [deviceRequest()], { requestIds });
    world.ras.offer(wrong);
    expect(codesOf(await world.ras.reported(wrong))).to.deep.equal(['ca/request']);
    const right = signOrder(world.ra, 'device-ds', [deviceRequest()], { requestIds });
    world.ras.offer(right);
    expect(codesOf(await world.ras.reported(right))).to.deep.equal(['issued']);
  });

  describe('an order that is not for it spends no serial', () => {
    const stranger = raIdentity();

    /** Offers an order that must be refused with this code and spend nothing; answers how often its bytes are kept. */
    async function keptOfRefused(order: SignedOrder, code: string): Promise<number> {
      const spent = await world.count('intent_item');
      world.ras.offer(order);
      expect(codesOf(await world.ras.reported(order))).to.deep.equal([code]);
      expect(await world.count('intent_item')).to.equal(spent);
      const kept = await world.rows(`select from ca.signed_order where bytes = ?`, Buffer.from(order.bytes));
      return kept.length;
    }

    const table = [
      { code: 'ca/expired', make: () => ({ expiresAt: new Date(Date.now() - 1) }) },
      { code: 'ca/environment', make: () => ({ environment: 'live' as const }) },
      { code: 'ca/epoch', make: () => ({ caEpoch: 2n }) },
      { code: 'ca/policy-version', make: () => ({ policyVersion: 'older' }) },
      { code: 'ca/domain', make: () => ({ domain: 'iki' as const }) },
      { code: 'ca/profile', make: () => ({ profiles: ['issuing-dca'] }) },
      { code: 'ca/profile', make: () => ({ profiles: ['__proto__'] }) }
    ];
    for (const { code, make } of table)
      it(`${code}: ${Object.keys(make()).join()}`, async () => {
        await world.start();
        expect(
          await keptOfRefused(signOrder(world.ra, 'device-ds', [deviceRequest()], make()), code)
        ).to.equal(1);
      });

    it('a request twice in one order', async () => {
      await world.start();
      const requestId = randomBytes(16);
      const csrs = [deviceRequest(), deviceRequest()];
      const order = signOrder(world.ra, 'device-ds', csrs, { requestIds: [requestId, requestId] });
      world.ras.offer(order);
      const codes = codesOf(await world.ras.reported(order));
      expect(codes).to.deep.equal(['ca/order-malformed', 'ca/order-malformed']);
    });

    for (const { name, code, spoil } of [
      {
        name: 'signed by a key that is not configured',
        code: 'ca/order-key',
        spoil: () => signOrder(stranger, 'device-ds', [deviceRequest()])
      },
      {
        name: 'signed by another key in the name of the RA',
        code: 'ca/order-signature',
        spoil: () => {
          const { bytes } = signOrder(world.ra, 'device-ds', [deviceRequest()]);
          return { bytes, keyId: world.ra.keyId, signature: signRaw(stranger.key, bytes) };
        }
      },
      {
        name: 'altered after it was signed',
        code: 'ca/order-signature',
        spoil: () => {
          const order = signOrder(world.ra, 'device-ds', [deviceRequest()]);
          const bytes = Buffer.from(order.bytes);
          bytes[bytes.length - 1] = (bytes[bytes.length - 1] ?? 0) ^ 1;
          return { ...order, bytes };
        }
      }
    ])
      it(`${code}: ${name}; nothing is stored under its identifier`, async () => {
        await world.start();
        expect(await keptOfRefused(spoil(), code)).to.equal(0);
      });
  });

  it('two orders under one identifier: the first stands, the second is an alarm and gets no answer', async () => {
    const running = await world.start();
    const first = signOrder(world.ra, 'device-ds', [deviceRequest()]);
    world.ras.offer(first);
    const report = await world.ras.reported(first);
    const calls = world.ras.reportCalls;
    const second = signOrder(world.ra, 'device-ds', [deviceRequest()], { orderId: orderIdOf(first) });
    world.ras.offer(second);
    const after = signOrder(world.ra, 'device-ds', [deviceRequest()]);
    world.ras.offer(after);
    await world.ras.reported(after);
    await running.stop();
    expect(world.ras.reportCalls).to.equal(calls + 1);
    expect(world.logs.some(({ level, msg }) => level === 60 && msg.includes('identifier'))).to.equal(true);
    expect(await world.ras.reported(first)).to.deep.equal(report);
  });

  it('stops an RA key over its limit until a person releases it', async () => {
    const limited = await World.create();
    try {
      await limited.start({ perHour: 3 });
      const orderOf = (n: number) =>
        signOrder(
          limited.ra,
          'device-ds',
          Array.from({ length: n }, () => deviceRequest())
        );
      const send = async (n: number) => {
        const order = orderOf(n);
        limited.ras.offer(order);
        return codesOf(await limited.ras.reported(order));
      };
      expect(await send(2)).to.deep.equal(['issued', 'issued']);
      expect(await send(2)).to.deep.equal(['ca/ra-limit', 'ca/ra-limit']);
      // Within the limit by number, and stopped all the same: the latch is in the database.
      expect(await send(1)).to.deep.equal(['ca/ra-stopped']);
      await limited.stopAll();
      const again = await limited.start({ perHour: 3 });
      expect(await send(1)).to.deep.equal(['ca/ra-stopped']);
      const health = await again.ca.health();
      expect(health.parts.raKeys.state).to.equal('degraded');
      expect(health.stoppedRaKeys.map(({ keyId }) => keyId)).to.deep.equal([
        Buffer.from(limited.ra.keyId).toString('hex')
      ]);
      expect(await limited.count('certificate')).to.equal(2);
      const keyId = Buffer.from(limited.ra.keyId).toString('hex');
      let denied: unknown;
      await releaseRaKey(limited.component.knex, keyId, ['the CA itself', 'a person']).catch(
        (error: unknown) => (denied = error)
      );
      expect(denied).to.have.property('code', '42501');
      const alone = releaseRaKey(limited.component.ownerKnex, keyId, ['a person', 'A person ']);
      expect(await alone.catch((error: unknown) => (error as { code: string }).code)).to.equal(
        'ca/two-persons'
      );
      expect(await releaseRaKey(limited.component.ownerKnex, keyId, ['a person', 'another'])).to.equal(1);
      expect(await send(1)).to.deep.equal(['issued']);
      for (let i = 0; i < 300 && (await limited.events('ca.ra-key.released')) === 0; i++)
        await new Promise(resolve => setTimeout(resolve, 10));
      expect(await limited.events('ca.ra-key.released')).to.equal(1);
    } finally {
      await limited.close();
    }
  });

  it('refuses what has findings and spends no serial on it', async () => {
    await world.start();
    const spent = await world.count('intent_item');
    // Sixteen years on an organisation certificate would outlive its issuer: L17.
    world.clock.aheadMs = 16 * 366 * 24 * 3_600_000;
    const expiresAt = new Date(world.clock.now().getTime() + 60_000);
    const order = signOrder(world.ra, 'organisation-ds', [organisationRequest()], { expiresAt });
    world.ras.offer(order);
    const outcome = only(await world.ras.reported(order));
    world.clock.aheadMs = 0;
    expect(outcome).to.have.property('code', 'ca/lint');
    expect(outcome).to.have.property('detail').that.matches(/^L17/);
    expect(await world.count('intent_item')).to.equal(spent);
  });

  it('issues the largest order there may be, and counts what it did', async () => {
    const { registry } = await world.start();
    const csrs = Array.from({ length: 1_000 }, (_, index) =>
      index % 2 === 0 ? deviceRequest() : deviceRequest({ usage: 'keyAgreement' })
    );
    const order = signOrder(world.ra, 'device-ds', csrs);
    world.ras.offer(order);
    const codes = codesOf(await world.ras.reported(order));
    expect(codes.filter(code => code === 'issued')).to.have.length(500);
    expect(codes.filter(code => code === 'ca/request')).to.have.length(500);
    const metrics = await registry.metrics();
    expect(metrics).to.include('opensmki_ca_certificates_total{profile="device-ds"} 500');
    expect(metrics).to.include('opensmki_ca_refusals_total{code="ca/request"} 500');
    expect(metrics).to.match(/opensmki_ca_signing_seconds_count 1\n/);
    expect(metrics).to.match(/opensmki_ca_open_intents 0\n/);
    await world.balance();
  });

  it('gives the runtime role no right to change or delete what never changes', async () => {
    for (const sql of [
      'update ca.certificate set der = der',
      'delete from ca.certificate',
      'update ca.signed_order set bytes = bytes',
      'delete from ca.intent_item',
      'update ca.abandoned_serial set may_exist = false',
      'delete from ca.ra_key_stop',
      'update ca.crl set der = der',
      'insert into ca.revocation select'
    ]) {
      let code: unknown;
      await world.component.knex.raw(sql).catch((error: { code?: unknown }) => (code = error.code));
      expect(code, sql).to.equal('42501');
    }
  });
});
