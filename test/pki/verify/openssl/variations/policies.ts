/** Policies: RFC 5280 4.2.1.4, 4.2.1.5, 4.2.1.11, 4.2.1.14 and the tree of 6.1. */
import { oid, sequence } from '../../../../../pki/der/index.js';
import { ext, extension } from '../../../../kit/pki/index.js';
import { change, lastAuthority, someAuthority, type Place, type Plan, type Variation } from '../plan.js';

const one = '1.3.6.1.4.1.55555.7.1';
const two = '1.3.6.1.4.1.55555.7.2';
const three = '1.3.6.1.4.1.55555.7.3';
const any = '2.5.29.32.0';

type Question = NonNullable<Plan['policy']>;

function assert(plan: Plan, place: Place, policies: readonly string[]): void {
  change(plan, place, { extensions: { certificatePolicies: ext.certificatePolicies(policies) } });
}

/** Policies asserted by all intermediates and by the end entity, and what is asked. */
function asked(
  rule: string,
  authorities: readonly string[] | undefined,
  leaf: readonly string[] | undefined,
  question: Question,
  more: (plan: Plan) => void = () => undefined
): Variation {
  return {
    rule: `policy-${rule}`,
    apply: plan => {
      plan.policy = question;
      for (let i = 0; i < plan.intermediates; i++)
        if (authorities !== undefined) assert(plan, i, authorities);
      if (leaf !== undefined) assert(plan, 'leaf', leaf);
      more(plan);
    }
  };
}

const explicit: Question = { explicitPolicy: true };
const explicitOne: Question = { explicitPolicy: true, initialPolicySet: [one] };

function mapped(plan: Plan): void {
  change(plan, 0, { extensions: { policyMappings: ext.policyMappings([[one, two]]) } });
}

/** One policy at the first authority, two below it, where the first maps one to two. */
function belowMapping(plan: Plan): void {
  assert(plan, 0, [one]);
  mapped(plan);
  for (let i = 1; i < plan.intermediates; i++) assert(plan, i, [two]);
}

function constraints(value: Parameters<typeof ext.policyConstraints>[0]): (plan: Plan) => void {
  return plan => change(plan, 0, { extensions: { policyConstraints: ext.policyConstraints(value) } });
}

function valueOf(rule: string, extensions: Parameters<typeof change>[2]['extensions'] & object): Variation {
  return { rule, apply: (plan, random) => change(plan, someAuthority(plan, random), { extensions }) };
}

