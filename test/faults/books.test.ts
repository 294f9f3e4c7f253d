/**
 * The fault tests believe `reconcile`: here the books of a running system are damaged, one invariant at a time, and
 * it must say which.
 */
import { expect } from 'chai';
import { readFileSync, truncateSync, writeFileSync } from 'node:fs';
import type { Knex } from 'knex';
import { newDeviceRequest } from '../../ops/launch/new-request.js';
import { demoHwType } from '../../ops/launch/seed.js';
import { parseEui64 } from '../../pki/identifier/index.js';
import { batchBody, batchResults, submitBatch } from '../kit/batches.js';
import { BooksDisagree, reconcile } from '../kit/reconcile.js';
import { newDeviceId } from '../integration/talk.js';
import { startTestSystem, type TestSystem } from '../kit/system.js';

interface Damage {
  readonly what: string;
  readonly sql: string;
  /** Invariants that no longer hold. */
  readonly invariants: readonly string[];
}

/** One request of the demo device, the newest. */
const request = `(select id from ra.request where kind = 'device' order by arrived_at desc limit 1)`;
const certificate = `(select serial from ca.certificate where request_id = ${request})`;

const damages: readonly Damage[] = [
  {
    what: 'a certificate is lost at the CA',
    sql: `delete from ca.certificate where request_id = ${request}`,
    invariants: ['orders', 'requests', 'serials', 'publication']
  },
  {
    what: 'a certificate is lost in the repository',
    sql: `delete from repository.certificate where serial = ${certificate}`,
    invariants: ['publication']
  },
  {
    what: 'a certificate is lost at the RA',
    sql: `update ra.request set state = 'open', certificate = null, serial = null where id = ${request}`,
    invariants: ['requests', 'devices']
  },
  {
    what: 'the RA shows another certificate',
    sql: `update ra.request set certificate = (select certificate from ra.request
             where kind = 'device' and id <> ${request} limit 1)
           where id = ${request}`,
    invariants: ['requests']
  },
  {
    what: 'a request is refused and issued',
    sql: `insert into ca.refusal (order_id, item, request_id, code, detail)
           select order_id, item, request_id, 'ca/attempts', '' from ca.certificate where request_id = ${request}`,
    invariants: ['orders']
  },
  {
    what: 'an order the CA finished is not there',
    sql: `delete from ca.signed_order where order_id = (select order_id from ca.certificate where request_id = ${request})`,
    invariants: ['orders', 'groups']
  },
  {
    what: 'an order no RA stored',
    sql: `delete from ra.orders where id = (select order_id from ra.request where id = ${request})`,
    invariants: ['orders']
  },
  {
    what: 'a key is certified twice',
    sql: `update ca.certificate set public_key = (select public_key from ca.certificate order by serial limit 1)`,
    invariants: ['keys']
  },
  {
    what: 'a serial is used twice',
    sql: `with another as (insert into ca.issuer (name) values ('CN=another') returning number)
           insert into ca.intent_item (order_id, epoch, item, issuer, serial, tbs_sha256, not_after)
           select order_id, 9, item, number, serial, tbs_sha256, not_after
             from ca.intent_item, another where serial = ${certificate}`,
    invariants: ['intents', 'serials']
  },
  {
    what: 'a serial is not accounted for',
    sql: `insert into ca.intent_item (order_id, epoch, item, issuer, serial, tbs_sha256, not_after)
           select order_id, 9, item, issuer, gen_random_uuid(), tbs_sha256, not_after
             from ca.intent_item where serial = ${certificate}`,
    invariants: ['intents', 'serials']
  },
  {
    what: 'a serial is issued and given up',
    sql: `insert into ca.abandoned_serial (issuer, serial, order_id, epoch, item, reason, may_exist, not_after)
           select name, serial, order_id, epoch, item, 'not-signed', false, not_after
             from ca.intent_item join ca.issuer on number = issuer where serial = ${certificate}`,
    invariants: ['serials']
  },
  {
    what: 'other bytes were signed than the intent named',
    sql: `update ca.intent_item set tbs_sha256 = sha256('other') where serial = ${certificate}`,
    invariants: ['intents', 'bytes']
  },
  {
    what: 'a certificate is filed under another order',
    sql: `update ca.certificate set order_id = gen_random_uuid() where request_id = ${request}`,
    invariants: ['orders', 'groups']
  },
  {
    what: 'a device is counted short',
    sql: `update ra.device_counter set issued = issued + 1, reserved = reserved + 1
           where eui = (select eui from ra.request where id = ${request})`,
    invariants: ['devices']
  },
  {
    what: 'the content of a batch is changed',
    sql: `update ra.batch_chunk set octets = set_byte(octets, 40, get_byte(octets, 40) # 1)`,
    invariants: ['batches']
  },
  {
    what: 'a batch is sealed anew',
    sql: `update ra.batch set seal = sha256('other')`,
    invariants: ['batches']
  },
  {
    what: 'a group of a batch is lost',
    sql: `update ra.orders set batch_group = null where batch_group is not null; delete from ra.batch_group`,
    invariants: ['requests', 'batches', 'registry', 'devices']
  },
  {
    what: 'a group counts a certificate too many',
    sql: `update ra.batch_group set issued = issued + 1, refused = refused - 1`,
    invariants: ['batches']
  },
  {
    what: 'a request of a batch is closed and has a certificate',
    sql: `update ra.batch_group set states = set_byte(states, 0, 3), issued = issued - 1, refused = refused + 1`,
    invariants: ['batches', 'devices']
  },
  {
    what: 'the results of a group are others',
    sql: `update ra.batch_group set results = null`,
    invariants: ['batches']
  },
  {
    what: 'a batch is not complete and was said to be',
    sql: `update ra.batch set state = 'PAUSED'`,
    invariants: ['batches']
  },
  {
    what: 'a key of a batch belongs to nobody',
    sql: `update ra.key_registry set request_id = gen_random_uuid()
           where key_hash = (select key_hash from ra.key_registry where substr(request_id::text, 15, 1) = '8' limit 1)`,
    invariants: ['registry']
  },
  {
    what: 'a key is registered for another device',
    sql: `update ra.key_registry set subject = 'device:00-00-00-00-00-00-00-00'
           where key_hash = (select key_hash from ra.key_registry where substr(request_id::text, 15, 1) = '8' limit 1)`,
    invariants: ['registry']
  },
  {
    what: 'an event of the database is not in the log',
    sql: `insert into ca.audit_event (id, instance, at, type, actor, facts)
           select gen_random_uuid(), instance, at, type, actor, facts from ca.audit_event limit 1`,
    invariants: ['audit']
  }
];

