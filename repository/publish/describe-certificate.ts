import { hash } from 'node:crypto';
import {
  attributeOf,
  eui64FromOctets,
  oids,
  remotePartyRoles,
  type Certificate,
  type Profile,
  type RemotePartyRole
} from '../../pki/index.js';
import { RepositoryError } from '../errors.js';
import type { CertificateKind } from '../store/certificates.js';
import type { CheckedCertificate } from '../store/publications.js';
import { identityOf, type KnownIssuer } from './known-issuer.js';

/** What the columns hold of a certificate whose profile is known to fit. */
export function describeCertificate(
  certificate: Certificate,
  profile: Profile,
  issuer: KnownIssuer
): CheckedCertificate {
  const { kind, eui } = holder(certificate, profile);
  const ski = certificate.subjectKeyIdentifier;
  if (ski === undefined)
    throw new RepositoryError('repository/lint', 'no key identifier', { serial: certificate.serialHex });
  return {
    certificate,
    issuer: issuer.identity,
    serial: identityOf(certificate, issuer.number).serial,
    issuerName: issuer.number,
    profile: profile.name,
    kind,
    eui,
    // Organisations, and the authorities of their domain, carry their role as OU.
    role: profile.domain === 'smki-organisation' ? (roleOf(certificate)?.code ?? null) : null,
    usage: kind === 'ca' ? null : (profile.usage ?? null),
    ski,
    publicKeyHash: sha256(certificate.publicKey.spki),
    sha1: Buffer.from(hash('sha1', certificate.der, 'binary'), 'latin1'),
    sha256: sha256(certificate.der)
  };
}

function holder(
  certificate: Certificate,
  profile: Profile
): { readonly kind: CertificateKind; readonly eui: bigint | null } {
  if (profile.kind !== 'end-entity') return { kind: 'ca', eui: null };
  const device = certificate.hardwareModuleName?.serialNumber;
  if (device !== undefined) return { kind: 'device', eui: eui64FromOctets(device) };
  const organisation = attributeOf(certificate.subject, oids.uniqueIdentifier)?.bits?.octets;
  if (organisation !== undefined) return { kind: 'organisation', eui: eui64FromOctets(organisation) };
  throw new RepositoryError('repository/unknown-profile', 'a published certificate names an EUI-64', {
    serial: certificate.serialHex
  });
}

export function sha256(octets: Uint8Array): Buffer {
  return Buffer.from(hash('sha256', octets, 'binary'), 'latin1');
}

/** The role that the OU of a subject names. */
export function roleOf(certificate: Certificate): RemotePartyRole | undefined {
  const ou = attributeOf(certificate.subject, oids.organizationalUnitName)?.text;
  return remotePartyRoles.find(role => role.ou === ou?.toUpperCase());
}
