/** What the fuzz begins with: one of each thing that is read, with as much in it as the standard allows. */
import {
  anchor,
  crlDer,
  endEntity,
  ext,
  generalName,
  intermediate,
  ocspResponseDer,
  testMoment,
  unknownExtension,
  type Entity,
  type KeyKind
} from '../../../kit/pki/index.js';
import { deviceRequest, ikiClientRequest, organisationRequest } from '../../../kit/requests.js';
import { p256Key, rsaKey } from '../../../kit/keys.js';

const { dns, email, uri, ip, directory, registeredId, other } = generalName;
const policy = '1.3.6.1.4.1.55555.7.1';

/** A hierarchy whose certificates carry every extension that is understood, so that the fuzz reaches every reader. */
export interface Specimens {
  readonly anchor: Entity;
  readonly authority: Entity;
  readonly leaf: Entity;
  readonly responder: Entity;
  readonly crl: Uint8Array;
  readonly delta: Uint8Array;
  readonly anchorCrl: Uint8Array;
  readonly ocsp: Uint8Array;
}

const point = { fullName: [uri('http://crl.example/1')] };

export function specimensOn(kind: KeyKind): Specimens {
  const top = anchor('O=Fuzz, CN=Anchor', { kind });
  const authority = intermediate(top, 'O=Fuzz, CN=Authority', {
    pathLength: 2,
    extensions: {
      certificatePolicies: ext.certificatePolicies([policy, '2.5.29.32.0']),
      policyMappings: ext.policyMappings([[policy, `${policy}.1`]]),
      policyConstraints: ext.policyConstraints({ requireExplicit: 1, inhibitMapping: 3 }),
      inhibitAnyPolicy: ext.inhibitAnyPolicy(4),
      nameConstraints: ext.nameConstraints({
        permitted: [
          dns('example'),
          email('example'),
          uri('.example'),
          ip('192.0.2.0/24'),
          directory('O=Fuzz'),
          registeredId('1.2.3'),
          other('1.2.3', Uint8Array.of(5, 0))
        ],
        excluded: [dns('bad.example'), email('.bad.example'), ip('192.0.2.128/25')]
      }),
      issuerAltName: ext.issuerAltName([dns('ca.example')]),
      crlDistributionPoints: ext.crlDistributionPoints([point])
    }
  });
  const leaf = endEntity(authority, 'O=Fuzz, OU=Unit + CN=End Entity, E=a@example', {
    extensions: {
      certificatePolicies: ext.certificatePolicies([`${policy}.1`]),
      subjectAltName: ext.subjectAltName([
        dns('a.example'),
        email('a@example'),
        uri('https://a.example/x'),
        ip('192.0.2.1'),
        directory('O=Fuzz, CN=x'),
        registeredId('1.2.3'),
        other('1.2.3', Uint8Array.of(5, 0))
      ]),
      extendedKeyUsage: ext.extendedKeyUsage(['1.3.6.1.5.5.7.3.1', '1.3.6.1.5.5.7.3.2']),
      crlDistributionPoints: ext.crlDistributionPoints([
        point,
        { relativeName: 'CN=crl', reasons: [1, 2], crlIssuer: ['O=Fuzz, CN=Authority'] }
      ]),
      freshestCrl: ext.freshestCrl([point])
    },
    moreExtensions: [unknownExtension(false)]
  });
  const responder = endEntity(authority, 'O=Fuzz, CN=Responder', {
    extensions: {
      extendedKeyUsage: ext.extendedKeyUsage(['1.3.6.1.5.5.7.3.9']),
      ocspNoCheck: ext.ocspNoCheck(),
      certificatePolicies: ext.certificatePolicies([`${policy}.1`])
    }
  });
  const scope = { issuingDistributionPoint: ext.issuingDistributionPoint(point) };
  return {
    anchor: top,
    authority,
    leaf,
    responder,
    crl: crlDer(authority, {
      number: 7,
      extensions: { ...scope, freshestCrl: ext.freshestCrl([point]) },
      entries: [
        { serial: 5, reason: 1, moreExtensions: [ext.invalidityDate(testMoment)] },
        { serial: 6 },
        { serial: 0x1234n, reason: 6 }
      ]
    }),
    delta: crlDer(authority, {
      number: 8,
      extensions: { ...scope, deltaCrlIndicator: ext.deltaCrlIndicator(7) },
      entries: [
        { serial: 6, reason: 8 },
        { serial: 9, reason: 0 }
      ]
    }),
    anchorCrl: crlDer(top, { entries: [{ serial: 77 }] }),
    ocsp: ocspResponseDer({
      responder,
      certificates: [responder.der],
      nonce: Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8),
      responses: [
        { certificate: leaf, issuer: authority },
        { certificate: authority, issuer: top, hash: 'sha1', status: { revoked: testMoment, reason: 1 } }
      ]
    })
  };
}

/** Requests as the RA is sent them. */
export function requestSpecimens(): Uint8Array[] {
  const key = p256Key();
  return [
    deviceRequest({ key }),
    organisationRequest({ key, commonName: 'Name' }),
    ikiClientRequest({ key: rsaKey() })
  ];
}
