import { expect } from 'chai';
import fc from 'fast-check';
import { policyOids, profileNames, profiles } from '../../../../pki/profile/index.js';
import { verifyPath } from '../../../../pki/verify/path/verify-path.js';
import { verifySmki, type SmkiInput } from '../../../../pki/verify/smki/verify-smki.js';
import { testPolicy } from '../../../kit/hierarchy.js';
import { rules as dates } from './cases/dates.js';
import { rules as issuer } from './cases/issuer.js';
import { rules as policy } from './cases/policy.js';
import { rules as profile } from './cases/profile.js';
import { rules as revocation } from './cases/revocation.js';
import { rules as subject } from './cases/subject.js';
import { about, domainOf, good, listOf } from './world.js';

/**
 * The SMKI rules stand on top of RFC 5280: whatever they believe under the rule that everything is valid now, its
 * path validation believes too, with the environment's policies demanded.
 */
describe('what verifySmki believes', () => {
  /** Whether it is believed, and then asks for the path. */
  function isBelievedByBoth(input: SmkiInput): boolean {
    const result = verifySmki({ ...input, timeRule: 'all-valid-now' });
    if (!result.valid) return false;
    const environment = typeof input.environment === 'string' ? testPolicy : input.environment;
    // SMKI knows by name that there is no list; RFC 5280 6.3.3 would have to say "unknown".
    const hasLists = result.revocation.every(({ kind }) => kind === 'crl');
    const path = verifyPath({
      certificate: input.certificate,
      intermediates: input.issuers,
      anchors: input.anchors,
      crls: input.crls,
      at: input.at,
      revocation: hasLists ? input.revocation : 'none',
      policy: { initialPolicySet: policyOids(environment, result.facts.domain), explicitPolicy: true }
    });
    expect(path.valid ? 'valid' : `${path.failure.code}: ${path.failure.message}`).to.equal('valid');
    expect(path.path).to.deep.equal(result.path);
    return true;
  }

  for (const { rule, cases } of [profile, policy, subject, issuer, dates, revocation].flat()) {
    const believed = cases.filter(({ expect: expected }) => expected === 'valid');
    if (believed.length > 0)
      it(`is a path of RFC 5280: ${rule}`, () => {
        for (const { ask } of believed) isBelievedByBoth(ask());
      });
  }

  it('is a path of RFC 5280 at every moment', () => {
    const moments = fc.date({
      min: new Date('2020-01-01'),
      max: new Date('2080-01-01'),
      noInvalidDate: true
    });
    const begun = Date.parse('2026-11-23T00:00:00Z');
    const near = fc.integer({ min: -2, max: 3 * 86_400 }).map(seconds => new Date(begun + seconds * 1_000));
    const asked = fc.constantFrom('none' as const, 'leaf' as const, 'chain' as const);
    let believed = 0;
    fc.assert(
      fc.property(fc.constantFrom(...profileNames), fc.oneof(moments, near), asked, (name, at, how) => {
        const { root, issuing } = domainOf(name);
        const hasLists = profiles[name].domain !== 'smki-device';
        const crls = hasLists ? [listOf(issuing), listOf(root)] : [];
        if (isBelievedByBoth(about(good(name), { at, crls, revocation: how }))) believed++;
      }),
      { numRuns: 400 }
    );
    expect(believed).to.be.above(50);
  });
});
