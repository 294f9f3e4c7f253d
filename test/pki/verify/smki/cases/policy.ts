import { oid, sequence } from '../../../../../pki/der/index.js';
import { defaultPolicy, policyWith } from '../../../../../pki/profile/index.js';
import { encodeExtension, oids } from '../../../../../pki/x509/index.js';
import { issue, testPolicy } from '../../../../kit/hierarchy.js';
import { about, derOf, good, made, oca, replacing, rule, type SmkiRules } from '../world.js';

const ours = '1.2.826.0.1.8641679.1.2.1.4';
const policies = (...members: readonly Uint8Array[]) =>
  encodeExtension(oids.certificatePolicies, true, sequence(...members));
const policy = (identifier: string, ...qualifiers: readonly Uint8Array[]) =>
  sequence(oid(identifier), ...qualifiers);
const qualifier = sequence(sequence(oid('1.3.6.1.5.5.7.2.1'), Uint8Array.of(0x16, 1, 0x61)));
const withPolicies = (extension: Uint8Array) => () =>
  about(made('organisation-ds', { change: replacing([7, 0, 2], extension) }));

const live = policyWith('live', {
  'oid.smki-organisation': {
    value: ['2.25.1234567'],
    acceptance: { by: 'test', on: '2026-11-01', reference: 'test' }
  },
  'organisation.eui-prefixes': { value: testPolicy.figures['organisation.eui-prefixes'].value }
});
const twoOids = policyWith('test', { 'oid.smki-organisation': { value: ['2.25.99', ours] } });
const otherOid = policyWith('test', { 'oid.smki-organisation': { value: ['2.25.99'] } });

/** A hierarchy that was made under the policy of the live environment. */
function liveHierarchy() {
  const root = issue('root-oca', { policy: live });
  const issuing = issue('issuing-oca', { issuer: root, policy: live });
  const target = issue('organisation-ds', { issuer: issuing, policy: live });
  return { issuers: derOf([issuing]), anchors: derOf([root]), target };
}

export const rules: SmkiRules = [
  rule('One policy of the environment’s set, without qualifiers', 'GBCS 12; RFC 5280 4.2.1.4', [
    ['an OID outside the set', 'smki/policy', withPolicies(policies(policy('2.25.99')))],
    ['the OID and another', 'smki/policy', withPolicies(policies(policy(ours), policy('2.25.99')))],
    ['the OID with a qualifier', 'smki/policy', withPolicies(policies(policy(ours, qualifier)))],
    ['anyPolicy in an end entity', 'smki/policy', withPolicies(policies(policy(oids.anyPolicy)))],
    [
      'a set of two, of which it has one',
      'valid',
      () => about(good('organisation-ds'), { environment: twoOids })
    ],
    ['a set without it', 'smki/policy', () => about(good('organisation-ds'), { environment: otherOid })],
    [
      'an issuer under another policy',
      'smki/policy',
      () => {
        const issuer = issue('issuing-oca', { issuer: oca().root, policy: otherOid });
        return about(made('organisation-ds', { issuer }), { issuers: derOf([issuer]) });
      },
      1
    ],
    [
      'an issuer under anyPolicy',
      'smki/policy',
      () => {
        const change = replacing([7, 0, 2], policies(policy(oids.anyPolicy)));
        const issuer = issue('issuing-oca', { issuer: oca().root, change });
        return about(made('organisation-ds', { issuer }), { issuers: derOf([issuer]) });
      },
      1
    ]
  ]),
  rule('The environments refuse each other’s certificates', 'GBCS 12, an OID applicable to the environment', [
    [
      'a live certificate in live',
      'valid',
      () => {
        const { target, issuers, anchors } = liveHierarchy();
        return about(target, { issuers, anchors, environment: live });
      }
    ],
    [
      'a live certificate in test',
      'smki/policy',
      () => {
        const { target, issuers, anchors } = liveHierarchy();
        return about(target, { issuers, anchors });
      }
    ],
    [
      'a test certificate in live',
      'smki/policy',
      () => about(good('organisation-ds'), { environment: live })
    ],
    [
      'live before its OIDs are configured',
      'input/policy',
      () => about(good('organisation-ds'), { environment: 'live' })
    ],
    [
      'the same by the policy itself',
      'input/policy',
      () => about(good('organisation-ds'), { environment: defaultPolicy('live') })
    ]
  ])
];
