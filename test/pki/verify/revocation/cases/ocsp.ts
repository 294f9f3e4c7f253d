/** OCSP responses: which certificate, by whom, when. */
import { createHash } from 'node:crypto';
import { contextTagged, enumerated, octetString, sequence, tlv } from '../../../../../pki/der/index.js';
import { parsePublicKey } from '../../../../../pki/x509/index.js';
import {
  certIdDer,
  crlDer,
  day,
  endEntity,
  ext,
  ocspResponseDer,
  testMoment,
  unknownExtension,
  type Entity,
  type EntityChanges,
  type OcspInput,
  type RuleCases,
  type SingleResponseInput
} from '../../../../kit/pki/index.js';
import type { RevocationCase, World } from '../situation.js';

const after = (days: number) => new Date(testMoment.getTime() + days * day);
const ocspSigning = '1.3.6.1.5.5.7.3.9';

/** An authority that may answer itself: its key may sign more than certificates and lists. */
function answering(world: World): Entity {
  return endEntity(world.root, 'O=Revocation, CN=Authority', {
    kind: world.kind,
    extensions: {
      basicConstraints: ext.basicConstraints(true),
      keyUsage: ext.keyUsage(['digitalSignature', 'keyCertSign', 'cRLSign'])
    }
  });
}

/** A responder certified by the authority. */
function delegate(world: World, changes: EntityChanges = {}, issuer: Entity = world.ca): Entity {
  return endEntity(issuer, 'O=Revocation, CN=Responder', {
    kind: world.kind,
    ...changes,
    extensions: {
      extendedKeyUsage: ext.extendedKeyUsage([ocspSigning]),
      ocspNoCheck: ext.ocspNoCheck(),
      ...changes.extensions
    }
  });
}

/** The responder's name, or the SHA-1 of its key's bits. */
function keyHash(entity: Entity): Uint8Array {
  const bits = parsePublicKey(entity.key.spki).keyBits;
  return contextTagged(2, octetString(createHash('sha1').update(bits).digest()));
}

function byIssuer(
  title: string,
  expect: string,
  single: Partial<SingleResponseInput> = {},
  response: Partial<OcspInput> = {}
): RevocationCase {
  return {
    title,
    expect,
    build: world => {
      const issuer = answering(world);
      const target = world.leaf();
      const answer = ocspResponseDer({
        responder: issuer,
        responses: [{ certificate: target, issuer, ...single }],
        ...response
      });
      return { target, issuer, ocspResponses: [answer] };
    }
  };
}

function byDelegate(
  title: string,
  expect: string,
  make: (world: World) => Entity,
  response: Partial<OcspInput> | ((responder: Entity, world: World) => Partial<OcspInput>) = {},
  crls: (responder: Entity, world: World) => readonly Uint8Array[] = () => []
): RevocationCase {
  return {
    title,
    expect,
    build: world => {
      const responder = make(world);
      const target = world.leaf();
      const answer = ocspResponseDer({
        responder,
        responses: [{ certificate: target, issuer: world.ca }],
        certificates: [responder.der],
        ...(typeof response === 'function' ? response(responder, world) : response)
      });
      return { target, ocspResponses: [answer], crls: crls(responder, world) };
    }
  };
}

