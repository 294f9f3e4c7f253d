import { createHash, randomBytes } from 'node:crypto';
import { expect } from 'chai';
import { encodeName, oids } from '../../pki/x509/index.js';
import { stages } from '../../repository/index.js';
import { testCertificate } from '../kit/certificates.js';
import {
  deviceDomain,
  issue,
  issueTbs,
  testSubjects,
  type IssueOptions,
  type TestEntity
} from '../kit/hierarchy.js';
import { p256Key, signRaw } from '../kit/keys.js';
import { assembleCertificate } from '../../pki/profile/index.js';
import { byAltName, retrieve, searchFor } from './client.js';
import { events, problemCode, startRepository, type Running } from './running.js';

const hwType = '1.2.826.0.1.9999999.1.2.2.1';

describe('publication of certificates', function () {
  this.timeout(60_000);
  let running: Running;
  let eui = 0x0007810000001000n;
  /** A certificate of a device that no other test uses. */
  const deviceCertificate = (options: IssueOptions = {}): TestEntity =>
    issue('device-ds', {
      issuer: running.domains.device.issuing,
      subject: { eui: ++eui, hwType },
      ...options
    });
  const stored = async () => {
    const [row] = await running.ownerKnex('certificate').count<{ count: string }[]>();
    return Number(row?.count);
  };

  before(async () => (running = await startRepository()));
  after(() => running.stop());

  it('accepts a group whole and gives it the next number of the feed', async () => {
    const group = Array.from({ length: 40 }, () => deviceCertificate().certificate.der);
    const before = await stored();
    const answer = await running.publish(...group);
    expect(answer.status).to.equal(200);
    expect(await stored()).to.equal(before + 40);
    const feed = await running.ownerKnex('publication').orderBy('sequence').pluck<string[]>('sequence');
    expect(feed.map(Number)).to.deep.equal(feed.map((_, index) => index + 1));
    expect(JSON.parse(answer.body.toString())).to.deep.equal({ outcome: 'published', sequence: feed.at(-1) });
  });

  it('stores what the indexes of the look-ups need', async () => {
    const { certificate } = deviceCertificate();
    await running.publish(certificate.der);
    const row = await running
      .ownerKnex('certificate')
      .where({ eui: eui.toString() })
      .first<Record<string, unknown>>();
    expect(String(row['serial']).replaceAll('-', '').toUpperCase()).to.equal(certificate.serialHex);
    expect(row['usage']).to.equal('DS');
    expect(row['profile']).to.equal('device-ds');
    const issuer = await running.ownerKnex('issuer').where({ id: row['issuer'] }).first<{ name: Buffer }>();
    expect(issuer.name.equals(certificate.issuer.der)).to.equal(true);
    expect((row['ski'] as Buffer).equals(certificate.subjectKeyIdentifier ?? Buffer.alloc(0))).to.equal(true);
    expect((row['not_after'] as Date).toISOString()).to.equal('9999-12-31T23:59:59.000Z');
    const hash = (algorithm: string, octets: Uint8Array) => createHash(algorithm).update(octets).digest();
    expect((row['sha256'] as Buffer).equals(hash('sha256', certificate.der))).to.equal(true);
    expect(row['sha1_prefix']).to.equal(hash('sha1', certificate.der).readBigInt64BE().toString());
    expect(row['public_key_prefix']).to.equal(
      hash('sha256', certificate.publicKey.spki).readBigInt64BE().toString()
    );
  });

  it('keeps EUI-64s above 2^63', async () => {
    const above = issue('device-ka', {
      issuer: running.domains.device.issuing,
      subject: { eui: 0xfedcba9876543210n, hwType }
    });
    await running.publish(above.certificate.der);
    const [found] = await searchFor(running, byAltName('FE-DC-BA-98-76-54-32-10'));
    expect(found?.serial).to.equal(above.certificate.serialHex);
  });

  it('takes the same octets again for success, in the same group and in another', async () => {
    const groupId = randomBytes(16);
    const { der } = deviceCertificate().certificate;
    expect((await running.publishGroup(groupId, [der])).status).to.equal(200);
    const count = await stored();
    const again = await running.publishGroup(groupId, [der]);
    expect(again.status).to.equal(200);
    expect(JSON.parse(again.body.toString())).to.deep.equal({ outcome: 'repeated' });
    expect((await running.publishGroup(randomBytes(16), [der])).status).to.equal(200);
    expect(await stored()).to.equal(count);
    expect((await events(running)).at(-1)?.type).to.equal('repository.certificates.repeated');
  });

  it('refuses other octets under one issuer and serial number with an alarm', async () => {
    const key = p256Key();
    const issuer = running.domains.device.issuing;
    const subject = { eui: ++eui, hwType };
    const tbs = issueTbs('device-ds', key, { issuer, subject });
    // ECDSA is randomised: the same content signed twice is two certificates.
    const [one, other] = [1, 2].map(() => assembleCertificate(tbs, 'P-256', signRaw(issuer.key, tbs)));
    expect((await running.publish(one as Uint8Array)).status).to.equal(200);
    const conflict = await running.publish(deviceCertificate().certificate.der, other as Uint8Array);
    expect(conflict.status).to.equal(409);
    expect(problemCode(conflict)).to.equal('repository/certificate-conflict');
    const event = (await events(running)).at(-1);
    expect(event?.type).to.equal('repository.publication.conflict');
    // Nothing of the group was stored.
    expect(await searchFor(running, byAltName(euiText(eui)))).to.deep.equal([]);
    const kept = await searchFor(running, byAltName(euiText(subject.eui)));
    const body = (await retrieve(running, kept[0]?.serial ?? ''))?.body;
    expect(body?.equals(one as Uint8Array)).to.equal(true);
  });

  it('refuses a group that comes again with other certificates', async () => {
    const groupId = randomBytes(16);
    await running.publishGroup(groupId, [deviceCertificate().certificate.der]);
    const grown = await running.publishGroup(groupId, [deviceCertificate().certificate.der]);
    expect([grown.status, problemCode(grown)]).to.deep.equal([409, 'repository/group-conflict']);
  });

  const refusals: {
    readonly title: string;
    readonly code: string;
    readonly verify?: string;
    readonly make: () => Uint8Array;
  }[] = [
    {
      title: 'octets that are no certificate',
      code: 'repository/certificate-malformed',
      make: () => randomBytes(300)
    },
    {
      title: 'octets after the certificate',
      code: 'repository/certificate-malformed',
      make: () => Buffer.concat([deviceCertificate().certificate.der, Buffer.of(0)])
    },
    {
      title: 'an issuer that leads to no anchor',
      code: 'repository/unknown-issuer',
      make: () =>
        issue('device-ds', { issuer: deviceDomain().issuing, subject: { eui: ++eui, hwType } }).certificate
          .der
    },
    {
      title: 'a root that is no anchor',
      code: 'repository/unknown-issuer',
      make: () => deviceDomain().root.certificate.der
    },
    {
      title: 'a profile that is not published',
      code: 'repository/profile-not-published',
      make: () =>
        issue('iki-client', { issuer: running.domains.iki.issuing, subject: testSubjects['iki-client'] })
          .certificate.der
    },
    {
      title: 'a signature that does not verify',
      code: 'repository/chain',
      verify: 'verify/signature',
      make: () => {
        const issuer = running.domains.device.issuing;
        return deviceCertificate({ issuer: { ...issuer, key: p256Key() } }).certificate.der;
      }
    },
    {
      title: 'a certificate of no profile',
      code: 'repository/unknown-profile',
      make: () => {
        const issuer = running.domains.device.issuing;
        return testCertificate({
          key: p256Key(),
          issuerKey: issuer.key,
          issuer: issuer.certificate.subject.der,
          subject: encodeName([{ type: oids.commonName, utf8: 'somebody' }])
        });
      }
    },
    {
      title: 'a certificate that is not valid yet',
      code: 'repository/chain',
      verify: 'verify/not-yet-valid',
      make: () => deviceCertificate({ notBefore: new Date('2027-01-01T00:00:00Z') }).certificate.der
    }
  ];
  for (const { title, code, verify, make } of refusals) {
    it(`refuses ${title} (${code})`, async () => {
      const before = await stored();
      const answer = await running.publish(deviceCertificate().certificate.der, make());
      expect([answer.status, problemCode(answer)]).to.deep.equal([422, code]);
      expect(await stored()).to.equal(before);
      const event = (await events(running)).at(-1);
      expect(event).to.include({ type: 'repository.publication.refused', actor: 'ca' });
      expect(event?.facts).to.include({ code, ...(verify === undefined ? {} : { verify }) });
    });
  }

  it('refuses what a lint finds', async () => {
    // The last octet of the key identifier: chain and signature hold, method 2 does not.
    const spoil = (tbs: Uint8Array) => {
      const changed = Buffer.from(tbs);
      const at = changed.indexOf(Buffer.from('0603551d0e040a0408', 'hex'));
      changed[at + 16] = (changed[at + 16] ?? 0) ^ 1;
      return changed;
    };
    const answer = await running.publish(deviceCertificate({ change: spoil }).certificate.der);
    expect([answer.status, problemCode(answer)]).to.deep.equal([422, 'repository/lint']);
    expect((await events(running)).at(-1)?.facts).to.include({ lint: 'L05' });
  });

  it('refuses a message that is cut short', async () => {
    const answer = await running.call('ca', {
      method: 'POST',
      path: '/ca/v1/publications',
      body: Buffer.of(1, 2, 3)
    });
    expect([answer.status, problemCode(answer)]).to.deep.equal([400, 'repository/malformed']);
  });

  it('admits the CA alone, by the name in its certificate', async () => {
    const asked = { method: 'POST', path: '/ca/v1/publications', body: Buffer.of(1) };
    for (const peer of ['operator', 'ra', 'cab', 'ca-', 'ca-x', 'ca+operator']) {
      const answer = await running.call(peer, asked);
      expect([answer.status, problemCode(answer)], peer).to.deep.equal([403, 'repository/peer']);
    }
    expect((await running.call(undefined, asked)).status).to.equal(403);
    expect((await running.call('ca-12', asked)).status).to.equal(400);
    expect((await running.call('ca', { method: 'GET', path: '/ca/v1/publications' })).status).to.equal(405);
    expect((await running.call('ca', { path: '/ca/v1/other' })).status).to.equal(404);
  });

  it('passes its points before and after lodging', async () => {
    const points: string[] = [];
    running.hooks.onStage = point => void points.push(point);
    try {
      await running.publish(deviceCertificate().certificate.der);
    } finally {
      running.hooks.onStage = () => undefined;
    }
    expect(points).to.deep.equal(stages);
    expect(stages).to.deep.equal(['repository:9:before', 'repository:9:after']);
  });

  it('answers success again after a stop between commit and answer', async () => {
    const groupId = randomBytes(16);
    const { certificate } = deviceCertificate();
    running.hooks.onStage = point => {
      if (point === 'repository:9:after') throw new Error('stopped');
    };
    try {
      expect((await running.publishGroup(groupId, [certificate.der])).status).to.equal(500);
    } finally {
      running.hooks.onStage = () => undefined;
    }
    expect((await running.publishGroup(groupId, [certificate.der])).status).to.equal(200);
    expect(await searchFor(running, byAltName(euiText(eui)))).to.have.length(1);
  });

  it('gives the running process no right to change or remove what was published', async () => {
    for (const statement of [
      'update repository.certificate set der = der',
      'delete from repository.certificate',
      'update repository.crl set der = der',
      'delete from repository.revocation',
      'update repository.certificate_status set manufacturing = true',
      'update repository.publication set sequence = 1',
      'update repository.issuer set name = name',
      'delete from repository.api_key'
    ]) {
      const code = await running.knex.raw(statement).then(
        () => 'done',
        (error: { code?: string }) => error.code
      );
      expect(code, statement).to.equal('42501');
    }
  });
});

function euiText(eui: bigint): string {
  return (eui.toString(16).padStart(16, '0').toUpperCase().match(/../g) ?? []).join('-');
}
