/** Lists of one issuer about certificates of others. */
import {
  crlDer,
  ext,
  extension,
  generalName,
  type CrlInput,
  type DistributionPointInput,
  type RuleCases,
  type ScopeInput
} from '../../../../kit/pki/index.js';
import { sequence } from '../../../../../pki/der/index.js';
import type { RevocationCase, World } from '../situation.js';

const signerName = 'O=Revocation, CN=List Signer';

/** An indirect list by the list signer. */
function indirect(world: World, input: CrlInput = {}, scope: ScopeInput = { indirect: true }): Uint8Array {
  return crlDer(world.listSigner, {
    ...input,
    extensions: { issuingDistributionPoint: ext.issuingDistributionPoint(scope), ...input.extensions }
  });
}

function asked(
  title: string,
  expect: string,
  make: (
    own: { readonly serial: Uint8Array; readonly issuer: Uint8Array },
    world: World
  ) => readonly Uint8Array[],
  points: readonly DistributionPointInput[] = [{ crlIssuer: [signerName] }]
): RevocationCase {
  return {
    title,
    expect,
    build: world => {
      const target = world.leaf(
        points.length === 0
          ? {}
          : {
              extensions: {
                crlDistributionPoints: ext.crlDistributionPoints(points),
                // Where it is, OpenSSL looks for deltas.
                freshestCrl: ext.freshestCrl(points)
              }
            }
      );
      const own = { serial: target.serial, issuer: world.ca.subject };
      return { target, crls: make(own, world), signers: [world.listSigner] };
    }
  };
}

