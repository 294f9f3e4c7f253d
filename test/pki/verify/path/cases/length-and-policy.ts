import {
  anchor,
  anchorKeyOf,
  endEntity,
  ext,
  intermediate,
  keyOf,
  type EntityChanges,
  type KeyKind
} from '../../../../kit/pki/index.js';
import type { PathInput } from '../../../../../pki/verify/path/verify-path.js';
import { question, type PathCase, type PathRule } from '../cases.js';

const one = '1.3.6.1.4.1.55555.7.1';
const two = '1.3.6.1.4.1.55555.7.2';
const anyPolicy = '2.5.29.32.0';
const policies = (...list: string[]) => ({ certificatePolicies: ext.certificatePolicies(list) });

interface Levels {
  readonly anchor?: EntityChanges;
  /** From the anchor down. */
  readonly cas?: readonly EntityChanges[];
  readonly leaf?: EntityChanges;
  readonly question?: Partial<PathInput>;
}

/** A chain of any number of CAs; a CA whose changes hold `key` alone is self-issued under the one above. */
function levels(title: string, expect: string, { cas = [{}], ...changes }: Levels): PathCase {
  const input = (kind: KeyKind) => {
    const top = anchor('O=Levels, CN=Anchor', { kind, ...changes.anchor });
    const between = [];
    let above = top;
    for (const [i, ca] of cas.entries())
      between.push((above = intermediate(above, `O=Levels, CN=CA ${i}`, { kind, ...ca })));
    const leaf = endEntity(above, 'O=Levels, CN=End Entity', { kind, ...changes.leaf });
    return { ...question(leaf, between, [top]), ...changes.question };
  };
  return { title, expect, input };
}

function selfIssued(title: string, expect: string, pathLength: number): PathCase {
  const input = (kind: KeyKind) => {
    const top = anchor('O=Levels, CN=Anchor', { kind });
    const ca = intermediate(top, 'O=Levels, CN=Rollover', { kind, pathLength });
    const rolled = intermediate(ca, 'O=Levels, CN=Rollover', { key: keyOf(kind, 'rolled'), pathLength: 0 });
    const below = expect === 'valid' ? rolled : intermediate(rolled, 'O=Levels, CN=Below', { kind });
    const leaf = endEntity(below, 'O=Levels, CN=End Entity', { kind });
    return question(leaf, [ca, rolled, below], [top]);
  };
  return { title, expect, input };
}

const all = policies(one);
const explicit = { explicitPolicy: true };

