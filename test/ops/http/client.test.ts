import { expect } from 'chai';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type IncomingMessage } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TLSSocket } from 'node:tls';
import { createHttpClient, listen, type Listener } from '../../../ops/http/index.js';
import {
  ensureComponentTls,
  internalClientOptions,
  internalServerOptions,
  peerComponent,
  type TlsFiles
} from '../../../ops/tls/index.js';

describe('ops/http: the client', function () {
  this.timeout(20_000);
  const listeners: Listener[] = [];
  afterEach(async () => {
    await Promise.all(listeners.splice(0).map(listener => listener.close(100)));
  });

  it('keeps no call waiting behind a long poll', async () => {
    let answer = (): void => undefined;
    const listener = await listen(
      createServer((request, response) => {
        if (request.url === '/poll') answer = () => response.end('polled');
        else response.end('at once');
      }),
      { host: '127.0.0.1', port: 0 }
    );
    listeners.push(listener);
    const client = createHttpClient(`http://127.0.0.1:${listener.port}`);
    const poll = client.send({ method: 'GET', path: '/poll', timeoutMs: 10_000 });
    for (let times = 0; times < 3; times++)
      expect((await client.send({ method: 'GET', path: '/', timeoutMs: 5_000 })).body.toString()).to.equal(
        'at once'
      );
    answer();
    expect((await poll).body.toString()).to.equal('polled');
    client.close();
  });

  it('sends octets and text with their length, and reads answers of any number of pieces', async () => {
    const seen: (string | undefined)[] = [];
    const listener = await listen(
      createServer((request: IncomingMessage, response) => {
        seen.push(request.headers['content-length']);
        request.pipe(response);
      }),
      { host: '127.0.0.1', port: 0 }
    );
    listeners.push(listener);
    const client = createHttpClient(`http://127.0.0.1:${listener.port}/base/`);
    const whole = Buffer.alloc(300_000, 'opensmki');
    for (const [body, octets] of [
      [new Uint8Array(whole.buffer, whole.byteOffset + 3, 200_000), whole.subarray(3, 200_003)],
      ['Zähler', Buffer.from('Zähler')],
      ['', Buffer.alloc(0)]
    ] as const) {
      const answer = await client.send({ method: 'POST', path: '/x', body, timeoutMs: 5_000 });
      expect(answer.body.equals(octets)).to.equal(true);
      expect(seen.pop()).to.equal(String(octets.length));
    }
    client.close();
  });

  it('goes on listening when a connection could not be taken', async () => {
    const server = createServer((_request, response) => response.end('ok'));
    const listener = await listen(server, { host: '127.0.0.1', port: 0 });
    listeners.push(listener);
    server.emit('error', Object.assign(new Error('accept'), { code: 'EMFILE' }));
    const client = createHttpClient(`http://127.0.0.1:${listener.port}`);
    expect((await client.send({ method: 'GET', path: '/', timeoutMs: 5_000 })).status).to.equal(200);
    client.close();
  });

  it('keeps its TLS connections, and lets a pinned peer prove itself on each new one', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'opensmki-tls-'));
    const files = await ensureComponentTls({
      directory,
      environment: 'test',
      names: ['ra-1', 'ca-1'],
      now: new Date()
    });
    const calls: { reused: boolean; peer: string | undefined }[] = [];
    const sockets = new Set<TLSSocket>();
    let both = (): void => undefined;
    const server = createTlsServer(
      await internalServerOptions(files.get('ra-1') as TlsFiles),
      (request, response) => {
        const socket = request.socket as TLSSocket;
        sockets.add(socket);
        calls.push({ reused: socket.isSessionReused(), peer: peerComponent(socket) });
        if (request.url === '/first') response.end();
        else if (request.url === '/poll') both = () => response.end();
        else response.end(() => both());
      }
    );
    const listener = await listen(server, { host: '127.0.0.1', port: 0 });
    listeners.push(listener);
    const client = createHttpClient(
      `https://127.0.0.1:${listener.port}`,
      await internalClientOptions(files.get('ca-1') as TlsFiles, { name: 'ra-1' })
    );
    const get = (path: string) => client.send({ method: 'GET', path, timeoutMs: 5_000 });
    await get('/first');
    const poll = get('/poll');
    await get('/beside');
    await poll;
    for (let times = 0; times < 3; times++) await get('/first');
    expect(sockets.size).to.equal(2);
    // A resumed session would be asked for no name and no key.
    for (const call of calls) expect(call).to.deep.equal({ reused: false, peer: 'ca-1' });
    client.close();
    rmSync(directory, { recursive: true });
  });
});
