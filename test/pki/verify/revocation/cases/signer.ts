/** Who may sign a list about a certificate. */
import {
  crlDer,
  endEntity,
  ext,
  intermediate,
  keyOf,
  type DistributionPointInput,
  type EntityChanges,
  type RuleCases
} from '../../../../kit/pki/index.js';
import type { RevocationCase, Situation, World } from '../situation.js';

/** A certificate with the name of the authority and a key of its own, certified by the root. */
function namesake(world: World, changes: EntityChanges = {}) {
  const key = keyOf(world.kind, 'namesake');
  return endEntity(world.root, 'O=Revocation, CN=Authority', {
    key,
    ...changes,
    extensions: { keyUsage: ext.keyUsage(['cRLSign']), ...changes.extensions }
  });
}

export const rules: readonly RuleCases<RevocationCase>[] = [
  {
    rule: 'the signature on a list verifies over the octets received, in an algorithm that is believed',
    clause: 'RFC 5280 6.3.3 (g)',
    cases: [
      {
        title: 'as signed',
        expect: 'valid',
        build: world => ({ target: world.leaf(), crls: [crlDer(world.ca)] })
      },
      {
        title: 'one bit of the signature changed',
        expect: 'revocation/signature',
        build: world => ({ target: world.leaf(), crls: [crlDer(world.ca, { signature: 'broken' })] })
      },
      {
        title: 'signed with another key',
        expect: 'revocation/signature',
        build: world => ({ target: world.leaf(), crls: [crlDer(world.ca, { signer: world.other.key })] })
      },
      {
        title: 'a signature of no octets',
        expect: 'revocation/signature',
        build: world => ({ target: world.leaf(), crls: [crlDer(world.ca, { signature: new Uint8Array() })] })
      },
      {
        title: 'ECDSA with SHA-1',
        expect: 'revocation/signature',
        on: ['P-256'],
        build: world => ({ target: world.leaf(), crls: [crlDer(world.ca, { algorithm: 'ecdsa-sha1' })] })
      },
      {
        title: 'RSA with SHA-1',
        expect: 'revocation/signature',
        on: ['RSA-2048'],
        build: world => ({ target: world.leaf(), crls: [crlDer(world.ca, { algorithm: 'rsa-sha1' })] })
      },
      {
        title: 'RSASSA-PSS with SHA-384',
        expect: 'valid',
        on: ['RSA-2048'],
        build: world => ({ target: world.leaf(), crls: [crlDer(world.ca, { algorithm: 'pss-sha384' })] })
      }
    ]
  },
  {
    rule: 'the two algorithm fields of a list are the same',
    clause: 'RFC 5280 5.1.1.2',
    cases: [
      {
        title: 'the same',
        expect: 'valid',
        build: world => ({ target: world.leaf(), crls: [crlDer(world.ca)] })
      },
      {
        title: 'another one inside',
        expect: 'revocation/signature',
        on: ['P-256'],
        build: world => ({
          target: world.leaf(),
          crls: [crlDer(world.ca, { innerAlgorithm: Buffer.from('300a06082a8648ce3d040303', 'hex') })]
        })
      }
    ]
  },
  {
    rule: 'the issuer’s certificate lets its key sign lists',
    clause: 'RFC 5280 6.3.3 (f), 4.2.1.3',
    cases: [
      {
        title: 'cRLSign',
        expect: 'valid',
        build: world => ({ target: world.leaf(), crls: [crlDer(world.ca)] })
      },
      {
        title: 'keyCertSign only',
        expect: 'revocation/signer',
        build: world => {
          const issuer = intermediate(world.root, 'O=Revocation, CN=Authority', {
            kind: world.kind,
            extensions: { keyUsage: ext.keyUsage(['keyCertSign']) }
          });
          return { target: world.leaf(), issuer, crls: [crlDer(issuer)] };
        }
      }
    ]
  },
  {
    rule: 'another certificate of the issuer’s name signs only with cRLSign and a valid path to the same anchor',
    clause: 'RFC 5280 6.3.3 (f)',
    cases: [
      {
        title: 'cRLSign and a path',
        expect: 'valid',
        build: world => {
          const signer = namesake(world);
          return { target: world.leaf(), crls: [crlDer(signer)], signers: [signer] };
        }
      },
      {
        title: 'its list says revoked',
        expect: 'revocation/revoked',
        build: world => {
          const signer = namesake(world);
          const target = world.leaf();
          const list = crlDer(signer, { entries: [{ serial: target.serial }] });
          return { target, crls: [crlDer(world.ca), list], signers: [signer] };
        }
      },
      {
        title: 'no path',
        expect: 'revocation/signer',
        build: world => ({ target: world.leaf(), crls: [crlDer(namesake(world))] })
      },
      {
        title: 'no cRLSign',
        expect: 'revocation/signer',
        build: world => {
          const signer = namesake(world, { extensions: { keyUsage: ext.keyUsage(['digitalSignature']) } });
          return { target: world.leaf(), crls: [crlDer(signer)], signers: [signer] };
        }
      },
      {
        title: 'no keyUsage',
        expect: 'revocation/signer',
        build: world => {
          const signer = namesake(world, { extensions: { keyUsage: null } });
          return { target: world.leaf(), crls: [crlDer(signer)], signers: [signer] };
        }
      },
      {
        title: 'a path, but a list of another name',
        expect: 'revocation/unknown',
        build: world => ({ target: world.leaf(), crls: [crlDer(world.other)], signers: [world.other] })
      }
    ]
  },
  {
    rule: 'nobody vouches for himself, unless his issuer has named him as the issuer of lists about him',
    clause: 'RFC 5280 4.2.1.13, 6.3.3 (f)',
    cases: [
      {
        title: 'named as cRLIssuer in his own certificate',
        expect: 'valid',
        build: world => selfVouching(world, [{ crlIssuer: ['O=Revocation, CN=Own'] }])
      },
      {
        title: 'named, and on his own list',
        expect: 'revocation/revoked',
        build: world => selfVouching(world, [{ crlIssuer: ['O=Revocation, CN=Own'] }], true)
      },
      {
        title: 'another one is named',
        expect: 'revocation/unknown',
        build: world => selfVouching(world, [{ crlIssuer: ['O=Revocation, CN=List Signer'] }])
      },
      {
        title: 'of the issuer’s name, with a list of his own',
        expect: 'revocation/signer',
        build: world => {
          const key = keyOf(world.kind, 'namesake');
          const target = endEntity(world.ca, 'O=Revocation, CN=Authority', {
            key,
            extensions: { keyUsage: ext.keyUsage(['cRLSign']) }
          });
          return { target, crls: [crlDer(target)] };
        }
      }
    ]
  },
  {
    rule: 'a list that names its key is by that key',
    clause: 'RFC 5280 5.2.1',
    cases: [
      {
        title: 'the issuer’s key identifier',
        expect: 'valid',
        build: world => ({ target: world.leaf(), crls: [crlDer(world.ca)] })
      },
      {
        title: 'no authorityKeyIdentifier',
        expect: 'valid',
        build: world => ({
          target: world.leaf(),
          crls: [crlDer(world.ca, { extensions: { authorityKeyIdentifier: null } })]
        })
      },
      {
        title: 'another key identifier',
        expect: 'revocation/signer',
        build: world => ({
          target: world.leaf(),
          crls: [
            crlDer(world.ca, {
              extensions: { authorityKeyIdentifier: ext.authorityKeyIdentifier(world.other.keyId) }
            })
          ]
        })
      },
      {
        title: 'issuer and serial number of the issuer’s certificate',
        expect: 'valid',
        build: world => ({
          target: world.leaf(),
          crls: [crlDer(world.ca, byCertificate(world, world.ca.serial))]
        })
      },
      {
        title: 'the serial number of another certificate',
        expect: 'revocation/signer',
        build: world => ({
          target: world.leaf(),
          crls: [crlDer(world.ca, byCertificate(world, Uint8Array.of(9)))]
        })
      }
    ]
  }
];

function byCertificate({ root }: World, serial: Uint8Array) {
  return {
    extensions: {
      authorityKeyIdentifier: ext.authorityKeyIdentifier(undefined, { name: root.subject, serial })
    }
  };
}

/** A certificate that may sign lists, and an indirect list of its own. */
function selfVouching(world: World, points: readonly DistributionPointInput[], listed = false): Situation {
  const target = endEntity(world.root, 'O=Revocation, CN=Own', {
    kind: world.kind,
    extensions: {
      keyUsage: ext.keyUsage(['cRLSign']),
      crlDistributionPoints: ext.crlDistributionPoints(points)
    }
  });
  const list = crlDer(target, {
    extensions: { issuingDistributionPoint: ext.issuingDistributionPoint({ indirect: true }) },
    entries: listed ? [{ serial: target.serial, issuer: world.root.subject }] : []
  });
  return { target, issuer: world.root, crls: [list] };
}
