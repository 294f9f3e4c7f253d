import { expect } from 'chai';
import { mkdir } from 'node:fs/promises';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { writeProcessStatus } from '../../../ops/process/status.js';
import { admitOnly, ensureComponentTls, internalServerOptions } from '../../../ops/tls/index.js';
import { codeOf, inFolder, smki } from './run.js';

interface Seen {
  readonly method: string | undefined;
  readonly url: string | undefined;
  readonly body: string;
}

/**
 * A listener with the certificate of `name` that admits operators and answers what it is told to, beside a data
 * folder in which it stands as the RA and the repository.
 */
async function withListener(
  name: string,
  answer: { status: number; body?: unknown },
  work: (data: string, seen: Seen[]) => Promise<void>
): Promise<void> {
  await inFolder(async data => {
    const directory = path.join(data, 'tls');
    await mkdir(directory);
    const names = ['ra', 'repository', 'ca', 'operator'];
    const files = await ensureComponentTls({ directory, environment: 'test', names, now: new Date() });
    const own = files.get(name);
    if (own === undefined) throw new Error(`no certificate of ${name}`);
    const seen: Seen[] = [];
    const server = createServer(await internalServerOptions(own), (request, response) => {
      const parts: Buffer[] = [];
      request.on('data', (part: Buffer) => parts.push(part));
      request.on('end', () => {
        seen.push({ method: request.method, url: request.url, body: Buffer.concat(parts).toString('utf8') });
        response.writeHead(answer.status, { 'content-type': 'application/json' });
        response.end(answer.body === undefined ? '' : JSON.stringify(answer.body));
      });
    });
    admitOnly(server, [{ name: 'operator' }], () => undefined);
    const url = `https://127.0.0.1:${await listening(server)}`;
    await mkdir(path.join(data, 'run'));
    for (const component of ['ra', 'repository']) {
      const instance = `${component}-1`;
      const status = { instance, pid: process.pid, urls: { internal: url }, signerPids: [], metrics: '' };
      writeProcessStatus(path.join(data, 'run', `${instance}.json`), status);
    }
    try {
      await work(data, seen);
    } finally {
      server.closeAllConnections();
      await new Promise(resolve => server.close(resolve));
    }
  });
}

async function listening(server: Server): Promise<number> {
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port;
}