describe('the books of a system', function () {
  this.timeout(60_000);
  let test: TestSystem;

  before(async () => {
    test = await startTestSystem();
    const { csr } = newDeviceRequest(parseEui64(test.demo.deviceEui), 'DS', demoHwType);
    expect((await test.adHoc(csr)).status).to.equal('SUCCESS');
    const maker = test.maker();
    const wrong = Buffer.from(newDeviceRequest(newDeviceId(), 'DS', demoHwType).csr);
    wrong[wrong.length - 1]! ^= 1;
    const requests = [0, 1].map(() => newDeviceRequest(newDeviceId(), 'DS', demoHwType).csr);
    const { batchId = '' } = await submitBatch(maker, batchBody('B1', [...requests, wrong]));
    const results = await batchResults(maker, batchId);
    expect(results.map(({ status }) => status)).to.deep.equal(['SUCCESS', 'SUCCESS', 'CSR_ERROR']);
  });

  after(() => test?.stop());

  async function invariantsThatFail(database: Knex): Promise<readonly string[]> {
    const sql = async <T>(statement: string) => (await database.raw<{ rows: T[] }>(statement)).rows;
    try {
      await reconcile({ sql, database, auditFolder: test.system.data.path('audit') }, 500);
      return [];
    } catch (error) {
      if (!(error instanceof BooksDisagree)) throw error;
      return error.invariants;
    }
  }

  it('agree', async () => {
    const books = await test.reconcile();
    // Two systems, three organisation certificates, two of the device at manufacture and one replacement, two of a
    // batch.
    expect(books).to.deep.equal({
      ...{ ordered: 10, certificates: 10, refusals: 0, abandoned: 0, withdrawn: 0, published: 8 }
    });
  });

  for (const { what, sql, invariants } of damages)
    it(`disagree where ${what}`, async () => {
      // Nobody but this transaction sees the damage, and it ends with it.
      const trx = await test.database.transaction();
      try {
        await trx.raw('set local session_replication_role = replica');
        await trx.raw(sql);
        expect(await invariantsThatFail(trx)).to.deep.equal(invariants);
      } finally {
        await trx.rollback();
      }
    });

  it('disagree where a log is cut short', async () => {
    const file = test.system.data.path('audit', 'repository-1.log');
    const whole = readFileSync(file);
    truncateSync(file, whole.length - 100);
    try {
      expect(await invariantsThatFail(test.database)).to.deep.equal(['audit']);
    } finally {
      // The same file, which the process holds open.
      writeFileSync(file, whole, { flag: 'r+' });
    }
  });
});
