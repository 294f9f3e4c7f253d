import { createHash } from 'node:crypto';
import { expect } from 'chai';
import type { Knex } from 'knex';
import { migrations } from '../../../repository/index.js';
import { lookUpStatements } from '../../../repository/store/certificates.js';
import { LookUps } from '../../../repository/store/look-ups.js';
import { standingStatement } from '../../../repository/store/standing.js';
import { testDatabase, type TestDatabase } from '../../kit/database.js';

describe('look-ups', function () {
  this.timeout(60_000);

  describe('and the indexes that serve them', () => {
    let database: TestDatabase;
    let owner: Knex;
    before(async () => {
      database = await testDatabase();
      ({ ownerKnex: owner } = await database.component('repository', migrations));
      await owner.raw(`
        insert into repository.issuer (name) select decode(lpad(to_hex(i), 8, '0'), 'hex') from generate_series(1, 50) i;
        insert into repository.publication (sequence, kind, group_id, peer, items, accepted_at)
          select i, 'certificates', gen_random_uuid(), 'ca', 100, now() from generate_series(1, 300) i;
        insert into repository.certificate (id, serial, issuer, kind, usage, eui, sha1_prefix, public_key_prefix,
            not_before, not_after, profile, subject, ski, sha256, der)
          select 1024 * (1 + i / 100) + i % 100, md5(i::text)::uuid, 1 + i % 50,
            case when i % 1000 = 0 then 'ca' else 'device' end, case when i % 2 = 0 then 'DS' else 'KA' end, i / 2,
            i::bigint * 7919, i::bigint * 104729, now(), now(), 'device-ds', int4send(i % 200),
            int8send(i), sha256(int4send(i)), repeat('x', 400)::bytea from generate_series(0, 29999) i;
        insert into repository.certificate_status
          select id, eui, now(), true, true, 'I', usage from repository.certificate;
        insert into repository.crl (issuer, authority_key, profile, number, this_update, next_update, sha256,
            publication, der)
          select decode('00', 'hex'), int4send(i), 'issuing-oca', i, now(), now(), sha256(int4send(i)), 1, 'x'
          from generate_series(1, 3000) i;
        insert into repository.revocation (serial, issuer, revoked_at, crl)
          select md5(i::text)::uuid, 1, now(), 1 from generate_series(1, 5000) i;
        analyze repository.issuer, repository.publication, repository.certificate, repository.certificate_status,
          repository.crl, repository.revocation;`);
    });
    after(() => database.drop());

    const all = 'select c.der from repository.certificate c';
    const withStatus = `${all} join repository.certificate_status s on s.certificate = c.id`;
    const statements: Readonly<Record<string, string>> = {
      ...lookUpStatements,
      'what a transaction of groups must know': standingStatement,
      'serial number': `${all} where serial = $1::uuid`,
      'issuer and serial number': `${all} where serial = $1::uuid and issuer = (select id from repository.issuer where name = $2::bytea)`,
      'EUI-64, usage and status': `${withStatus} where s.eui = $1::bigint and s.usage = $2 and s.status = $3`,
      'EUI-64 and key identifier': `${withStatus} where s.eui = $1::bigint and c.ski = $2::bytea`,
      'SHA-1': `${all} where sha1_prefix = $1::bigint`,
      'SHA-256': `${all} where sha256 = $1::bytea`,
      'public key': `${all} where public_key_prefix = $1::bigint`,
      'a range of the feed': `${all} join repository.publication p on c.id >= p.id * 1024 and c.id < p.id * 1024 + 1024
        where p.sequence >= $1::bigint and p.sequence < $1::bigint + 10`,
      'the newest list by key': `select id from repository.crl where authority_key = $1::bytea
        order by this_update desc, number desc limit 1`
    };

    for (const [name, statement] of Object.entries(statements)) {
      it(`${name}: no table is read through`, async () => {
        const parameters = new Set(statement.match(/\$[0-9]/g)).size;
        const plan = await owner.transaction(async trx => {
          await trx.raw('set local plan_cache_mode = force_generic_plan');
          // As the runtime role has it: a table is read through only where no index can serve.
          await trx.raw('set local enable_seqscan = off');
          await trx.raw(`prepare looked_up as ${statement}`);
          const { rows } = await trx.raw<{ rows: Record<string, string>[] }>(
            `explain execute looked_up (${Array(parameters).fill('null').join(', ')})`
          );
          await trx.raw('deallocate looked_up');
          return rows.map(row => row['QUERY PLAN']).join('\n');
        });
        expect(plan).to.match(/Index/);
        // Fifty names fit a page: reading it is the index.
        expect(plan.replaceAll('Seq Scan on issuer', '')).not.to.match(/Seq Scan/);
      });
    }
  });

  it('go together while others are under way, and alone when alone', async () => {
    const asked: (readonly string[])[] = [];
    const answers: (() => void)[] = [];
    const lookUps = new LookUps<string>(async keys => {
      asked.push(keys);
      await new Promise<void>(resolve => answers.push(resolve));
      if (keys.includes('bad')) throw new Error('bad');
      return new Map(keys.filter(key => key !== 'none').map(key => [key, [`found ${key}`]]));
    });
    const turn = () => new Promise(resolve => setImmediate(resolve));
    const first = [lookUps.find('a'), lookUps.find('b')];
    await turn();
    const second = lookUps.find('c');
    await turn();
    const third = ['d', 'e', 'd', 'none'].map(key => lookUps.find(key));
    await turn();
    // Those of a turn together, another at once, and the rest when one of the two is done.
    expect(asked).to.deep.equal([['a', 'b'], ['c']]);
    answers[0]?.();
    expect(await Promise.all(first)).to.deep.equal([['found a'], ['found b']]);
    await turn();
    expect(asked[2]).to.deep.equal(['d', 'e', 'none']);
    answers[2]?.();
    answers[1]?.();
    expect(await Promise.all([second, ...third])).to.deep.equal([
      ['found c'],
      ['found d'],
      ['found e'],
      ['found d'],
      []
    ]);
    const faulty = lookUps.find('bad').then(
      () => 'found',
      (error: Error) => error.message
    );
    await turn();
    answers[3]?.();
    expect(await faulty).to.equal('bad');
    const next = lookUps.find('e');
    await turn();
    answers[4]?.();
    expect(await next).to.deep.equal(['found e']);
  });
});

