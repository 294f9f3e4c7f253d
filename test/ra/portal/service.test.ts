import { expect } from 'chai';
import { X509Certificate } from 'node:crypto';
import { readdirSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { request as httpsRequest } from 'node:https';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fromBuffer, type Entry as ReadEntry } from 'yauzl';
import { encodePem } from '../../../pki/x509/index.js';
import { portalPath } from '../../../ra/portal/index.js';
import { deviceRequest } from '../../kit/requests.js';
import type { Client, Reply } from '../client.js';
import { Stand, type Subscriber } from '../stand.js';
import { archiveOf, type Entry } from './archive-octets.js';

let numbered = 0x0100;

/** A device of its own. */
function newEui(): string {
  numbered += 1;
  const hex = numbered.toString(16).padStart(4, '0').toUpperCase();
  return `00-07-81-00-00-0A-${hex.slice(0, 2)}-${hex.slice(2)}`;
}

function requestEntry(name: string, der = deviceRequest({ eui: newEui() })): Entry {
  return { name, content: Buffer.from(der).toString('base64'), method: 8 };
}

function upload(client: Client, name: string, body: Uint8Array, type = 'application/zip'): Promise<Reply> {
  return client.send({
    method: 'POST',
    path: `${portalPath}?name=${encodeURIComponent(name)}`,
    headers: { 'content-type': type },
    body
  });
}

function codeIn({ body }: Reply): string {
  return (JSON.parse(body.toString()) as { code: string }).code;
}

async function unzip(octets: Buffer): Promise<Record<string, string>> {
  const found: Record<string, string> = {};
  await new Promise<void>((resolve, reject) => {
    fromBuffer(octets, { lazyEntries: true }, (error, zip) => {
      if (error !== null) return reject(error);
      zip.on('error', reject);
      zip.on('end', resolve);
      zip.on('entry', (entry: ReadEntry) =>
        zip.openReadStream(entry, (failed, stream) => {
          if (failed !== null) return reject(failed);
          void stream.toArray().then(parts => {
            found[entry.fileName] = Buffer.concat(parts as Buffer[]).toString();
            zip.readEntry();
          });
        })
      );
      zip.readEntry();
    });
  });
  return found;
}

