/** Uploads that want the RA's memory: each is refused with its code and leaves one event, and little was held of it. */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { request as httpsRequest } from 'node:https';
import { Readable } from 'node:stream';
import { deflateRawSync } from 'node:zlib';
import { expect } from 'chai';
import { readBatchReply } from '../kit/batches.js';
import type { TestSystem } from '../kit/system.js';
import { archiveOf } from '../ra/portal/archive-octets.js';
import { auditEvents, nextEvent } from './audit-log.js';
import { sharedSystem } from './shared.js';
import { show } from './talk.js';

const mebibyte = 1024 * 1024;
const head = '<?xml version="1.0" encoding="UTF-8"?><SubmitCSRBatch ID="H1"><Version>1.0</Version>';

interface Hostile {
  readonly name: string;
  body(): Iterable<string | Uint8Array>;
  /** Of the answer, and of the event. */
  readonly told: { readonly http: number; readonly code: string };
  readonly recorded: string;
  readonly archive?: true;
}

const xml: readonly Hostile[] = [
  {
    name: 'one request of 60 MiB',
    body: () => [head, '<DeviceCSR ID="R1">', ...filling(60, 'A'), '</DeviceCSR></SubmitCSRBatch>'],
    told: { http: 200, code: 'FM:AA1' },
    recorded: 'batch/message'
  },
  {
    name: 'an attribute without an end',
    body: () => ['<SubmitCSRBatch ID="', ...filling(60, 'A')],
    told: { http: 200, code: 'FM:AA1' },
    recorded: 'batch/message'
  },
  {
    name: 'entities that name each other',
    body: () => [
      '<?xml version="1.0"?><!DOCTYPE SubmitCSRBatch [<!ENTITY a0 "lol">',
      ...Array.from({ length: 12 }, (_, n) => `<!ENTITY a${n + 1} "${`&a${n};`.repeat(10)}">`),
      ']><SubmitCSRBatch ID="H1"><Version>&a12;</Version></SubmitCSRBatch>'
    ],
    told: { http: 200, code: 'FM:AA1' },
    recorded: 'batch/message'
  },
  {
    name: 'a million elements inside each other',
    body: () => [head, ...Array<string>(1_000).fill('<a>'.repeat(1_000))],
    told: { http: 200, code: 'FM:AA1' },
    recorded: 'batch/message'
  },
  {
    name: '50,001 requests',
    *body() {
      yield head;
      const csr = Buffer.alloc(300, 0x30).toString('base64');
      for (let n = 1; n <= 50_001; n++) yield `<DeviceCSR ID="R${n}">${csr}</DeviceCSR>`;
      yield '</SubmitCSRBatch>';
    },
    told: { http: 200, code: 'FM:AA2' },
    recorded: 'batch/too-many'
  },
  {
    name: 'more octets than an upload may have',
    *body() {
      yield head;
      const csr = Buffer.alloc(4_096, 0x30).toString('base64');
      for (let n = 1; n <= 26_000; n++) yield `<DeviceCSR ID="R${n}">${csr}</DeviceCSR>`;
    },
    told: { http: 413, code: 'FM:XM2' },
    recorded: 'message/too-large'
  }
];

/** More than the RA may grow by, and packed a thousandth of it. */
const unpackedOctets = 160 * mebibyte;
const archives: readonly Hostile[] = [
  {
    name: 'an archive whose one file unpacks to 160 MiB',
    body: () => [archiveOf([{ name: 'a.csr', content: '', ...bomb() }])],
    told: { http: 413, code: 'archive/size' },
    recorded: 'archive/size',
    archive: true
  },
  {
    name: 'the same that says it unpacks to 1,000 octets',
    body: () => {
      const lies = { unpacked: 1_000 };
      return [archiveOf([{ name: 'a.csr', content: '', ...bomb(), local: lies, central: lies }])];
    },
    told: { http: 413, code: 'archive/size' },
    recorded: 'archive/size',
    archive: true
  }
];