export const rules: readonly RuleCases<RevocationCase>[] = [
  {
    rule: 'a response says what it says of the certificate that its CertID names',
    clause: 'RFC 6960 4.1.1, 3.2 (1)',
    cases: [
      byIssuer('named by SHA-256', 'valid'),
      byIssuer('named by SHA-1', 'valid', { hash: 'sha1' }),
      byIssuer('named by SHA-512', 'revocation/unknown', { hash: 'sha512' }),
      byIssuer('another serial number', 'revocation/unknown', { certificate: { serial: Uint8Array.of(9) } }),
      {
        title: 'the serial number of another issuer',
        expect: 'revocation/unknown',
        build: world => {
          const issuer = answering(world);
          const target = world.leaf();
          const certId = certIdDer(world.other, target.serial);
          const responses = [{ certificate: target, issuer, certId }];
          return { target, issuer, ocspResponses: [ocspResponseDer({ responder: issuer, responses })] };
        }
      },
      {
        title: 'one of two answers',
        expect: 'valid',
        build: world => {
          const issuer = answering(world);
          const target = world.leaf();
          const other = { certificate: { serial: Uint8Array.of(9) }, issuer, status: 'unknown' as const };
          const responses = [other, { certificate: target, issuer }];
          return { target, issuer, ocspResponses: [ocspResponseDer({ responder: issuer, responses })] };
        }
      }
    ]
  },
  {
    rule: 'good is good, revoked is revoked, and unknown is not known',
    clause: 'RFC 6960 2.2',
    cases: [
      byIssuer('good', 'valid', { status: 'good' }),
      byIssuer('revoked', 'revocation/revoked', { status: { revoked: after(-3) } }),
      byIssuer('revoked, with a reason', 'revocation/revoked', { status: { revoked: after(-3), reason: 1 } }),
      byIssuer('on hold', 'revocation/revoked', { status: { revoked: after(-3), reason: 6 } }),
      byIssuer('unknown', 'revocation/unknown', { status: 'unknown' }),
      {
        title: 'good and revoked in one response',
        expect: 'revocation/revoked',
        build: world => {
          const issuer = answering(world);
          const target = world.leaf();
          const one = { certificate: target, issuer };
          const responses = [one, { ...one, status: { revoked: after(-3) } }];
          return { target, issuer, ocspResponses: [ocspResponseDer({ responder: issuer, responses })] };
        }
      },
      {
        title: 'good, but on a list of the issuer',
        expect: 'revocation/revoked',
        build: world => {
          const issuer = answering(world);
          const target = world.leaf();
          const answer = ocspResponseDer({ responder: issuer, responses: [{ certificate: target, issuer }] });
          const list = crlDer(issuer, { entries: [{ serial: target.serial }] });
          return { target, issuer, ocspResponses: [answer], crls: [list] };
        }
      },
      {
        title: 'a newer response than the one that says good',
        expect: 'revocation/revoked',
        build: world => {
          const issuer = answering(world);
          const target = world.leaf();
          const one = { certificate: target, issuer };
          const older = ocspResponseDer({
            responder: issuer,
            producedAt: after(-0.5),
            responses: [{ ...one, thisUpdate: after(-0.5) }]
          });
          const newer = ocspResponseDer({
            responder: issuer,
            responses: [{ ...one, status: { revoked: after(-3) } }]
          });
          return { target, issuer, ocspResponses: [older, newer] };
        }
      }
    ]
  },
  {
    rule: 'a response is in force from thisUpdate to nextUpdate, and not from the future',
    clause: 'RFC 6960 3.2 (5), (6), 4.2.2.1',
    cases: [
      byIssuer('in force', 'valid'),
      byIssuer('thisUpdate later', 'revocation/not-yet-valid', { thisUpdate: after(0.1) }),
      byIssuer('producedAt later', 'revocation/not-yet-valid', {}, { producedAt: after(0.1) }),
      byIssuer('nextUpdate past', 'revocation/stale', { thisUpdate: after(-2), nextUpdate: after(-1) }),
      byIssuer('no nextUpdate', 'revocation/stale', { nextUpdate: null }),
      byIssuer('nextUpdate before thisUpdate', 'revocation/malformed', {
        thisUpdate: after(-1),
        nextUpdate: after(-2)
      })
    ]
  },
  {
    rule: 'the signature on a response verifies, in an algorithm that is believed',
    clause: 'RFC 6960 3.2 (2)',
    cases: [
      byIssuer('as signed', 'valid'),
      byIssuer('one bit changed', 'revocation/signature', {}, { signature: 'broken' }),
      {
        title: 'signed with another key',
        expect: 'revocation/signature',
        build: world => {
          const issuer = answering(world);
          const target = world.leaf();
          const answer = ocspResponseDer({
            responder: issuer,
            signer: world.other.key,
            responses: [{ certificate: target, issuer }]
          });
          return { target, issuer, ocspResponses: [answer] };
        }
      },
      {
        title: 'ECDSA with SHA-1',
        expect: 'revocation/signature',
        on: ['P-256'],
        build: world => {
          const issuer = answering(world);
          const target = world.leaf();
          const responses = [{ certificate: target, issuer }];
          const answer = ocspResponseDer({ responder: issuer, algorithm: 'ecdsa-sha1', responses });
          return { target, issuer, ocspResponses: [answer] };
        }
      }
    ]
  },
  {
    rule: 'the issuer answers itself with a key that may sign more than certificates and lists',
    clause: 'RFC 6960 4.2.2.2, RFC 5280 4.2.1.3',
    cases: [
      byIssuer('named by its name', 'valid'),
      {
        title: 'named by its key',
        expect: 'valid',
        build: world => {
          const issuer = answering(world);
          const target = world.leaf();
          const responses = [{ certificate: target, issuer }];
          const answer = ocspResponseDer({ responder: issuer, responderId: keyHash(issuer), responses });
          return { target, issuer, ocspResponses: [answer] };
        }
      },
      {
        title: 'named by another key',
        expect: 'revocation/signer',
        build: world => {
          const issuer = answering(world);
          const target = world.leaf();
          const responses = [{ certificate: target, issuer }];
          const answer = ocspResponseDer({ responder: issuer, responderId: keyHash(world.other), responses });
          return { target, issuer, ocspResponses: [answer] };
        }
      },
      {
        title: 'without digitalSignature',
        expect: 'revocation/signer',
        build: world => {
          const target = world.leaf();
          const responses = [{ certificate: target, issuer: world.ca }];
          return { target, ocspResponses: [ocspResponseDer({ responder: world.ca, responses })] };
        }
      }
    ]
  },
  {
    rule: 'a delegated responder is certified by the issuer itself to sign responses',
    clause: 'RFC 6960 4.2.2.2',
    cases: [
      byDelegate('certified by the issuer', 'valid', world => delegate(world)),
      byDelegate(
        'named by its key',
        'valid',
        world => delegate(world),
        responder => ({
          responderId: keyHash(responder)
        })
      ),
      byDelegate('its certificate not enclosed', 'revocation/signer', world => delegate(world), {
        certificates: []
      }),
      byDelegate('certified by another authority', 'revocation/signer', world =>
        delegate(world, {}, world.other)
      ),
      byDelegate('certified by the issuer’s issuer', 'revocation/signer', world =>
        delegate(world, {}, world.root)
      ),
      byDelegate('certified in the issuer’s name with another key', 'revocation/signer', world =>
        delegate(world, { signer: world.other.key })
      ),
      byDelegate('no extended key usage', 'revocation/signer', world =>
        delegate(world, { extensions: { extendedKeyUsage: null } })
      ),
      byDelegate('another extended key usage', 'revocation/signer', world =>
        delegate(world, { extensions: { extendedKeyUsage: ext.extendedKeyUsage(['1.3.6.1.5.5.7.3.1']) } })
      ),
      byDelegate('anyExtendedKeyUsage', 'revocation/signer', world =>
        delegate(world, { extensions: { extendedKeyUsage: ext.extendedKeyUsage(['2.5.29.37.0']) } })
      ),
      byDelegate('a key for agreement', 'revocation/signer', world =>
        delegate(world, { extensions: { keyUsage: ext.keyUsage(['keyAgreement']) } })
      ),
      byDelegate('past', 'revocation/signer', world =>
        delegate(world, { notBefore: after(-9), notAfter: after(-1) })
      ),
      byDelegate('not yet valid', 'revocation/signer', world =>
        delegate(world, { notBefore: after(1), notAfter: after(9) })
      ),
      byDelegate('an unknown critical extension', 'revocation/signer', world =>
        delegate(world, { moreExtensions: [unknownExtension(true)] })
      ),
      byDelegate('not conforming: a serial number of zero', 'revocation/signer', world =>
        delegate(world, { serial: 0 })
      ),
      byDelegate(
        'the certificate of somebody else beside it',
        'valid',
        world => delegate(world),
        (own, world) => ({
          certificates: [world.other.der, own.der]
        })
      )
    ]
  },
  {
    rule: 'a delegated responder’s own status is good, or its issuer says that it need not be asked',
    clause: 'RFC 6960 4.2.2.2.1',
    cases: [
      byDelegate('id-pkix-ocsp-nocheck', 'valid', world => delegate(world)),
      byDelegate('neither', 'revocation/signer', world =>
        delegate(world, { extensions: { ocspNoCheck: null } })
      ),
      byDelegate(
        'good by a list about responders',
        'valid',
        world => delegate(world, { extensions: { ocspNoCheck: null } }),
        {},
        (_, world) => [crlDer(world.ca)]
      ),
      {
        title: 'revoked by a list that is not about the certificate',
        expect: 'revocation/signer',
        build: world => {
          const point = (name: string) => ({
            fullName: [tlv(0x86, Buffer.from(`http://crl.example/${name}`, 'latin1'))]
          });
          const responder = delegate(world, {
            extensions: { ocspNoCheck: null, crlDistributionPoints: ext.crlDistributionPoints([point('r')]) }
          });
          const target = world.leaf();
          const responses = [{ certificate: target, issuer: world.ca }];
          const list = crlDer(world.ca, {
            entries: [{ serial: responder.serial }],
            extensions: { issuingDistributionPoint: ext.issuingDistributionPoint(point('r')) }
          });
          const certificates = [responder.der];
          return {
            target,
            ocspResponses: [ocspResponseDer({ responder, responses, certificates })],
            crls: [list]
          };
        }
      }
    ]
  },
  {
    rule: 'a response is a basic one of version 1, successful, without unknown critical extensions',
    clause: 'RFC 6960 4.2.1, 4.4',
    cases: [
      byIssuer('an unknown extension, not critical', 'valid', {}, { extensions: [unknownExtension(false)] }),
      byIssuer(
        'an unknown extension, critical',
        'revocation/critical-extension',
        {},
        {
          extensions: [unknownExtension(true)]
        }
      ),
      byIssuer('an answer’s unknown extension, not critical', 'valid', {
        extensions: [unknownExtension(false)]
      }),
      byIssuer('an answer’s unknown extension, critical', 'revocation/critical-extension', {
        extensions: [unknownExtension(true)]
      }),
      byIssuer('a nonce nobody asked for', 'valid', {}, { nonce: new Uint8Array(16) }),
      byIssuer('another type', 'revocation/malformed', {}, { responseType: '1.3.6.1.5.5.7.48.1.99' }),
      byIssuer(
        'version 1 written out',
        'revocation/malformed',
        {},
        {
          version: contextTagged(0, Uint8Array.of(2, 1, 0))
        }
      ),
      byIssuer(
        'version 2',
        'revocation/malformed',
        {},
        { version: contextTagged(0, Uint8Array.of(2, 1, 1)) }
      ),
      byIssuer('tryLater', 'revocation/response', {}, { responseStatus: 3 }),
      byIssuer('unauthorized', 'revocation/response', {}, { responseStatus: 6 }),
      byIssuer('a status nobody knows', 'revocation/malformed', {}, { responseStatus: 4 }),
      {
        title: 'successful, without a response',
        expect: 'revocation/malformed',
        build: world => ({ target: world.leaf(), ocspResponses: [sequence(enumerated(0))] })
      },
      byIssuer(
        'a key hash of 8 octets',
        'revocation/malformed',
        {},
        {
          responderId: contextTagged(2, octetString(new Uint8Array(8)))
        }
      ),
      {
        title: 'an octet behind it',
        expect: 'revocation/malformed',
        build: world => {
          const issuer = answering(world);
          const target = world.leaf();
          const answer = ocspResponseDer({ responder: issuer, responses: [{ certificate: target, issuer }] });
          return { target, issuer, ocspResponses: [Uint8Array.from([...answer, 0])] };
        }
      },
      byIssuer('a status that says more', 'revocation/malformed', { status: tlv(0x80, Uint8Array.of(0)) })
    ]
  }
];