describe("the portal's batch files", function () {
  this.timeout(60_000);
  let spool: string;
  let stand: Stand;
  let maker: Subscriber;
  let other: Subscriber;
  let adHocOnly: Subscriber;

  before(async () => {
    spool = await mkdtemp(path.join(tmpdir(), 'opensmki-spool-'));
    stand = await Stand.open(
      {
        batches: {
          ...{
            approval: 'rule',
            spoolDirectory: spool,
            uploadOctets: 200_000,
            uploadsPerParty: 1,
            pollMs: 20
          },
          ...{ uploadIdleMs: 1_500, uploadTotalMs: 5_000 }
        }
      },
      { 'batch.requests': { value: 20 }, 'batch.notice.requests': { value: 1_000 } }
    );
    stand.ca.start();
    stand.newCa(stand.first, 'batch').start();
    const manufacturer = { actingRoles: ['manufacturer'], ou: '7F' };
    maker = await stand.subscriber(manufacturer);
    other = await stand.subscriber(manufacturer);
    adHocOnly = await stand.subscriber({ interfaces: ['adhoc'] });
  });

  after(async () => {
    await stand.close();
    await rm(spool, { recursive: true, force: true });
  });

  async function completed(batchId: string): Promise<void> {
    for (const deadline = Date.now() + 30_000; ; await sleep(50)) {
      const { body } = await maker.client.json('GET', `/ra/v1/batches/${batchId}`);
      const { state } = JSON.parse(body.toString()) as { state: string };
      if (state === 'COMPLETED') return;
      if (Date.now() > deadline) throw new Error(`the batch is ${state}`);
    }
  }

  const get = (client: Client, batchId: string, file: 'report' | 'response'): Promise<Reply> =>
    client.send({ method: 'GET', path: `${portalPath}/${batchId}/${file}` });

  describe('an archive of requests', () => {
    const der = deviceRequest({ eui: newEui() });
    const altered = Uint8Array.from(deviceRequest({ eui: newEui() }));
    altered[altered.length - 1]! ^= 1;
    let batchId: string;
    let reply: Reply;

    before(async () => {
      const body = archiveOf([
        { name: 'one.csr', content: encodePem('CERTIFICATE REQUEST', der) },
        requestEntry('two.csr'),
        requestEntry('wrong.csr', altered),
        { name: 'no request.csr', content: 'hello' },
        { ...requestEntry('drei \u00e4.csr'), flags: 0x0800 }
      ]);
      reply = await upload(maker.client, 'Meters 7.zip', body);
      ({ batchId } = JSON.parse(reply.body.toString()) as { batchId: string });
      await completed(batchId);
    });

    it('is accepted as a batch of its party', () => {
      expect(reply.status).to.equal(202);
      expect(reply.headers.location).to.equal(`/ra/v1/batches/${batchId}`);
      expect(JSON.parse(reply.body.toString())).to.include({ name: 'Meters 7.zip', requests: 5 });
    });

    it('has a report with a line for each request', async () => {
      const { status, headers, body } = await get(maker.client, batchId, 'report');
      expect(status).to.equal(200);
      expect(headers['content-type']).to.equal('text/plain; charset=utf-8');
      expect(body.toString().split('\n')).to.deep.equal([
        `${batchId}-1\tone.csr\tsuccess\t`,
        `${batchId}-2\ttwo.csr\tsuccess\t`,
        `${batchId}-3\twrong.csr\terror\tCR:R4`,
        `${batchId}-4\tno request.csr\terror\tCR:R1`,
        `${batchId}-5\tdrei \u00e4.csr\tsuccess\t`,
        ''
      ]);
    });

    it('has an archive of certificates under the names of the requests', async () => {
      const { status, headers, body } = await get(maker.client, batchId, 'response');
      expect(status).to.equal(200);
      expect(headers['content-type']).to.equal('application/zip');
      expect(headers['content-disposition']).to.include('filename="Meters 7-response.zip"');
      const files = await unzip(body);
      expect(Object.keys(files)).to.deep.equal(['one.crt', 'two.crt', 'drei \u00e4.crt']);
      const spki = new X509Certificate(Buffer.from(files['one.crt'] ?? '', 'base64')).publicKey;
      expect(Buffer.from(der).includes(spki.export({ type: 'spki', format: 'der' }))).to.equal(true);
    });

    it('records who was handed what', async () => {
      const forms = (await stand.events('ra.batch.delivered'))
        .filter(facts => facts['batch'] === batchId)
        .map(({ form }) => form);
      expect(forms).to.have.members(['report', 'archive']);
    });

    it('is not known to another party', async () => {
      for (const file of ['report', 'response'] as const) {
        const answer = await get(other.client, batchId, file);
        expect({ status: answer.status, code: codeIn(answer) }).to.deep.equal({
          status: 404,
          code: 'batch/unknown'
        });
      }
    });

    it('is there for thirty days', async () => {
      stand.faults.clockOffset = 30 * 86_400_000 + 3_600_000;
      try {
        const answer = await get(maker.client, batchId, 'response');
        expect({ status: answer.status, code: codeIn(answer) }).to.deep.equal({
          status: 410,
          code: 'batch/expired'
        });
      } finally {
        stand.faults.clockOffset = 0;
      }
    });
  });

  it('results of the web service can be fetched the same way, under their IDs', async () => {
    const csr = Buffer.from(deviceRequest({ eui: newEui() })).toString('base64');
    const submitted = await maker.client.send({
      method: 'POST',
      path: '/1.0/PortalCSRBatch/SubmitCSRBatch',
      headers: { 'content-type': 'application/xml;charset=UTF-8' },
      body: `<SubmitCSRBatch ID="b"><Version>1.0</Version><DeviceCSR ID="m1">${csr}</DeviceCSR></SubmitCSRBatch>`
    });
    const batchId = /<BatchId>(\d+)</.exec(submitted.body.toString())?.[1] ?? '';
    await completed(batchId);
    expect((await get(maker.client, batchId, 'report')).body.toString()).to.equal(
      `${batchId}-1\tm1\tsuccess\t\n`
    );
    const response = await get(maker.client, batchId, 'response');
    expect(response.headers['content-disposition']).to.include(`batch-${batchId}-response.zip`);
    expect(Object.keys(await unzip(response.body))).to.deep.equal(['m1.crt']);
  });

  describe('refused, with one event and nothing kept', () => {
    const good = (): Buffer => archiveOf([requestEntry('a.csr')]);
    const cases: Record<string, { send: () => Promise<Reply>; status: number; code: string }> = {
      'a path in the archive': {
        send: () => upload(maker.client, 'a.zip', archiveOf([{ name: '../a.csr', content: 'MIIB' }])),
        status: 400,
        code: 'archive/name'
      },
      'one bad name among good ones': {
        send: () => upload(maker.client, 'a.zip', archiveOf([requestEntry('a.csr'), requestEntry('b.txt')])),
        status: 400,
        code: 'archive/name'
      },
      'damage behind good requests': {
        send: () =>
          upload(
            maker.client,
            'a.zip',
            archiveOf([
              requestEntry('a.csr'),
              { name: 'b.csr', content: 'x', local: { crc: 1 }, central: { crc: 1 } }
            ])
          ),
        status: 400,
        code: 'archive/damaged'
      },
      'a bomb': {
        send: () =>
          upload(
            maker.client,
            'a.zip',
            archiveOf([{ name: 'a.csr', content: Buffer.alloc(8_000), method: 8 }])
          ),
        status: 413,
        code: 'archive/size'
      },
      'more requests than a batch has': {
        send: () =>
          upload(
            maker.client,
            'a.zip',
            archiveOf(Array.from({ length: 21 }, (_, n) => ({ name: `${n}.csr`, content: 'MIIB' })))
          ),
        status: 413,
        code: 'batch/too-many'
      },
      'no ZIP': {
        send: () => upload(maker.client, 'a.zip', Buffer.from('hello')),
        status: 400,
        code: 'archive/form'
      },
      'no body': {
        send: () => upload(maker.client, 'a.zip', new Uint8Array()),
        status: 400,
        code: 'archive/form'
      },
      'another media type': {
        send: () => upload(maker.client, 'a.zip', good(), 'application/octet-stream'),
        status: 415,
        code: 'message/content-type'
      },
      'a content coding': {
        send: () =>
          maker.client.send({
            method: 'POST',
            path: `${portalPath}?name=a.zip`,
            headers: { 'content-type': 'application/zip', 'content-encoding': 'gzip' },
            body: good()
          }),
        status: 415,
        code: 'message/content-type'
      },
      'no name': {
        send: () =>
          maker.client.send({
            method: 'POST',
            path: portalPath,
            headers: { 'content-type': 'application/zip' },
            body: good()
          }),
        status: 400,
        code: 'archive/name'
      },
      'a name that is a path': {
        send: () => upload(maker.client, '../a.zip', good()),
        status: 400,
        code: 'archive/name'
      },
      'a name that breaks a header': {
        send: () => upload(maker.client, 'a\r\nX: y.zip', good()),
        status: 400,
        code: 'archive/name'
      },
      'more octets than announced may be': {
        send: () => upload(maker.client, 'a.zip', Buffer.alloc(200_001)),
        status: 413,
        code: 'message/too-large'
      },
      'a system that is not registered for batches': {
        send: () => upload(adHocOnly.client, 'a.zip', good()),
        status: 403,
        code: 'client/interface'
      }
    };
    for (const [title, { send, status, code }] of Object.entries(cases)) {
      it(`${title}: ${code}`, async () => {
        const batches = await stand.count('ra.batch');
        const events = (await stand.events('ra.batch.refused')).length;
        const reply = await send();
        expect({ status: reply.status, code: codeIn(reply) }).to.deep.equal({ status, code });
        expect(
          (await stand.events('ra.batch.refused')).slice(events).map(facts => facts['code'])
        ).to.deep.equal([code]);
        expect(await stand.count('ra.batch')).to.equal(batches);
        expect(readdirSync(spool)).to.deep.equal([]);
      });
    }

    /** An upload whose octets the test sends one by one. */
    function slowUpload(): {
      write(octets: Uint8Array): void;
      end(): void;
      cut(): void;
      reply: Promise<Reply>;
    } {
      const request = httpsRequest({
        host: '127.0.0.1',
        servername: 'localhost',
        port: stand.first.publicPort(),
        method: 'POST',
        path: `${portalPath}?name=slow.zip`,
        headers: { 'content-type': 'application/zip' },
        agent: maker.client.agent
      });
      const reply = new Promise<Reply>((resolve, reject) => {
        request.once('error', reject);
        request.once('response', response => {
          const parts: Buffer[] = [];
          response.on('data', (part: Buffer) => parts.push(part));
          response.once('end', () =>
            resolve({
              status: response.statusCode ?? 0,
              headers: response.headers,
              body: Buffer.concat(parts)
            })
          );
        });
      });
      reply.catch(() => undefined);
      return {
        write: octets => void request.write(octets),
        end: () => void request.end(),
        cut: () => void request.destroy(),
        reply
      };
    }

    it('octets beyond the limit that were not announced: message/too-large', async () => {
      const slow = slowUpload();
      slow.write(Buffer.alloc(200_001));
      const reply = await slow.reply;
      expect({ status: reply.status, code: codeIn(reply) }).to.deep.equal({
        status: 413,
        code: 'message/too-large'
      });
      slow.cut();
      expect(readdirSync(spool)).to.deep.equal([]);
    });

    it('an upload that stands still: batch/upload', async () => {
      const slow = slowUpload();
      slow.write(good().subarray(0, 40));
      const reply = await slow.reply;
      expect({ status: reply.status, code: codeIn(reply) }).to.deep.equal({
        status: 408,
        code: 'batch/upload'
      });
      slow.cut();
    });

    it('an upload that breaks off leaves an event and nothing else', async () => {
      const [batches, events] = [
        await stand.count('ra.batch'),
        (await stand.events('ra.batch.refused')).length
      ];
      const slow = slowUpload();
      slow.write(good().subarray(0, 40));
      await sleep(200);
      slow.cut();
      for (let tries = 0; tries < 100; tries++) {
        if ((await stand.events('ra.batch.refused')).length > events) break;
        await sleep(50);
      }
      expect((await stand.events('ra.batch.refused')).slice(events)).to.have.nested.property(
        '[0].code',
        'batch/upload'
      );
      expect(await stand.count('ra.batch')).to.equal(batches);
      expect(readdirSync(spool)).to.deep.equal([]);
    });

    it('a second upload of a party beside the first: batch/busy, and the first goes on', async () => {
      const archive = good();
      const slow = slowUpload();
      slow.write(archive.subarray(0, 40));
      await sleep(200);
      const second = await upload(maker.client, 'b.zip', good());
      expect({ status: second.status, code: codeIn(second) }).to.deep.equal({
        status: 429,
        code: 'batch/busy'
      });
      slow.write(archive.subarray(40));
      slow.end();
      expect((await slow.reply).status).to.equal(202);
    });
  });

  describe('where the RA cannot', () => {
    it('an archive whose event cannot be placed is not accepted', async () => {
      const batches = await stand.count('ra.batch');
      stand.faults.audit = Object.assign(new Error('full'), { code: 'audit/unavailable' });
      try {
        const reply = await upload(maker.client, 'a.zip', archiveOf([requestEntry('a.csr')]));
        expect(reply.status).to.equal(503);
      } finally {
        stand.faults.audit = undefined;
      }
      expect(await stand.count('ra.batch')).to.equal(batches);
    });

    it('a spool that cannot be written is no fault of the client', async () => {
      await rm(spool, { recursive: true });
      const reply = await upload(maker.client, 'a.zip', archiveOf([requestEntry('a.csr')]));
      expect(reply.status).to.equal(503);
      expect(codeIn(reply)).to.equal('batch/not-stored');
    });
  });
});
