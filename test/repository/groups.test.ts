import { randomBytes } from 'node:crypto';
import { expect } from 'chai';
import { assembleCertificate } from '../../pki/profile/index.js';
import { issue, issueTbs, testSubjects, type IssueOptions } from '../kit/hierarchy.js';
import { p256Key, signRaw } from '../kit/keys.js';
import { byAltName, searchFor } from './client.js';
import { events, problemCode, startRepository, type Answer, type Running } from './running.js';

const hwType = '1.2.826.0.1.9999999.1.2.2.1';

describe('groups of certificates', function () {
  this.timeout(60_000);
  let running: Running;
  let other: Running;
  let nextEui = 0x0007810000200000n;
  const key = p256Key();

  before(async () => {
    running = await startRepository();
    other = await running.another();
  });
  after(async () => {
    await other.stop();
    await running.stop();
  });

  const make = (eui: bigint, profile: 'device-ds' | 'device-ka' = 'device-ds', options: IssueOptions = {}) =>
    issue(profile, { issuer: running.domains.device.issuing, subject: { eui, hwType }, key, ...options })
      .certificate;
  /** Two certificates under one serial number: ECDSA is randomised. */
  const twins = (eui: bigint): [Uint8Array, Uint8Array] => {
    const issuer = running.domains.device.issuing;
    const tbs = issueTbs('device-ds', key, { issuer, subject: { eui, hwType } });
    const sign = () => assembleCertificate(tbs, 'P-256', signRaw(issuer.key, tbs));
    return [sign(), sign()];
  };
  const outcome = (answer: Answer) =>
    answer.status === 200
      ? (JSON.parse(answer.body.toString()) as { outcome: string }).outcome
      : problemCode(answer);
  const statusesOf = (euis: readonly bigint[]) =>
    running
      .ownerKnex('certificate_status')
      .whereIn('eui', euis.map(String))
      .orderBy('certificate')
      .select<{ eui: string; usage: string; status: string; manufacturing: boolean }[]>('*');
  const countOf = async (euis: readonly bigint[]) => (await statusesOf(euis)).length;
  /** Keeps every transaction from its last statement until `free` is called. */
  const holdFeed = async () => {
    const holder = await running.ownerKnex.transaction();
    await holder.raw('select last from repository.feed_head for update');
    return { free: () => holder.rollback() };
  };
  /** Waits until so many backends of the repositories wait for a lock. */
  const waiting = async (count: number) => {
    for (;;) {
      const answer = await running.ownerKnex.raw<{ rows: { n: number }[] }>(
        `select count(*)::int as n from pg_locks l join pg_stat_activity a using (pid)
         where not l.granted and a.datname = current_database()`
      );
      if ((answer.rows[0]?.n ?? 0) >= count) return;
      await new Promise(resolve => setTimeout(resolve, 5));
    }
  };

  it('takes 500 certificates of both usages and several domains, and places each by its group', async () => {
    const first = (nextEui += 1_000n);
    const devices = Array.from({ length: 249 }, (_, i) => first + BigInt(i));
    const group = [
      ...devices.flatMap(eui => [make(eui), make(eui, 'device-ka')]),
      issue('organisation-ds', { issuer: running.domains.organisation.issuing }).certificate,
      issue('organisation-ka', { issuer: running.domains.organisation.issuing }).certificate
    ];
    const groupId = randomBytes(16);
    const answer = await running.publishGroup(
      groupId,
      group.map(one => one.der)
    );
    expect(outcome(answer)).to.equal('published');
    const statuses = await statusesOf(devices);
    expect(statuses).to.have.length(498);
    expect(statuses.every(row => row.status === 'I' && row.manufacturing)).to.equal(true);
    const publication = await running
      .ownerKnex('publication')
      .where({ group_id: groupId.toString('hex') })
      .first<{ id: string; items: number }>();
    expect(publication.items).to.equal(500);
    // A feed is a range of the primary key: the group, in its order.
    const stored = await running
      .ownerKnex('certificate')
      .whereBetween('id', [
        String(BigInt(publication.id) * 1024n),
        String(BigInt(publication.id) * 1024n + 1023n)
      ])
      .orderBy('id')
      .pluck<Buffer[]>('der');
    expect(stored.map(der => der.toString('hex'))).to.deep.equal(
      group.map(one => Buffer.from(one.der).toString('hex'))
    );
    const organisation = testSubjects['organisation-ds'] as { eui: bigint };
    const [row] = await running
      .ownerKnex('certificate_status')
      .where({ eui: BigInt.asIntN(64, organisation.eui).toString() })
      .select<{ status: string; manufacturing: boolean }[]>('status', 'manufacturing');
    expect(row).to.deep.equal({ status: 'I', manufacturing: false });
  });

  it('puts the certificate with the earliest notBefore of a group in use, and later ones pending', async () => {
    const eui = (nextEui += 1_000n);
    const day = (text: string) => ({ notBefore: new Date(text) });
    const [late, early] = [
      make(eui, 'device-ds', day('2026-11-23T09:00:00Z')),
      make(eui, 'device-ds', day('2026-11-23T00:00:00Z'))
    ];
    expect(outcome(await running.publish(late.der, early.der))).to.equal('published');
    expect(outcome(await running.publish(make(eui).der, make(eui, 'device-ka').der))).to.equal('published');
    const found = await searchFor(running, byAltName(euiText(eui)));
    const inUse = found.filter(one => one.status === 'I').map(one => one.serial);
    expect(inUse).to.have.length(2).and.to.include(early.serialHex);
    expect(found.filter(one => one.status === 'P').map(one => one.manufacturing)).to.deep.equal([
      'false',
      'false'
    ]);
  });

  it('refuses a group that contradicts itself, and takes one that repeats itself once', async () => {
    const eui = (nextEui += 1_000n);
    const [one, twin] = twins(eui);
    expect(outcome(await running.publish(make(eui).der, one, twin))).to.equal(
      'repository/certificate-conflict'
    );
    expect(await countOf([eui])).to.equal(0);
    expect(outcome(await running.publish(one, one))).to.equal('published');
    expect(await countOf([eui])).to.equal(1);
  });

  it('takes those that come while a transaction is under way together, each by itself', async () => {
    const eui = (nextEui += 1_000n);
    const [one, twin] = twins(eui);
    expect(outcome(await running.publish(one))).to.equal('published');
    const repeatedGroup = randomBytes(16);
    const repeated = make(eui + 1n).der;
    await running.publishGroup(repeatedGroup, [repeated]);

    let checked = 0;
    running.hooks.onStage = point => void (checked += point === 'repository:9:before' ? 1 : 0);
    const held = await holdFeed();
    const first = running.publish(make(eui + 2n).der);
    await waiting(1);
    const shared = make(eui + 3n).der;
    const sharedGroup = randomBytes(16);
    const together = [
      running.publish(make(eui + 4n).der, make(eui + 5n).der),
      running.publish(twin, make(eui + 6n).der),
      running.publishGroup(sharedGroup, [shared]),
      running.publishGroup(sharedGroup, [shared]),
      running.publishGroup(repeatedGroup, [repeated]),
      running.publishGroup(repeatedGroup, [make(eui + 7n).der]),
      running.publish(randomBytes(200)),
      running.publish(make(eui + 8n).der)
    ];
    // All but the one that is no certificate.
    while (checked < 8) await new Promise(resolve => setTimeout(resolve, 5));
    running.hooks.onStage = () => undefined;
    await held.free();
    expect(outcome(await first)).to.equal('published');
    expect((await Promise.all(together)).map(outcome).sort()).to.deep.equal(
      [
        'published',
        'repository/certificate-conflict',
        'published',
        'repeated',
        'repeated',
        'repository/group-conflict',
        'repository/certificate-malformed',
        'published'
      ].sort()
    );
    expect(await countOf([eui + 6n, eui + 7n])).to.equal(0);
    const { rows: last } = await running.ownerKnex.raw<{ rows: { xmin: string }[] }>(
      'select xmin::text from repository.publication order by sequence desc limit 4'
    );
    const transactions = last.map(row => row.xmin);
    expect(new Set(transactions.slice(0, 3)).size).to.equal(1);
    expect(transactions[3]).not.to.equal(transactions[0]);
    const sequences = await running.ownerKnex('publication').orderBy('sequence').pluck<string[]>('sequence');
    expect(sequences.map(Number)).to.deep.equal(sequences.map((_, index) => index + 1));
    // One event a group, all of them in the log.
    const published = (await events(running)).filter(
      event => event.type === 'repository.certificates.published'
    );
    expect(published.slice(-3).map(event => event.facts['certificates'])).to.have.members([2, 1, 1]);
  });

  it('takes an equal group twice at once in two repositories', async () => {
    const eui = (nextEui += 1_000n);
    const group = Array.from({ length: 50 }, (_, i) => make(eui + BigInt(i)).der);
    const groupId = randomBytes(16);
    const held = await holdFeed();
    const answers = [running.publishGroup(groupId, group), other.publishGroup(groupId, [...group].reverse())];
    await waiting(2);
    await held.free();
    expect((await Promise.all(answers)).map(outcome).sort()).to.deep.equal(['published', 'repeated']);
    expect(await countOf(Array.from({ length: 50 }, (_, i) => eui + BigInt(i)))).to.equal(50);
  });

  it('lets one of two repositories have a serial number, and alarms in the other', async () => {
    const eui = (nextEui += 1_000n);
    const [one, twin] = twins(eui);
    const held = await holdFeed();
    const answers = [
      running.publish(one, make(eui + 1n).der),
      other.publish(make(eui + 2n).der, twin),
      // Meets nobody: goes with or after the others.
      other.publish(make(eui + 3n).der)
    ];
    await waiting(2);
    await held.free();
    const outcomes = (await Promise.all(answers)).map(outcome);
    expect(outcomes.slice(0, 2).sort()).to.deep.equal(['published', 'repository/certificate-conflict']);
    expect(outcomes[2]).to.equal('published');
    expect(await countOf([eui])).to.equal(1);
    expect(await countOf([eui + 1n, eui + 2n])).to.equal(1);
  });

  it('puts one certificate of a device in use, whichever repository is first', async () => {
    const eui = (nextEui += 1_000n);
    const held = await holdFeed();
    const answers = [running.publish(make(eui).der), other.publish(make(eui).der)];
    await waiting(2);
    await held.free();
    expect((await Promise.all(answers)).map(outcome)).to.deep.equal(['published', 'published']);
    expect((await statusesOf([eui])).map(row => row.status).sort()).to.deep.equal(['I', 'P']);
  });

  it('keeps the numbers of the feed without a gap over many groups in two repositories', async () => {
    const eui = (nextEui += 1_000n);
    const answers = await Promise.all(
      Array.from({ length: 40 }, (_, i) =>
        (i % 2 === 0 ? running : other).publish(
          make(eui + BigInt(i)).der,
          make(eui + BigInt(i), 'device-ka').der
        )
      )
    );
    expect(answers.map(outcome)).to.deep.equal(answers.map(() => 'published'));
    const sequences = await running.ownerKnex('publication').orderBy('sequence').pluck<string[]>('sequence');
    expect(sequences.map(Number)).to.deep.equal(sequences.map((_, index) => index + 1));
    // Every certificate has its status: no foreign key says so.
    const orphans = await running.ownerKnex.raw<{ rows: { n: number }[] }>(
      `select count(*)::int as n from repository.certificate c
       full join repository.certificate_status s on s.certificate = c.id
       left join repository.publication p on p.id = c.id / 1024
       left join repository.issuer i on i.id = c.issuer
       where c.id is null or s.certificate is null or p.id is null or i.id is null`
    );
    expect(orphans.rows[0]?.n).to.equal(0);
  });
});

function euiText(eui: bigint): string {
  return (eui.toString(16).padStart(16, '0').toUpperCase().match(/../g) ?? []).join('-');
}
