import { createHash } from 'node:crypto';
import { expect } from 'chai';
import { issue, issueCrl, type TestEntity } from '../kit/hierarchy.js';
import { apiKey, eventOf, problemCode, startRepository, type Running } from './running.js';

describe('downloads', function () {
  this.timeout(60_000);
  let running: Running;
  let device: TestEntity;
  before(async () => {
    running = await startRepository();
    device = issue('device-ds', { issuer: running.domains.device.issuing });
    await running.publish(device.certificate.der);
  });
  after(() => running.stop());

  const etagOf = (octets: Uint8Array) => `"${createHash('sha256').update(octets).digest('hex')}"`;

  it('serves the newest list of each name, to anybody', async () => {
    const { organisation, iki } = running.domains;
    expect(problemCode(await running.ask({ path: '/crl/organisation.crl' }))).to.equal(
      'repository/not-found'
    );
    const lists = {
      organisation: issueCrl(organisation.issuing, { number: 1n }),
      'organisation-arl': issueCrl(organisation.root, { number: 1n }),
      iki: issueCrl(iki.issuing, { number: 1n }),
      'iki-arl': issueCrl(iki.root, { number: 1n })
    };
    for (const [name, { der }] of Object.entries(lists)) {
      expect((await running.publishCrl(der)).status, name).to.equal(200);
      const answer = await running.ask({ path: `/crl/${name}.crl` });
      expect(answer.status).to.equal(200);
      expect(answer.headers).to.include({
        'content-type': 'application/pkix-crl',
        'content-length': String(der.length),
        etag: etagOf(der),
        'last-modified': 'Mon, 23 Nov 2026 10:00:00 GMT',
        'cache-control': 'public, max-age=300, must-revalidate'
      });
      expect(answer.body.equals(der)).to.equal(true);
    }
    const newer = issueCrl(organisation.issuing, {
      number: 2n,
      thisUpdate: new Date('2026-11-23T11:00:00Z')
    });
    await running.publishCrl(newer.der);
    expect((await running.ask({ path: '/crl/organisation.crl' })).body.equals(newer.der)).to.equal(true);
    const key = Buffer.from(organisation.issuing.certificate.subjectKeyIdentifier ?? []).toString('hex');
    expect((await running.ask({ path: `/crl/${key}.crl` })).body.equals(newer.der)).to.equal(true);
  });

  it('answers 304 to a client that has the octets, and HEAD without them', async () => {
    const whole = await running.ask({ path: '/crl/iki.crl' });
    const etag = whole.headers.etag ?? '';
    const conditional = (headers: Record<string, string>) => running.ask({ path: '/crl/iki.crl', headers });
    for (const value of [etag, `"other", ${etag}`, `W/${etag}`, '*']) {
      const answer = await conditional({ 'if-none-match': value });
      expect([answer.status, answer.body.length, answer.headers.etag], value).to.deep.equal([304, 0, etag]);
    }
    expect((await conditional({ 'if-none-match': '"other"' })).status).to.equal(200);
    const modified = whole.headers['last-modified'] ?? '';
    expect((await conditional({ 'if-modified-since': modified })).status).to.equal(304);
    expect((await conditional({ 'if-modified-since': 'Mon, 23 Nov 2026 09:59:59 GMT' })).status).to.equal(
      200
    );
    // The tag decides where both are there.
    expect(
      (await conditional({ 'if-none-match': '"other"', 'if-modified-since': modified })).status
    ).to.equal(200);
    const head = await running.ask({ method: 'HEAD', path: '/crl/iki.crl' });
    expect([head.status, head.body.length]).to.deep.equal([200, 0]);
    expect(head.headers).to.include({ etag, 'content-length': String(whole.body.length) });
  });

  it('lets no cache keep a list past its nextUpdate', async () => {
    const now = running.clock.at;
    const maxAge = async () => (await running.ask({ path: '/crl/iki.crl' })).headers['cache-control'];
    try {
      running.clock.at = new Date('2026-11-25T09:59:00Z');
      expect(await maxAge()).to.equal('public, max-age=60, must-revalidate');
      running.clock.at = new Date('2026-11-25T11:00:00Z');
      expect(await maxAge()).to.equal('public, max-age=0, must-revalidate');
    } finally {
      running.clock.at = now;
    }
  });

  it('serves a certificate to the holder of an API key and leaves an event', async () => {
    const { der, serialHex } = device.certificate;
    for (const name of [serialHex, serialHex.toLowerCase(), `${serialHex}.cer`]) {
      const answer = await running.ask({ path: `/certificates/${name}?apikey=${apiKey}` });
      expect(answer.status).to.equal(200);
      expect(answer.headers).to.include({
        'content-type': 'application/pkix-cert',
        etag: etagOf(der),
        'cache-control': 'private, max-age=31536000, immutable'
      });
      expect(answer.body.equals(der)).to.equal(true);
      const event = await eventOf(running, String(answer.headers['audit-reference']));
      expect(event.facts).to.deep.equal({ query: `serial ${serialHex}`, hits: 1 });
    }
    const current = await running.ask({
      path: `/certificates/${serialHex}?apikey=${apiKey}`,
      headers: { 'if-none-match': etagOf(der) }
    });
    expect(current.status).to.equal(304);
  });

  it('serves a certificate by the hashes of its octets', async () => {
    const { der } = device.certificate;
    for (const algorithm of ['sha1', 'sha256']) {
      const hash = createHash(algorithm).update(der).digest('hex');
      for (const name of [hash, hash.toUpperCase(), `${hash}.cer`]) {
        const path = `/certificates/${algorithm}/${name}?apikey=${apiKey}`;
        const answer = await running.ask({ path });
        expect([answer.status, answer.body.equals(der)]).to.deep.equal([200, true]);
        const event = await eventOf(running, String(answer.headers['audit-reference']));
        expect(event.facts).to.deep.equal({ query: `${algorithm} ${hash}`, hits: 1 });
      }
      // The first octets, which the index of SHA-1 knows, are not enough.
      const other = `${hash.slice(0, -2)}${hash.endsWith('00') ? '01' : '00'}`;
      const none = await running.ask({ path: `/certificates/${algorithm}/${other}?apikey=${apiKey}` });
      expect([none.status, problemCode(none)]).to.deep.equal([404, 'repository/not-found']);
      const locked = await running.ask({ path: `/certificates/${algorithm}/${hash}` });
      expect(locked.status).to.equal(403);
    }
  });

  it('refuses a certificate without an API key, and one that is not here', async () => {
    const { serialHex } = device.certificate;
    for (const query of ['', '?apikey=', '?apikey=wrong']) {
      const answer = await running.ask({ path: `/certificates/${serialHex}${query}` });
      expect([answer.status, problemCode(answer)]).to.deep.equal([403, 'repository/api-key']);
      expect(answer.headers['content-type']).to.equal('application/problem+json');
    }
    const none = await running.ask({ path: `/certificates/01?apikey=${apiKey}` });
    expect([none.status, problemCode(none)]).to.deep.equal([404, 'repository/not-found']);
  });

  it('serves the certification authorities, anchors included', async () => {
    const { organisation, device: devices, iki } = running.domains;
    const expected = {
      'root-oca': organisation.root,
      'issuing-oca': organisation.issuing,
      'root-dca': devices.root,
      'issuing-dca': devices.issuing,
      'root-ica': iki.root,
      'issuing-ica': iki.issuing
    };
    for (const [name, { certificate }] of Object.entries(expected)) {
      const answer = await running.ask({ path: `/ca/${name}.cer` });
      expect([answer.status, answer.headers['content-type']], name).to.deep.equal([
        200,
        'application/pkix-cert'
      ]);
      expect(answer.body.equals(certificate.der), name).to.equal(true);
    }
    for (const name of ['device-ds', 'constructor', 'other'])
      expect((await running.ask({ path: `/ca/${name}.cer` })).status, name).to.equal(404);
  });

  it('answers 404 and 405 as problems', async () => {
    for (const path of [
      '/',
      '/crl',
      '/crl/other.crl',
      '/crl/../crl/iki.crl',
      '/CRL/iki.crl',
      '/services',
      '//crl/iki.crl'
    ]) {
      const answer = await running.ask({ path });
      expect([answer.status, problemCode(answer)], path).to.deep.equal([404, 'repository/not-found']);
    }
    const get = await running.ask({ path: `/services/certificatesearch?apikey=${apiKey}` });
    expect([get.status, problemCode(get), get.headers.allow]).to.deep.equal([
      405,
      'repository/method',
      'POST'
    ]);
    for (const method of ['POST', 'PUT', 'DELETE', 'OPTIONS']) {
      const answer = await running.ask({ method, path: '/crl/iki.crl' });
      expect([answer.status, answer.headers.allow], method).to.deep.equal([405, 'GET, HEAD']);
    }
  });

  it('stands below a base path where it is given one', async () => {
    const below = await startRepository({ empty: true, basePath: '/smki/v1' });
    try {
      const code = async (path: string, method = 'GET') => (await below.ask({ method, path })).status;
      expect(await code('/smki/v1/ca/root-oca.cer')).to.equal(200);
      expect(await code('/ca/root-oca.cer')).to.equal(404);
      expect(await code('/smki/v1x/ca/root-oca.cer')).to.equal(404);
      expect(await code('/smki/v1/services/certificatesearch', 'POST')).to.equal(403);
    } finally {
      await below.stop();
    }
  });
});