export const policies: readonly Variation[] = [
  asked('all-the-same', [one], [one], explicitOne),
  asked('any-set', [one], [one], explicit),
  asked('of-the-set-missing', [one], [one], { explicitPolicy: true, initialPolicySet: [two] }),
  asked('one-of-the-set', [one], [one], { explicitPolicy: true, initialPolicySet: [two, one] }),
  asked('leaf-without', [one], undefined, explicit),
  asked('leaf-of-another', [one], [two], explicit),
  asked('authorities-without', undefined, [one], explicit),
  asked('nobody-any', undefined, undefined, explicit),
  asked('not-explicit-and-nobody-any', undefined, undefined, { initialPolicySet: [one] }),
  asked('not-explicit-and-of-another', [one], [two], { initialPolicySet: [one] }),
  asked('any-policy-of-authorities', [any], [one], explicitOne),
  asked('any-policy-of-authorities-another-asked', [any], [one], {
    explicitPolicy: true,
    initialPolicySet: [two]
  }),
  asked('any-policy-of-leaf', [one], [any], explicitOne),
  asked('any-policy-everywhere', [any], [any], explicitOne),
  asked('any-policy-inhibited-from-the-start', [any], [any], { ...explicitOne, inhibitAnyPolicy: true }),
  asked('any-policy-inhibited-beside-another', [any, one], [one], { ...explicitOne, inhibitAnyPolicy: true }),
  asked('any-policy-inhibited-by-authority', [any], [any], explicitOne, plan =>
    change(plan, 0, { extensions: { inhibitAnyPolicy: ext.inhibitAnyPolicy(0) } })
  ),
  asked('any-policy-inhibited-later', [any], [one], explicitOne, plan =>
    change(plan, 0, { extensions: { inhibitAnyPolicy: ext.inhibitAnyPolicy(plan.intermediates) } })
  ),
  asked('mapped', undefined, [two], explicitOne, belowMapping),
  asked('mapped-away', undefined, [one], explicitOne, belowMapping),
  asked(
    'mapped-and-asked-by-the-new-name',
    undefined,
    [two],
    { ...explicit, initialPolicySet: [two] },
    belowMapping
  ),
  asked(
    'mapping-inhibited-from-the-start',
    undefined,
    [two],
    { ...explicitOne, inhibitMapping: true },
    belowMapping
  ),
  asked('mapping-inhibited-by-anchor-side', undefined, [two], explicitOne, plan => {
    plan.intermediates = Math.max(2, plan.intermediates);
    assert(plan, 0, [one]);
    constraints({ inhibitMapping: 0 })(plan);
    for (let i = 1; i < plan.intermediates; i++) assert(plan, i, [one]);
    change(plan, 1, { extensions: { policyMappings: ext.policyMappings([[one, two]]) } });
    for (let i = 2; i < plan.intermediates; i++) assert(plan, i, [two]);
  }),
  asked('mapped-to-several', undefined, [three], explicitOne, plan => {
    belowMapping(plan);
    change(plan, 0, {
      extensions: {
        policyMappings: ext.policyMappings([
          [one, two],
          [one, three]
        ])
      }
    });
    for (let i = 1; i < plan.intermediates; i++) assert(plan, i, [two, three]);
  }),
  asked('mapped-under-any-policy', undefined, [two], explicitOne, plan => {
    assert(plan, 0, [any]);
    mapped(plan);
    for (let i = 1; i < plan.intermediates; i++) assert(plan, i, [two]);
  }),
  asked('explicit-by-authority', undefined, undefined, {}, constraints({ requireExplicit: 0 })),
  asked('explicit-by-authority-kept', [one], [one], {}, constraints({ requireExplicit: 0 })),
  asked('explicit-by-authority-far', undefined, undefined, {}, constraints({ requireExplicit: 10 })),
  asked('explicit-by-authority-one-too-early', [one], [two], {}, plan =>
    constraints({ requireExplicit: plan.intermediates - 1 })(plan)
  ),
  asked('explicit-by-the-leaf', undefined, undefined, {}, plan =>
    change(plan, 'leaf', { extensions: { policyConstraints: ext.policyConstraints({ requireExplicit: 0 }) } })
  ),
  asked('anchor-of-another', [one], [one], explicitOne, plan => assert(plan, 'anchor', [two])),
  asked('anchor-of-the-same', [one], [one], explicitOne, plan => assert(plan, 'anchor', [one])),
  asked('many', [one, two, three], [three, one], explicitOne),
  asked('narrowed', [one, two], [two], explicitOne),

  valueOf('policies-empty', { certificatePolicies: extension('certificatePolicies', sequence()) }),
  valueOf('policies-twice', { certificatePolicies: ext.certificatePolicies([one, one]) }),
  valueOf('policies-critical', { certificatePolicies: ext.certificatePolicies([one], true) }),
  valueOf('policies-qualified', {
    certificatePolicies: extension(
      'certificatePolicies',
      sequence(sequence(oid(one), sequence(sequence(oid('1.3.6.1.5.5.7.2.1'), Uint8Array.of(0x16, 1, 0x61)))))
    )
  }),
  valueOf('mappings-empty', { policyMappings: extension('policyMappings', sequence(), true) }),
  valueOf('mappings-from-any', { policyMappings: ext.policyMappings([[any, one]]) }),
  valueOf('mappings-to-any', { policyMappings: ext.policyMappings([[one, any]]) }),
  valueOf('mappings-not-critical', { policyMappings: ext.policyMappings([[one, two]], false) }),
  valueOf('policy-constraints-empty', { policyConstraints: ext.policyConstraints({}) }),
  valueOf('policy-constraints-not-critical', {
    policyConstraints: ext.policyConstraints({ inhibitMapping: 0 }, false)
  }),
  valueOf('inhibit-any-policy-not-critical', { inhibitAnyPolicy: ext.inhibitAnyPolicy(0, false) }),
  valueOf('inhibit-any-policy-negative', {
    inhibitAnyPolicy: extension('inhibitAnyPolicy', Uint8Array.of(2, 1, 0xff), true)
  }),
  {
    rule: 'mappings-in-the-leaf',
    apply: plan => change(plan, 'leaf', { extensions: { policyMappings: ext.policyMappings([[one, two]]) } })
  },
  {
    rule: 'inhibit-any-policy-in-the-leaf',
    apply: plan => change(plan, 'leaf', { extensions: { inhibitAnyPolicy: ext.inhibitAnyPolicy(0) } })
  },
  {
    rule: 'mappings-of-what-is-not-asserted',
    apply: plan =>
      change(plan, lastAuthority(plan), { extensions: { policyMappings: ext.policyMappings([[one, two]]) } })
  }
];
