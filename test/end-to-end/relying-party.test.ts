/** The SMKI Repository web service as published clients use it: literal requests, exact comparison of texts. */
import { expect } from 'chai';
import { X509Certificate } from 'node:crypto';
import { deviceRequest } from '../kit/requests.js';
import { smki, smkiJson } from './command.js';
import {
  adHoc,
  credentialOf,
  elementsOf,
  firstCertificate,
  hitIn,
  hitsOf,
  newDeviceEui,
  query,
  retrieval,
  searchByAltName,
  searchByName,
  type Hit,
  type Issued
} from './clients.js';
import { eventually, sharedSystem, type Endpoints, type Running } from './running.js';

describe('a relying party at the repository', function () {
  this.timeout(180_000);
  let system: Running;
  let endpoints: Endpoints;

  before(async () => {
    system = await sharedSystem();
    endpoints = system.endpoints();
  });

  const devicesHits = async (eui: string): Promise<Hit[]> =>
    hitsOf((await query(endpoints, 'certificatesearch', searchByAltName(eui))).body);
  const published = (eui: string, count: number): Promise<Hit[]> =>
    eventually(`${count} certificates of ${eui}`, async () => {
      const hits = await devicesHits(eui);
      return hits.length === count ? hits : undefined;
    });

  it('finds organisation certificates by EUI-64 in either case', async () => {
    const { organisationEui, organisationSerial } = endpoints.demo;
    for (const eui of [organisationEui, organisationEui.toLowerCase()]) {
      const answer = await query(endpoints, 'certificatesearch', searchByName(eui));
      expect(answer.status).to.equal(200);
      expect(elementsOf(answer.body, 'ResponseCode')).to.deep.equal(['200']);
      expect(elementsOf(answer.body, 'ResponseMessage')).to.deep.equal(['Success']);
      const hit = hitsOf(answer.body).find(({ serial }) => serial === organisationSerial);
      expect(hit).to.deep.equal({
        serial: organisationSerial,
        subjectName: organisationEui,
        subjectAltName: undefined,
        status: 'I',
        role: '2',
        usage: 'DS',
        manufacturing: 'false'
      });
    }
  });

  it('finds device certificates by EUI-64 in either case, without a subject name and without a role', async () => {
    const { deviceEui, deviceSerial } = endpoints.demo;
    for (const eui of [deviceEui, deviceEui.toLowerCase()]) {
      const answer = await query(endpoints, 'certificatesearch', searchByAltName(eui));
      const hit = hitsOf(answer.body).find(({ serial }) => serial === deviceSerial);
      expect(hit).to.include({
        subjectAltName: deviceEui,
        subjectName: undefined,
        role: undefined,
        usage: 'DS'
      });
      expect(answer.body).not.to.match(/CertificateSubjectName|CertificateRole/);
    }
  });

  it('answers with the media type and the names that clients demand', async () => {
    const answer = await query(endpoints, 'certificatesearch', searchByName(endpoints.demo.organisationEui));
    expect(answer.headers['content-type']).to.match(/^application\/xml(;|$)/);
    expect(answer.body).to.match(/^<\?xml [^>]*\?>\s*<CertificateSearchResponse>/);
    expect(answer.body).not.to.match(/<\/?[A-Za-z]+:|xmlns|<[A-Za-z]+ /);
  });

  it('retrieves by serial number, in either case', async () => {
    for (const serial of [endpoints.demo.organisationSerial, endpoints.demo.deviceSerial.toLowerCase()]) {
      const answer = await query(endpoints, 'retrievecertificate', retrieval(serial));
      expect(answer.status).to.equal(200);
      expect(answer.body).to.match(/\?>\s*<CertificateDataResponse>/);
      const [inner] = elementsOf(answer.body, 'CertificateResponse');
      const [base64] = elementsOf(inner ?? '', 'CertificateBody');
      expect(base64).to.match(/^[A-Za-z0-9+/]+={0,2}$/);
      const certificate = new X509Certificate(Buffer.from(base64 ?? '', 'base64'));
      expect(certificate.serialNumber.padStart(32, '0')).to.equal(serial.toUpperCase());
      expect(hitIn(inner ?? '').serial).to.equal(serial.toUpperCase());
    }
    const device = await query(endpoints, 'retrievecertificate', retrieval(endpoints.demo.deviceSerial));
    expect(device.body).not.to.include('CertificateSubjectName');
    expect(device.body).to.include('<CertificateSubjectAltName>');
  });

  it('retrieves a serial number that lost its leading zero', async () => {
    // Of the first octets 01 to 7F, fifteen begin with 0: that none of 80 does happens once in 20,000 runs.
    let issued: Issued | undefined;
    let eui = newDeviceEui();
    for (let tries = 0; tries < 80 && issued === undefined; tries++) {
      if (tries % 20 === 0) eui = newDeviceEui();
      const one = await firstCertificate(endpoints, { eui });
      if (one.serial.startsWith('0')) issued = one;
    }
    if (issued === undefined) throw new Error('no serial number with a leading zero in 80 certificates');
    const { serial } = issued;
    const short = serial.replace(/^0+/, '');
    expect(short.length).to.be.lessThan(32);
    const answer = await eventually(serial, async () => {
      const found = await query(endpoints, 'retrievecertificate', retrieval(short));
      return found.status === 200 ? found : undefined;
    });
    expect(hitIn(answer.body).serial).to.equal(serial);
    expect((await devicesHits(eui)).map(hit => hit.serial)).to.include(serial);
  });

  it('answers 402 where there is nothing, 401 for what is no search, 403 without the key', async () => {
    const expected = async (
      status: number,
      operation: 'certificatesearch' | 'retrievecertificate',
      body: string,
      apiKey?: string
    ): Promise<void> => {
      const options = apiKey === undefined ? {} : { apiKey };
      const answer = await query(endpoints, operation, body, options);
      expect(answer.status, body).to.equal(status);
      expect(answer.headers['content-type']).to.match(/^application\/xml(;|$)/);
      expect(elementsOf(answer.body, 'ResponseCode')).to.deep.equal([String(status)]);
      expect(elementsOf(answer.body, 'AuditReference')).to.have.lengthOf(1);
      expect(hitsOf(answer.body)).to.deep.equal([]);
    };
    await expected(402, 'certificatesearch', searchByName('90-B3-D5-1F-30-7F-FF-FF'));
    await expected(402, 'certificatesearch', searchByAltName('02-5A-FF-FF-FF-FF-FF-FF'));
    // A device is not an organisation, nor the other way round.
    await expected(402, 'certificatesearch', searchByName(endpoints.demo.deviceEui));
    await expected(402, 'retrievecertificate', retrieval('7'.repeat(32)));
    await expected(401, 'certificatesearch', searchByName('not-an-eui'));
    await expected(401, 'certificatesearch', '<CertificateSearchRequest></CertificateSearchRequest>');
    await expected(401, 'retrievecertificate', retrieval('XYZ'));
    await expected(401, 'certificatesearch', '<Other/>');
    const known = searchByName(endpoints.demo.organisationEui);
    await expected(403, 'certificatesearch', known, `${endpoints.repository.apiKey}x`);
    await expected(403, 'certificatesearch', known, '');
  });

  it('sees exactly one certificate in use per device and usage, also after a replacement', async () => {
    const { deviceEui } = endpoints.demo;
    const inUse = (hits: readonly Hit[], usage: string) =>
      hits.filter(hit => hit.status === 'I' && hit.usage === usage).map(({ serial }) => serial);
    const before = await devicesHits(deviceEui);
    const answer = await adHoc(
      endpoints,
      credentialOf(endpoints, 'supplier'),
      deviceRequest({ eui: deviceEui })
    );
    expect(answer.status).to.equal('SUCCESS');
    const replacement = answer.certificate!.serial;
    const between = await published(deviceEui, before.length + 1);
    // Issued, and not yet on the device: the old one counts.
    expect(inUse(between, 'DS')).to.have.lengthOf(1).and.not.to.include(replacement);
    expect(inUse(between, 'KA')).to.have.lengthOf(1);

    const marked = await smki(['repository', 'mark-in-use', replacement, '--data', system.data]);
    expect(marked.status, marked.error).to.equal(0);
    const after = await devicesHits(deviceEui);
    expect(inUse(after, 'DS')).to.deep.equal([replacement]);
    expect(inUse(after, 'KA')).to.deep.equal(inUse(between, 'KA'));
    expect(after.find(({ serial }) => serial === inUse(between, 'DS')[0])?.status).to.equal('N');

    const filtered = await query(
      endpoints,
      'certificatesearch',
      `<CertificateSearchRequest><CertificateSubjectAltName>${deviceEui}</CertificateSubjectAltName>` +
        '<CertificateUsage>DS</CertificateUsage><CertificateStatus>I</CertificateStatus></CertificateSearchRequest>'
    );
    expect(hitsOf(filtered.body).map(({ serial }) => serial)).to.deep.equal([replacement]);
  });

  it('gets an audit reference of its own with each answer, which the audit log knows', async () => {
    const search = searchByName(endpoints.demo.organisationEui);
    const references: string[] = [];
    for (const body of [search, search, searchByName('90-B3-D5-1F-30-7F-FF-FF')]) {
      const answer = await query(endpoints, 'certificatesearch', body);
      references.push(elementsOf(answer.body, 'AuditReference')[0] ?? '');
    }
    expect(new Set(references).size).to.equal(3);
    for (const reference of references) {
      const event = await smkiJson<{ type: string; facts: { query: string } }>([
        ...['audit', 'show', reference, '--data', system.data]
      ]);
      expect(event.type).to.equal('repository.query.search');
      expect(event.facts.query).to.match(/^organisation 90-B3-D5-1F-30-/);
    }
    const unknown = await smki(['audit', 'show', '1-ffffff', '--data', system.data]);
    expect(unknown.status).to.equal(1);
  });
});
