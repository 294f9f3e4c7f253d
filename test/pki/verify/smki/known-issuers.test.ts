import { expect } from 'chai';
import { policyWith } from '../../../../pki/profile/index.js';
import { verifyIssued, type IssuedOptions } from '../../../../pki/verify/index.js';
import { parseCertificate, type Certificate } from '../../../../pki/x509/index.js';
import { deviceDomain, ikiDomain, issue, issueDay, testPolicy } from '../../../kit/hierarchy.js';

/** Every question is asked of issuers that were found good before, and must be answered as if they had not been. */
describe('issuers found good before', () => {
  const { root, issuing } = ikiDomain();
  const client = issue('iki-client', { issuer: issuing }).certificate;
  const good: IssuedOptions = {
    at: issueDay,
    profile: 'iki-client',
    policy: testPolicy,
    anchors: [root.certificate]
  };

  function codeOf(certificate: Certificate, issuer: Certificate, options: IssuedOptions): string {
    const result = verifyIssued(certificate, [issuer], options);
    return result.ok ? 'ok' : `${result.code} ${result.depth}`;
  }

  /** The answer under an issuer just found good, and under one never seen. */
  function isJudgedAlike(change: Partial<IssuedOptions>): string {
    expect(codeOf(client, issuing.certificate, good)).to.equal('ok');
    const options = { ...good, ...change };
    const answer = codeOf(client, issuing.certificate, options);
    expect(codeOf(client, parseCertificate(issuing.certificate.der), options)).to.equal(answer);
    return answer;
  }

  it('are good again', () => {
    expect(isJudgedAlike({})).to.equal('ok');
    expect(isJudgedAlike({ anchors: [parseCertificate(root.certificate.der)] })).to.equal('ok');
  });

  it('are not when the anchor is gone or another', () => {
    expect(isJudgedAlike({ anchors: [] })).to.equal('verify/no-chain 1');
    expect(isJudgedAlike({ anchors: [ikiDomain().root.certificate] })).to.not.equal('ok');
  });

  it('are not when an anchor is taken out of the list they were judged by', () => {
    const anchors = [root.certificate];
    expect(codeOf(client, issuing.certificate, { ...good, anchors })).to.equal('ok');
    anchors.pop();
    expect(codeOf(client, issuing.certificate, { ...good, anchors })).to.equal('verify/no-chain 1');
  });

  it('are not at a moment when they, or what is above them, have expired or not begun', () => {
    const after = (end: Date) => new Date(end.getTime() + 1_000);
    expect(isJudgedAlike({ at: after(issuing.certificate.notAfter) })).to.equal('verify/issuer-expired 1');
    expect(isJudgedAlike({ at: after(root.certificate.notAfter) })).to.equal('verify/issuer-expired 2');
    expect(isJudgedAlike({ at: new Date('2020-01-01T00:00:00Z') })).to.equal('verify/issuer-not-yet-valid 2');
    expect(isJudgedAlike({ at: root.certificate.notAfter })).to.equal('verify/issuer-expired 1');
  });

  it('are not under another policy or for another profile', () => {
    const other = policyWith('test', { 'oid.iki': { value: ['1.2.3'] } });
    expect(isJudgedAlike({ policy: other })).to.equal('verify/policy 0');
    expect(isJudgedAlike({ profile: 'organisation-ds' })).to.equal('verify/profile 0');
  });

  it('do not make another certificate good', () => {
    const { issuing: foreign } = ikiDomain();
    const forged = issue('iki-client', { issuer: { ...issuing, key: foreign.key } }).certificate;
    expect(codeOf(client, issuing.certificate, good)).to.equal('ok');
    expect(codeOf(forged, issuing.certificate, good)).to.equal('verify/signature 0');
  });

  it('of devices are judged at the moment of issue', () => {
    const devices = deviceDomain();
    const options: IssuedOptions = {
      at: new Date('2300-01-01T00:00:00Z'),
      profile: 'device-ds',
      policy: testPolicy,
      anchors: [devices.root.certificate]
    };
    const proper = issue('device-ds', { issuer: devices.issuing }).certificate;
    const early = issue('device-ds', {
      issuer: devices.issuing,
      notBefore: new Date('2020-01-01T00:00:00Z')
    }).certificate;
    expect(codeOf(proper, devices.issuing.certificate, options)).to.equal('ok');
    expect(codeOf(early, devices.issuing.certificate, options)).to.equal(
      'verify/issuer-not-valid-at-issue 2'
    );
    expect(codeOf(proper, devices.issuing.certificate, options)).to.equal('ok');
  });
});
