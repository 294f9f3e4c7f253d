/** Delta lists: which complete list they may be applied to, and what they say then. */
import {
  crlDer,
  day,
  ext,
  generalName,
  testMoment,
  type CrlInput,
  type Entity,
  type RuleCases
} from '../../../../kit/pki/index.js';
import type { RevocationCase, World } from '../situation.js';

const uri = (name: string) => generalName.uri(`http://crl.example/${name}`);
const after = (days: number) => new Date(testMoment.getTime() + days * day);

function delta(issuer: Entity, base: number, input: CrlInput): Uint8Array {
  const { extensions, ...rest } = input;
  return crlDer(issuer, {
    ...rest,
    extensions: { deltaCrlIndicator: ext.deltaCrlIndicator(base), ...extensions }
  });
}

/** Lists about a leaf that says where deltas are found. */
function pair(
  title: string,
  expect: string,
  make: (own: { readonly serial: Uint8Array }, world: World) => readonly Uint8Array[]
): RevocationCase {
  return {
    title,
    expect,
    build: world => {
      const target = world.leaf({
        extensions: {
          crlDistributionPoints: ext.crlDistributionPoints([{ fullName: [uri('1'), uri('2')] }]),
          freshestCrl: ext.freshestCrl([{ fullName: [uri('delta')] }])
        }
      });
      return { target, crls: make({ serial: target.serial }, world), signers: [world.other] };
    }
  };
}

const scopeOf = (name: string) => ({
  issuingDistributionPoint: ext.issuingDistributionPoint({ fullName: [uri(name)] })
});

