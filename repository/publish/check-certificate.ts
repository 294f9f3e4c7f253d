import { setImmediate } from 'node:timers/promises';
import {
  lintCertificate,
  parseCertificate,
  profiles,
  verifyIssued,
  type Certificate,
  type Profile,
  type VerifyFailure
} from '../../pki/index.js';
import type { RepositoryContext } from '../context.js';
import { RepositoryError } from '../errors.js';
import type { CheckedCertificate } from '../store/publications.js';
import { sameOctets } from './authorities.js';
import { describeCertificate, roleOf } from './describe-certificate.js';
import { identityOf, isOf, knownIssuer, type KnownIssuer } from './known-issuer.js';

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
export type CheckContext = Pick<RepositoryContext, 'authorities' | 'issuerNames' | 'policy' | 'verifyPoint'>;

/**
 * DESIGN: certificates checked before the event loop gets its turn, some 1 ms: the public listener shares it and
 * its clients count milliseconds.
 */
const checkedAtOnce = 16;

/** Checks each certificate of a group, in order; throws what is wrong with the first that may not be published. */
export async function checkCertificates(
  context: CheckContext,
  certificates: readonly Certificate[],
  at: Date
): Promise<CheckedCertificate[]> {
  const checked: CheckedCertificate[] = [];
  let issuer: KnownIssuer | undefined;
  for (const [index, certificate] of certificates.entries()) {
    if (index > 0 && index % checkedAtOnce === 0) await setImmediate();
    // Those of a group have one issuer, or few.
    if (issuer === undefined || !isOf(certificate, issuer))
      issuer = await knownIssuer(context, certificate, at);
    const profile = issuer === undefined ? undefined : fittingProfile(context, certificate, issuer, at);
    checked.push(
      issuer === undefined || profile === undefined
        ? await checkUnknown(context, certificate, at)
        : check(context, certificate, profile, issuer)
    );
  }
  return checked;
}

/** The profile that an issuer issues and a certificate has in full; undefined also where something is wrong. */
function fittingProfile(
  { authorities, policy, verifyPoint }: CheckContext,
  certificate: Certificate,
  { certificate: issuer, profiles: issued }: KnownIssuer,
  at: Date
): Profile | undefined {
  const { anchors } = authorities;
  return issued.find(
    profile =>
      issuer !== 'self' &&
      mayHave(certificate, profile) &&
      verifyIssued(certificate, [issuer], { at, profile: profile.name, policy, anchors, verifyPoint }).ok
  );
}

/** An anchor, or a certificate with something wrong: says what. */
async function checkUnknown(
  context: CheckContext,
  certificate: Certificate,
  at: Date
): Promise<CheckedCertificate> {
  const { profile, issuer } = await findProfile(context, certificate, at);
  const { issuerNames } = context;
  return check(context, certificate, profile, {
    certificate: issuer,
    name: certificate.issuer.der,
    keyIdentifier: undefined,
    profiles: [profile],
    number: await issuerNames.idOf(certificate.issuer.der),
    identity: issuer === 'self' ? undefined : identityOf(issuer, await issuerNames.idOf(issuer.issuer.der))
  });
}

/**
 * Whether a certificate whose chain and signature hold may be published: its profile is one that is, and no lint
 * finds an error. That the issuer is not revoked is asked for whole groups, when they are lodged. The CA has
 * checked all this before it signed; the repository believes it no more than it believes anyone.
 */
function check(
  { policy }: CheckContext,
  certificate: Certificate,
  profile: Profile,
  issuer: KnownIssuer
): CheckedCertificate {
  if (!profile.published) {
    throw new RepositoryError('repository/profile-not-published', `${profile.name} is not published`, {
      serial: certificate.serialHex,
      profile: profile.name
    });
  }
  const context = { profile: profile.name, issuer: issuer.certificate, policy, at: undefined };
  const finding = lintCertificate(certificate.der, context).find(({ severity }) => severity === 'error');
  if (finding !== undefined) {
    throw new RepositoryError('repository/lint', `${finding.lint}: ${finding.detail}`, {
      serial: certificate.serialHex,
      lint: finding.lint
    });
  }
  return describeCertificate(certificate, profile, issuer);
}

interface Placed {
  readonly profile: Profile;
  readonly issuer: Certificate | 'self';
}

/** The profile that a certificate has in full, and the issuer under which it does. */
async function findProfile(
  { authorities, policy }: CheckContext,
  certificate: Certificate,
  at: Date
): Promise<Placed> {
  const facts = { serial: certificate.serialHex };
  const { anchors } = authorities;
  const keyId = certificate.authorityKeyIdentifier?.keyIdentifier;
  const issuers = (await authorities.candidates(certificate.issuer)).filter(
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
