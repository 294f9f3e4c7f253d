/** What lies around the path: order, absence, doubles, cross-certificates, self-issued certificates. */
import { anchor, endEntity, intermediate, keyOf, type Hierarchy } from '../../../../kit/pki/index.js';
import { lastAuthority, type Given, type Variation } from '../plan.js';

function rearranged(rule: string, rearrange: (given: Given, made: Hierarchy) => Partial<Given>): Variation {
  return {
    rule,
    apply: plan => void plan.rearrangements.push((given, made) => ({ ...given, ...rearrange(given, made) }))
  };
}

/** The entity that issued the end entity, and the one above it. */
function lastTwo({ anchor: top, intermediates }: Hierarchy) {
  const last = intermediates.at(-1) ?? top;
  return { last, above: intermediates.at(-2) ?? top };
}

/** Another certificate of the last authority, put first. */
function another(rule: string, make: (made: Hierarchy) => Uint8Array, replaces = false): Variation {
  return rearranged(rule, (given, made) => ({
    intermediates: [make(made), ...(replaces ? given.intermediates.slice(0, -1) : given.intermediates)]
  }));
}

const expired = { notAfter: new Date('2026-01-01T00:00:00Z') };

export const graph: readonly Variation[] = [
  rearranged('order-reversed', given => ({ intermediates: [...given.intermediates].reverse() })),
  rearranged('intermediates-twice', given => ({
    intermediates: [...given.intermediates, ...given.intermediates]
  })),
  rearranged('anchor-among-intermediates', given => ({
    intermediates: [...given.anchors, ...given.intermediates]
  })),
  rearranged('leaf-among-intermediates', given => ({
    intermediates: [given.certificate, ...given.intermediates]
  })),
  rearranged('last-intermediate-missing', given => ({ intermediates: given.intermediates.slice(0, -1) })),
  rearranged('first-intermediate-missing', given => ({ intermediates: given.intermediates.slice(1) })),
  rearranged('anchor-of-another-hierarchy', (_given, made) => ({
    anchors: [anchor(made.anchor.subject, { key: keyOf(made.anchor.key.kind, 'elsewhere') }).der]
  })),
  rearranged('several-anchors', (given, made) => ({
    anchors: [anchor('CN=Unrelated', { kind: made.anchor.key.kind }).der, ...given.anchors]
  })),
  rearranged('intermediate-is-the-anchor', given => ({
    intermediates: given.intermediates.slice(0, -1),
    anchors: given.intermediates.slice(-1)
  })),
  rearranged('anchor-is-the-target', given => ({ certificate: given.anchors[0] ?? given.certificate })),
  rearranged('intermediate-is-the-target', given => ({
    certificate: given.intermediates.at(-1) ?? given.certificate
  })),
  rearranged('self-signed-target', (_given, made) => {
    const key = keyOf(made.leaf.key.kind, 'alone');
    return {
      certificate: endEntity({ ...made.anchor, key, keyId: key.keyId }, made.anchor.subject, { key }).der
    };
  }),
  rearranged('unrelated-intermediates', (given, made) => {
    const elsewhere = anchor('CN=Elsewhere', { kind: made.anchor.key.kind });
    return {
      intermediates: [
        elsewhere.der,
        intermediate(elsewhere, 'CN=Elsewhere below').der,
        ...given.intermediates
      ]
    };
  }),
  another('dead-end-beside', made => {
    const { last } = lastTwo(made);
    const elsewhere = anchor('CN=Nowhere', { kind: last.key.kind });
    return intermediate(elsewhere, last.subject, { key: last.key }).der;
  }),
  another('expired-copy-beside', made => {
    const { last, above } = lastTwo(made);
    return intermediate(above, last.subject, { key: last.key, ...expired }).der;
  }),
  another('damaged-copy-beside', made => {
    const { last, above } = lastTwo(made);
    return intermediate(above, last.subject, { key: last.key, signature: 'broken' }).der;
  }),
  another('copy-of-another-key-beside', made => {
    const { last, above } = lastTwo(made);
    return intermediate(above, last.subject, { key: keyOf(last.key.kind, 'namesake') }).der;
  }),
  another(
    'cross-certificate-instead',
    made => {
      const { last } = lastTwo(made);
      return intermediate(made.anchor, last.subject, { key: last.key }).der;
    },
    true
  ),
  rearranged('cross-certified-cycle', (given, made) => {
    const { last, above } = lastTwo(made);
    return {
      intermediates: [
        ...given.intermediates,
        intermediate(last, above.subject, { key: above.key }).der,
        intermediate(above, last.subject, { key: last.key }).der
      ]
    };
  }),
  {
    rule: 'self-issued-roll-over',
    apply: plan =>
      void plan.rearrangements.push((given, made) => {
        const { last } = lastTwo(made);
        const key = keyOf(last.key.kind, 'rolled over');
        const rolled = intermediate(last, last.subject, { key });
        return {
          ...given,
          certificate: endEntity(rolled, made.leaf.subject).der,
          intermediates: [...given.intermediates, rolled.der]
        };
      })
  },
  {
    rule: 'self-issued-roll-over-at-the-end-of-path-length',
    apply: plan => {
      plan.changes.set(lastAuthority(plan), { ...plan.changes.get(lastAuthority(plan)), pathLength: 0 });
      plan.rearrangements.push((given, made) => {
        const { last } = lastTwo(made);
        const rolled = intermediate(last, last.subject, {
          key: keyOf(last.key.kind, 'rolled over'),
          pathLength: 0
        });
        return {
          ...given,
          certificate: endEntity(rolled, made.leaf.subject).der,
          intermediates: [...given.intermediates, rolled.der]
        };
      });
    }
  },
  {
    rule: 'end-entity-issues',
    apply: plan =>
      void plan.rearrangements.push((given, made) => ({
        ...given,
        certificate: endEntity(made.leaf, 'CN=Below an end entity').der,
        intermediates: [...given.intermediates, given.certificate]
      }))
  },
  { rule: 'depth-of-eight', apply: plan => void (plan.intermediates = 8) },
  { rule: 'depth-of-nine', apply: plan => void (plan.intermediates = 9) },
  rearranged('octets-after-the-certificate', given => ({
    certificate: Uint8Array.from([...given.certificate, 0, 0])
  })),
  rearranged('certificate-length-in-long-form', given => ({
    certificate: longOuterLength(given.certificate)
  }))
];

/** The outermost length in one octet more than it needs: BER, not DER. */
function longOuterLength(der: Uint8Array): Uint8Array {
  const count = (der[1] as number) & 0x7f;
  return Uint8Array.from([0x30, 0x80 | (count + 1), 0, ...der.subarray(2)]);
}
