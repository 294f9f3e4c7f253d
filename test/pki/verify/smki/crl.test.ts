import { expect } from 'chai';
import { certificateStatus, verifyIssuedCrl, type VerifiedCrl } from '../../../../pki/verify/index.js';
import {
  encodeExtension,
  oids,
  parseCertificate,
  parseCrl,
  type CertificateList
} from '../../../../pki/x509/index.js';
import { testCrl } from '../../../kit/certificates.js';
import { codeOf } from '../../../kit/errors.js';
import { fromHex, replaceAt } from '../../../kit/der-surgery.js';
import {
  ikiDomain,
  issue,
  issueCrl,
  issueDay,
  organisationDomain,
  type TestDomain,
  type TestEntity
} from '../../../kit/hierarchy.js';
import { signRaw } from '../../../kit/keys.js';
import { assembleCrl } from '../../../../pki/profile/index.js';

const revokedOn = new Date('2026-11-23T09:00:00Z');

describe('verifyIssuedCrl', () => {
  let oca: TestDomain;
  let organisation: TestEntity;

  before(() => {
    oca = organisationDomain();
    organisation = issue('organisation-ds', { issuer: oca.issuing });
  });

  const entryFor = ({ certificate }: TestEntity) => ({
    serialHex: certificate.serialHex,
    date: revokedOn,
    reason: 'keyCompromise' as const
  });

  function verdict(list: CertificateList, issuer: TestEntity = oca.issuing, at = issueDay): string {
    const result = verifyIssuedCrl(list, issuer.certificate, at);
    return result.ok ? 'ok' : result.code;
  }

  function accepted(list: CertificateList, issuer: TestEntity = oca.issuing): VerifiedCrl {
    const result = verifyIssuedCrl(list, issuer.certificate, issueDay);
    if (!result.ok) throw new Error(result.code);
    return result.crl;
  }

  it('accepts lists of issuing CAs and roots, P-256 and RSA', () => {
    const ica = ikiDomain();
    for (const issuer of [oca.issuing, oca.root, ica.issuing, ica.root])
      expect(verdict(issueCrl(issuer), issuer), issuer.profile).to.equal('ok');
  });

  it('refuses a list of another issuer, of another key, and by a stranger of that name', () => {
    const other = issue('issuing-oca', { issuer: oca.root, subject: { commonName: 'Q2' } });
    expect(verdict(issueCrl(other))).to.equal('verify/issuer-name');
    const namesake = issue('issuing-oca', { issuer: oca.root });
    expect(verdict(issueCrl(namesake))).to.equal('verify/issuer-key');
    const list = issueCrl(oca.issuing);
    const forged = parseCrl(assembleCrl(list.tbs, 'P-256', signRaw(namesake.key, list.tbs)));
    expect(verdict(forged)).to.equal('verify/signature');
  });

  it('refuses a list changed after it was signed, and one with two algorithms', () => {
    const { der } = issueCrl(oca.issuing, { entries: [entryFor(organisation)] });
    const later = replaceAt(der, [0, 4], fromHex(`170d${Buffer.from('271125100000Z').toString('hex')}`));
    expect(verdict(parseCrl(later))).to.equal('verify/signature');
    const odd = replaceAt(der, [1], fromHex('300c06082a8648ce3d0403020500'));
    expect(verdict(parseCrl(odd))).to.equal('verify/signature');
  });

  it('refuses an issuer without cRLSign, or that is no CA', () => {
    const without = issue('issuing-oca', {
      issuer: oca.root,
      change: tbs => replaceAt(tbs, [7, 0, 0], fromHex('300e0603551d0f0101ff040403020204'))
    });
    expect(verdict(issueCrl(without), without)).to.equal('verify/issuer-authority');
    expect(verdict(issueCrl(organisation), organisation)).to.equal('verify/issuer-authority');
  });

  it('refuses a list before its thisUpdate and after its nextUpdate, ends included', () => {
    const list = issueCrl(oca.issuing);
    const at = (text: string) => verdict(list, oca.issuing, new Date(text));
    expect(at('2026-11-23T09:59:59Z')).to.equal('verify/crl-not-yet-valid');
    expect(at('2026-11-23T10:00:00Z')).to.equal('ok');
    expect(at('2026-11-25T10:00:00Z')).to.equal('ok');
    expect(at('2026-11-25T10:00:01Z')).to.equal('verify/crl-stale');
  });

  it('refuses scopes and deltas, critical (by the reader) and not', () => {
    const { key, certificate } = oca.issuing;
    const list = (oid: string, critical: boolean) =>
      testCrl({
        key,
        issuer: certificate.subject.der,
        thisUpdate: new Date('2026-11-23T10:00:00Z'),
        nextUpdate: new Date('2026-11-25T10:00:00Z'),
        moreExtensions: [encodeExtension(oid, critical, fromHex('3000'))]
      });
    for (const oid of [oids.issuingDistributionPoint, oids.deltaCrlIndicator]) {
      expect(verdict(parseCrl(list(oid, false)))).to.equal('verify/critical-extension');
      expect(codeOf(() => parseCrl(list(oid, true)))).to.equal('x509/critical-extension');
    }
    expect(codeOf(() => parseCrl(list('1.3.6.1.4.1.99999.1', true)))).to.equal('x509/critical-extension');
    expect(verdict(parseCrl(list('1.3.6.1.4.1.99999.1', false)))).to.equal('ok');
  });

  describe('certificateStatus', () => {
    it('is good for what is not listed and revoked, with date and reason, for what is', () => {
      const empty = accepted(issueCrl(oca.issuing));
      expect(certificateStatus(organisation.certificate, empty, issueDay)).to.deep.equal({
        ok: true,
        status: 'good'
      });
      const listing = accepted(issueCrl(oca.issuing, { entries: [entryFor(organisation)] }));
      expect(certificateStatus(organisation.certificate, listing, issueDay)).to.deep.equal({
        ok: true,
        status: 'revoked',
        date: revokedOn,
        reason: 1
      });
    });

    it('is never good by a list of another issuer or a list that is past', () => {
      const unknown = (crl: VerifiedCrl, certificate = organisation.certificate, at = issueDay) => {
        const status = certificateStatus(certificate, crl, at);
        return status.ok ? status.status : status.code;
      };
      expect(unknown(accepted(issueCrl(oca.root), oca.root))).to.equal('verify/crl-scope');
      const namesake = issue('issuing-oca', { issuer: oca.root });
      expect(unknown(accepted(issueCrl(namesake), namesake))).to.equal('verify/crl-scope');
      const crl = accepted(issueCrl(oca.issuing));
      const { certificate } = organisation;
      expect(unknown(crl, certificate, new Date('2026-11-26T00:00:00Z'))).to.equal('verify/crl-stale');
      expect(unknown(crl, certificate, new Date('2026-11-22T00:00:00Z'))).to.equal(
        'verify/crl-not-yet-valid'
      );
      expect(unknown({ ...crl }), 'a list verifyIssuedCrl did not make').to.equal('verify/crl-scope');
    });

    it('judges a CA by the root’s list', () => {
      const arl = accepted(issueCrl(oca.root, { entries: [entryFor(oca.issuing)] }), oca.root);
      const status = certificateStatus(parseCertificate(oca.issuing.certificate.der), arl, issueDay);
      expect(status).to.include({ ok: true, status: 'revoked' });
    });
  });
});
