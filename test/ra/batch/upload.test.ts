import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import { eventually } from '../eventually.js';
import { Stand, type Subscriber } from '../stand.js';
import { newRequest, newRequests } from './devices.js';
import { batchMessage, items, readSubmitAnswers, submit, submitEach, submitPath } from './messages.js';

const maxRequests = 20;

describe('upload of a batch', function () {
  this.timeout(30_000);
  let stand: Stand;
  let spool: string;
  let maker: Subscriber;
  let other: Subscriber;
  let adHocOnly: Subscriber;
  let noSubscriber: Subscriber;

  before(async function () {
    this.timeout(90_000);
    spool = await mkdtemp(join(tmpdir(), 'opensmki-spool-'));
    stand = await Stand.open(
      {
        batches: {
          spoolDirectory: spool,
          uploadOctets: 200_000,
          uploads: 3,
          uploadsPerParty: 2,
          uploadIdleMs: 1_500,
          uploadTotalMs: 4_000
        }
      },
      { 'batch.requests': { value: maxRequests } }
    );
    stand.ca.start();
    maker = await stand.subscriber({ actingRoles: ['manufacturer'], ou: '7F' });
    other = await stand.subscriber({ actingRoles: ['manufacturer'], ou: '7F' });
    adHocOnly = await stand.subscriber({ interfaces: ['adhoc'] });
    noSubscriber = await stand.subscriber({ deviceSubscriber: false });
    await stand.ca.stop();
  });
  after(async () => {
    await stand.close();
    await rm(spool, { recursive: true });
  });
  afterEach(() => {
    stand.faults.stage = () => undefined;
    stand.faults.audit = undefined;
    stand.faults.sealing = undefined;
    stand.faults.clientStatus = 'good';
  });

  const good = () => batchMessage(items(newRequest()));
  /** What a refused upload may leave: an event, and nothing else. */
  const unchanged = async (run: () => Promise<void>): Promise<void> => {
    const tables = ['ra.batch', 'ra.batch_chunk', 'ra.batch_group', 'ra.orders', 'ra.key_registry'];
    const before = await Promise.all(tables.map(table => stand.count(table)));
    await run();
    expect(await Promise.all(tables.map(table => stand.count(table)))).to.deep.equal(before);
    expect(await readdir(spool)).to.deep.equal([]);
  };
  const send = (body: Readable, headers: Record<string, string> = {}, signal?: AbortSignal) =>
    maker.client.send({
      method: 'POST',
      path: submitPath,
      headers: { 'content-type': 'application/xml', ...headers },
      body,
      ...(signal && { signal })
    });

  it('stores what it was sent, under its seal', async () => {
    const answer = await submit(maker.client, good());
    expect(answer).to.include({ http: 200, id: 'B1', status: 'PENDING' });
    const [event] = (await stand.events('ra.batch.submitted')).slice(-1);
    const row = (await stand.database
      .knex('ra.batch')
      .where({ id: answer.batchId ?? '' })
      .first()) as { seal: Buffer; received_sha256: Buffer; requests: number };
    expect(event).to.include({
      batch: answer.batchId,
      requests: 1,
      seal: row.seal.toString('hex'),
      receivedSha256: row.received_sha256.toString('hex')
    });
  });

  it('takes what the schema allows: a byte order mark, a section, references, other prefixes, no declaration', async () => {
    const text = Buffer.from(newRequest()).toString('base64');
    const bodies = [
      `\ufeff${good()}`,
      `<SubmitCSRBatch ID="B1"><Version>1.0</Version><DeviceCSR ID="_é1"><![CDATA[${text}]]></DeviceCSR></SubmitCSRBatch>`,
      `<SubmitCSRBatch ID="&lt;&#65;&amp;"><Version>1.0</Version><DeviceCSR ID='a.b-c'>${text.replace('M', '&#77;')}</DeviceCSR></SubmitCSRBatch>`,
      `<SubmitCSRBatch xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:noNamespaceSchemaLocation="x.xsd" ID="${'x'.repeat(256)}"><Version>1.0</Version><DeviceCSR ID="${'x'.repeat(100)}">${text}</DeviceCSR></SubmitCSRBatch>`
    ];
    const answers = await submitEach(maker.client, bodies);
    expect(answers.map(({ status }) => status)).to.deep.equal(Array(4).fill('PENDING'));
    expect(answers[2]?.id).to.equal('<A&');
    expect(await submit(maker.client, batchMessage(items(...newRequests(maxRequests))))).to.include({
      status: 'PENDING'
    });
  });

  const text = 'MIIB';
  const csr = `<DeviceCSR ID="R1">${text}</DeviceCSR>`;
  const wrapped = (inside: string, attributes = 'ID="B1"') =>
    `<SubmitCSRBatch ${attributes}><Version>1.0</Version>${inside}</SubmitCSRBatch>`;
  const refusedMessages: Readonly<Record<string, readonly [body: string | Uint8Array, id?: string]>> = {
    nothing: [''],
    'no XML': ['{}'],
    'a document type': [`<!DOCTYPE SubmitCSRBatch>${wrapped(csr)}`],
    'a bomb of entities': [
      `<!DOCTYPE a [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;&a;">]>${wrapped('<DeviceCSR ID="R1">&b;</DeviceCSR>')}`
    ],
    'an external entity': [`<!DOCTYPE a [<!ENTITY a SYSTEM "file:///etc/passwd">]>${wrapped('&a;')}`],
    'an undefined entity': [wrapped('<DeviceCSR ID="R1">&a;</DeviceCSR>'), 'B1'],
    'a processing instruction': [wrapped(`<?php x?>${csr}`), 'B1'],
    'a comment in a value': [wrapped('<DeviceCSR ID="R1">MI<!-- -->IB</DeviceCSR>'), 'B1'],
    'elements too deep': [wrapped(`<DeviceCSR ID="R1">${'<a>'.repeat(100)}`), 'B1'],
    'an element in a value': [wrapped('<DeviceCSR ID="R1"><a/></DeviceCSR>'), 'B1'],
    'a value that does not end': [wrapped(`<DeviceCSR ID="R1">${'A'.repeat(100_000)}`), 'B1'],
    'many attributes': [wrapped(csr, [...'abcdefghij'].map(name => `${name}=""`).join(' '))],
    'a namespace': [wrapped(csr, 'xmlns="urn:x" ID="B1"')],
    'a prefix with a namespace': [wrapped('<a:DeviceCSR xmlns:a="urn:x" ID="R1">MIIB</a:DeviceCSR>'), 'B1'],
    'another root': ['<SubmitCSRBatches ID="B1"/>'],
    'no ID': ['<SubmitCSRBatch><Version>1.0</Version></SubmitCSRBatch>'],
    'an empty ID': [wrapped(csr, 'ID=""')],
    'a long ID': [wrapped(csr, `ID="${'x'.repeat(257)}"`)],
    'another attribute': [wrapped(csr, 'ID="B1" Id="B1"')],
    'no version': [`<SubmitCSRBatch ID="B1">${csr}</SubmitCSRBatch>`, 'B1'],
    'another version': [`<SubmitCSRBatch ID="B1"><Version>2.0</Version>${csr}</SubmitCSRBatch>`, 'B1'],
    'two versions': [wrapped(`<Version>1.0</Version>${csr}`), 'B1'],
    'no requests': [wrapped(''), 'B1'],
    'an element that is none': [wrapped('<CSR ID="R1">MIIB</CSR>'), 'B1'],
    'a request without ID': [wrapped('<DeviceCSR>MIIB</DeviceCSR>'), 'B1'],
    'an ID that is a number': [wrapped('<DeviceCSR ID="1">MIIB</DeviceCSR>'), 'B1'],
    'an ID with a colon': [wrapped('<DeviceCSR ID="a:b">MIIB</DeviceCSR>'), 'B1'],
    'an ID with a space': [wrapped('<DeviceCSR ID="a b">MIIB</DeviceCSR>'), 'B1'],
    'an ID of 101 characters': [wrapped(`<DeviceCSR ID="${'x'.repeat(101)}">MIIB</DeviceCSR>`), 'B1'],
    'an ID twice': [wrapped(csr + csr), 'B1'],
    'text between requests': [wrapped(`${csr}x`), 'B1'],
    'an end that is missing': [wrapped(csr).slice(0, -3), 'B1'],
    'something behind the end': [`${wrapped(csr)}<a/>`, 'B1'],
    'UTF-16': [Buffer.concat([Buffer.from([0xff, 0xfe]), Buffer.from(wrapped(csr), 'utf16le')])],
    'UTF-16 without a mark': [Buffer.from(wrapped(csr), 'utf16le')],
    'another encoding by declaration': [`<?xml version="1.0" encoding="ISO-8859-1"?>${wrapped(csr)}`],
    'Latin-1': [Buffer.from(wrapped('<DeviceCSR ID="é">MIIB</DeviceCSR>'), 'latin1')],
    'UTF-8 that is none': [Buffer.concat([Buffer.from(wrapped(csr)), Buffer.from([0xc3])]), 'B1'],
    'XML 1.1': [`<?xml version="1.1"?>${wrapped(csr)}`]
  };
  it('refuses as FM:AA1 what is not of the schema, and keeps nothing of it', async () => {
    await unchanged(async () => {
      const answers = await submitEach(
        maker.client,
        Object.values(refusedMessages).map(([body]) => body)
      );
      for (const [index, [name, [, id]]] of Object.entries(refusedMessages).entries()) {
        const { http, status, errorCode, id: told } = answers[index] ?? {};
        expect({ name, http, status, errorCode }).to.deep.equal({
          name,
          http: 200,
          status: 'FORMAT_ERROR',
          errorCode: 'FM:AA1'
        });
        // What stands before the ID decides whether it could be read.
        if (id !== undefined && !(errorCode === undefined)) expect(told, name).to.equal(id);
        else expect(told, name).to.equal(undefined);
      }
    });
    expect(
      (await stand.events('ra.batch.refused')).filter(({ code }) => code === 'batch/message')
    ).to.have.lengthOf(Object.keys(refusedMessages).length);
  });

  it('refuses as FM:AA2 more requests than the maximum', async () => {
    await unchanged(async () => {
      expect(await submit(maker.client, batchMessage(items(...newRequests(maxRequests + 1))))).to.include({
        status: 'FORMAT_ERROR',
        errorCode: 'FM:AA2',
        id: 'B1'
      });
    });
  });

  it('refuses another content type without reading the body', async () => {
    for (const type of ['text/xml', 'application/json', 'application/xml;charset=ISO-8859-1', ''])
      expect(await submit(maker.client, good(), type)).to.include({
        http: 415,
        status: 'FORMAT_ERROR',
        errorCode: 'FM:XM1',
        id: undefined
      });
    for (const type of [
      'application/xml',
      'application/xml; charset=utf-8',
      'Application/XML;Charset="UTF-8"'
    ])
      expect(await submit(maker.client, good(), type)).to.include({ http: 200, status: 'PENDING' });
  });

  it('refuses a body that is too large, announced or not', async () => {
    const large = batchMessage(items(...Array.from({ length: maxRequests }, () => 'A'.repeat(16_000))));
    await unchanged(async () => {
      expect(await submit(maker.client, large)).to.include({ http: 413, errorCode: 'FM:XM2' });
      const reply = await send(Readable.from([Buffer.from(large)]));
      expect((await readSubmitAnswers([reply]))[0]).to.include({ http: 413, errorCode: 'FM:XM2', id: 'B1' });
    });
  });

  it('cuts an upload that stands still, and one that takes too long', async () => {
    const body = Buffer.from(good());
    await unchanged(async () => {
      const still = Readable.from(
        (async function* () {
          yield body.subarray(0, 40);
          await sleep(2_000);
          yield body.subarray(40);
        })()
      );
      expect((await readSubmitAnswers([await send(still)]))[0]).to.include({
        http: 200,
        errorCode: 'FM:AA6'
      });
      const dripping = Readable.from(
        (async function* () {
          for (let at = 0; at < body.length; at += 10) {
            yield body.subarray(at, at + 10);
            await sleep(100);
          }
        })()
      );
      expect((await readSubmitAnswers([await send(dripping)]))[0]).to.include({
        http: 200,
        status: 'FORMAT_ERROR',
        errorCode: 'FM:AA6',
        id: 'B1'
      });
    });
  });

  it('keeps nothing of an upload whose connection breaks', async () => {
    const before = (await stand.events('ra.batch.refused')).length;
    await unchanged(async () => {
      const cut = new AbortController();
      const body = new Readable({ read: () => undefined });
      body.push(good().slice(0, 200));
      const sending = send(body, {}, cut.signal).catch(() => 'cut');
      await sleep(150);
      cut.abort();
      expect(await sending).to.equal('cut');
      await eventually(async () => (await stand.events('ra.batch.refused')).length > before);
    });
    expect((await stand.events('ra.batch.refused')).at(-1)).to.include({ code: 'batch/upload' });
  });

  it('has so many uploads at once, in all and of one party', async () => {
    const bodies = [maker, maker, other].map(() => {
      const body = new Readable({ read: () => undefined });
      body.push('<SubmitCSRBatch ID="B1">');
      return body;
    });
    const under = (from: Subscriber, body: Readable) =>
      from.client.send({
        method: 'POST',
        path: submitPath,
        headers: { 'content-type': 'application/xml' },
        body
      });
    const refused = async (from: Subscriber): Promise<boolean> => {
      const { status, errorCode } = await submit(from.client, good());
      return status === 'WORKFLOW_ERROR' && errorCode === 'WF:BB3';
    };
    const first = [under(maker, bodies[0] as Readable), under(maker, bodies[1] as Readable)];
    await eventually(() => refused(maker));
    first.push(under(other, bodies[2] as Readable));
    await eventually(() => refused(other));
    for (const body of bodies) body.push(null);
    const answers = await readSubmitAnswers(await Promise.all(first));
    expect(answers.map(({ errorCode }) => errorCode)).to.deep.equal(Array(3).fill('FM:AA1'));
    expect(await submit(maker.client, good())).to.include({ status: 'PENDING' });
  });

  it('answers who it does not serve, whatever they send', async () => {
    await unchanged(async () => {
      expect(await submit(adHocOnly.client, good())).to.include({ errorCode: 'WF:IF6' });
      expect(await submit(noSubscriber.client, good())).to.include({ errorCode: 'WF:PA2' });
      stand.faults.clientStatus = 'revoked';
      const connection = await stand.connect(stand.first, maker.key, maker.certificate);
      expect(await submit(connection, good())).to.include({ status: 'WORKFLOW_ERROR', errorCode: 'WF:IF3' });
    });
  });

  it('stores nothing, or all of it, when a part of the RA fails', async () => {
    await unchanged(async () => {
      stand.faults.audit = new Error('the log is full');
      expect(await submit(maker.client, good())).to.include({
        status: 'WORKFLOW_ERROR',
        errorCode: 'WF:BB2'
      });
      stand.faults.audit = undefined;
      stand.faults.stage = point => {
        if (point === 'ra:batch-submit:before') throw new Error('stopped');
      };
      expect(await submit(maker.client, good())).to.include({ errorCode: 'WF:BB2', id: 'B1' });
      stand.faults.stage = () => undefined;
      const restore = await stand.outage();
      expect(await submit(maker.client, good())).to.include({ errorCode: 'WF:BB2' });
      await restore();
    });
    // Stored, and the client was told nothing: it is there once, and may be sent again.
    stand.faults.sealing = new Error('the log is full');
    const before = await stand.count('ra.batch');
    expect(await submit(maker.client, good())).to.include({ errorCode: 'WF:BB2' });
    stand.faults.sealing = undefined;
    expect(await stand.count('ra.batch')).to.equal(before + 1);
  });

  it('answers other paths and methods with a problem', async () => {
    for (const [method, path] of [
      ['GET', submitPath],
      ['POST', '/1.0/PortalCSRBatch/CSRBatchResult'],
      ['POST', '/1.0/PortalCSRBatch/'],
      ['POST', `${submitPath}/x`]
    ] as const)
      expect((await maker.client.send({ method, path })).status).to.equal(404);
  });
});