function bomb() {
  const truth = { unpacked: unpackedOctets };
  return { method: 8, packed: deflateRawSync(Buffer.alloc(unpackedOctets)), local: truth, central: truth };
}

function* filling(mebibytes: number, character: string): Generator<string> {
  const piece = character.repeat(mebibyte / 16);
  for (let n = 0; n < mebibytes * 16; n++) yield piece;
}

describe('hostile uploads at the process of an RA', function () {
  this.timeout(120_000);
  let test: TestSystem;
  before('start', async () => {
    test = await sharedSystem();
  });

  for (const hostile of [...xml, ...archives])
    it(`${hostile.name}: a code, an event, and bounded memory`, async () => {
      const body = hostile.body();
      const before = await stored(test);
      const from = nextEvent(test, 'ra-1');
      const memory = peakMemory(test, 'ra-1');
      const answer = await upload(test, hostile, body);
      const grown = memory();
      expect(answer).to.deep.equal(hostile.told);
      const recorded = auditEvents(test, 'ra-1', from).filter(({ type }) => type.startsWith('ra.'));
      expect(recorded.map(({ type, facts }) => `${type} ${String(facts['code'])}`)).to.deep.equal([
        `ra.batch.refused ${hostile.recorded}`
      ]);
      expect(await stored(test)).to.deep.equal(before);
      expect(readdirSync(test.system.data.path('spool'))).to.deep.equal([]);
      show(`${Math.round(grown / mebibyte)} MiB`);
      expect(grown).to.be.lessThan(100 * mebibyte);
    });

  it('and the RA serves on', async () => {
    expect((await test.health('ra-1')).status).to.equal('ok');
    await test.reconcile();
  });
});

async function stored(test: TestSystem): Promise<unknown> {
  const [row] = await test.sql(
    `select (select count(*)::int from ra.batch) as batches, (select count(*)::int from ra.batch_chunk) as chunks,
            (select count(*)::int from ra.batch_group) as groups, (select count(*)::int from ra.key_registry) as keys`
  );
  return row;
}

/** Begins to watch; the answer says by how many octets the process has grown at most since then. */
function peakMemory(test: TestSystem, instance: string): () => number {
  const proc = `/proc/${test.process(instance).pid() ?? ''}`;
  const octets = (name: string): number =>
    1024 *
    Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(readFileSync(`${proc}/status`, 'utf8'))?.[1]);
  // proc(5): 5 resets the peak to what is resident now.
  writeFileSync(`${proc}/clear_refs`, '5');
  const before = octets('VmRSS');
  return () => octets('VmHWM') - before;
}

/** Sends what the RA takes of a body without a length, and reads the answer, which may come before its end. */
async function upload(
  test: TestSystem,
  { archive }: Hostile,
  body: Iterable<string | Uint8Array>
): Promise<Hostile['told']> {
  const { ca, certificate, key } = test.demo.maker;
  const path = archive ? '/portal/1.0/batches?name=hostile.zip' : '/1.0/PortalCSRBatch/SubmitCSRBatch';
  const answer = await new Promise<{ status: number; octets: Buffer }>((resolve, reject) => {
    const sending = httpsRequest(
      `${test.url('ra-1', 'public')}${path}`,
      {
        ...{ method: 'POST', servername: 'localhost' },
        ...{ ca: readFileSync(ca), cert: readFileSync(certificate), key: readFileSync(key) },
        headers: { 'content-type': archive ? 'application/zip' : 'application/xml' }
      },
      reply => {
        const parts: Buffer[] = [];
        reply.on('data', (part: Buffer) => parts.push(part));
        reply.once('end', () => {
          resolve({ status: reply.statusCode ?? 0, octets: Buffer.concat(parts) });
          sending.destroy();
        });
      }
    );
    sending.once('error', reject);
    Readable.from(body).pipe(sending);
  });
  if (!archive)
    return { http: answer.status, code: readBatchReply(answer.status, answer.octets).errorCode ?? '' };
  const { code } = JSON.parse(answer.octets.toString('utf8')) as { code: string };
  return { http: answer.status, code };
}
