import { expect } from 'chai';
import { issue, issueCrl, organisationDomain } from '../kit/hierarchy.js';
import { p256Key } from '../kit/keys.js';
import { retrieve } from './client.js';
import { events, problemCode, startRepository, type Running } from './running.js';

describe('publication of revocation lists', function () {
  this.timeout(60_000);
  let running: Running;
  before(async () => (running = await startRepository()));
  after(() => running.stop());

  const revocable = async () => {
    const { certificate } = issue('organisation-ds', { issuer: running.domains.organisation.issuing });
    expect((await running.publish(certificate.der)).status).to.equal(200);
    return certificate;
  };
  const outcome = async (crl: Uint8Array) => {
    const answer = await running.publishCrl(crl);
    return answer.status === 200 ? 200 : [answer.status, problemCode(answer)];
  };

  it('takes rising numbers, the same octets again, and nothing lower or equal', async () => {
    const { issuing } = running.domains.organisation;
    const revoked = await revocable();
    const entries = [
      { serialHex: revoked.serialHex, date: new Date('2026-11-23T11:00:00Z'), reason: 'superseded' }
    ] as const;
    const first = issueCrl(issuing, { number: 5n });
    const second = issueCrl(issuing, { number: 6n, entries });
    expect(await outcome(first.der)).to.equal(200);
    expect((await retrieve(running, revoked.serialHex))?.status).to.equal('I');
    expect(await outcome(second.der)).to.equal(200);
    expect((await retrieve(running, revoked.serialHex))?.status).to.equal('R');
    // Again, the newest and the older one.
    expect(await outcome(second.der)).to.equal(200);
    expect(await outcome(first.der)).to.equal(200);
    const alarm = [409, 'repository/crl-number'];
    expect(await outcome(issueCrl(issuing, { number: 6n }).der)).to.deep.equal(alarm);
    expect((await events(running)).at(-1)?.type).to.equal('repository.publication.conflict');
    expect(await outcome(issueCrl(issuing, { number: 4n }).der)).to.deep.equal(alarm);
    // A gap is no fault: a list may have been lost on the way.
    expect(await outcome(issueCrl(issuing, { number: 9n, entries }).der)).to.equal(200);
    // Revocation is for ever, whatever a later list leaves out.
    expect(await outcome(issueCrl(issuing, { number: 10n }).der)).to.equal(200);
    expect((await retrieve(running, revoked.serialHex))?.status).to.equal('R');
  });

  it('takes each authority by itself', async () => {
    const { organisation, iki } = running.domains;
    expect(await outcome(issueCrl(iki.issuing, { number: 1n }).der)).to.equal(200);
    expect(await outcome(issueCrl(iki.root, { number: 1n }).der)).to.equal(200);
    expect(await outcome(issueCrl(organisation.root, { number: 1n }).der)).to.equal(200);
  });

  it('refuses lists that are not their issuer’s, not current or not published', async () => {
    const { organisation, device } = running.domains;
    const stranger = organisationDomain().issuing;
    expect(await outcome(issueCrl(stranger, { number: 50n }).der)).to.deep.equal([
      422,
      'repository/unknown-issuer'
    ]);
    const forged = issueCrl({ ...organisation.issuing, key: p256Key() }, { number: 50n });
    expect(await outcome(forged.der)).to.deep.equal([422, 'repository/crl-refused']);
    expect((await events(running)).at(-1)?.facts).to.include({ verify: 'verify/signature' });
    const stale = issueCrl(organisation.issuing, {
      number: 50n,
      thisUpdate: new Date('2026-11-20T00:00:00Z'),
      nextUpdate: new Date('2026-11-21T00:00:00Z')
    });
    expect(await outcome(stale.der)).to.deep.equal([422, 'repository/crl-refused']);
    expect(await outcome(issueCrl(device.issuing, { number: 1n }).der)).to.deep.equal([
      422,
      'repository/crl-not-published'
    ]);
    expect(await outcome(Buffer.of(0x30, 0))).to.deep.equal([422, 'repository/crl-malformed']);
  });

  it('publishes nothing more under an issuer that an authority list revokes', async () => {
    const { organisation } = running.domains;
    const other = issue('issuing-oca', { issuer: organisation.root, subject: { commonName: 'Q2' } });
    const early = issue('organisation-ds', { issuer: other });
    expect((await running.publish(other.certificate.der)).status).to.equal(200);
    expect((await running.publish(early.certificate.der)).status).to.equal(200);
    const arl = issueCrl(organisation.root, {
      number: 2n,
      entries: [{ serialHex: other.certificate.serialHex, date: running.clock.now(), reason: 'cACompromise' }]
    });
    expect(await outcome(arl.der)).to.equal(200);
    expect((await retrieve(running, other.certificate.serialHex))?.status).to.equal('R');
    const late = await running.publish(issue('organisation-ds', { issuer: other }).certificate.der);
    expect([late.status, problemCode(late)]).to.deep.equal([422, 'repository/issuer-revoked']);
  });
});