describe("smki as a running system's operator", () => {
  const id = '6f1b2c3d-0000-4000-8000-000000000001';

  it('marks a certificate in use over mutual TLS', () =>
    withListener(
      'repository',
      { status: 200, body: { serial: '4A01', replaced: '4A00' } },
      async (data, seen) => {
        const done = await smki(['repository', 'mark-in-use', '4A01', '--data', data, '--json']);
        expect({ status: done.status, error: done.error }).to.deep.equal({ status: 0, error: '' });
        expect(JSON.parse(done.out)).to.deep.equal({ serial: '4A01', replaced: '4A00' });
        expect(seen).to.deep.equal([
          { method: 'POST', url: '/admin/v1/mark-in-use', body: JSON.stringify({ serial: '4A01' }) }
        ]);
      }
    ));

  it('registers an identifier with its roles as numbers', () => {
    const party = { id, signifier: 'S', state: 'active', identifiers: [] };
    return withListener('ra', { status: 201, body: party }, async (data, seen) => {
      const eui = '90-b3-d5-1f-30-01-00-00';
      const roles = ['--role', '02', '--role', '87'];
      const done = await smki(['ra', 'identifier', 'add', id, eui, ...roles, '--data', data]);
      expect({ status: done.status, error: done.error }).to.deep.equal({ status: 0, error: '' });
      expect(seen[0]?.url).to.equal(`/admin/v1/parties/${id}/identifiers`);
      expect(JSON.parse(seen[0]?.body ?? '')).to.deep.equal({
        eui: '90-B3-D5-1F-30-01-00-00',
        roles: [2, 135]
      });
    });
  });

  describe('as an officer', () => {
    const batch = {
      ...{ batchId: '7', state: 'PARSING', requests: 2, done: 0, issued: 0, refused: 0 },
      submittedAt: '2030-01-01T00:00:00.000Z'
    };

    it('approves several batches, each said when it is done', () =>
      withListener('ra', { status: 200, body: batch }, async (data, seen) => {
        const words = ['ra', 'batch', 'approve', '7', '8', '--officer', 'o-1', '--note', 'agreed'];
        const done = await smki([...words, '--data', data]);
        expect({ status: done.status, error: done.error }).to.deep.equal({ status: 0, error: '' });
        const body = JSON.stringify({ officer: 'o-1', note: 'agreed' });
        expect(seen).to.deep.equal(
          ['7', '8'].map(id => ({ method: 'POST', url: `/admin/v1/batches/${id}/approve`, body }))
        );
        expect(done.out.split('\n')).to.deep.equal(['batch 7: PARSING', 'batch 8: PARSING']);
      }));

    it('rejects with a reason, and not without', () =>
      withListener('ra', { status: 200, body: { ...batch, state: 'REJECTED' } }, async (data, seen) => {
        const words = ['ra', 'batch', 'reject', '7', '--officer', 'o-1', '--data', data];
        expect((await smki(words)).status).to.equal(2);
        expect(seen).to.deep.equal([]);
        expect((await smki([...words, '--reason', 'no'])).out).to.equal('batch 7: REJECTED');
        expect(JSON.parse(seen[0]?.body ?? '')).to.deep.equal({ officer: 'o-1', reason: 'no' });
      }));

    it('takes numbers as BatchIds and nothing else', () =>
      withListener('ra', { status: 200, body: batch }, async (data, seen) => {
        for (const words of [
          ['show', '../parties'],
          ['approve', '7', 'x', '--officer', 'o-1'],
          ['watch', '-7']
        ])
          expect((await smki(['ra', 'batch', ...words, '--data', data])).status).to.equal(2);
        expect(seen).to.deep.equal([]);
      }));

    it('lists and watches what there is', () =>
      withListener(
        'ra',
        { status: 200, body: { batches: [{ ...batch, state: 'COMPLETED', name: 'n', partyId: 'p' }] } },
        async (data, seen) => {
          const listed = await smki(['ra', 'batch', 'list', '--state', 'COMPLETED', '--data', data]);
          expect(listed.out).to.match(/^7 +COMPLETED +2 /m);
          expect(seen[0]?.url).to.equal('/admin/v1/batches?state=COMPLETED');
          // What had ended before anybody looked is no news.
          const watched = await smki(['ra', 'batch', 'watch', '--data', data]);
          expect(watched).to.deep.equal({ status: 0, out: '', error: '' });
        }
      ));
  });

  it('an argument cannot lead to another path', () =>
    withListener('ra', { status: 404, body: { code: 'resource/not-found' } }, async (data, seen) => {
      await smki(['ra', 'party', 'show', '../systems?x=1', '--data', data]);
      expect(seen[0]?.url).to.equal('/admin/v1/parties/..%2Fsystems%3Fx%3D1');
    }));

  it('a refusal is status 1 with the code of the component', () =>
    withListener('ra', { status: 409, body: { code: 'resource/conflict' } }, async data => {
      const done = await smki(['ra', 'party', 'add', 'S', '--data', data]);
      expect({ status: done.status, code: codeOf(done) }).to.deep.equal({ status: 1, code: 'cli/refused' });
      expect(done.error).to.include('resource/conflict');
    }));

  it('a fault of the component is not reported as a refusal', () =>
    withListener('ra', { status: 503, body: { code: 'database/unavailable' } }, async data => {
      const done = await smki(['ra', 'party', 'list', '--data', data]);
      expect({ status: done.status, code: codeOf(done) }).to.deep.equal({
        status: 1,
        code: 'cli/unavailable'
      });
    }));

  it('speaks to nobody but the component it means', () =>
    withListener('ca', { status: 200, body: { parties: [] } }, async (data, seen) => {
      const done = await smki(['ra', 'party', 'list', '--data', data]);
      expect({ status: done.status, code: codeOf(done) }).to.deep.equal({
        status: 1,
        code: 'cli/unavailable'
      });
      expect(seen).to.deep.equal([]);
    }));

  it('a folder without a running system is status 1', () =>
    inFolder(async data => {
      for (const args of [
        ['ra', 'party', 'list'],
        ['repository', 'api-key', 'list'],
        ['ca', 'status']
      ]) {
        const done = await smki([...args, '--data', data]);
        expect({ status: done.status, code: codeOf(done) }).to.deep.equal({
          status: 1,
          code: 'cli/not-running'
        });
      }
    }));
});
