import { createHash, randomBytes } from 'node:crypto';
import { expect } from 'chai';
import { formatName, parseCertificate } from '../../pki/index.js';
import type { SignedOrder } from '../../pki/messages/index.js';
import { deviceRequest } from '../kit/requests.js';
import { codesOf, issuedDer, only, orderIdOf, signOrder, World } from './kit.js';

const uuidOf = (octets: Uint8Array) =>
  Buffer.from(octets)
    .toString('hex')
    .replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');

describe('ca: a database from before groups', function () {
  this.timeout(60_000);
  let world: World;
  /** Finished before, with one item issued and one refused; and one that a process left open. */
  let finished: SignedOrder;
  let open: SignedOrder;
  const requestIds = [randomBytes(16), randomBytes(16)];
  const openRequest = randomBytes(16);
  const serials = { issued: uuidOf(randomBytes(16)), open: uuidOf(randomBytes(16)) };
  const csr = deviceRequest();
  const der = Buffer.from('a certificate of before');
  let issuer: string;

  /** Rows as the first migration's program wrote them. */
  async function fill(before: World): Promise<void> {
    issuer = formatName(parseCertificate(before.made.hierarchy.certificates['issuing-dca']).subject);
    finished = signOrder(before.ra, 'device-ds', [csr, deviceRequest()], { requestIds });
    open = signOrder(before.ra, 'device-ds', [deviceRequest()], { requestIds: [openRequest] });
    for (const [order, state] of [
      [finished, 'closed'],
      [open, 'open']
    ] as const) {
      const id = uuidOf(orderIdOf(order));
      await before.rows(
        `insert into ca.signed_order (order_id, bytes, key_id, signature) values (?, ?, ?, ?)`,
        ...[id, Buffer.from(order.bytes), Buffer.from(order.keyId), Buffer.from(order.signature)]
      );
      await before.rows(
        `insert into ca.intent (order_id, epoch, holder, state, profile, lane, heartbeat)
         values (?, 1, 'ca-0/gone', ?, 'device-ds', 'adhoc', now() - interval '1 day')`,
        ...[id, state]
      );
      await before.rows(
        `insert into ca.intent_item (order_id, epoch, item, issuer, serial, tbs_sha256, not_after)
         values (?, 1, 0, ?, ?, ?, '9999-12-31T23:59:59Z')`,
        ...[id, issuer, state === 'open' ? serials.open : serials.issued, randomBytes(32)]
      );
    }
    const id = uuidOf(orderIdOf(finished));
    const [first, second] = requestIds.map(uuidOf);
    for (const [request, order] of [
      [first, id],
      [uuidOf(openRequest), uuidOf(orderIdOf(open))]
    ])
      await before.rows(`insert into ca.request (request_id, order_id) values (?, ?)`, request, order);
    await before.rows(
      `insert into ca.certificate (issuer, serial, order_id, item, request_id, profile, der, sha256, sha1, public_key,
         eui, usage, ski, not_before, not_after, policy_version)
       values (?, ?, ?, 0, ?, 'device-ds', ?, ?, ?, ?, 1, 'DS', ?, now(), '9999-12-31T23:59:59Z', 'older')`,
      ...[issuer, serials.issued, id, first, der, randomBytes(32), randomBytes(20)],
      ...[createHash('sha256').update('key').digest().subarray(0, 16), randomBytes(8)]
    );
    await before.rows(
      `insert into ca.refusal (order_id, item, request_id, code, detail) values (?, 1, ?, 'ca/lint', 'L01')`,
      ...[id, second]
    );
    await before.rows(
      `insert into ca.outbox (order_id, ra, sealed_at, published_at, reported_at) values (?, 'ra-1', now(), now(), now())`,
      id
    );
    await before.rows(
      `insert into ca.ra_key_hour (key_id, hour, certificates) values (?, date_trunc('hour', now()), 2)`,
      Buffer.from(before.ra.keyId)
    );
  }

  before(async () => {
    world = await World.create(undefined, fill);
  });
  after(() => world.close());

  it('keeps its certificates and serials, issuers by number', async () => {
    expect(
      await world.rows(
        `select c.serial, c.item, c.profile, c.der, n.name from ca.certificate c join ca.intent_item i using (order_id, item, serial, issuer)
           join ca.issuer n on n.number = c.issuer`
      )
    ).to.deep.equal([{ serial: serials.issued, item: 0, profile: 'device-ds', der, name: issuer }]);
    expect(await world.rows(`select domain from ca.intent group by 1`)).to.deep.equal([
      { domain: 'smki-device' }
    ]);
  });

  it('answers an order that was finished before with its stored results', async () => {
    await world.start({ perHour: 3 });
    world.ras.offer(finished);
    const report = await world.ras.reported(finished);
    expect(codesOf(report)).to.deep.equal(['issued', 'ca/lint']);
    expect(Buffer.compare(issuedDer(report.outcomes[0] as never), der)).to.equal(0);
  });

  it('takes over an order that was left open before, with a new serial', async () => {
    const certificate = parseCertificate(issuedDer(only(await world.ras.reported(open))));
    expect(certificate.serialHex).to.not.equal(serials.open.replaceAll('-', '').toUpperCase());
    expect(
      await world.rows(`select issuer, serial, reason, may_exist from ca.abandoned_serial`)
    ).to.deep.equal([{ issuer, serial: serials.open, reason: 'taken-over', may_exist: true }]);
    await world.balance();
  });

  it('goes on counting the hour of an RA key', async () => {
    // Two were counted before; a take-over counts nothing.
    const orders = [1, 2].map(() => signOrder(world.ra, 'device-ds', [deviceRequest()]));
    const codes = [];
    for (const order of orders) {
      world.ras.offer(order);
      codes.push(only(await world.ras.reported(order)).kind);
    }
    expect(codes).to.deep.equal(['issued', 'refused']);
  });
});
