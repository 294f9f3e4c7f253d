import { expect } from 'chai';
import { verifySmki } from '../../../../pki/verify/smki/verify-smki.js';
import { parseCertificate } from '../../../../pki/x509/index.js';
import { opensslVerify } from '../../../kit/openssl-judge.js';
import { rules as dates } from './cases/dates.js';
import { rules as issuer } from './cases/issuer.js';
import { rules as policy } from './cases/policy.js';
import { rules as profile } from './cases/profile.js';
import { rules as revocation } from './cases/revocation.js';
import { rules as subject } from './cases/subject.js';

/** Profiles only narrow: what they let pass has to be a path in the eyes of others too, where all is valid now. */
describe('end entities that verifySmki believes', () => {
  for (const { rule, cases } of [profile, policy, subject, issuer, dates, revocation].flat()) {
    const believed = cases.filter(({ expect: expected }) => expected === 'valid');
    if (believed.length > 0)
      it(`are believed by OpenSSL: ${rule}`, () => {
        for (const { ask, title } of believed) {
          const input = ask();
          const result = verifySmki({ ...input, timeRule: 'all-valid-now' });
          if (!result.valid || result.facts.kind !== 'end-entity') continue;
          const [target, ...above] = result.path;
          const [root, ...untrusted] = above.reverse();
          const [oid] = result.policies;
          if (target === undefined || root === undefined || oid === undefined) throw new Error('no path');
          // RFC 5280 4.1.2.5 counts the second of notAfter in; OpenSSL does not.
          const ends = result.path.map(der => parseCertificate(der).notAfter.getTime());
          const at = new Date(input.at.getTime() - (ends.includes(input.at.getTime()) ? 1_000 : 0));
          const openssl = opensslVerify({ target, root, untrusted, at, policy: oid });
          expect(openssl.ok, `${title}: ${openssl.output}`).to.equal(true);
        }
      });
  }
});
