import { createHash } from 'node:crypto';
import {
  attributeOf,
  eui64FromOctets,
  lintCertificate,
  oids,
  parseCertificate,
  profiles,
  remotePartyRoles,
  verifyIssued,
  type Certificate,
  type Profile,
  type RemotePartyRole,
  type VerifyFailure
} from '../../pki/index.js';
import type { RepositoryContext } from '../context.js';
import { RepositoryError } from '../errors.js';
import type { CertificateKind } from '../store/certificates.js';
import type { CheckedCertificate } from '../store/publications.js';
import { serialToUuid } from '../store/serial.js';
import { sameOctets } from './authorities.js';
import type { Issuers } from './issuers.js';

/** Reads strict DER; `repository/certificate-malformed` otherwise. */
export function readCertificate(der: Uint8Array): Certificate {
  try {
    return parseCertificate(der);
  } catch (cause) {
    throw new RepositoryError(
      'repository/certificate-malformed',
      'not a strict DER certificate',
      {},
      { cause }
    );
  }
}

/** What a certificate is checked against. */
export interface CheckContext extends Pick<RepositoryContext, 'authorities' | 'policy'> {
  readonly issuers: Issuers;
}

/**
 * Whether a certificate may be published: its issuer leads to an anchor and is not revoked, its profile is one
 * that is published, chain and signature hold, and no lint finds an error. The CA has checked all this before it
 * signed; the repository believes it no more than it believes anyone.
 */
export async function checkCertificate(
  context: CheckContext,
  certificate: Certificate,
  at: Date
): Promise<CheckedCertificate> {
  const facts = { serial: certificate.serialHex };
  const { profile, issuer } = await findProfile(context, certificate, at);
  if (!profile.published) {
    throw new RepositoryError('repository/profile-not-published', `${profile.name} is not published`, {
      ...facts,
      profile: profile.name
    });
  }
  if (issuer !== 'self' && (await context.issuers.isRevoked(issuer)))
    throw new RepositoryError('repository/issuer-revoked', 'the issuer is revoked', facts);
  const [finding] = lintCertificate(certificate.der, {
    profile: profile.name,
    issuer,
    policy: context.policy,
    at: undefined
  }).filter(({ severity }) => severity === 'error');
  if (finding !== undefined) {
    throw new RepositoryError('repository/lint', `${finding.lint}: ${finding.detail}`, {
      ...facts,
      lint: finding.lint
    });
  }
  return describe(certificate, profile);
}

/** The profile that a certificate has in full, and the issuer under which it does. */
async function findProfile(
  { authorities, issuers: known, policy }: CheckContext,
  certificate: Certificate,
  at: Date
): Promise<{ readonly profile: Profile; readonly issuer: Certificate | 'self' }> {
  const facts = { serial: certificate.serialHex };
  const { anchors } = authorities;
  const keyId = certificate.authorityKeyIdentifier?.keyIdentifier;
  const issuers = (await known.candidates(certificate.issuer)).filter(
    ({ subjectKeyIdentifier: own }) => keyId === undefined || (own !== undefined && sameOctets(own, keyId))
  );
  let told: VerifyFailure | undefined;
  for (const profile of Object.values(profiles).filter(candidate => mayHave(certificate, candidate))) {
    for (const issuer of issuers.length > 0 ? issuers : [certificate]) {
      const result = verifyIssued(certificate, [issuer], { at, profile: profile.name, policy, anchors });
      if (result.ok) return { profile, issuer: profile.kind === 'root' ? 'self' : issuer };
      // "Not of this profile" only says that the next one may fit; another failure is what is wrong.
      if (told === undefined || told.code === 'verify/profile') told = result;
    }
  }
  if (told === undefined || (told.code === 'verify/profile' && told.depth === 0))
    throw new RepositoryError('repository/unknown-profile', 'no profile fits', facts);
  if (noIssuer.has(told.code))
    throw new RepositoryError(
      'repository/unknown-issuer',
      'no authority of this name and key is here',
      facts
    );
  throw new RepositoryError('repository/chain', told.detail, { ...facts, verify: told.code });
}

const noIssuer: ReadonlySet<VerifyFailure['code']> = new Set([
  'verify/no-chain',
  'verify/issuer-name',
  'verify/issuer-key'
]);

/** Leaves out, cheaply, the profiles that another key usage or another kind of role rules out. */
function mayHave(certificate: Certificate, profile: Profile): boolean {
  const usages = certificate.keyUsage ?? [];
  if (usages.length !== profile.keyUsage.length || !profile.keyUsage.every(usage => usages.includes(usage)))
    return false;
  if (profile.roles === undefined) return true;
  const role = roleOf(certificate);
  return role !== undefined && (role.usage === 'digitalSignature') === (profile.roles === 'xml-signing');
}

function roleOf(certificate: Certificate): RemotePartyRole | undefined {
  const ou = attributeOf(certificate.subject, oids.organizationalUnitName)?.text;
  return remotePartyRoles.find(role => role.ou === ou?.toUpperCase());
}

/** What the columns hold of a certificate whose profile is known to fit. */
function describe(certificate: Certificate, profile: Profile): CheckedCertificate {
  const { kind, eui } = holder(certificate, profile);
  const serial = serialToUuid(certificate.serial);
  const ski = certificate.subjectKeyIdentifier;
  if (serial === undefined || ski === undefined) {
    throw new RepositoryError(
      'repository/lint',
      'no serial number of at most 16 octets or no key identifier',
      {
        serial: certificate.serialHex
      }
    );
  }
  return {
    certificate,
    profile: profile.name,
    kind,
    serial,
    eui,
    // Organisations, and the authorities of their domain, carry their role as OU.
    role: profile.domain === 'smki-organisation' ? (roleOf(certificate)?.code ?? null) : null,
    usage: kind === 'ca' ? null : (profile.usage ?? null),
    ski,
    publicKeyHash: sha256(certificate.publicKey.spki),
    sha1: createHash('sha1').update(certificate.der).digest(),
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
  return createHash('sha256').update(octets).digest();
}
