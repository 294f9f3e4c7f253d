import { expect } from 'chai';
import { execFileSync } from 'node:child_process';
import { readFileSync, rmSync, mkdtempSync, statSync, writeFileSync, copyFileSync } from 'node:fs';
import { createServer, type Server } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect, type ConnectionOptions, type TLSSocket } from 'node:tls';
import { createHttpClient, listen, type Listener } from '../../../ops/http/index.js';
import {
  admitOnly,
  ensureComponentTls,
  ensurePublicTls,
  internalClientOptions,
  internalServerOptions,
  keyFingerprint,
  peerComponent,
  publicServerOptions,
  type PinnedPeer,
  type TlsFiles
} from '../../../ops/tls/index.js';
import { decodePem } from '../../../pki/x509/index.js';
import { rejected } from '../database/rejected.js';

const now = new Date();
const der = (file: string): Uint8Array => decodePem(readFileSync(file))[0]?.der ?? new Uint8Array();
const codeOf = (error: unknown): unknown => {
  for (
    let at = error as { code?: unknown; cause?: unknown } | undefined;
    at !== undefined;
    at = at.cause as typeof at
  )
    if (typeof at.code === 'string' && !at.code.startsWith('peer/')) return at.code;
  return undefined;
};

describe('ops/tls', function () {
  this.timeout(30_000);
  let directory: string;
  let foreign: string;
  let files: ReadonlyMap<string, TlsFiles>;
  let publicFiles: TlsFiles;
  const listeners: Listener[] = [];
  const of = (name: string, from = files): TlsFiles => {
    const found = from.get(name);
    if (found === undefined) throw new Error(name);
    return found;
  };
  const ensure = (at: string, environment: 'test' | 'live' = 'test', when = now) =>
    ensureComponentTls({
      directory: at,
      environment,
      names: ['ra-1', 'ca-1', 'ca-2', 'operator'],
      now: when
    });

  before(async () => {
    directory = mkdtempSync(join(tmpdir(), 'opensmki-tls-'));
    foreign = mkdtempSync(join(tmpdir(), 'opensmki-tls-'));
    files = await ensure(directory);
    publicFiles = await ensurePublicTls({ directory, environment: 'test', now });
  });
  after(async () => {
    await Promise.all(listeners.map(listener => listener.close()));
    for (const folder of [directory, foreign]) rmSync(folder, { recursive: true });
  });
  const serve = async (server: Server): Promise<number> => {
    server.on('request', (request, response) => {
      response.end(peerComponent(request.socket) ?? '-');
    });
    const listener = await listen(server, { host: '127.0.0.1', port: 0 });
    listeners.push(listener);
    return listener.port;
  };

  describe('certificates', () => {
    it('verify under their roots for OpenSSL, with their names, keys and purposes', () => {
      const openssl = (...args: string[]) => execFileSync('openssl', args, { encoding: 'utf8' });
      for (const purpose of ['sslserver', 'sslclient'])
        expect(
          openssl(
            ...['verify', '-x509_strict', '-purpose', purpose, '-verify_ip', '127.0.0.1'],
            ...['-CAfile', of('ca-1').rootFile, of('ca-1').certificateFile]
          )
        ).to.match(/: OK/);
      openssl(
        ...['verify', '-x509_strict', '-purpose', 'sslserver', '-verify_hostname', 'localhost'],
        ...['-CAfile', publicFiles.rootFile, publicFiles.certificateFile]
      );
      const text = openssl('x509', '-noout', '-text', '-in', of('ca-1').certificateFile);
      expect(text).to.contain('URI:urn:opensmki:component:ca-1');
      expect(text).to.contain('ASN1 OID: prime256v1');
      const rsa = openssl('x509', '-noout', '-text', '-in', publicFiles.certificateFile);
      expect(rsa).to.contain('Public-Key: (2048 bit)').and.to.contain('sha256WithRSAEncryption');
    });

    it('have keys that only their owner reads', () => {
      for (const file of ['root.key', 'ca-1.key', 'ra-ca.key', 'ra-server.key'])
        expect(statSync(join(directory, file)).mode & 0o777).to.equal(0o600);
    });

    it('are used again, renewed near their end, and made anew when a renewal was cut short', async () => {
      const again = await ensure(directory);
      expect(of('ca-1', again)).to.deep.equal(of('ca-1'));
      const folder = mkdtempSync(join(tmpdir(), 'opensmki-tls-'));
      const first = await ensure(folder);
      const later = await ensure(folder, 'test', new Date(now.getTime() + 600 * 86_400_000));
      expect(of('ca-1', later).fingerprint).to.not.equal(of('ca-1', first).fingerprint);
      copyFileSync(of('ca-2', later).keyFile, of('ca-1', later).keyFile);
      const repaired = await ensure(folder);
      expect(keyFingerprint(der(of('ca-1', repaired).certificateFile))).to.equal(
        of('ca-1', repaired).fingerprint
      );
      expect(of('ca-1', repaired).fingerprint).to.not.equal(of('ca-1', later).fingerprint);
      rmSync(folder, { recursive: true });
    });

    it('are refused in the folder of another environment, or damaged', async () => {
      expect(codeOf(await rejected(ensure(directory, 'live')))).to.equal('tls/environment');
      const folder = mkdtempSync(join(tmpdir(), 'opensmki-tls-'));
      await ensure(folder);
      writeFileSync(join(folder, 'root.pem'), 'nothing');
      expect(codeOf(await rejected(ensure(folder)))).to.equal('tls/file');
      rmSync(folder, { recursive: true });
    });
  });

  describe('between components', () => {
    let port: number;
    const refusals: string[] = [];
    before(async () => {
      const server = createServer(await internalServerOptions(of('ra-1')));
      const peers: PinnedPeer[] = [
        { name: 'ca-1', fingerprint: of('ca-1').fingerprint },
        { name: 'operator' }
      ];
      admitOnly(server, peers, error => refusals.push(error.code));
      port = await serve(server);
    });
    const call = async (as: TlsFiles, peer: PinnedPeer): Promise<string> => {
      const client = createHttpClient(`https://127.0.0.1:${port}`, await internalClientOptions(as, peer));
      try {
        return (await client.send({ method: 'GET', path: '/', timeoutMs: 5_000 })).body.toString();
      } finally {
        client.close();
      }
    };

    it('speaks TLS 1.3 with the pinned peer, which knows who calls', async () => {
      const pinned = { name: 'ra-1', fingerprint: of('ra-1').fingerprint };
      expect(await call(of('ca-1'), pinned)).to.equal('ca-1');
      expect(await call(of('operator'), { name: 'ra-1' })).to.equal('operator');
      const socket = connect({
        port,
        host: '127.0.0.1',
        ...(await internalClientOptions(of('ca-1'), pinned))
      } as ConnectionOptions);
      await new Promise(resolve => socket.once('secureConnect', resolve));
      expect(socket.getProtocol()).to.equal('TLSv1.3');
      socket.destroy();
    });

    it('speaks no older TLS, in which a connection could turn into another peer', async () => {
      const socket = connect({
        port,
        host: '127.0.0.1',
        ...(await internalClientOptions(of('ca-1'), { name: 'ra-1' })),
        minVersion: 'TLSv1.2',
        maxVersion: 'TLSv1.2'
      } as ConnectionOptions);
      const ended = await new Promise(resolve => {
        socket.once('secureConnect', () => resolve('connected'));
        socket.once('error', resolve);
      });
      socket.destroy();
      expect(codeOf(ended)).to.equal('ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION');
    });

    it('refuses a peer of another name or another key', async () => {
      expect(codeOf(await rejected(call(of('ca-1'), { name: 'repository-1' })))).to.equal('tls/peer-name');
      const wrong = { name: 'ra-1', fingerprint: of('ca-1').fingerprint };
      expect(codeOf(await rejected(call(of('ca-1'), wrong)))).to.equal('tls/peer-key');
    });

    it('refuses callers that are not on the list, or show another key than the pinned one', async () => {
      await rejected(call(of('ca-2'), { name: 'ra-1' }));
      expect(refusals.at(-1)).to.equal('tls/peer-name');
      // The same name under the same root with a new key: what a renewal nobody told the peer of looks like.
      const folder = mkdtempSync(join(tmpdir(), 'opensmki-tls-'));
      for (const file of ['root.pem', 'root.key']) copyFileSync(join(directory, file), join(folder, file));
      const other = await ensure(folder);
      await rejected(call(of('ca-1', other), { name: 'ra-1' }));
      expect(refusals.at(-1)).to.equal('tls/peer-key');
      rmSync(folder, { recursive: true });
    });

    it('refuses certificates of another root, and none at all', async () => {
      const strangers = await ensure(foreign);
      const stranger = { ...of('ca-1', strangers), rootFile: of('ca-1').rootFile };
      await rejected(call(stranger, { name: 'ra-1' }));
      const { cert: _cert, key: _key, ...bare } = await internalClientOptions(of('ca-1'), { name: 'ra-1' });
      const client = createHttpClient(`https://127.0.0.1:${port}`, bare);
      await rejected(client.send({ method: 'GET', path: '/', timeoutMs: 5_000 }));
      client.close();
      // And the client refuses a server of another root.
      const trusting = { ...of('ca-1'), rootFile: of('ca-1', strangers).rootFile };
      expect(codeOf(await rejected(call(trusting, { name: 'ra-1' })))).to.match(
        /^(UNABLE_TO|SELF_SIGNED|CERT_)/
      );
    });
  });

  describe('for subscribers', () => {
    let port: number;
    before(async () => {
      // Component certificates stand in for IKI clients here: what is tested is the listener.
      const anchors = [der(of('ca-1').rootFile)];
      port = await serve(createServer(await publicServerOptions(publicFiles, anchors)));
    });
    const handshake = (options: ConnectionOptions): Promise<TLSSocket> =>
      new Promise((resolve, reject) => {
        const socket = connect({
          host: '127.0.0.1',
          port,
          servername: 'localhost',
          ca: readFileSync(publicFiles.rootFile),
          cert: readFileSync(of('ca-1').certificateFile),
          key: readFileSync(of('ca-1').keyFile),
          ...options
        });
        socket.once('error', reject);
        // With TLS 1.3 a refusal of the client's certificate arrives after the client thinks it is done.
        socket.once('secureConnect', () => socket.write('GET / HTTP/1.1\r\nhost: localhost\r\n\r\n'));
        socket.once('data', () => resolve(socket));
        socket.once('close', () => reject(new Error('closed')));
      });

    const suites = [
      'ECDHE-RSA-AES256-GCM-SHA384',
      'ECDHE-RSA-AES256-SHA384',
      'ECDHE-RSA-AES128-GCM-SHA256',
      'ECDHE-RSA-AES128-SHA256'
    ];
    for (const ciphers of suites)
      it(`takes TLS 1.2 with ${ciphers}`, async () => {
        const socket = await handshake({ ciphers, maxVersion: 'TLSv1.2' });
        expect(socket.getProtocol()).to.equal('TLSv1.2');
        expect(socket.getCipher().name).to.equal(ciphers);
        socket.destroy();
      });
    it('takes TLS 1.3', async () => {
      const socket = await handshake({});
      expect(socket.getProtocol()).to.equal('TLSv1.3');
      socket.destroy();
    });
    it('renegotiates with nobody: the client stays who it was', async () => {
      const socket = await handshake({ maxVersion: 'TLSv1.2' });
      const ended = await new Promise(resolve => {
        socket.once('error', resolve);
        socket.renegotiate({}, error => resolve(error ?? 'renegotiated'));
      });
      socket.destroy();
      expect(codeOf(ended)).to.equal('ERR_SSL_NO_RENEGOTIATION');
    });
    const refused: readonly [string, () => ConnectionOptions][] = [
      [
        'suites outside Appendix M',
        () => ({ ciphers: 'ECDHE-RSA-AES256-SHA:AES256-GCM-SHA384', maxVersion: 'TLSv1.2' })
      ],
      ['TLS 1.1', () => ({ minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' })],
      ['no client certificate', () => ({ cert: undefined, key: undefined })],
      [
        'a client certificate outside the anchors',
        () => ({
          cert: readFileSync(join(foreign, 'ca-1.pem')),
          key: readFileSync(join(foreign, 'ca-1.key'))
        })
      ]
    ];
    for (const [name, options] of refused)
      it(`refuses ${name}`, async () => {
        await rejected(handshake(options()));
      });
  });
});
