/** Where secrets must not be, and what a process shows of itself: looked at from outside, in a system that works. */
import { expect } from 'chai';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { request } from 'node:http';
import path from 'node:path';
import { deviceRequest } from '../kit/requests.js';
import { adHoc, credentialOf, firstCertificate, newDeviceEui, query, searchByName } from './clients.js';
import { smkiJson } from './command.js';
import { environmentOf, family } from './processes.js';
import { sharedSystem, type Endpoints, type Running } from './running.js';

describe('secrets and what processes show', function () {
  this.timeout(180_000);
  let system: Running;
  let endpoints: Endpoints;

  before('work a little, refusals included', async () => {
    system = await sharedSystem();
    endpoints = system.endpoints();
    await firstCertificate(endpoints, { eui: newDeviceEui() });
    const supplier = credentialOf(endpoints, 'supplier');
    await adHoc(endpoints, supplier, deviceRequest({ eui: endpoints.demo.deviceEui }));
    await adHoc(endpoints, supplier, new Uint8Array([1, 2, 3]));
    const search = searchByName(endpoints.demo.organisationEui);
    await query(endpoints, 'certificatesearch', search);
    await query(endpoints, 'certificatesearch', search, { apiKey: 'no-such-key-0123456789' });
  });

  /** Every secret of the installation by the name of its file: whole files, and the lines of private keys. */
  function secrets(): Map<string, readonly string[]> {
    const found = new Map<string, readonly string[]>();
    const folder = path.join(system.data, 'secrets');
    for (const name of readdirSync(folder)) {
      const value = readFileSync(path.join(folder, name), 'utf8').trim();
      // Of a URL, what is secret is the password.
      found.set(name, [name.endsWith('.database-url') ? new URL(value).password : value]);
    }
    const tls = path.join(system.data, 'tls');
    for (const name of readdirSync(tls).filter(file => file.endsWith('.key'))) {
      // The first line of a private key is the same for all keys of a kind.
      found.set(name, readFileSync(path.join(tls, name), 'utf8').split('\n').slice(2, -2));
    }
    return found;
  }

  function leaks(text: string): string[] {
    return [...secrets()].flatMap(([name, parts]) => (parts.some(part => text.includes(part)) ? [name] : []));
  }

  it('has secrets to look for', () => {
    const all = secrets();
    expect(all.size).to.be.at.least(20);
    for (const [name, parts] of all) {
      expect(parts.length, name).to.be.at.least(1);
      for (const part of parts) expect(part.length, name).to.be.at.least(16);
    }
    expect(leaks(`x${endpoints.repository.apiKey}y`)).to.deep.equal(['repository.api-key']);
  });

  it('keeps them in files of their owner alone', () => {
    for (const folder of ['secrets', 'tls', 'config', 'log', 'audit', 'run']) {
      for (const name of readdirSync(path.join(system.data, folder))) {
        const { mode } = statSync(path.join(system.data, folder, name));
        // The inventory is written by others than who reads it: its group may read it, and it holds no secret.
        const expected = name === 'inventory.jsonl' ? 0o640 : 0o600;
        expect(mode & 0o777, `${folder}/${name}`).to.equal(expected);
      }
    }
  });

  it('shows none in the arguments or the environment of a process', () => {
    const members = family(system.pid);
    expect(members.length).to.be.at.least(7);
    for (const { pid, command } of members) {
      expect(leaks(command), command).to.deep.equal([]);
      expect(leaks(environmentOf(pid)), command).to.deep.equal([]);
    }
  });

  it('writes none to a log, to the audit logs or to the terminal', () => {
    for (const folder of ['log', 'audit', 'ceremony', 'run', 'public']) {
      for (const entry of readdirSync(path.join(system.data, folder), {
        withFileTypes: true,
        recursive: true
      })) {
        if (!entry.isFile()) continue;
        const file = path.join(entry.parentPath, entry.name);
        expect(leaks(readFileSync(file, 'latin1')), file).to.deep.equal([]);
      }
    }
    expect(leaks(readFileSync(path.join(system.data, 'postgres/postgres.log'), 'latin1'))).to.deep.equal([]);
    expect(leaks(system.out() + system.error())).to.deep.equal([]);
    // A key that somebody tried is a secret of theirs.
    const log = readFileSync(path.join(system.data, 'log/repository-1.log'), 'utf8');
    expect(log).not.to.include('no-such-key-0123456789');
    expect(log).to.include('/services/certificatesearch');
  });

  it('writes logs that are JSON line by line, with the process and without bodies', () => {
    for (const instance of ['ca-1', 'ra-1', 'repository-1']) {
      const lines = readFileSync(path.join(system.data, 'log', `${instance}.log`), 'utf8')
        .trim()
        .split('\n');
      for (const line of lines) expect(JSON.parse(line), line).to.include({ instance });
      expect(lines.join('\n')).not.to.match(/BEGIN|CertificateSigningRequest>/);
    }
  });

  for (const [component, measure] of [
    ['ca', /^opensmki_ca_certificates_total\{.*profile="device-ds".*\} [1-9]/m],
    ['ra', /^opensmki_ra_requests_total\{.*interface="adhoc".*status="SUCCESS".*\} [1-9]/m],
    ['repository', /^opensmki_repository_answers_total\{.*status="200".*\} [1-9]/m]
  ] as const) {
    it(`shows metrics and health of the ${component} to its owner on a Unix socket`, async () => {
      const socket = path.join(system.data, 'run', `${component}-1.sock`);
      expect(statSync(socket).isSocket()).to.equal(true);
      expect(statSync(socket).mode & 0o777).to.equal(0o600);
      const metrics = await ask(socket, '/metrics');
      expect(metrics.type).to.match(/^text\/plain/);
      expect(metrics.body).to.match(measure);
      expect(metrics.body).to.match(/^process_cpu_seconds_total\{/m);
      if (component !== 'repository')
        for (const gauge of [
          /^opensmki_signer_ready(\{.*\})? 1$/m,
          /^opensmki_signer_sessions(\{.*\})? [1-9]/m
        ])
          expect(metrics.body).to.match(gauge);
      expect(leaks(metrics.body)).to.deep.equal([]);
      const ready = await ask(socket, '/health/ready');
      expect(ready.status).to.equal(200);
      const { status, parts } = JSON.parse(ready.body) as {
        status: string;
        parts: Record<string, { ok: boolean }>;
      };
      expect(status).to.equal('ok');
      expect(parts).to.include.keys('audit', 'database');
      expect(Object.values(parts).every(({ ok }) => ok)).to.equal(true);
      expect((await ask(socket, '/health/live')).status).to.equal(200);
      expect((await ask(socket, '/other')).status).to.equal(404);
      const [state] = await smkiJson<{ state: string; pid: number }[]>([
        ...[component, 'status', '--data', system.data]
      ]);
      expect(state).to.include({ state: 'ok', pid: endpoints.pids[component][0] });
    });
  }
});

function ask(
  socketPath: string,
  at: string
): Promise<{ readonly status: number | undefined; readonly type: string; readonly body: string }> {
  return new Promise((resolve, reject) => {
    const sent = request({ socketPath, path: at, timeout: 10_000 }, response => {
      let body = '';
      response.setEncoding('utf8');
      response.on('data', (part: string) => (body += part));
      response.once('end', () =>
        resolve({ status: response.statusCode, type: response.headers['content-type'] ?? '', body })
      );
    });
    sent.once('error', reject);
    sent.end();
  });
}
