import { profiles, type Certificate, type Profile, type ProfileName } from '../../pki/index.js';
import type { RepositoryContext } from '../context.js';
import { RepositoryError } from '../errors.js';
import type { CertificateIdentity } from '../store/publications.js';
import { serialToUuid } from '../store/serial.js';
import { sameOctets } from './authorities.js';

/** An authority that was verified, as issuer of a group's certificates. */
export interface KnownIssuer {
  /** `'self'`: an anchor, which issued itself. */
  readonly certificate: Certificate | 'self';
  readonly name: Uint8Array;
  readonly keyIdentifier: Uint8Array | undefined;
  readonly profiles: readonly Profile[];
  /** The number of its name. */
  readonly number: number;
  /** Itself, as a revocation names it; undefined for an anchor that issued itself. */
  readonly identity: CertificateIdentity | undefined;
}

/** Whether a certificate names this issuer and its key. */
export function isOf({ issuer, authorityKeyIdentifier }: Certificate, known: KnownIssuer): boolean {
  const keyIdentifier = authorityKeyIdentifier?.keyIdentifier;
  return (
    keyIdentifier !== undefined &&
    known.keyIdentifier !== undefined &&
    sameOctets(issuer.der, known.name) &&
    sameOctets(keyIdentifier, known.keyIdentifier)
  );
}

/** The common case: an authority of this name and key was verified before. */
export async function knownIssuer(
  { authorities, issuerNames }: Pick<RepositoryContext, 'authorities' | 'issuerNames'>,
  { issuer: name, authorityKeyIdentifier }: Certificate,
  at: Date
): Promise<KnownIssuer | undefined> {
  const keyIdentifier = authorityKeyIdentifier?.keyIdentifier;
  if (keyIdentifier === undefined) return undefined;
  const authority = await authorities.find(name, keyIdentifier, at);
  if (authority === undefined) return undefined;
  const { certificate } = authority;
  return {
    certificate,
    name: name.der,
    keyIdentifier,
    profiles: issuedBy.get(authority.profile) ?? [],
    number: await issuerNames.idOf(name.der),
    identity: identityOf(certificate, await issuerNames.idOf(certificate.issuer.der))
  };
}

/** Profiles by the profile of the authority that issues them; a root, which issues itself, is no case of this. */
const issuedBy: ReadonlyMap<ProfileName, readonly Profile[]> = new Map(
  Object.values(profiles).map(({ name }) => [
    name,
    Object.values(profiles).filter(({ kind, issuerProfile }) => kind !== 'root' && issuerProfile === name)
  ])
);

/** What names a certificate in the tables; its issuer by the number of the name. */
export function identityOf(certificate: Certificate, issuerName: number): CertificateIdentity {
  const serial = serialToUuid(certificate.serial);
  if (serial === undefined)
    throw new RepositoryError('repository/lint', 'a serial number has at most 16 octets', {
      serial: certificate.serialHex
    });
  return { serial, issuerName };
}
