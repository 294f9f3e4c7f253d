import { expect } from 'chai';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { createServer, request as httpRequest, type IncomingMessage, type RequestListener } from 'node:http';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises';
import { pino } from 'pino';
import { Registry, Counter } from 'prom-client';
import { DatabaseUnavailable } from '../../../ops/database/index.js';
import {
  createHttpClient,
  createLogger,
  listen,
  metricsServer,
  readBody,
  serve,
  socketPath,
  withBodyDeadline,
  type Handler,
  type Listener
} from '../../../ops/http/index.js';
import { LogLines } from '../../../ops/http/log-lines.js';
import { rejected } from '../database/rejected.js';

const quiet = pino({ level: 'silent' });

/** Collects log lines. */
function sink(): { lines: string[]; stream: { write(line: string): void } } {
  const lines: string[] = [];
  return { lines, stream: { write: line => void lines.push(line) } };
}

describe('ops/http', function () {
  const listeners: Listener[] = [];
  afterEach(async () => {
    await Promise.all(listeners.splice(0).map(listener => listener.close(100)));
  });
  const start = async (handler: RequestListener): Promise<string> => {
    const listener = await listen(createServer(handler), { host: '127.0.0.1', port: 0 });
    listeners.push(listener);
    return `http://127.0.0.1:${listener.port}`;
  };
  const served = (handler: Handler, log = quiet): Promise<string> =>
    start(serve(handler, { log, listener: 'test' }));

  describe('bodies', () => {
    const limits = { maxOctets: 100, deadlineMs: 200, mediaTypes: ['application/json'] };
    const echo: Handler = async (request, response) => {
      response.end(await readBody(request, limits));
    };
    const post = async (
      body: string | ReadableStream,
      headers: Record<string, string> = {}
    ): Promise<[number, string]> => {
      const answer = await fetch(await served(echo), {
        method: 'POST',
        body,
        duplex: 'half',
        headers: { 'content-type': 'application/json', ...headers }
      });
      return [answer.status, await answer.text()];
    };

    it('are read up to the limit', async () => {
      expect(
        await post('x'.repeat(100), { 'content-type': 'Application/JSON; charset=utf-8' })
      ).to.deep.equal([200, 'x'.repeat(100)]);
      expect((await post('x'.repeat(101)))[0]).to.equal(413);
    });
    it('are refused over the limit when no length was told', async () => {
      const chunks = new ReadableStream({
        start(controller) {
          for (let i = 0; i < 20; i++) controller.enqueue(new Uint8Array(10));
          controller.close();
        }
      });
      expect((await post(chunks))[0]).to.equal(413);
    });
    it('are refused in another media type or a content coding', async () => {
      const [status, text] = await post('x', { 'content-type': 'text/plain' });
      expect(status).to.equal(415);
      expect(JSON.parse(text)).to.include({ code: 'http/media-type', status: 415 });
      expect((await post('x', { 'content-encoding': 'gzip' }))[0]).to.equal(415);
    });
    it('are refused when they come too slowly', async () => {
      const { port } = new URL(await served(echo));
      const socket = connect(Number(port), '127.0.0.1');
      socket.write(
        'POST / HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 50\r\n\r\nabc'
      );
      const answer = await new Promise<string>(resolve =>
        socket.once('data', data => resolve(data.toString()))
      );
      expect(answer).to.match(/^HTTP\/1.1 408 /);
      socket.destroy();
    });
  });

  describe('a deadline for bodies', () => {
    /** Sends the beginning of a body and answers what came back until the end, or until it was waited for in vain. */
    async function dribble(path: string): Promise<string> {
      const url = await start(
        withBodyDeadline(
          (request, response) => {
            request.resume();
            request.once('end', () => response.end('whole'));
          },
          request => (request.url === '/upload' ? 60_000 : 100)
        )
      );
      const socket = connect(Number(new URL(url).port), '127.0.0.1');
      socket.write(`POST ${path} HTTP/1.1\r\nhost: x\r\ncontent-length: 50\r\n\r\nabc`);
      const parts: Buffer[] = [];
      socket.on('data', part => parts.push(part));
      await Promise.race([new Promise(resolve => socket.once('close', resolve)), sleep(1_000)]);
      socket.destroy();
      return Buffer.concat(parts).toString();
    }

    it('cuts one that is late for what it is, and no upload', async () => {
      expect(await dribble('/small')).to.match(/^HTTP\/1.1 408 /);
      expect(await dribble('/upload')).to.equal('');
    });

    it('lets those pass that are in time, one after the other on a connection', async () => {
      const url = await start(
        withBodyDeadline(
          (request, response) => {
            request.resume();
            request.once('end', () => response.end('whole'));
          },
          () => 200
        )
      );
      for (let n = 0; n < 3; n++) {
        const answer = await fetch(url, { method: 'POST', body: 'abc' });
        expect(await answer.text()).to.equal('whole');
        await sleep(150);
      }
    });
  });

  it('cuts a client that does not read its answer, and none that only waits for one', async () => {
    const server = createServer();
    listeners.push(await listen(server, { host: '127.0.0.1', port: 0 }));
    // Node's own is none at all. The longest wait of a handler is 30 s.
    expect(server.timeout).to.be.within(31_000, 120_000);
  });

  describe('handlers', () => {
    it('answer with security headers and a request id that no client forges into the log', async () => {
      const url = await served((_request, response) => void response.end('ok'));
      const answer = await fetch(url, { headers: { 'x-request-id': 'id-of-caller-1' } });
      expect(answer.headers.get('x-request-id')).to.equal('id-of-caller-1');
      expect(answer.headers.get('x-content-type-options')).to.equal('nosniff');
      expect(answer.headers.get('content-security-policy')).to.contain("default-src 'none'");
      const forged = await fetch(url, { headers: { 'x-request-id': 'a b"c' } });
      expect(forged.headers.get('x-request-id')).to.match(/^[0-9a-f-]{36}$/);
    });
    it('turn a fault of ours into 503 or 500 without its text', async () => {
      const away = await fetch(
        await served(() => {
          throw new DatabaseUnavailable('secret text');
        })
      );
      expect(away.status).to.equal(503);
      expect(away.headers.get('retry-after')).to.equal('5');
      expect(await away.json()).to.deep.equal({
        type: 'about:blank',
        title: 'database/unavailable',
        status: 503,
        code: 'database/unavailable'
      });
      const broken = await fetch(
        await served(async () => {
          await Promise.reject(new Error('secret text'));
        })
      );
      expect(broken.status).to.equal(500);
      expect(await broken.text()).to.not.contain('secret');
    });
    it('log one line a request, without query, body, header or address', async () => {
      const { lines, stream } = sink();
      const log = createLogger({ component: 'ra', instance: 'ra-1', level: 'info' }, stream);
      const url = await served((_request, response) => void response.end(), log);
      await fetch(`${url}/certificates?apikey=s3cret`, {
        method: 'POST',
        body: 'b0dy',
        headers: { authorization: 'Bearer t0ken' }
      });
      await sleep(20);
      expect(lines).to.have.length(1);
      expect(JSON.parse(lines[0] ?? '')).to.include({ method: 'POST', path: '/certificates', status: 200 });
      expect(lines[0]).to.not.match(/s3cret|b0dy|t0ken|127\.0\.0\.1/);
    });
  });

  describe('listeners', () => {
    it('end idle connections at once and let requests under way finish', async () => {
      let release = (): void => undefined;
      const waiting = new Promise<void>(resolve => (release = resolve));
      const url = await start((request, response) => {
        if (request.url === '/slow') void waiting.then(() => response.end('done'));
        else response.end('ok');
      });
      const client = createHttpClient(url);
      await client.send({ method: 'GET', path: '/', timeoutMs: 1_000 });
      const slow = client.send({ method: 'GET', path: '/slow', timeoutMs: 5_000 });
      await sleep(50);
      const began = Date.now();
      const closing = listeners.splice(0)[0]?.close(5_000);
      await sleep(50);
      await rejected(createHttpClient(url).send({ method: 'GET', path: '/', timeoutMs: 500 }));
      release();
      expect((await slow).body.toString()).to.equal('done');
      await closing;
      expect(Date.now() - began).to.be.lessThan(2_000);
      client.close();
    });
    it('cut what is left at the deadline', async () => {
      const url = await start(() => undefined);
      const client = createHttpClient(url);
      const never = rejected(client.send({ method: 'GET', path: '/', timeoutMs: 10_000 }));
      await sleep(50);
      const began = Date.now();
      await listeners.splice(0)[0]?.close(200);
      expect(await never).to.have.property('code', 'peer/unavailable');
      expect(Date.now() - began).to.be.within(150, 1_500);
      client.close();
    });
  });

  describe('metrics and health', () => {
    let directory: string;
    beforeEach(() => {
      directory = mkdtempSync(join(tmpdir(), 'opensmki-run-'));
    });
    afterEach(() => rmSync(directory, { recursive: true }));
    const get = (socket: string, path: string): Promise<[number, string]> =>
      new Promise((resolve, reject) => {
        httpRequest({ socketPath: socket, path }, (answer: IncomingMessage) => {
          let text = '';
          answer.on('data', part => (text += String(part)));
          answer.on('end', () => resolve([answer.statusCode ?? 0, text]));
        })
          .on('error', reject)
          .end();
      });

    it('are served on a socket of the owner, again after a crash left the file', async () => {
      const registry = new Registry();
      new Counter({ name: 'things_total', help: 'Things.', registers: [registry] }).inc(3);
      let database = true;
      const health = {
        live: () => true,
        ready: () => ({ database: { ok: database, reason: database ? undefined : 'database/unavailable' } })
      };
      const socket = socketPath(directory, 'ca-1');
      for (const round of [1, 2]) {
        const metrics = await metricsServer(registry, health, { socket });
        // The first is not closed: its file is what the second finds.
        listeners.push(metrics);
        expect(metrics.at).to.equal(join(directory, 'ca-1.sock'));
        expect(statSync(socket).mode & 0o777).to.equal(0o600);
        database = round === 1;
        expect((await get(socket, '/metrics'))[1]).to.contain('things_total 3');
        expect((await get(socket, '/health/live'))[0]).to.equal(200);
        const [status, text] = await get(socket, '/health/ready');
        expect(status).to.equal(database ? 200 : 503);
        expect(JSON.parse(text)).to.have.nested.property('parts.database.ok', database);
        expect((await get(socket, '/other'))[0]).to.equal(404);
      }
    });
    it('find a short path where the folder is too deep for a socket', async () => {
      const deep = join(directory, 'x'.repeat(120));
      const socket = socketPath(deep, 'ca-1');
      expect(socket.length).to.be.lessThan(108);
      expect(socketPath(deep, 'ca-2')).to.not.equal(socket);
      listeners.push(
        await metricsServer(new Registry(), { live: () => true, ready: () => ({}) }, { socket })
      );
      expect((await get(socket, '/health/ready'))[0]).to.equal(200);
      expect(statSync(join(socket, '..')).mode & 0o777).to.equal(0o700);
      rmSync(join(socket, '..'), { recursive: true });
    });
  });

  describe('the log', () => {
    it('shows no secret, wherever one is put', () => {
      const { lines, stream } = sink();
      const log = createLogger({ component: 'ca', instance: 'ca-1', level: 'trace' }, stream);
      const secret = 'S3CRET-VALUE';
      const url = `postgres://opensmki_ca:${secret}@127.0.0.1:5432/x`;
      const pem = `-----BEGIN PRIVATE KEY-----\n${secret}\n-----END PRIVATE KEY-----`;
      log.info(
        { pin: secret, password: secret, apiKey: secret, headers: { authorization: secret, cookie: secret } },
        'x'
      );
      log.info({ config: { database: { url }, hsm: { pin: secret } } }, 'x');
      log.error({ err: new Error(`cannot connect to ${url}`) }, 'x');
      log.error(new Error(`cannot connect to ${url}`));
      log.error({ err: new Error(`cannot connect to ${url}`) });
      log.error({ err: new Error('outer', { cause: new Error(`inner ${url}`) }) }, 'x');
      log.error(
        { err: Object.assign(new Error('insert'), { detail: secret, parameters: [secret], hint: secret }) },
        'x'
      );
      log.warn(`connecting to ${url}`);
      log.warn('connecting to %s with %s', url, pem);
      log.child({ part: 'x' }).info({ request: { body: secret } }, pem);
      expect(lines).to.have.length(10);
      for (const line of lines) expect(line).to.not.contain(secret);
      expect(JSON.parse(lines[0] ?? '')).to.include({ component: 'ca', instance: 'ca-1', pin: '[redacted]' });
      expect(lines[5]).to.contain('inner');
    });

    it('writes the lines of a turn together, and a warning at once with all before it', async () => {
      const written: string[] = [];
      const lines = new LogLines(text => written.push(text));
      const log = createLogger({ component: 'ca', instance: 'ca-1', level: 'info' }, lines);
      const messages = (): string[][] =>
        written.map(text =>
          text
            .trimEnd()
            .split('\n')
            .map(line => (JSON.parse(line) as { msg: string }).msg)
        );
      log.info('one');
      log.child({ part: 'x' }).info('two');
      expect(written).to.deep.equal([]);
      await nextTurn();
      expect(messages()).to.deep.equal([['one', 'two']]);
      log.info('three');
      log.warn('four');
      expect(messages().slice(1)).to.deep.equal([['three', 'four']]);
      log.info('five');
      lines.flushSync();
      await nextTurn();
      expect(messages().slice(2)).to.deep.equal([['five']]);
    });

    it('loses no line of a process that exits or dies of an exception', () => {
      const module = new URL('../../../ops/http/log.ts', import.meta.url).href;
      for (const [end, status] of [
        ['process.exit(3)', 3],
        ["throw new Error('x')", 1]
      ] as const) {
        const code = `
          const { createLogger } = await import(${JSON.stringify(module)});
          createLogger({ component: 'ca', instance: 'ca-1', level: 'info' }).info('last words');
          ${end};`;
        const ended = spawnSync(
          process.execPath,
          ['--import', 'tsx', '--input-type=module', '--eval', code],
          { encoding: 'utf8' }
        );
        expect(ended.status).to.equal(status);
        expect(ended.stdout).to.contain('last words');
      }
    });
  });
});
