import type { Certificate } from '../../pki/index.js';
import type { CertificatePublication } from '../../pki/messages/index.js';
import { auditEvent } from '../audit.js';
import type { RepositoryContext } from '../context.js';
import { RepositoryError } from '../errors.js';
import { afterLodging, beforeLodging } from '../stages.js';
import type { CheckedCertificate } from '../store/publications.js';
import { serialToUuid } from '../store/serial.js';
import { findIdentities } from '../store/standing.js';
import { sameOctets } from './authorities.js';
import { checkCertificates, readCertificate } from './check-certificate.js';
import { certificateConflict } from './classify.js';
import { sha256 } from './describe-certificate.js';

/** What became of a publication. */
export interface Lodged {
  readonly outcome: 'published' | 'repeated';
  /** Number in the feed; undefined when everything was already here. */
  readonly sequence?: string;
}

/**
 * Accepts a group whole or refuses it whole. The same octets again are success; other octets under one issuer and
 * serial number, or other certificates under one group, are a conflict and an alarm.
 */
export async function publishCertificates(
  context: RepositoryContext,
  peer: string,
  publication: CertificatePublication
): Promise<Lodged> {
  const at = context.clock.now();
  const certificates = publication.certificates.map(readCertificate);
  const groupId = Buffer.from(publication.groupId).toString('hex');
  const checked = await check(context, certificates, at);
  if (checked.length === 0) return repeated(context, peer, groupId, certificates.length);

  await context.stage(beforeLodging);
  const lodged = await context.lodger.lodge({ groupId, peer, at, checked });
  if (lodged.outcome === 'repeated') return repeated(context, peer, groupId, certificates.length);
  await context.stage(afterLodging);
  await lodged.seal();
  for (const [profile, count] of countByProfile(checked)) context.metrics.published.inc({ profile }, count);
  return { outcome: 'published', sequence: lodged.sequence };
}

/**
 * The certificates, checked; where one may not be published, those that are not here yet. What is here was checked
 * when it came, and stays success whatever became of its issuer since.
 */
async function check(
  context: RepositoryContext,
  certificates: readonly Certificate[],
  at: Date
): Promise<CheckedCertificate[]> {
  try {
    return await checkCertificates(context, certificates, at);
  } catch (error) {
    if (!(error instanceof RepositoryError)) throw error;
    const fresh = await withoutStored(context, certificates);
    if (fresh.length === certificates.length) throw error;
    return checkCertificates(context, fresh, at);
  }
}

async function repeated(
  context: RepositoryContext,
  peer: string,
  groupId: string,
  certificates: number
): Promise<Lodged> {
  await context.audit.append([
    auditEvent('repository.certificates.repeated', peer, { group: groupId, certificates })
  ]);
  return { outcome: 'repeated' };
}

/**
 * The certificates that are not here yet. Throws `repository/certificate-conflict` when another certificate is
 * here under the same issuer and serial number. Judges certificates whose issuers nobody knows, too.
 */
async function withoutStored(
  context: RepositoryContext,
  certificates: readonly Certificate[]
): Promise<Certificate[]> {
  const serials = certificates.map(({ serial }) => serialToUuid(serial) ?? '');
  const stored = await findIdentities(
    context,
    serials.filter(serial => serial !== '')
  );
  return certificates.filter((certificate, index) => {
    const known = stored.find(
      row => row.serial === serials[index] && sameOctets(row.issuer, certificate.issuer.der)
    );
    if (known === undefined) return true;
    const offered = sha256(certificate.der);
    if (sameOctets(known.sha256, offered)) return false;
    throw certificateConflict(certificate, offered, known.sha256);
  });
}

function countByProfile(checked: readonly CheckedCertificate[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const { profile } of checked) counts.set(profile, (counts.get(profile) ?? 0) + 1);
  return counts;
}