describe('migration of what an earlier program stored', function () {
  this.timeout(60_000);
  it('keeps certificates, statuses, revocations and the feed', async () => {
    const database = await testDatabase();
    try {
      const { ownerKnex: old } = await database.component('repository', migrations.slice(0, 1));
      await old.raw(`
        insert into repository.publication (kind, group_id, peer, items, accepted_at)
          values ('certificates', gen_random_uuid(), 'ca', 2, now()), ('crl', null, 'ca', 1, now()),
            ('certificates', gen_random_uuid(), 'ca', 1, now());
        insert into repository.feed values (1, 3), (2, 1), (3, 2);
        update repository.feed_head set last = 3;
        insert into repository.certificate (serial, issuer, subject, profile, kind, eui, usage, ski, public_key_hash,
            not_before, not_after, sha1, sha256, publication, der)
          select md5(i::text)::uuid, int4send(i % 2), '', 'device-ds', 'device', i, 'DS', int4send(i),
            sha256(int4send(100 + i)), now(), now(), substr(sha256(int4send(200 + i)), 1, 20), sha256(int4send(i)),
            case when i = 2 then 3 else 1 end, int4send(i) from generate_series(1, 3) i;
        insert into repository.certificate_status
          select id, eui, usage, true, case when eui = 2 then 'P' else 'I' end, eui <> 2, now()
          from repository.certificate;
        insert into repository.crl (issuer, authority_key, profile, number, this_update, next_update, sha256,
            publication, der) values ('a', 'b', 'issuing-oca', 1, now(), now(), sha256('x'), 2, 'x');
        insert into repository.revocation values
          (md5('1')::uuid, int4send(1), now(), 1, 1), (md5('9')::uuid, int4send(9), now(), null, 1);`);
      const { ownerKnex: owner } = await database.component('repository', migrations);
      const rows = await owner('certificate')
        .join('certificate_status', 'certificate', 'id')
        .join('issuer', 'issuer.id', 'issuer')
        .orderBy('certificate.eui')
        .select<Record<string, unknown>[]>('certificate.*', 'status', 'manufacturing', 'name');
      const prefix = (octets: Buffer) => octets.readBigInt64BE().toString();
      const sha256 = (i: number) => {
        const octets = Buffer.alloc(4);
        octets.writeInt32BE(i);
        return createHash('sha256').update(octets).digest();
      };
      expect(
        rows.map(row => [row['eui'], row['id'], row['status'], row['manufacturing'], row['name']])
      ).to.deep.equal([
        ['1', '1024', 'I', true, Buffer.of(0, 0, 0, 1)],
        ['2', '3072', 'P', false, Buffer.of(0, 0, 0, 0)],
        ['3', '1025', 'I', true, Buffer.of(0, 0, 0, 1)]
      ]);
      expect(rows.map(row => [row['sha1_prefix'], row['public_key_prefix']])).to.deep.equal(
        [1, 2, 3].map(i => [prefix(sha256(200 + i)), prefix(sha256(100 + i))])
      );
      expect(await owner('publication').orderBy('id').pluck('sequence')).to.deep.equal(['2', '3', '1']);
      const revoked = await owner('revocation')
        .join('issuer', 'issuer.id', 'issuer')
        .orderBy('name')
        .pluck('name');
      expect(revoked).to.deep.equal([Buffer.of(0, 0, 0, 1), Buffer.of(0, 0, 0, 9)]);
    } finally {
      await database.drop();
    }
  });
});
