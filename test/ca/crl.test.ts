import { expect } from 'chai';
import { setTimeout as sleep } from 'node:timers/promises';
import { HsmError, type Signer } from '../../hsm/index.js';
import { parseCertificate, parseCrl, type CertificateList } from '../../pki/index.js';
import { deviceRequest, organisationRequest } from '../kit/requests.js';
import { listAbandoned, stages } from '../../ca/index.js';
import { codesOf, hex, signOrder, World } from './kit.js';
import { opensslVerifyList } from './openssl.js';

const hour = 3_600_000;

describe('ca: revocation lists', function () {
  this.timeout(60_000);
  let world: World;
  beforeEach(async () => {
    world = await World.create();
  });
  afterEach(() => world.close());

  const published = (): CertificateList[] => world.repository.crls.map(der => parseCrl(der));
  const issuerOf = (name: 'root-oca' | 'issuing-oca' | 'root-ica' | 'issuing-ica') =>
    parseCertificate(world.made.hierarchy.certificates[name]);
  const listsOf = (name: Parameters<typeof issuerOf>[0]) =>
    published().filter(list => Buffer.compare(list.issuer.der, issuerOf(name).subject.der) === 0);
  // A list is passed over when its successor is there before it was published.
  const organisationList = (number: bigint) => listsOf('issuing-oca').find(list => list.number === number);
  const until = async (done: () => boolean) => {
    for (let i = 0; i < 800 && !done(); i++) await sleep(10);
    expect(done()).to.equal(true);
  };

  it('go on without an RA: the ceremony’s first, then the next number when the interval is over', async () => {
    await world.start({ ras: [] });
    await until(() => published().length >= 4);
    for (const name of ['root-oca', 'issuing-oca', 'root-ica', 'issuing-ica'] as const)
      expect(listsOf(name).map(list => list.number)).to.deep.equal([1n]);
    world.clock.aheadMs = 12 * hour + 1_000;
    await until(() => listsOf('issuing-oca').length === 2 && listsOf('issuing-ica').length === 2);
    const [, next] = listsOf('issuing-oca');
    expect(next?.number).to.equal(2n);
    expect((next?.nextUpdate.getTime() ?? 0) - (next?.thisUpdate.getTime() ?? 0)).to.equal(48 * hour);
    expect(listsOf('root-oca')).to.have.length(1);
    for (const name of ['issuing-oca', 'issuing-ica'] as const) {
      const list = listsOf(name)[1]?.der ?? new Uint8Array();
      expect(opensslVerifyList(list, world.made.hierarchy.certificates[name])).to.match(/^OK .*verify OK/s);
    }
    const { parts } = await (await world.start({ ras: [] })).ca.health();
    expect(parts.crls.state).to.equal('ready');
  });

  it('two CAs on one schedule issue each number once', async () => {
    await world.start({ ras: [] });
    await world.start({ ras: [] });
    for (let round = 1; round <= 3; round++) {
      world.clock.aheadMs = round * (12 * hour + 1_000);
      await until(() => listsOf('issuing-oca').some(list => list.number === BigInt(round + 1)));
    }
    await world.stopAll();
    const rows = await world.rows<{ number: string }>(
      `select number from ca.crl where issuer = 'CN=TOI1,OU=07' order by number`
    );
    expect(rows.map(({ number }) => number)).to.deep.equal(['1', '2', '3', '4']);
    expect(
      await world.rows(`select from ca.crl_intent i where not exists
      (select from ca.crl c where c.issuer = i.issuer and c.number = i.number)`)
    ).to.have.length(0);
  });

  it('serials that may exist are listed at once where the domain has a CRL', async () => {
    let first = true;
    const { issuing } = world.made;
    const signer: Signer = {
      publicKey: label => issuing.publicKey(label),
      sign: request => issuing.sign(request),
      signMany: async requests => {
        const outcomes = await issuing.signMany(requests);
        if (!first) return outcomes;
        first = false;
        return outcomes.map(() => ({ ok: false, error: new HsmError('hsm/outcome-unknown', 'on purpose') }));
      }
    };
    await world.start({ signer });
    const order = signOrder(world.ra, 'organisation-ds', [organisationRequest()]);
    world.ras.offer(order);
    expect(codesOf(await world.ras.reported(order))).to.deep.equal(['issued']);
    await until(() => organisationList(2n) !== undefined);
    const [row] = await world.rows<{ serial: string }>(
      `select upper(replace(serial::text, '-', '')) as serial from ca.abandoned_serial`
    );
    const entries = [...(organisationList(2n)?.entries() ?? [])];
    expect(entries.map(({ serialHex, reason }) => ({ serialHex, reason }))).to.deep.equal([
      { serialHex: row?.serial, reason: 4 }
    ]);
    // Devices have no CRL: their abandoned serials are listed for operators only.
    expect(
      (await listAbandoned(world.component.knex)).map(({ serial, mayExist }) => ({ serial, mayExist }))
    ).to.deep.equal([{ serial: row?.serial, mayExist: true }]);
    // It stays on the next list, and goes when its certificate would have ended.
    world.clock.aheadMs = 13 * hour;
    await until(() => organisationList(3n) !== undefined);
    expect(organisationList(3n)?.entryCount).to.equal(1);
    world.clock.aheadMs = 11 * 366 * 24 * hour;
    await until(() => organisationList(4n) !== undefined);
    expect(organisationList(4n)?.entryCount).to.equal(0);
  });

  for (const point of stages.filter(name => name.startsWith('ca:crl-')))
    it(`fails at ${point}: the next list comes all the same, and no number is signed twice`, async () => {
      await world.start();
      await until(() => published().length >= 4);
      await world.stopAll();
      let armed = true;
      const signed: string[] = [];
      const { issuing } = world.made;
      await world.start({
        signer: {
          publicKey: label => issuing.publicKey(label),
          signMany: requests => issuing.signMany(requests),
          sign: request => {
            signed.push(`${request.key} ${hex(request.permit.id)}`);
            return issuing.sign(request);
          }
        },
        stage: at => {
          if (at !== point || !armed) return;
          armed = false;
          throw new Error(`on purpose at ${at}`);
        }
      });
      world.clock.aheadMs = 13 * hour;
      await until(() => listsOf('issuing-oca').length >= 2 && listsOf('issuing-ica').length >= 2);
      expect(armed).to.equal(false);
      expect(new Set(signed).size).to.equal(signed.length);
      await world.stopAll();
      // Lost after it was spent: the number is passed over and stays on record.
      const lost = await world.rows(`select from ca.crl_intent i where not exists
        (select from ca.crl c where c.issuer = i.issuer and c.number = i.number)`);
      const spent = ['ca:crl-intent:after', 'ca:crl-sign:before', 'ca:crl-sign:after', 'ca:crl-store:before'];
      expect(lost).to.have.length(spent.includes(point) ? 1 : 0);
    });

  it('the previous list changed in the database: no list is signed, an alarm, orders go on', async () => {
    const first = await world.start();
    await until(() => published().length >= 4);
    await first.stop();
    const [row] = await world.rows<{ der: Buffer }>(`select der from ca.crl where issuer = 'CN=TOI1,OU=07'`);
    const forged = Buffer.from(row?.der ?? []);
    forged[forged.length - 5] = (forged[forged.length - 5] ?? 0) ^ 1;
    await world.rows(`update ca.crl set der = ? where issuer = 'CN=TOI1,OU=07'`, forged);
    world.clock.aheadMs = 13 * hour;
    await world.start();
    await until(() => world.logs.some(({ level, msg }) => level === 60 && msg === 'revocation list refused'));
    expect(listsOf('issuing-oca')).to.have.length(1);
    await until(() => listsOf('issuing-ica').length === 2);
    const expiresAt = new Date(world.clock.now().getTime() + 60_000);
    const order = signOrder(world.ra, 'device-ds', [deviceRequest()], { expiresAt });
    world.ras.offer(order);
    expect(codesOf(await world.ras.reported(order))).to.deep.equal(['issued']);
  });

  it('a configured list that no configured CA signed keeps lists from starting', async () => {
    const stranger = await World.create();
    try {
      await world.start({ initialCrls: [stranger.made.hierarchy.crls.organisation] });
      await until(() => world.logs.some(({ msg }) => msg === 'tried again later'));
      expect(published()).to.have.length(0);
    } finally {
      await stranger.close();
    }
  });
});