/** Path length, policies, mapping, and what the anchor says of them. */
export const rules: readonly PathRule[] = [
  {
    rule: 'no more CAs than pathLenConstraint and maxDepth allow',
    clause: 'RFC 5280 6.1.4 (l), (m)',
    cases: [
      levels('two CAs under length 1', 'valid', { cas: [{ pathLength: 1 }, {}] }),
      levels('two CAs under length 0', 'path/path-length', { cas: [{ pathLength: 0 }, {}] }),
      levels('one CA under an anchor of length 0', 'path/path-length', { anchor: { pathLength: 0 } }),
      levels('no CA under an anchor of length 0', 'valid', { anchor: { pathLength: 0 }, cas: [] }),
      selfIssued('a self-issued certificate does not count', 'valid', 0),
      selfIssued('a CA below the self-issued one does', 'path/path-length', 0),
      levels('as deep as allowed', 'valid', { cas: [{}, {}], question: { maxDepth: 2 } }),
      levels('deeper than allowed', 'path/depth', { cas: [{}, {}, {}], question: { maxDepth: 2 } })
    ]
  },
  {
    rule: 'an explicit policy, once required, is valid along the path',
    clause: 'RFC 5280 6.1.3 (d) to (f), 6.1.5',
    cases: [
      levels('the same everywhere', 'valid', {
        cas: [{ extensions: all }],
        leaf: { extensions: all },
        question: { policy: explicit }
      }),
      levels('not required', 'valid', {}),
      levels('none', 'path/explicit-policy', { question: { policy: explicit } }),
      levels('another in the target', 'path/explicit-policy', {
        cas: [{ extensions: all }],
        leaf: { extensions: policies(two) },
        question: { policy: explicit }
      }),
      levels('not the one asked for', 'path/explicit-policy', {
        cas: [{ extensions: all }],
        leaf: { extensions: all },
        question: { policy: { ...explicit, initialPolicySet: [two] } }
      }),
      levels('required by a CA', 'path/explicit-policy', {
        cas: [{ extensions: { ...all, policyConstraints: ext.policyConstraints({ requireExplicit: 0 }) } }]
      }),
      levels('required by the anchor', 'path/explicit-policy', {
        anchor: { extensions: { policyConstraints: ext.policyConstraints({ requireExplicit: 0 }) } }
      }),
      levels('another than the anchor’s', 'path/explicit-policy', {
        anchor: { extensions: policies(two) },
        cas: [{ extensions: all }],
        leaf: { extensions: all },
        question: { policy: explicit }
      })
    ]
  },
  {
    rule: 'anyPolicy stands for every policy until it is inhibited',
    clause: 'RFC 5280 6.1.3 (d)(2), 6.1.4 (j)',
    cases: [
      levels('in the CA', 'valid', {
        cas: [{ extensions: policies(anyPolicy) }],
        leaf: { extensions: all },
        question: { policy: explicit }
      }),
      levels('inhibited by the CA above', 'path/explicit-policy', {
        cas: [
          { extensions: { ...all, inhibitAnyPolicy: ext.inhibitAnyPolicy(0) } },
          { extensions: policies(anyPolicy) }
        ],
        leaf: { extensions: all },
        question: { policy: explicit }
      }),
      levels('inhibited by the caller', 'path/explicit-policy', {
        cas: [{ extensions: policies(anyPolicy) }],
        leaf: { extensions: all },
        question: { policy: { ...explicit, inhibitAnyPolicy: true } }
      })
    ]
  },
  {
    rule: 'a policy is mapped to another until mapping is inhibited',
    clause: 'RFC 5280 6.1.4 (b), (i)',
    cases: [
      levels('mapped', 'valid', {
        cas: [{ extensions: { ...all, policyMappings: ext.policyMappings([[one, two]]) } }],
        leaf: { extensions: policies(two) },
        question: { policy: { ...explicit, initialPolicySet: [one] } }
      }),
      levels('mapped away', 'path/explicit-policy', {
        cas: [{ extensions: { ...all, policyMappings: ext.policyMappings([[one, two]]) } }],
        leaf: { extensions: all },
        question: { policy: explicit }
      }),
      levels('inhibited by the caller', 'path/explicit-policy', {
        cas: [{ extensions: { ...all, policyMappings: ext.policyMappings([[one, two]]) } }],
        leaf: { extensions: policies(two) },
        question: { policy: { ...explicit, inhibitMapping: true } }
      }),
      levels('inhibited by the CA above', 'path/explicit-policy', {
        cas: [
          { extensions: { ...all, policyConstraints: ext.policyConstraints({ inhibitMapping: 0 }) } },
          { extensions: { ...all, policyMappings: ext.policyMappings([[one, two]]) } }
        ],
        leaf: { extensions: policies(two) },
        question: { policy: explicit }
      })
    ]
  },
  {
    rule: 'an anchor is a certificate or a name with its key',
    clause: 'RFC 5280 6.1.1 (d)',
    cases: [
      {
        title: 'name and key',
        expect: 'valid',
        input: kind => {
          const top = anchor('O=Levels, CN=Anchor', { kind });
          return question(endEntity(top), [], [anchorKeyOf(top)]);
        }
      },
      {
        title: 'the target is the anchor',
        expect: 'valid',
        input: kind => {
          const top = anchor('O=Levels, CN=Anchor', { kind });
          return question(top, [], [top]);
        }
      },
      {
        title: 'name and another key',
        expect: 'path/signature',
        input: kind => {
          const top = anchor('O=Levels, CN=Anchor', { kind });
          const key = keyOf(kind, 'another').spki;
          return question(endEntity(top), [], [{ name: top.subject, key }]);
        }
      },
      {
        title: 'octets that are no anchor',
        expect: 'input/anchor',
        input: kind => {
          const top = anchor('O=Levels, CN=Anchor', { kind });
          return question(endEntity(top), [], [{ name: Uint8Array.of(48, 1), key: top.key.spki }]);
        }
      },
      {
        title: 'self-signed, and not an anchor',
        expect: 'path/issuer-not-found',
        input: kind => {
          const top = anchor('O=Levels, CN=Anchor', { kind });
          const stranger = anchor('O=Levels, CN=Stranger', { kind });
          return question(endEntity(stranger), [stranger], [top]);
        }
      }
    ]
  }
];
