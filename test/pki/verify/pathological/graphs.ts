/** Sets of certificates in which a search without budgets does not end, or not while anybody waits. */
import type { PathInput } from '../../../../pki/verify/path/verify-path.js';
import {
  anchor,
  endEntity,
  ext,
  generalName,
  intermediate,
  keyOf,
  questionOf,
  hierarchy,
  testMoment,
  type Entity
} from '../../../kit/pki/index.js';

export interface PathologicalGraph {
  readonly title: string;
  /** `valid`, or the codes that may be told. */
  readonly expect: readonly string[];
  readonly make: () => PathInput;
}

const kind = 'P-256';

function question(target: Entity, anchors: readonly Entity[], between: readonly Entity[]): PathInput {
  return {
    certificate: target.der,
    intermediates: between.map(({ der }) => der),
    anchors: anchors.map(({ der }) => der),
    crls: [],
    at: testMoment,
    revocation: 'none'
  };
}

/** An entity with a name and a key that nobody certified: as an issuer only. */
function nameOnly(name: string): Entity {
  return anchor(name, { kind });
}

/** Certificates of every one of `authorities` by every other one. */
function crossCertified(authorities: readonly Entity[]): Entity[] {
  return authorities.flatMap(issuer =>
    authorities
      .filter(subject => subject !== issuer)
      .map(subject => intermediate(issuer, subject.subject, { key: subject.key }))
  );
}

/** `layers` of `width` authorities each, every one certified by all of the layer above. */
function layered(top: Entity, layers: number, width: number): { all: Entity[]; last: Entity } {
  const all: Entity[] = [];
  let above: readonly Entity[] = [top];
  for (let layer = 0; layer < layers; layer++) {
    const names = Array.from({ length: width }, (_, i) => nameOnly(`O=Layers, CN=Layer ${layer} ${i}`));
    for (const subject of names)
      for (const issuer of above) all.push(intermediate(issuer, subject.subject, { key: subject.key }));
    above = names;
  }
  const [last] = above;
  if (last === undefined) throw new RangeError('no layers');
  return { all, last };
}

function manyNames(count: number): Uint8Array[] {
  return Array.from({ length: count }, (_, i) => generalName.dns(`host-${i}.example`));
}

/** The most octets of a certificate that is read at all are 64 KiB: some 2,000 constraints fit into one. */
const manyConstraints = 2_000;

