/** The contract of `ops/up`, held to the letter: one system, from its first start through kills to its second. */
import { expect } from 'chai';
import { createHash } from 'node:crypto';
import { lstatSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { deviceRequest } from '../kit/requests.js';
import { checkout, command, smki, succeed } from './command.js';
import {
  create,
  credentialOf,
  firstCertificate,
  hitIn,
  hitsOf,
  issuedIn,
  newDeviceEui,
  query,
  retrieval,
  searchByAltName,
  searchByName
} from './clients.js';
import { alive, commandLine, family } from './processes.js';
import { eventually, newFolder, up, type Endpoints, type Running } from './running.js';

describe('ops/up', function () {
  this.timeout(180_000);
  let data: string;
  let system: Running;
  let first: Endpoints;

  before('start through the script', async () => {
    // Closed to every other user: as root, the database server's user cannot pass through.
    data = path.join(newFolder('closed'), 'data');
    system = await up(data);
    first = system.endpoints();
  });

  it('says one line on standard output and everything else on standard error', () => {
    expect(system.out()).to.equal(`ready ${path.join(data, 'endpoints.json')}\n`);
    expect(system.error()).to.match(/starting the CA/);
  });

  it('keeps endpoints.json and its folders from other users', () => {
    expect(statSync(path.join(data, 'endpoints.json')).mode & 0o777).to.equal(0o600);
    for (const folder of ['config', 'secrets', 'tls', 'tokens', 'run', 'spool', 'log', 'audit'])
      expect(statSync(path.join(data, folder)).mode & 0o777, folder).to.equal(0o700);
  });

  it('writes every field of the contract', () => {
    expect(first.environment).to.equal('test');
    expect(first.repository.url).to.match(/^http:\/\/127\.0\.0\.1:\d+$/);
    expect(first.repository.apiKey).to.match(/^[A-Za-z0-9_-]{20,}$/);
    expect(first.ra.url).to.match(/^https:\/\/127\.0\.0\.1:\d+$/);
    expect(first.ra.adhoc).to.equal(`${first.ra.url}/1.0/AdHocDeviceCSR`);
    expect(first.ra.batch).to.equal(`${first.ra.url}/1.0/PortalCSRBatch`);
    expect(first.ra.portal).to.equal(`${first.ra.url}/portal/1.0/batches`);
    for (const file of [...Object.values(first.tls), ...Object.values(first.anchors)]) {
      expect(path.isAbsolute(file), file).to.equal(true);
      expect(readFileSync(file, 'utf8')).to.match(/^-----BEGIN /);
    }
    expect(first.demo.organisationEui).to.equal('90-B3-D5-1F-30-01-00-00');
    expect(first.demo.deviceEui).to.match(/^[0-9A-F]{2}(-[0-9A-F]{2}){7}$/);
    for (const serial of [first.demo.organisationSerial, first.demo.deviceSerial])
      expect(serial).to.match(/^[0-9A-F]{32}$/);
    expect(first.database).to.match(/^postgres(ql)?:\/\//);
  });

  it('names TLS files with which curl and openssl s_client reach the RA', async () => {
    const { ca, clientCert, clientKey } = first.tls;
    const curl = await succeed('curl', [
      ...['--silent', '--show-error', '--fail', '--max-time', '10'],
      ...['--cacert', ca, '--cert', clientCert, '--key', clientKey, `${first.ra.url}/ra/v1/parties/self`]
    ]);
    expect(JSON.parse(curl.out)).to.have.property('state', 'active');
    const { host, hostname } = new URL(first.ra.url);
    const client = await succeed(
      'openssl',
      [
        ...['s_client', '-connect', host, '-verify_return_error', '-verify_ip', hostname],
        ...['-CAfile', ca, '-cert', clientCert, '-key', clientKey, '-ign_eof', '-quiet']
      ],
      { input: 'GET /ra/v1/parties/self HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n' }
    );
    expect(client.out).to.match(/^HTTP\/1\.1 200 /);
  });

  it('names lists that anybody can fetch', async () => {
    for (const [name, url] of Object.entries(first.crls)) {
      const { octets } = await succeed('curl', ['--silent', '--fail', '--max-time', '10', url]);
      const { out } = await succeed('openssl', ['crl', '-inform', 'DER', '-noout', '-nextupdate'], {
        input: octets
      });
      expect(Date.parse(out.replace('nextUpdate=', '')), name).to.be.greaterThan(Date.now());
    }
  });

  it('names certificates of the demo supplier and its device that relying parties find in use', async () => {
    const { demo } = first;
    const organisation = await query(first, 'certificatesearch', searchByName(demo.organisationEui));
    const found = (serial: string) => hitsOf(organisation.body).find(hit => hit.serial === serial);
    expect(found(demo.organisationSerial)).to.include({ role: '2', usage: 'DS', status: 'I' });
    expect(found(demo.organisationKeyAgreementSerial)).to.include({ role: '2', usage: 'KA', status: 'I' });
    expect(found(demo.organisationXmlSerial)).to.include({ role: '135', usage: 'DS', status: 'I' });
    const device = await query(first, 'certificatesearch', searchByAltName(demo.deviceEui));
    expect(hitsOf(device.body).map(({ serial }) => serial)).to.include(demo.deviceSerial);
  });

  it("shows its tokens to SoftHSM's own tool", async () => {
    expect(first.hsm.module).to.match(/libsofthsm2\.so$/);
    const { out } = await succeed('softhsm2-util', ['--show-slots'], {
      env: { SOFTHSM2_CONF: first.hsm.softhsmConf }
    });
    const labels = [...out.matchAll(/Label:\s+(\S+)/g)].map(([, label]) => label);
    expect(labels).to.have.members([
      'opensmki-test-root',
      'opensmki-test-issuing',
      'opensmki-test-statements',
      'opensmki-test-validation'
    ]);
  });

  it('names a database that psql reaches', async () => {
    const { out } = await succeed('psql', [
      ...[first.database, '--no-psqlrc', '--tuples-only', '--no-align'],
      ...['--command', "select count(*) from ca.certificate where profile like 'organisation-%'"]
    ]);
    expect(Number(out)).to.be.at.least(3);
  });

  it('names real processes of the right kind, all its own', () => {
    const below = new Set(family(system.pid).map(({ pid }) => pid));
    const kinds: Record<keyof Endpoints['pids'], RegExp> = {
      ca: /smki\.js ca run /,
      ra: /smki\.js ra run /,
      repository: /smki\.js repository run /,
      validation: /smki\.js validation run /,
      validationSigner: /signer\/main\.js/,
      signer: /signer\/main\.js/,
      postgres: /\/postgres -D /
    };
    for (const [kind, form] of Object.entries(kinds)) {
      const pids = first.pids[kind as keyof Endpoints['pids']];
      expect(pids, kind).to.have.lengthOf(kind === 'signer' ? 2 : 1);
      for (const pid of pids) {
        expect(commandLine(pid)).to.match(form);
        expect(below.has(pid), kind).to.equal(true);
      }
    }
  });

  it('as root, keeps the cluster where the server may reach it', function () {
    // Another user's server runs as that user, and the cluster is in the folder itself.
    expect(lstatSync(path.join(data, 'postgres')).isSymbolicLink()).to.equal(process.getuid?.() === 0);
  });

  it('refuses a second launcher on the same folder, and serves on', async () => {
    const second = await smki(['up', '--data', data]);
    expect(second.status).to.equal(1);
    expect(second.out).to.equal('');
    expect(second.error).to.match(/launch\/in-use/);
    const third = await smki(['demo', '--data', data]);
    expect(third.status).to.equal(1);
    expect(third.error).to.match(/launch\/in-use/);
    await firstCertificate(first, { eui: newDeviceEui() });
    expect(system.endpoints()).to.deep.equal(first);
  });

  for (const kind of [
    'ca',
    'ra',
    'repository',
    'validation',
    'validationSigner',
    'signer',
    'postgres'
  ] as const) {
    it(`starts ${kind} again after kill -9, on the same ports`, async () => {
      const before = system.endpoints();
      for (const pid of before.pids[kind]) process.kill(pid, 'SIGKILL');
      const after = await eventually(`new ${kind} in endpoints.json`, () => {
        const now = system.endpoints();
        const renewed =
          now.pids[kind].length === before.pids[kind].length &&
          now.pids[kind].every(pid => !before.pids[kind].includes(pid) && commandLine(pid) !== '');
        return renewed ? now : undefined;
      });
      expect({ ...after, pids: undefined }).to.deep.equal({ ...before, pids: undefined });
      const eui = newDeviceEui();
      const csr = deviceRequest({ eui });
      const serial = await eventually('a certificate', async () => {
        const answer = await create(after, credentialOf(after, 'maker'), 'device', csr, eui).catch(
          () => undefined
        );
        return answer?.status === 201 ? issuedIn(answer).serial : undefined;
      });
      await eventually('the certificate in the repository', async () => {
        const answer = await query(after, 'certificatesearch', searchByAltName(eui)).catch(() => undefined);
        return answer?.status === 200 && hitsOf(answer.body).some(hit => hit.serial === serial)
          ? true
          : undefined;
      });
    });
  }

  describe('stopped with requests under way, and started again', () => {
    interface Asked {
      readonly eui: string;
      readonly csr: Uint8Array;
      readonly answered: string | undefined;
    }
    let asked: Asked[];
    let anchors: string;
    let members: ReturnType<typeof family>;
    let ended: { readonly status: number | null; readonly ms: number };

    const digest = (endpoints: Endpoints): string =>
      Object.values(endpoints.anchors)
        .map(file => createHash('sha256').update(readFileSync(file)).digest('hex'))
        .join(' ');

    before(async () => {
      anchors = digest(first);
      const endpoints = system.endpoints();
      const maker = credentialOf(endpoints, 'maker');
      const flying = Array.from({ length: 12 }, async (): Promise<Asked> => {
        const eui = newDeviceEui();
        const csr = deviceRequest({ eui });
        const answer = await create(endpoints, maker, 'device', csr, eui).catch(() => undefined);
        return { eui, csr, answered: answer?.status === 201 ? issuedIn(answer).serial : undefined };
      });
      // Some are answered, the others are somewhere between the RA and the CA.
      await Promise.race(flying);
      members = family(system.pid);
      ended = await system.stop();
      asked = await Promise.all(flying);
      system = await up(data);
    });

    it('ended with status 0, soon, and left no process and no further line', () => {
      expect(ended.status).to.equal(0);
      expect(ended.ms).to.be.lessThan(20_000);
      expect(members.length).to.be.at.least(6);
      expect(alive(members)).to.deep.equal([]);
    });

    it('is the same system: anchors, serial numbers and API key', async () => {
      const second = system.endpoints();
      expect(system.out()).to.equal(`ready ${path.join(data, 'endpoints.json')}\n`);
      expect(digest(second)).to.equal(anchors);
      expect(second.demo).to.deep.equal(first.demo);
      expect(second.repository.apiKey).to.equal(first.repository.apiKey);
      for (const serial of [first.demo.organisationSerial, first.demo.deviceSerial]) {
        const answer = await query(second, 'retrievecertificate', retrieval(serial));
        expect(answer.status).to.equal(200);
        expect(hitIn(answer.body).serial).to.equal(serial);
      }
    });

    it('lost no request and answered none twice', async () => {
      const second = system.endpoints();
      const maker = credentialOf(second, 'maker');
      for (const { eui, csr, answered } of asked) {
        const { serial } = await eventually(`the certificate of ${eui}`, async () => {
          const answer = await create(second, maker, 'device', csr, eui);
          return answer.status === 201 ? issuedIn(answer) : undefined;
        });
        if (answered !== undefined) expect(serial).to.equal(answered);
        const hits = await eventually(`${eui} in the repository`, async () => {
          const found = await query(second, 'certificatesearch', searchByAltName(eui));
          return found.status === 200 ? hitsOf(found.body) : undefined;
        });
        expect(hits.map(hit => hit.serial)).to.deep.equal([serial]);
      }
      expect(asked.some(({ answered }) => answered !== undefined)).to.equal(true);
    });

    it('comes back after its launcher was killed, and then ends at SIGTERM with nothing left behind', async () => {
      const left = family(system.pid);
      process.kill(system.pid, 'SIGKILL');
      await eventually('the end of the launcher', () =>
        alive(left).some(({ pid }) => pid === system.pid) ? undefined : true
      );
      system = await up(data);
      expect(system.endpoints().demo).to.deep.equal(first.demo);
      await firstCertificate(system.endpoints(), { eui: newDeviceEui() });
      const below = family(system.pid);
      const stopping = system.stop();
      // Impatience is no reason to leave processes behind.
      process.kill(system.pid, 'SIGTERM');
      process.kill(system.pid, 'SIGINT');
      expect((await stopping).status).to.equal(0);
      expect(alive([...left, ...below])).to.deep.equal([]);
    });
  });

  it('refuses a folder of another environment', async () => {
    const other = newFolder('closed');
    mkdirSync(path.join(other, 'config'));
    const state = JSON.stringify({ environment: 'live', createdAt: new Date().toISOString() });
    writeFileSync(path.join(other, 'config/state.json'), state);
    const refused = await command(path.join(checkout, 'ops/up'), ['--data', other]);
    expect(refused.status).to.equal(1);
    expect(refused.out).to.equal('');
    expect(refused.error).to.match(/launch\/data-directory/);
    expect(readFileSync(path.join(other, 'config/state.json'), 'utf8')).to.equal(state);
  });
});