export const rules: readonly RuleCases<RevocationCase>[] = [
  {
    rule: 'another issuer’s list is about a certificate that names it as cRLIssuer, and says that it is indirect',
    clause: 'RFC 5280 6.3.3 (b) 1',
    cases: [
      asked('named, indirect', 'valid', (_, world) => [indirect(world)]),
      asked('not named', 'revocation/unknown', (_, world) => [indirect(world)], []),
      asked('another one is named', 'revocation/unknown', (_, world) => [indirect(world)], [
        { crlIssuer: ['CN=Somebody'] }
      ]),
      asked('not indirect', 'revocation/unknown', (_, world) => [crlDer(world.listSigner)]),
      asked('not indirect by its scope', 'revocation/unknown', (_, world) => [
        indirect(world, {}, { onlyUserCerts: true })
      ]),
      asked('named twice, once rightly', 'valid', (_, world) => [indirect(world)], [
        { crlIssuer: ['CN=Somebody'] },
        { crlIssuer: [signerName] }
      ]),
      {
        title: 'named, but without a path to the anchor',
        expect: 'revocation/signer',
        build: world => ({
          target: world.leaf({
            extensions: { crlDistributionPoints: ext.crlDistributionPoints([{ crlIssuer: [signerName] }]) }
          }),
          crls: [indirect(world)]
        })
      }
    ]
  },
  {
    rule: 'an indirect list with a distribution point is of a point the certificate names',
    clause: 'RFC 5280 6.3.3 (b) 2 i, 4.2.1.13',
    cases: [
      asked(
        'the same name',
        'valid',
        (_, world) => [
          indirect(world, {}, { indirect: true, fullName: [generalName.uri('http://crl.example/i')] })
        ],
        [{ crlIssuer: [signerName], fullName: [generalName.uri('http://crl.example/i')] }]
      ),
      asked(
        'another name',
        'revocation/scope',
        (_, world) => [
          indirect(world, {}, { indirect: true, fullName: [generalName.uri('http://crl.example/j')] })
        ],
        [{ crlIssuer: [signerName], fullName: [generalName.uri('http://crl.example/i')] }]
      ),
      asked('the issuer’s name, the point having none', 'valid', (_, world) => [
        indirect(world, {}, { indirect: true, fullName: [generalName.directory(signerName)] })
      ]),
      asked('another name, the point having none', 'revocation/scope', (_, world) => [
        indirect(world, {}, { indirect: true, fullName: [generalName.uri('http://crl.example/i')] })
      ]),
      asked(
        'relative to cRLIssuer',
        'valid',
        (_, world) => [indirect(world, {}, { indirect: true, relativeName: 'CN=Point 1' })],
        [{ crlIssuer: [signerName], relativeName: 'CN=Point 1' }]
      ),
      asked(
        'relative to two names of cRLIssuer',
        'revocation/scope',
        (_, world) => [indirect(world, {}, { indirect: true, relativeName: 'CN=Point 1' })],
        [{ crlIssuer: [signerName, 'CN=Somebody'], relativeName: 'CN=Point 1' }]
      )
    ]
  },
  {
    rule: 'an entry of an indirect list is about a certificate of its certificateIssuer, or of the last one named before',
    clause: 'RFC 5280 5.3.3, 6.3.3 (i), (j)',
    cases: [
      asked('the issuer and number', 'revocation/revoked', (own, world) => [
        indirect(world, { entries: [own] })
      ]),
      asked('the number, another issuer', 'valid', (own, world) => [
        indirect(world, { entries: [{ serial: own.serial, issuer: world.other.subject }] })
      ]),
      asked('the number, no issuer: the list’s own', 'valid', (own, world) => [
        indirect(world, { entries: [{ serial: own.serial }] })
      ]),
      asked('the issuer named two entries before', 'revocation/revoked', (own, world) => [
        indirect(world, {
          entries: [{ serial: 7, issuer: own.issuer }, { serial: 8 }, { serial: own.serial }]
        })
      ]),
      asked('another issuer named in between', 'valid', (own, world) => [
        indirect(world, {
          entries: [
            { serial: 7, issuer: own.issuer },
            { serial: 8, issuer: world.other.subject },
            { serial: own.serial }
          ]
        })
      ]),
      asked('listed for another issuer first, then for its own', 'revocation/revoked', (own, world) => [
        indirect(world, { entries: [{ serial: own.serial, issuer: world.other.subject }, own] })
      ]),
      asked('the issuer’s name in another case', 'revocation/revoked', (own, world) => [
        indirect(world, { entries: [{ serial: own.serial, issuer: 'O=REVOCATION, CN=authority' }] })
      ]),
      {
        title: 'an indirect list of the certificate’s own issuer, no issuer named',
        expect: 'revocation/revoked',
        build: world => {
          const target = world.leaf();
          const list = crlDer(world.ca, {
            entries: [{ serial: target.serial }],
            extensions: { issuingDistributionPoint: ext.issuingDistributionPoint({ indirect: true }) }
          });
          return { target, crls: [list] };
        }
      }
    ]
  },
  {
    rule: 'certificateIssuer is critical, holds a distinguished name, and stands in indirect lists only',
    clause: 'RFC 5280 5.3.3',
    cases: [
      asked('as it must be', 'valid', (_, world) => [
        indirect(world, { entries: [{ serial: 7, issuer: world.ca.subject }] })
      ]),
      asked('not critical', 'revocation/malformed', (_, world) => [
        indirect(world, {
          entries: [{ serial: 7, moreExtensions: [ext.certificateIssuer([world.ca.subject], false)] }]
        })
      ]),
      asked('no distinguished name', 'revocation/malformed', (_, world) => [
        indirect(world, {
          entries: [
            {
              serial: 7,
              moreExtensions: [extension('certificateIssuer', sequence(generalName.dns('ca.example')), true)]
            }
          ]
        })
      ]),
      {
        title: 'in a direct list',
        expect: 'revocation/malformed',
        build: world => ({
          target: world.leaf(),
          crls: [crlDer(world.ca, { entries: [{ serial: 7, issuer: world.other.subject }] })]
        })
      }
    ]
  },
  {
    rule: 'a delta of an indirect list speaks of the same issuers',
    clause: 'RFC 5280 5.2.4, 5.3.3',
    cases: [
      asked('revoked in the delta', 'revocation/revoked', (own, world) => [
        indirect(world, { number: 3 }),
        indirect(world, {
          number: 4,
          entries: [own],
          extensions: { deltaCrlIndicator: ext.deltaCrlIndicator(3) }
        })
      ]),
      asked('the number of another issuer taken off in the delta', 'revocation/revoked', (own, world) => [
        indirect(world, { number: 3, entries: [{ ...own, reason: 6 }] }),
        indirect(world, {
          number: 4,
          entries: [{ serial: own.serial, issuer: world.other.subject, reason: 8 }],
          extensions: { deltaCrlIndicator: ext.deltaCrlIndicator(3) }
        })
      ]),
      asked('taken off in the delta', 'valid', (own, world) => [
        indirect(world, { number: 3, entries: [{ ...own, reason: 6 }] }),
        indirect(world, {
          number: 4,
          entries: [{ ...own, reason: 8 }],
          extensions: { deltaCrlIndicator: ext.deltaCrlIndicator(3) }
        })
      ])
    ]
  }
];
