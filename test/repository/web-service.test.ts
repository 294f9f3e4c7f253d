import { expect } from 'chai';
import { formatEui64 } from '../../pki/index.js';
import { issue, issueCrl } from '../kit/hierarchy.js';
import {
  byAltName,
  byName,
  post,
  results,
  retrieval,
  retrieve,
  search,
  searchFor,
  textOf
} from './client.js';
import { eventOf, events, startRepository, type Running } from './running.js';

const deviceEui = 0x88738457002f966cn;
const organisationEui = 0x90b3d51f30010000n;
const hwType = '1.2.826.0.1.9999999.1.2.2.1';

describe('SMKI repository web service', function () {
  this.timeout(60_000);
  let running: Running;
  const device = { eui: deviceEui, hwType };
  const of = () => running.domains;
  let first: ReturnType<typeof issue>;
  let replacement: ReturnType<typeof issue>;
  let agreement: ReturnType<typeof issue>;
  let organisation: ReturnType<typeof issue>;

  before(async () => {
    running = await startRepository();
    // A serial number whose hexadecimal begins with 0, so that clients lose a digit.
    const leadingZero = (tbs: Uint8Array) => {
      const at = Buffer.from(tbs).indexOf(Buffer.from([0x02, 0x10])) + 2;
      const changed = Uint8Array.from(tbs);
      changed[at] = 0x0f;
      return changed;
    };
    first = issue('device-ds', { issuer: of().device.issuing, subject: device, change: leadingZero });
    replacement = issue('device-ds', { issuer: of().device.issuing, subject: device });
    agreement = issue('device-ka', { issuer: of().device.issuing, subject: device });
    organisation = issue('organisation-ds', {
      issuer: of().organisation.issuing,
      subject: { organisationalUnit: '02', eui: organisationEui }
    });
    for (const one of [first, replacement, agreement, organisation])
      expect((await running.publish(one.certificate.der)).status).to.equal(200);
  });
  after(() => running.stop());

  it('answers a device search exactly as clients read it', async () => {
    const answer = await post(running, 'certificatesearch', search(byAltName('88-73-84-57-00-2f-96-6c')));
    expect(answer.status).to.equal(200);
    expect(answer.headers['content-type']).to.equal('application/xml');
    const reference = textOf(answer.body.toString(), 'AuditReference') ?? '';
    expect(reference).to.match(/^[0-9]+-[0-9a-f]+$/);
    const result = (serial: string, status: string, usage: string, flag: string) =>
      `<Result><CertificateSerial>${serial}</CertificateSerial>` +
      `<CertificateSubjectAltName>88-73-84-57-00-2F-96-6C</CertificateSubjectAltName>` +
      `<CertificateStatus>${status}</CertificateStatus><CertificateUsage>${usage}</CertificateUsage>` +
      `<ManufacturingFlag>${flag}</ManufacturingFlag></Result>`;
    expect(answer.body.toString()).to.equal(
      '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n' +
        '<CertificateSearchResponse><ResponseCode>200</ResponseCode><ResponseMessage>Success</ResponseMessage>' +
        `<AuditReference>${reference}</AuditReference>` +
        result(agreement.certificate.serialHex, 'I', 'KA', 'true') +
        result(replacement.certificate.serialHex, 'P', 'DS', 'false') +
        result(first.certificate.serialHex, 'I', 'DS', 'true') +
        '</CertificateSearchResponse>'
    );
  });

  it('answers a retrieval of an organisation certificate exactly as clients read it', async () => {
    const answer = await post(running, 'retrievecertificate', retrieval(organisation.certificate.serialHex));
    const reference = textOf(answer.body.toString(), 'AuditReference') ?? '';
    expect(answer.body.toString()).to.equal(
      '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n' +
        '<CertificateDataResponse><ResponseCode>200</ResponseCode><ResponseMessage>Success</ResponseMessage>' +
        `<AuditReference>${reference}</AuditReference><CertificateResponse>` +
        '<CertificateSubjectName>90-B3-D5-1F-30-01-00-00</CertificateSubjectName>' +
        `<CertificateSerial>${organisation.certificate.serialHex}</CertificateSerial>` +
        '<CertificateStatus>I</CertificateStatus>' +
        `<CertificateBody>${Buffer.from(organisation.certificate.der).toString('base64')}</CertificateBody>` +
        '<CertificateRole>2</CertificateRole><CertificateUsage>DS</CertificateUsage>' +
        '<ManufacturingFlag>false</ManufacturingFlag></CertificateResponse></CertificateDataResponse>'
    );
  });

  it('gives a client exactly one certificate in use per device and usage, and the whole certificate', async () => {
    const found = await searchFor(running, byAltName(formatEui64(deviceEui)));
    for (const usage of ['DS', 'KA']) {
      const inUse = found.filter(one => one.status === 'I' && one.usage === usage);
      expect(inUse).to.have.length(1);
      const body = (await retrieve(running, inUse[0]?.serial ?? ''))?.body;
      const expected = usage === 'DS' ? first : agreement;
      expect(body?.equals(expected.certificate.der)).to.equal(true);
    }
    expect(found.every(one => one.subjectName === undefined && one.role === undefined)).to.equal(true);
  });

  it('takes serial numbers of either case, and with leading zeros lost or added', async () => {
    const serial = first.certificate.serialHex;
    expect(serial).to.match(/^0F.{30}$/);
    for (const form of [
      serial,
      serial.toLowerCase(),
      serial.slice(1),
      serial.slice(1).toLowerCase(),
      `00${serial}`
    ])
      expect((await retrieve(running, form))?.serial, form).to.equal(serial);
  });

  it('takes EUI-64s of either case and white space between elements', async () => {
    for (const eui of ['90-B3-D5-1F-30-01-00-00', '90-b3-d5-1f-30-01-00-00']) {
      const [found] = await searchFor(running, `\n  ${byName(eui)}\n`);
      expect(found).to.include({
        subjectName: '90-B3-D5-1F-30-01-00-00',
        role: '2',
        usage: 'DS',
        status: 'I'
      });
      expect(found?.subjectAltName).to.equal(undefined);
    }
  });

  it('filters by role, usage and status where a client asks for it', async () => {
    const name = byName('90-B3-D5-1F-30-01-00-00');
    const filtered = async (inside: string) => (await searchFor(running, inside)).length;
    expect(await filtered(name + '<CertificateRole>2</CertificateRole>')).to.equal(1);
    expect(await filtered('<CertificateRole>2</CertificateRole>' + name)).to.equal(1);
    expect(await filtered(name + '<CertificateRole>3</CertificateRole>')).to.equal(0);
    const device = byAltName('88-73-84-57-00-2F-96-6C');
    expect(await filtered(device + '<CertificateUsage>DS</CertificateUsage>')).to.equal(2);
    expect(
      await filtered(
        device + '<CertificateUsage>DS</CertificateUsage><CertificateStatus>P</CertificateStatus>'
      )
    ).to.equal(1);
    // A device has no role.
    expect(await filtered(device + '<CertificateRole>2</CertificateRole>')).to.equal(0);
  });

  it('keeps devices and organisations apart', async () => {
    expect(await searchFor(running, byName('88-73-84-57-00-2F-96-6C'))).to.deep.equal([]);
    expect(await searchFor(running, byAltName('90-B3-D5-1F-30-01-00-00'))).to.deep.equal([]);
  });

  it('answers 402 with an XML body where there is none', async () => {
    for (const answer of [
      await post(running, 'certificatesearch', search(byAltName('00-07-81-00-00-00-00-01'))),
      await post(running, 'retrievecertificate', retrieval('4FBC525201A1D7586C1BC1C4734DEB9F'))
    ]) {
      expect(answer.status).to.equal(402);
      expect(answer.headers['content-type']).to.equal('application/xml');
      const text = answer.body.toString();
      expect(textOf(text, 'ResponseCode')).to.equal('402');
      expect(textOf(text, 'ResponseMessage')).to.equal('No certificate found');
      const reference = textOf(text, 'AuditReference') ?? '';
      expect((await eventOf(running, reference)).facts['hits']).to.equal(0);
    }
  });

  it('answers 401 with an XML body to a search that is not one', async () => {
    const eui = '88-73-84-57-00-2F-96-6C';
    const bad: [service: 'certificatesearch' | 'retrievecertificate', body: string][] = [
      ['certificatesearch', search('')],
      ['certificatesearch', search(byAltName(''))],
      ['certificatesearch', search(byAltName('88-73-84-57-00-2F-96'))],
      ['certificatesearch', search(byAltName('88-73-84-57-00-2F-96-6G'))],
      ['certificatesearch', search(byAltName('88738457002F966C'))],
      ['certificatesearch', search(byAltName(eui) + byName(eui))],
      ['certificatesearch', search(byAltName(eui) + byAltName(eui))],
      ['certificatesearch', search(byAltName(eui) + '<Other>1</Other>')],
      ['certificatesearch', search(byAltName(eui) + '<CertificateUsage>XX</CertificateUsage>')],
      ['certificatesearch', search(byAltName(eui) + '<CertificateRole>256</CertificateRole>')],
      ['certificatesearch', search(byAltName(eui) + '<CertificateRole>0x2</CertificateRole>')],
      ['certificatesearch', search(byAltName(eui) + '<CertificateStatus>Q</CertificateStatus>')],
      ['certificatesearch', retrieval('01')],
      ['retrievecertificate', retrieval('')],
      ['retrievecertificate', retrieval('0')],
      ['retrievecertificate', retrieval('-1')],
      ['retrievecertificate', retrieval('XYZ')],
      ['retrievecertificate', retrieval(`1${'0'.repeat(32)}`)],
      ['retrievecertificate', retrieval('1'.repeat(4_000))],
      ['retrievecertificate', search(byAltName(eui))]
    ];
    for (const [service, body] of bad) {
      const answer = await post(running, service, body);
      expect(answer.status, body.slice(0, 150)).to.equal(401);
      expect(answer.headers['content-type']).to.equal('application/xml');
      const text = answer.body.toString();
      expect(textOf(text, 'ResponseCode')).to.equal('401');
      const event = await eventOf(running, textOf(text, 'AuditReference') ?? '');
      expect(event.type).to.equal('repository.query.refused');
      expect(event.facts['code']).to.equal('repository/malformed');
    }
  });

  it('answers 403 to a missing or unknown API key, whatever the request', async () => {
    for (const path of ['', '?apikey=', '?apikey=wrong', '?apikey=%FF%00', '?other=1']) {
      const answer = await running.ask({
        method: 'POST',
        path: `/services/certificatesearch${path}`,
        headers: { 'content-type': 'application/xml' },
        body: search(byAltName('88-73-84-57-00-2F-96-6C'))
      });
      expect(answer.status, path).to.equal(403);
      expect(textOf(answer.body.toString(), 'ResponseCode')).to.equal('403');
      expect(answer.body.toString()).not.to.contain('Result>');
    }
  });

  it('lets strangers write one event a second to the audit log, and counts the others', async () => {
    const refusals = async () =>
      (await events(running)).filter(({ facts }) => facts['code'] === 'repository/api-key');
    const ask = () =>
      running.ask({
        method: 'POST',
        path: '/services/certificatesearch?apikey=wrong',
        headers: { 'content-type': 'application/xml' },
        body: search(byAltName('88-73-84-57-00-2F-96-6C'))
      });
    running.clock.advance(2_000);
    const before = (await refusals()).length;
    const answers = await Promise.all(Array.from({ length: 20 }, ask));
    const references = new Set(answers.map(({ body }) => textOf(body.toString(), 'AuditReference')));
    expect(references.size).to.equal(1);
    expect((await eventOf(running, [...references][0] ?? '')).type).to.equal('repository.query.refused');
    running.clock.advance(2_000);
    await ask();
    const [, told] = (await refusals()).slice(before);
    expect((await refusals()).length).to.equal(before + 2);
    expect(told?.facts['before']).to.equal(19);
  });

  it('names every answer by a reference that is found in the audit log with its caller and query', async () => {
    const references = new Set<string>();
    for (let i = 0; i < 5; i++) {
      const answer = await post(running, 'certificatesearch', search(byAltName('88-73-84-57-00-2F-96-6C')));
      const reference = textOf(answer.body.toString(), 'AuditReference') ?? '';
      references.add(reference);
      const event = await eventOf(running, reference);
      expect(event.type).to.equal('repository.query.search');
      expect(event.actor).to.match(/^[0-9a-f-]{36}$/);
      expect(event.facts).to.deep.equal({ query: 'device 88-73-84-57-00-2F-96-6C', hits: 3 });
    }
    expect(references.size).to.equal(5);
  });

  it('accepts parameters of the content type and text/xml, and answers 415 to another', async () => {
    const body = search(byAltName('88-73-84-57-00-2F-96-6C'));
    for (const type of ['application/xml; charset=utf-8', 'text/xml', 'Application/XML;charset="UTF-8"'])
      expect(
        (await post(running, 'certificatesearch', body, { 'content-type': type })).status,
        type
      ).to.equal(200);
    for (const type of ['application/json', 'application/x-www-form-urlencoded', '', 'application/xmlx'])
      expect(
        (await post(running, 'certificatesearch', body, { 'content-type': type })).status,
        type
      ).to.equal(415);
    const gzip = await post(running, 'certificatesearch', body, { 'content-encoding': 'gzip' });
    expect(gzip.status).to.equal(415);
  });

  it('shows expiry before use and revocation before everything', async () => {
    const short = issue('organisation-ka', {
      issuer: of().organisation.issuing,
      subject: { organisationalUnit: '02', eui: organisationEui }
    });
    await running.publish(short.certificate.der);
    const statusOf = async () => (await retrieve(running, short.certificate.serialHex))?.status;
    expect(await statusOf()).to.equal('I');
    const now = running.clock.at;
    try {
      running.clock.at = new Date(short.certificate.notAfter.getTime() + 1_000);
      expect(await statusOf()).to.equal('E');
      running.clock.at = now;
      const crl = issueCrl(of().organisation.issuing, {
        number: 7n,
        entries: [{ serialHex: short.certificate.serialHex, date: now, reason: 'superseded' }]
      });
      expect((await running.publishCrl(crl.der)).status).to.equal(200);
      expect(await statusOf()).to.equal('R');
      running.clock.at = new Date(short.certificate.notAfter.getTime() + 1_000);
      expect(await statusOf()).to.equal('R');
    } finally {
      running.clock.at = now;
    }
    expect((await retrieve(running, organisation.certificate.serialHex))?.status).to.equal('I');
  });

  it('serves certification authorities by their serial number', async () => {
    const { certificate } = of().organisation.issuing;
    const answer = await post(running, 'retrievecertificate', retrieval(certificate.serialHex));
    const [found] = results(answer, 'CertificateResponse');
    expect(found).to.include({ subjectName: 'CN=Q1,OU=07', role: '7', status: 'I', usage: '' });
    expect(found?.body?.equals(certificate.der)).to.equal(true);
  });
});
