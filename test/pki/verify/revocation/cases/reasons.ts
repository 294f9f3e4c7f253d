/** Lists that cover some reasons only. */
import {
  crlDer,
  ext,
  generalName,
  type DistributionPointInput,
  type Entity,
  type RuleCases,
  type ScopeInput
} from '../../../../kit/pki/index.js';
import type { RevocationCase } from '../situation.js';

const some = [1, 2, 3, 4];
const others = [5, 6, 7, 8];
const uri = (name: string) => generalName.uri(`http://crl.example/${name}`);

function list(issuer: Entity, scope: ScopeInput, serial?: Uint8Array): Uint8Array {
  return crlDer(issuer, {
    extensions: { issuingDistributionPoint: ext.issuingDistributionPoint(scope) },
    entries: serial === undefined ? [] : [{ serial }]
  });
}

function lists(
  title: string,
  expect: string,
  scopes: readonly ScopeInput[],
  points?: readonly DistributionPointInput[]
): RevocationCase {
  return {
    title,
    expect,
    build: world => ({
      target: world.leaf(
        points === undefined
          ? {}
          : { extensions: { crlDistributionPoints: ext.crlDistributionPoints(points) } }
      ),
      crls: scopes.map(scope => list(world.ca, scope))
    })
  };
}

export const rules: readonly RuleCases<RevocationCase>[] = [
  {
    rule: 'the status is known when the lists together cover every reason',
    clause: 'RFC 5280 6.3.3 (d), (e), (l)',
    cases: [
      lists('all reasons in one list', 'valid', [{ reasons: [...some, ...others] }]),
      lists('all reasons in two lists', 'valid', [{ reasons: some }, { reasons: others }]),
      lists('reasons in common', 'valid', [{ reasons: [...some, 5] }, { reasons: others }]),
      lists('some reasons', 'revocation/reasons', [{ reasons: some }]),
      lists('all but one', 'revocation/reasons', [{ reasons: [1, 2, 3] }, { reasons: others }]),
      lists('the same reasons twice', 'revocation/reasons', [{ reasons: some }, { reasons: some }]),
      lists('the other list is about authorities', 'revocation/reasons', [
        { reasons: some },
        { reasons: others, onlyCaCerts: true }
      ]),
      {
        title: 'revoked by one of the two',
        expect: 'revocation/revoked',
        build: world => {
          const target = world.leaf();
          return {
            target,
            crls: [list(world.ca, { reasons: some }), list(world.ca, { reasons: others }, target.serial)]
          };
        }
      },
      {
        title: 'revoked by the one list there is',
        expect: 'revocation/revoked',
        build: world => {
          const target = world.leaf();
          return { target, crls: [list(world.ca, { reasons: some }, target.serial)] };
        }
      }
    ]
  },
  {
    rule: 'a list counts for the reasons that both it and the distribution point name',
    clause: 'RFC 5280 6.3.3 (d) 1 to 3',
    cases: [
      lists(
        'two points with their lists',
        'valid',
        [
          { fullName: [uri('1')], reasons: some },
          { fullName: [uri('2')], reasons: others }
        ],
        [
          { fullName: [uri('1')], reasons: some },
          { fullName: [uri('2')], reasons: others }
        ]
      ),
      lists(
        'a list of every reason at a point of some',
        'revocation/reasons',
        [{ fullName: [uri('1')] }],
        [{ fullName: [uri('1')], reasons: some }]
      ),
      lists(
        'list and point have no reason in common',
        'revocation/scope',
        [{ fullName: [uri('1')], reasons: others }],
        [{ fullName: [uri('1')], reasons: some }]
      ),
      lists(
        'two points of one list',
        'valid',
        [{ fullName: [uri('1')] }],
        [
          { fullName: [uri('1')], reasons: some },
          { fullName: [uri('1')], reasons: others }
        ]
      )
    ]
  }
];