export const rules: readonly RuleCases<RevocationCase>[] = [
  {
    rule: 'a delta list needs the complete list it was made for',
    clause: 'RFC 5280 5.2.4, 6.3.3 (c)',
    cases: [
      pair('with its base', 'valid', (_, { ca }) => [crlDer(ca, { number: 3 }), delta(ca, 3, { number: 4 })]),
      pair('alone', 'revocation/delta', (_, { ca }) => [delta(ca, 3, { number: 4 })]),
      pair('alone, listing it', 'revocation/delta', (own, { ca }) => [
        delta(ca, 3, { number: 4, entries: [own] })
      ]),
      pair('the indicator not critical', 'revocation/malformed', (_, { ca }) => [
        delta(ca, 3, {
          number: 4,
          extensions: { deltaCrlIndicator: ext.deltaCrlIndicator(3, false) }
        })
      ]),
      pair('a base after itself', 'revocation/malformed', (_, { ca }) => [delta(ca, 5, { number: 4 })]),
      pair('with freshestCRL', 'revocation/malformed', (_, { ca }) => [
        delta(ca, 3, {
          number: 4,
          extensions: { freshestCrl: ext.freshestCrl([{ fullName: [generalName.dns('crl.example')] }]) }
        })
      ])
    ]
  },
  {
    rule: 'what a delta list says comes before what the complete list says',
    clause: 'RFC 5280 6.3.3 (i) to (k)',
    cases: [
      pair('revoked in the delta', 'revocation/revoked', (own, { ca }) => [
        crlDer(ca, { number: 3 }),
        delta(ca, 3, { number: 4, entries: [{ ...own, reason: 1 }] })
      ]),
      pair('on hold, taken off in the delta', 'valid', (own, { ca }) => [
        crlDer(ca, { number: 3, entries: [{ ...own, reason: 6 }] }),
        delta(ca, 3, { number: 4, entries: [{ ...own, reason: 8 }] })
      ]),
      pair('on hold, another one taken off', 'revocation/revoked', (own, { ca }) => [
        crlDer(ca, { number: 3, entries: [{ ...own, reason: 6 }] }),
        delta(ca, 3, { number: 4, entries: [{ serial: 7, reason: 8 }] })
      ]),
      pair('taken off and listed in one delta', 'revocation/revoked', (own, { ca }) => [
        crlDer(ca, { number: 3 }),
        delta(ca, 3, {
          number: 4,
          entries: [
            { ...own, reason: 8 },
            { ...own, reason: 1 }
          ]
        })
      ]),
      pair('on hold in an older delta, taken off in the newest', 'valid', (own, { ca }) => [
        crlDer(ca, { number: 3 }),
        delta(ca, 3, { number: 4, thisUpdate: after(-0.5), entries: [{ ...own, reason: 6 }] }),
        delta(ca, 3, { number: 5, thisUpdate: after(-0.25), entries: [{ ...own, reason: 8 }] })
      ]),
      pair('taken off in an older delta, revoked in the newest', 'revocation/revoked', (own, { ca }) => [
        crlDer(ca, { number: 3, entries: [{ ...own, reason: 6 }] }),
        delta(ca, 3, { number: 4, thisUpdate: after(-0.5), entries: [{ ...own, reason: 8 }] }),
        delta(ca, 3, { number: 5, thisUpdate: after(-0.25), entries: [{ ...own, reason: 1 }] })
      ])
    ]
  },
  {
    rule: 'a delta list is applied to a list with a number from its base on and before its own',
    clause: 'RFC 5280 5.2.4 (c), (d)',
    cases: [
      pair('to a list after its base', 'valid', (own, { ca }) => [
        crlDer(ca, { number: 4, entries: [{ ...own, reason: 6 }] }),
        delta(ca, 3, { number: 5, entries: [{ ...own, reason: 8 }] })
      ]),
      pair('to a list before its base', 'revocation/revoked', (own, { ca }) => [
        crlDer(ca, { number: 2, entries: [{ ...own, reason: 6 }] }),
        delta(ca, 3, { number: 5, entries: [{ ...own, reason: 8 }] })
      ]),
      pair('to a list of its own number', 'revocation/revoked', (own, { ca }) => [
        crlDer(ca, { number: 5, entries: [{ ...own, reason: 6 }] }),
        delta(ca, 3, { number: 5, entries: [{ ...own, reason: 8 }] })
      ]),
      pair('older than the list: what it says is past', 'valid', (own, { ca }) => [
        crlDer(ca, { number: 5 }),
        delta(ca, 3, { number: 4, entries: [{ ...own, reason: 6 }] })
      ]),
      pair('made for a later base, but listing it', 'revocation/revoked', (own, { ca }) => [
        crlDer(ca, { number: 2 }),
        delta(ca, 3, { number: 5, entries: [own] })
      ])
    ]
  },
  {
    rule: 'a delta list has the issuer, the key and the scope of the list it is applied to',
    clause: 'RFC 5280 6.3.3 (c) 1 to 3, (h)',
    cases: [
      pair('the same scope', 'valid', (own, { ca }) => [
        crlDer(ca, { number: 3, extensions: scopeOf('1'), entries: [{ ...own, reason: 6 }] }),
        delta(ca, 3, { number: 4, extensions: scopeOf('1'), entries: [{ ...own, reason: 8 }] })
      ]),
      pair('another scope', 'revocation/revoked', (own, { ca }) => [
        crlDer(ca, { number: 3, extensions: scopeOf('1'), entries: [{ ...own, reason: 6 }] }),
        delta(ca, 3, { number: 4, extensions: scopeOf('2'), entries: [{ ...own, reason: 8 }] })
      ]),
      pair('a scope where the list has none', 'revocation/revoked', (own, { ca }) => [
        crlDer(ca, { number: 3, entries: [{ ...own, reason: 6 }] }),
        delta(ca, 3, { number: 4, extensions: scopeOf('1'), entries: [{ ...own, reason: 8 }] })
      ]),
      pair('another issuer', 'revocation/revoked', (own, { ca, other }) => [
        crlDer(ca, { number: 3, entries: [{ ...own, reason: 6 }] }),
        delta(other, 3, { number: 4, entries: [{ ...own, reason: 8 }] })
      ]),
      pair('another key', 'revocation/revoked', (own, { ca, other }) => [
        crlDer(ca, { number: 3, entries: [{ ...own, reason: 6 }] }),
        delta(ca, 3, { number: 4, signer: other.key, entries: [{ ...own, reason: 8 }] })
      ]),
      pair('another key identifier', 'revocation/revoked', (own, { ca, other }) => [
        crlDer(ca, { number: 3, entries: [{ ...own, reason: 6 }] }),
        delta(ca, 3, {
          number: 4,
          entries: [{ ...own, reason: 8 }],
          extensions: { authorityKeyIdentifier: ext.authorityKeyIdentifier(other.keyId) }
        })
      ]),
      pair('no key identifier, but listing it', 'revocation/revoked', (own, { ca }) => [
        crlDer(ca, { number: 3 }),
        delta(ca, 3, {
          number: 4,
          entries: [own],
          extensions: { authorityKeyIdentifier: null }
        })
      ]),
      pair('a broken signature', 'revocation/revoked', (own, { ca }) => [
        crlDer(ca, { number: 3, entries: [{ ...own, reason: 6 }] }),
        delta(ca, 3, { number: 4, signature: 'broken', entries: [{ ...own, reason: 8 }] })
      ])
    ]
  },
  {
    rule: 'a delta list in force makes a complete list that is past as current as itself; a past one takes nothing off',
    clause: 'RFC 5280 5.2.4, 6.3.3 (a)',
    cases: [
      pair('list past, delta in force', 'valid', (_, { ca }) => [
        crlDer(ca, { number: 3, thisUpdate: after(-9), nextUpdate: after(-2) }),
        delta(ca, 3, { number: 4 })
      ]),
      pair('list past, delta in force and listing it', 'revocation/revoked', (own, { ca }) => [
        crlDer(ca, { number: 3, thisUpdate: after(-9), nextUpdate: after(-2) }),
        delta(ca, 3, { number: 4, entries: [own] })
      ]),
      pair('list past, delta for a later base', 'revocation/stale', (_, { ca }) => [
        crlDer(ca, { number: 2, thisUpdate: after(-9), nextUpdate: after(-2) }),
        delta(ca, 3, { number: 4 })
      ]),
      pair('both past', 'revocation/stale', (_, { ca }) => [
        crlDer(ca, { number: 3, thisUpdate: after(-9), nextUpdate: after(-2) }),
        delta(ca, 3, { number: 4, thisUpdate: after(-3), nextUpdate: after(-1) })
      ]),
      pair('on hold, taken off by a delta that is past', 'revocation/revoked', (own, { ca }) => [
        crlDer(ca, { number: 3, entries: [{ ...own, reason: 6 }] }),
        delta(ca, 3, {
          number: 4,
          thisUpdate: after(-3),
          nextUpdate: after(-1),
          entries: [{ ...own, reason: 8 }]
        })
      ]),
      pair('a delta published after the moment asked about', 'valid', (own, { ca }) => [
        crlDer(ca, { number: 3 }),
        delta(ca, 3, { number: 4, thisUpdate: after(0.5), nextUpdate: after(1), entries: [own] })
      ])
    ]
  }
];