export const pathologicalGraphs: readonly PathologicalGraph[] = [
  {
    title: 'two authorities that certify each other and end nowhere',
    expect: ['path/issuer-not-found', 'path/loop'],
    make: () => {
      const authorities = [nameOnly('CN=Cycle 1'), nameOnly('CN=Cycle 2')];
      const [first = nameOnly('CN=Cycle 1')] = authorities;
      return question(endEntity(first), [nameOnly('CN=Elsewhere')], crossCertified(authorities));
    }
  },
  {
    title: 'ten authorities that all certify each other and end nowhere',
    expect: ['path/budget', 'path/issuer-not-found'],
    make: () => {
      const authorities = Array.from({ length: 10 }, (_, i) => nameOnly(`CN=Mesh ${i}`));
      const [first = nameOnly('CN=Mesh 0')] = authorities;
      return question(endEntity(first), [nameOnly('CN=Elsewhere')], crossCertified(authorities));
    }
  },
  {
    title: 'ten authorities that all certify each other, one of them certified by the anchor',
    expect: ['valid', 'path/budget'],
    make: () => {
      const top = nameOnly('CN=Anchor of the mesh');
      const authorities = Array.from({ length: 10 }, (_, i) => nameOnly(`CN=Mesh ${i}`));
      const [first = top] = authorities;
      const last = authorities.at(-1) ?? top;
      const way = intermediate(top, last.subject, { key: last.key });
      return question(endEntity(first), [top], [...crossCertified(authorities), way]);
    }
  },
  {
    title: 'layers of equivalent authorities up to the anchor',
    expect: ['valid'],
    make: () => {
      const top = nameOnly('O=Layers, CN=Top');
      const { all, last } = layered(top, 7, 4);
      return question(endEntity(last), [top], all);
    }
  },
  {
    title: 'layers of equivalent authorities up to an anchor nobody gave',
    expect: ['path/budget', 'path/issuer-not-found'],
    make: () => {
      const top = nameOnly('O=Layers, CN=Top');
      const { all, last } = layered(top, 7, 4);
      return question(endEntity(last), [nameOnly('CN=Elsewhere')], all);
    }
  },
  {
    title: 'a hundred authorities of one name, none of which signed',
    expect: ['path/budget', 'path/signature'],
    make: () => {
      const top = nameOnly('CN=Top of namesakes');
      const namesakes = Array.from({ length: 100 }, (_, i) =>
        intermediate(top, 'CN=Namesake', { key: keyOf(kind, `namesake ${i}`) })
      );
      const stranger = keyOf(kind, 'stranger');
      const target = endEntity({ ...nameOnly('CN=Namesake'), key: stranger, keyId: stranger.keyId });
      return question(target, [top], namesakes);
    }
  },
  {
    title: 'a hundred authorities of one name and one key identifier, one of which signed',
    expect: ['valid', 'path/budget'],
    make: () => {
      const top = nameOnly('CN=Top of namesakes');
      const claimed = keyOf(kind, 'claimed').keyId;
      const namesakes = Array.from({ length: 100 }, (_, i) => ({
        ...intermediate(top, 'CN=Namesake', {
          key: keyOf(kind, `namesake ${i}`),
          extensions: { subjectKeyIdentifier: ext.subjectKeyIdentifier(claimed) }
        }),
        keyId: claimed
      }));
      return question(endEntity(namesakes.at(-1) ?? top), [top], namesakes);
    }
  },
  {
    title: 'a hundred anchors of one name',
    expect: ['valid', 'path/budget'],
    make: () => {
      const anchors = Array.from({ length: 100 }, (_, i) =>
        anchor('CN=Anchor of many', { key: keyOf(kind, `anchor ${i}`) })
      );
      const [first = nameOnly('CN=Anchor of many')] = anchors;
      return question(endEntity(first), anchors, []);
    }
  },
  {
    title: 'thousands of name constraints against thousands of names',
    expect: ['path/budget', 'valid', 'path/name-constraints'],
    make: () => {
      const made = hierarchy({
        label: 'Constraints',
        intermediates: 3,
        changes: {
          ...Object.fromEntries(
            [0, 1, 2].map(i => [
              i,
              {
                extensions: {
                  nameConstraints: ext.nameConstraints({
                    permitted: manyNames(manyConstraints),
                    excluded: Array.from({ length: 200 }, (_, n) => generalName.dns(`bad-${n}.example`))
                  })
                }
              }
            ])
          ),
          leaf: { extensions: { subjectAltName: ext.subjectAltName(manyNames(manyConstraints)) } }
        }
      });
      return { ...questionOf(made) };
    }
  },
  {
    title: 'thousands of directory name constraints against thousands of directory names',
    expect: ['path/budget', 'valid', 'path/name-constraints'],
    make: () => {
      const directories = (count: number) =>
        Array.from({ length: count }, (_, i) => generalName.directory(`O=Directory ${i}`));
      const made = hierarchy({
        label: 'Directories',
        intermediates: 1,
        changes: {
          0: { extensions: { nameConstraints: ext.nameConstraints({ excluded: directories(1_500) }) } },
          leaf: {
            extensions: {
              subjectAltName: ext.subjectAltName(
                Array.from({ length: 1_500 }, (_, i) => generalName.directory(`O=Other ${i}`))
              )
            }
          }
        }
      });
      return { ...questionOf(made) };
    }
  },
  {
    title: 'policies that map to each other on every level',
    expect: ['valid', 'path/budget', 'path/policy', 'path/explicit-policy'],
    make: () => {
      const policies = Array.from({ length: 40 }, (_, i) => `1.3.6.1.4.1.55555.8.${i}`);
      const pairs = policies.flatMap(from => policies.map(to => [from, to] as const));
      const level = {
        extensions: {
          certificatePolicies: ext.certificatePolicies(policies),
          policyMappings: ext.policyMappings(pairs)
        }
      };
      const made = hierarchy({
        label: 'Policies',
        intermediates: 8,
        changes: {
          ...Object.fromEntries(Array.from({ length: 8 }, (_, i) => [i, level])),
          leaf: { extensions: { certificatePolicies: ext.certificatePolicies(policies) } }
        }
      });
      return {
        ...questionOf(made),
        policy: { explicitPolicy: true, initialPolicySet: policies.slice(0, 1) }
      };
    }
  },
  {
    title: 'five thousand intermediates of which one belongs to the path',
    expect: ['valid'],
    make: () => {
      const top = nameOnly('CN=Top of thousands');
      const other = keyOf(kind, 'thousands');
      const between = Array.from({ length: 5_000 }, (_, i) =>
        intermediate(top, `CN=One of thousands ${i}`, { key: other })
      );
      const right = intermediate(top, 'CN=The right one of thousands');
      return question(endEntity(right), [top], [...between, right]);
    }
  },
  {
    title: 'five thousand intermediates of one name and key',
    expect: ['valid', 'path/budget', 'path/issuer-not-found'],
    make: () => {
      const elsewhere = nameOnly('CN=Elsewhere of thousands');
      const key = keyOf(kind, 'thousands');
      const between = Array.from({ length: 5_000 }, () => intermediate(elsewhere, 'CN=Copies', { key }));
      const [first = elsewhere] = between;
      return question(endEntity(first), [nameOnly('CN=Top of thousands')], between);
    }
  },
  {
    title: 'five thousand intermediates that are no certificates',
    expect: ['valid'],
    make: () => {
      const made = hierarchy({ label: 'Damaged' });
      const damaged = made.leaf.der.slice(0, -1);
      return {
        ...questionOf(made),
        intermediates: [
          ...Array.from({ length: 5_000 }, () => damaged),
          ...made.intermediates.map(({ der }) => der)
        ]
      };
    }
  },
  {
    title: 'fifty intermediates whose names take Unicode normalisation a square of their length',
    expect: ['valid', 'path/budget'],
    make: () => {
      const made = hierarchy({ label: 'Marks' });
      const marks = '\u0315\u0300'.repeat(15_000);
      const key = keyOf(kind, 'marks');
      return {
        ...questionOf(made),
        intermediates: [
          ...Array.from({ length: 50 }, (_, i) => intermediate(made.anchor, `CN=${i}${marks}`, { key }).der),
          ...made.intermediates.map(({ der }) => der)
        ]
      };
    }
  },
  {
    title: 'a chain of forty intermediates with the depth allowed',
    expect: ['valid', 'path/budget'],
    make: () => ({ ...questionOf(hierarchy({ label: 'Long', intermediates: 40 })), maxDepth: 64 })
  }
];
