/** Subscribers at the RA over real mutual TLS: the suites of SEC Appendix M, the JSON API, and a new supplier. */
import { expect } from 'chai';
import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { OpenAPISchemaValidator } from 'express-openapi-validator/dist/framework/openapi.schema.validator.js';
import { deviceRequest } from '../kit/requests.js';
import { command, smki, smkiJson, succeed } from './command.js';
import {
  adHoc,
  askRa,
  create,
  credentialOf,
  hitsOf,
  issuedIn,
  newDeviceEui,
  query,
  searchByName,
  type Credential
} from './clients.js';
import { eventually, newFolder, sharedSystem, type Endpoints, type Running } from './running.js';

const tlsFlag = { 'TLSv1.2': '-tls1_2', 'TLSv1.3': '-tls1_3' } as const;

describe('a subscriber at the RA', function () {
  this.timeout(180_000);
  let system: Running;
  let endpoints: Endpoints;
  let supplier: Credential;

  before(async () => {
    system = await sharedSystem();
    endpoints = system.endpoints();
    supplier = credentialOf(endpoints, 'supplier');
  });

  describe('in TLS', () => {
    const suites = [
      ['TLSv1.2', 'ECDHE-RSA-AES256-GCM-SHA384'],
      ['TLSv1.2', 'ECDHE-RSA-AES256-SHA384'],
      ['TLSv1.2', 'ECDHE-RSA-AES128-GCM-SHA256'],
      ['TLSv1.2', 'ECDHE-RSA-AES128-SHA256'],
      ['TLSv1.3', 'TLS_AES_256_GCM_SHA384']
    ] as const;
    for (const [version, cipher] of suites) {
      it(`is served the ad hoc web service over ${version} with ${cipher}`, async () => {
        const answer = await adHoc(
          endpoints,
          supplier,
          deviceRequest({ eui: endpoints.demo.deviceEui, usage: 'keyAgreement' }),
          { minVersion: version, maxVersion: version, ciphers: cipher }
        );
        expect(answer.status, answer.http.body).to.equal('SUCCESS');
        expect(answer.http.status).to.equal(200);
        expect(answer.transactionId).to.match(/^[1-9]\d*$/);
        expect(new X509Certificate(answer.certificate!.der).subject ?? '').to.equal('');
        // What was offered alone is what was taken; OpenSSL says the same.
        const offer = version === 'TLSv1.3' ? '-ciphersuites' : '-cipher';
        const { out } = await handshake([tlsFlag[version], offer, cipher]);
        expect(out).to.include(`New, ${version}, Cipher is ${cipher}`);
      });
    }

    it('is refused in the handshake without a certificate, over both versions', async () => {
      for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
        const fault = await askRa(endpoints, {}, '/openapi.json', {
          minVersion: version,
          maxVersion: version
        }).then(
          () => undefined,
          (error: NodeJS.ErrnoException) => error
        );
        expect(fault, version).to.be.instanceOf(Error);
        const { hostname, host } = new URL(endpoints.ra.url);
        const client = await command(
          'openssl',
          [
            ...['s_client', '-connect', host, tlsFlag[version], '-verify_ip', hostname, '-ign_eof'],
            ...['-CAfile', endpoints.tls.ca]
          ],
          { input: 'GET /openapi.json HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n' }
        );
        expect(client.out).not.to.include('HTTP/1.1');
        expect(client.error).to.match(/alert (certificate required|handshake failure)/);
      }
    });

    it('is refused in the handshake with a certificate of another authority', async () => {
      const folder = newFolder('closed');
      const [key, cert] = [path.join(folder, 'key.pem'), path.join(folder, 'cert.pem')];
      await succeed('openssl', [
        ...['req', '-x509', '-newkey', 'rsa:2048', '-noenc', '-subj', '/O=Demo Supplier/OU=02/CN=subscriber'],
        ...['-days', '2', '-keyout', key, '-out', cert]
      ]);
      const stranger = { cert: readFileSync(cert, 'utf8'), key: readFileSync(key, 'utf8') };
      const fault = await askRa(endpoints, stranger, '/openapi.json').then(
        () => undefined,
        (error: NodeJS.ErrnoException) => error
      );
      expect(fault).to.be.instanceOf(Error);
    });

    it('is refused what is older or weaker', async () => {
      for (const options of [['-tls1_1'], ['-tls1_2', '-cipher', 'ECDHE-RSA-AES128-SHA:@SECLEVEL=0']]) {
        const { out, error } = await handshake(options);
        expect(out + error).not.to.match(/Cipher is (?!\(NONE\))/);
      }
    });

    function handshake(options: readonly string[]) {
      const { ca, clientCert, clientKey } = endpoints.tls;
      const { host } = new URL(endpoints.ra.url);
      return command('openssl', [
        ...['s_client', '-connect', host, '-CAfile', ca, '-cert', clientCert, '-key', clientKey],
        ...options
      ]);
    }
  });

  describe('in the JSON API', () => {
    it('reads a valid description of it', async () => {
      const answer = await askRa(endpoints, supplier, '/openapi.json');
      expect(answer.status).to.equal(200);
      const document = JSON.parse(answer.body) as { openapi: string; paths: object };
      expect(document.openapi).to.match(/^3\.1\./);
      const validator = new OpenAPISchemaValidator({ version: document.openapi, validateApiSpec: true });
      expect(validator.validate(document as never).errors ?? []).to.deep.equal([]);
      expect(document.paths).to.have.property('/ra/v1/requests/device');
    });

    it('gets the same certificate for the same Idempotency-Key, and a refusal for another body', async () => {
      const maker = credentialOf(endpoints, 'maker');
      const eui = newDeviceEui();
      const csr = deviceRequest({ eui });
      const [first, second] = await Promise.all([
        create(endpoints, maker, 'device', csr, `e2e-${eui}`),
        create(endpoints, maker, 'device', csr, `e2e-${eui}`)
      ]);
      const third = await create(endpoints, maker, 'device', csr, `e2e-${eui}`);
      expect(issuedIn(first)).to.deep.equal(issuedIn(second));
      expect(issuedIn(third)).to.deep.equal(issuedIn(first));
      const other = await create(endpoints, maker, 'device', deviceRequest({ eui }), `e2e-${eui}`);
      expect(JSON.parse(other.body)).to.have.property('code', 'idempotency/reused');
      const again = await create(endpoints, maker, 'device', csr, `e2e-${eui}-2`);
      expect(JSON.parse(again.body)).to.have.property('code', 'request/duplicate');
      const location = String(first.headers['location']);
      const der = await askRa(endpoints, maker, `${location}/certificate`);
      expect(der.headers['content-type']).to.equal('application/pkix-cert');
      const none = await askRa(endpoints, maker, '/ra/v1/requests/device', {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ csr: Buffer.from(csr).toString('base64') })
      });
      expect(JSON.parse(none.body)).to.have.property('code', 'idempotency/missing');
      // Another party's request is not there at all.
      expect((await askRa(endpoints, supplier, location)).status).to.equal(404);
    });
  });

  it('is told why a request is refused, in its own terms', async () => {
    const csr = deviceRequest({ eui: endpoints.demo.deviceEui });
    csr[csr.length - 1]! ^= 1;
    const refused = await adHoc(endpoints, supplier, csr);
    expect(refused.status).to.equal('CSR_ERROR');
    expect(refused.certificate).to.equal(undefined);
    const unknown = await adHoc(endpoints, supplier, deviceRequest({ eui: newDeviceEui() }));
    expect(unknown.status).to.equal('UNKNOWN_DEVICE');
    // The meter maker's system is not registered for this interface.
    const maker = await adHoc(
      endpoints,
      credentialOf(endpoints, 'maker'),
      deviceRequest({ eui: endpoints.demo.deviceEui })
    );
    expect(maker.status).not.to.equal('SUCCESS');
    expect(maker.errorCode).to.match(/^[A-Z]{2}:/);
  });

  it('that is new is registered, gets its system certificate and then organisation certificates', async () => {
    const folder = newFolder('closed');
    const at = ['--data', system.data];
    const file = (name: string): string => path.join(folder, name);
    const eui = '90-B3-D5-1F-30-02-00-00';

    const party = await smkiJson<{ id: string; state: string }>([
      ...['ra', 'party', 'add', 'NEW-SUPPLIER', '--organisation-subscriber', '--device-subscriber', ...at]
    ]);
    expect(party.state).to.equal('active');
    await smkiJson(['ra', 'identifier', 'add', party.id, eui, '--role', '02', '--role', '87', ...at]);
    await smkiJson([
      ...['csr', 'new', 'iki', '--organisation', 'New Supplier Limited', '--role', '02'],
      ...['--name', 'enrolment', '--out', file('iki')]
    ]);
    await smkiJson([
      ...['ra', 'system', 'add', party.id, 'enrolment', '--interface', 'json'],
      ...['--csr', file('iki.csr.pem'), '--out', file('iki.pem'), ...at]
    ]);
    const credential = {
      cert: readFileSync(file('iki.pem'), 'utf8') + readFileSync(endpoints.anchors.issuingIca, 'utf8'),
      key: readFileSync(file('iki.key.pem'), 'utf8')
    };
    const self = async (): Promise<unknown> =>
      JSON.parse((await askRa(endpoints, credential, '/ra/v1/parties/self')).body);
    const shown = await smkiJson<{ profile: string; findings: { severity: string }[] }[]>([
      ...['certificate', 'show', file('iki.pem'), '--issuer', endpoints.anchors.issuingIca]
    ]);
    expect(shown[0]).to.have.property('profile', 'iki-client');
    expect(shown[0]?.findings.filter(({ severity }) => severity === 'error')).to.deep.equal([]);

    for (const [role, usage, profile] of [
      ['02', 'DS', 'organisation-ds'],
      ['02', 'KA', 'organisation-ka'],
      ['87', 'DS', 'organisation-xml']
    ] as const) {
      const base = file(`${role}-${usage}`);
      await smkiJson([
        ...['csr', 'new', 'organisation', '--eui', eui, '--role', role, '--usage', usage, '--out', base]
      ]);
      const request = await smkiJson<{ refusal: unknown; eui: string }[]>([
        ...['certificate', 'show', `${base}.csr.pem`]
      ]);
      expect(request[0]).to.include({ refusal: null, eui });
      const issued = issuedIn(
        await create(endpoints, credential, 'organisation', readFileSync(`${base}.csr.pem`, 'utf8'))
      );
      const { out } = await succeed('openssl', ['x509', '-inform', 'DER'], { input: issued.der });
      const described = await smki(
        ['certificate', 'show', '-', '--issuer', endpoints.anchors.issuingOca, '--json'],
        { input: out }
      );
      const [certificate] = JSON.parse(described.out) as {
        profile: string;
        eui: string;
        serial: string;
        role: { ou: string };
        findings: { severity: string }[];
      }[];
      expect(certificate).to.include({ profile, eui, serial: issued.serial });
      expect(certificate?.role.ou).to.equal(role);
      expect(certificate?.findings.filter(({ severity }) => severity === 'error')).to.deep.equal([]);
    }
    const hits = await eventually('three certificates of the new supplier', async () => {
      const found = hitsOf((await query(endpoints, 'certificatesearch', searchByName(eui))).body);
      return found.length === 3 ? found : undefined;
    });
    expect(hits.map(({ role, usage }) => `${role} ${usage}`).sort()).to.deep.equal([
      '135 DS',
      '2 DS',
      '2 KA'
    ]);

    // Another party's identifier stays out of reach, and a suspended party is served nothing.
    const stolen = path.join(folder, 'stolen');
    await smkiJson([
      ...['csr', 'new', 'organisation', '--eui', endpoints.demo.organisationEui],
      ...['--role', '02', '--usage', 'DS', '--out', stolen]
    ]);
    const csr = readFileSync(`${stolen}.csr.pem`, 'utf8');
    const refused = await create(endpoints, credential, 'organisation', csr);
    expect(JSON.parse(refused.body)).to.have.property('code', 'identifier/not-held');
    expect((await smki(['ra', 'party', 'state', party.id, 'suspended', ...at])).status).to.equal(0);
    expect(await self()).to.have.property('state', 'suspended');
    const stopped = await create(endpoints, credential, 'organisation', csr);
    expect(JSON.parse(stopped.body)).to.have.property('code', 'party/not-active');
    expect((await smki(['ra', 'party', 'state', party.id, 'active', ...at])).status).to.equal(0);
    expect(await self()).to.have.property('state', 'active');
  });
});
