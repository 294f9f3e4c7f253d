import { connect } from 'node:net';
import { expect } from 'chai';
import { byAltName, post, search } from './client.js';
import { apiKey, startRepository, type Running } from './running.js';

const inside = byAltName('88-73-84-57-00-2F-96-6C');

/** Bodies that are no search; each is answered 401, none harms. */
const hostile: Readonly<Record<string, string | Uint8Array>> = {
  nothing: '',
  'octets that are no text': Buffer.from('fffe00d8', 'hex'),
  'UTF-16': Buffer.from(search(inside), 'utf16le'),
  'another encoding': search(inside).replace('utf-8', 'iso-8859-1'),
  'invalid UTF-8': Buffer.concat([Buffer.from(search(inside)), Buffer.of(0xc3, 0x28)]),
  'a document type': `<!DOCTYPE a [<!ENTITY x "y">]>${search(inside).slice(38)}`,
  'an external entity': `<?xml version="1.0"?><!DOCTYPE a SYSTEM "file:///etc/passwd"><CertificateSearchRequest>&a;</CertificateSearchRequest>`,
  'an expansion bomb': `<!DOCTYPE l [<!ENTITY a "${'b'.repeat(50)}">]><CertificateSearchRequest>${'&a;'.repeat(100)}</CertificateSearchRequest>`,
  'an unknown entity': search('<CertificateSubjectAltName>&x;</CertificateSubjectAltName>'),
  'a processing instruction': search(`<?xml-stylesheet href="x"?>${inside}`),
  'a comment that splits a value': search(
    '<CertificateSubjectAltName>88-73-84-57-<!-- -->00-2F-96-6C</CertificateSubjectAltName>'
  ),
  'many elements': search('<a/>'.repeat(1_000)),
  'deep elements': search('<a>'.repeat(500)),
  'an attribute': search(inside).replace('<CertificateSearchRequest>', '<CertificateSearchRequest a="1">'),
  'a namespace': search(inside).replace(
    '<CertificateSearchRequest>',
    '<CertificateSearchRequest xmlns="urn:x">'
  ),
  'a prefix': search(inside).replaceAll('CertificateSearchRequest', 'x:CertificateSearchRequest'),
  'mixed content': search(`text${inside}`),
  'elements inside the name': search('<CertificateSubjectAltName><a/></CertificateSubjectAltName>'),
  'two roots': search(inside) + '<a/>',
  'an unclosed root': search(inside).slice(0, -5),
  JSON: '{"CertificateSubjectAltName":"88-73-84-57-00-2F-96-6C"}',
  'a statement': search("<CertificateSubjectAltName>' or 1=1 --</CertificateSubjectAltName>"),
  'a NUL reference': search('<CertificateSubjectAltName>&#0;</CertificateSubjectAltName>'),
  'digits of another script': search(byAltName('८8-73-84-57-00-2F-96-6C'))
};

describe('hostile requests', function () {
  this.timeout(60_000);
  let running: Running;
  before(async () => (running = await startRepository()));
  after(() => running.stop());

  for (const [title, body] of Object.entries(hostile)) {
    it(`answers 401 to ${title}`, async () => {
      const answer = await post(running, 'certificatesearch', body);
      expect(answer.status).to.equal(401);
      expect(answer.headers['content-type']).to.equal('application/xml');
    });
  }

  it('answers 413 to a body over its limit, announced or not, and keeps nothing of it', async () => {
    const large = search(inside + ' '.repeat(9_000));
    expect((await post(running, 'certificatesearch', large)).status).to.equal(413);
    const chunked = await post(running, 'certificatesearch', large, { 'transfer-encoding': 'chunked' });
    expect(chunked.status).to.equal(413);
    const lying = await raw(
      running,
      `POST /services/certificatesearch?apikey=${apiKey} HTTP/1.1\r\nhost: x\r\ncontent-type: application/xml\r\ncontent-length: 99999999999\r\n\r\n`
    );
    expect(lying).to.match(/^HTTP\/1.1 413 /);
  });

  it('answers targets that are no paths of ours with 404 or 400, never 500', async () => {
    const targets = [
      '*',
      '/%00',
      '/services/certificatesearch%2f',
      '/crl/%2e%2e/iki.crl',
      'http://other/crl/iki.crl',
      `/${'a'.repeat(4_000)}`,
      '/certificates/' + '0'.repeat(41)
    ];
    for (const target of targets) {
      const status = /^HTTP\/1.1 ([0-9]{3})/.exec(
        await raw(running, `GET ${target} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n`)
      )?.[1];
      expect(status, target).to.be.oneOf(['404', '400']);
    }
  });

  it('goes on after a client that breaks off', async () => {
    const socket = connect(running.publicPort, '127.0.0.1');
    await new Promise<void>(resolve =>
      socket.write(
        `POST /services/certificatesearch?apikey=${apiKey} HTTP/1.1\r\nhost: x\r\ncontent-type: application/xml\r\ncontent-length: 500\r\n\r\n<Cert`,
        () => resolve()
      )
    );
    socket.destroy();
    expect((await post(running, 'certificatesearch', search(inside))).status).to.equal(402);
  });
});

function raw(running: Running, text: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(running.publicPort, '127.0.0.1');
    const timer = setTimeout(() => socket.destroy(new Error('no answer')), 5_000);
    let answer = '';
    socket.on('data', part => {
      answer += part.toString('latin1');
      // The status line is all that is looked at.
      if (answer.includes('\r\n')) {
        clearTimeout(timer);
        socket.destroy();
        resolve(answer);
      }
    });
    socket.once('error', reject);
    socket.write(text);
  });
}
