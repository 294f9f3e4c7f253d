/** Which certificates a list is about. */
import {
  crlDer,
  ext,
  generalName,
  type DistributionPointInput,
  type Entity,
  type RuleCases,
  type ScopeInput
} from '../../../../kit/pki/index.js';
import type { RevocationCase, World } from '../situation.js';

const uri = (name: string) => generalName.uri(`http://crl.example/${name}`);

function scoped(issuer: Entity, scope: ScopeInput, serial?: Uint8Array): Uint8Array {
  return crlDer(issuer, {
    extensions: { issuingDistributionPoint: ext.issuingDistributionPoint(scope) },
    entries: serial === undefined ? [] : [{ serial }]
  });
}

/** A leaf with distribution points, and a list of its issuer with a scope. */
function pointed(
  title: string,
  expect: string,
  points: readonly DistributionPointInput[] | undefined,
  scope: ScopeInput
): RevocationCase {
  return {
    title,
    expect,
    build: world => ({ target: leafWith(world, points), crls: [scoped(world.ca, scope)] })
  };
}

function leafWith(world: World, points: readonly DistributionPointInput[] | undefined): Entity {
  return world.leaf(
    points === undefined ? {} : { extensions: { crlDistributionPoints: ext.crlDistributionPoints(points) } }
  );
}

/** The authority’s own certificate, about which the root has lists. */
function aboutAuthority(title: string, expect: string, scope: ScopeInput): RevocationCase {
  return {
    title,
    expect,
    build: world => ({ target: world.ca, issuer: world.root, crls: [scoped(world.root, scope)] })
  };
}

export const rules: readonly RuleCases<RevocationCase>[] = [
  {
    rule: 'a list with a distribution point is about certificates that name the point',
    clause: 'RFC 5280 6.3.3 (b) 2 i',
    cases: [
      pointed('the same URI', 'valid', [{ fullName: [uri('1')] }], { fullName: [uri('1')] }),
      pointed('one of two names', 'valid', [{ fullName: [uri('0'), uri('1')] }], {
        fullName: [uri('1'), uri('2')]
      }),
      pointed('one of two points', 'valid', [{ fullName: [uri('0')] }, { fullName: [uri('1')] }], {
        fullName: [uri('1')]
      }),
      pointed('another URI', 'revocation/scope', [{ fullName: [uri('1')] }], { fullName: [uri('2')] }),
      pointed('the URI in another case', 'revocation/scope', [{ fullName: [uri('a')] }], {
        fullName: [uri('A')]
      }),
      pointed('the same text as another kind of name', 'revocation/scope', [{ fullName: [uri('1')] }], {
        fullName: [generalName.dns('http://crl.example/1')]
      }),
      pointed('no point in the certificate', 'revocation/scope', undefined, { fullName: [uri('1')] }),
      pointed('no point in the list', 'valid', [{ fullName: [uri('1')] }], { onlyUserCerts: true })
    ]
  },
  {
    rule: 'distinguished names of points compare as names, and a relative one stands under its issuer',
    clause: 'RFC 5280 6.3.3 (b) 2 i, 4.2.1.13, 7.1',
    cases: [
      pointed(
        'the same name in another case and string type',
        'valid',
        [{ fullName: [generalName.directory('O=Revocation, CN=Point 1')] }],
        { fullName: [generalName.directory('O:printable=REVOCATION, CN:printable=point  1')] }
      ),
      pointed('both relative', 'valid', [{ relativeName: 'CN=Point 1' }], { relativeName: 'CN=Point 1' }),
      pointed('relative to the name in full', 'valid', [{ relativeName: 'CN=Point 1' }], {
        fullName: [generalName.directory('O=Revocation, CN=Authority, CN=Point 1')]
      }),
      pointed(
        'full to a relative one',
        'valid',
        [{ fullName: [generalName.directory('O=Revocation, CN=Authority, CN=Point 1')] }],
        { relativeName: 'CN=Point 1' }
      ),
      pointed('relative, another RDN', 'revocation/scope', [{ relativeName: 'CN=Point 1' }], {
        relativeName: 'CN=Point 2'
      }),
      pointed(
        'under another name',
        'revocation/scope',
        [{ fullName: [generalName.directory('O=Revocation, CN=Other, CN=Point 1')] }],
        { relativeName: 'CN=Point 1' }
      ),
      pointed('the issuer’s own name, no point in the certificate', 'valid', undefined, {
        fullName: [generalName.directory('O=Revocation, CN=Authority')]
      })
    ]
  },
  {
    rule: 'onlyContainsUserCerts, onlyContainsCACerts and onlyContainsAttributeCerts are kept to',
    clause: 'RFC 5280 6.3.3 (b) 2 ii to iv',
    cases: [
      pointed('user certificates, an end entity', 'valid', undefined, { onlyUserCerts: true }),
      pointed('CA certificates, an end entity', 'revocation/scope', undefined, { onlyCaCerts: true }),
      pointed('attribute certificates, an end entity', 'revocation/scope', undefined, {
        onlyAttributeCerts: true
      }),
      aboutAuthority('CA certificates, an authority', 'valid', { onlyCaCerts: true }),
      aboutAuthority('user certificates, an authority', 'revocation/scope', { onlyUserCerts: true }),
      aboutAuthority('attribute certificates, an authority', 'revocation/scope', {
        onlyAttributeCerts: true
      }),
      {
        title: 'listed, but out of scope',
        expect: 'revocation/scope',
        build: world => {
          const target = world.leaf();
          return { target, crls: [scoped(world.ca, { onlyCaCerts: true }, target.serial)] };
        }
      }
    ]
  },
  {
    rule: 'a list of another issuer says nothing',
    clause: 'RFC 5280 6.3.3 (b) 1',
    cases: [
      {
        title: 'of the issuer',
        expect: 'valid',
        build: world => ({ target: world.leaf(), crls: [crlDer(world.ca)] })
      },
      {
        title: 'of the issuer’s issuer',
        expect: 'revocation/unknown',
        build: world => ({ target: world.leaf(), crls: [crlDer(world.root)], signers: [world.root] })
      }
    ]
  }
];
