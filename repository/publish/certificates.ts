import { setImmediate } from 'node:timers/promises';
import type { Certificate } from '../../pki/index.js';
import type { CertificatePublication } from '../../pki/messages/index.js';
import { auditEvent } from '../audit.js';
import type { RepositoryContext } from '../context.js';
import { RepositoryError } from '../errors.js';
import { afterLodging, beforeLodging } from '../stages.js';
import {
  appendToFeed,
  findIdentities,
  insertCertificates,
  insertPublication,
  lockFeed,
  type CheckedCertificate
} from '../store/publications.js';
import { serialToUuid } from '../store/serial.js';
import { sameOctets } from './authorities.js';
import { issuersOfPublication } from './issuers.js';
import { checkCertificate, readCertificate, sha256 } from './check-certificate.js';

/** What became of a publication. */
export interface Lodged {
  readonly outcome: 'published' | 'repeated';
  /** Number in the feed; undefined when everything was already here. */
  readonly sequence?: string;
}

/**
 * DESIGN: certificates checked before the event loop gets its turn, some 3 ms: the public listener shares it and
 * its clients count milliseconds.
 */
const checkedAtOnce = 16;

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
  const fresh = await withoutStored(context, certificates);
  const checks = { ...context, issuers: issuersOfPublication(context) };
  const checked: CheckedCertificate[] = [];
  for (const [index, certificate] of fresh.entries()) {
    if (index > 0 && index % checkedAtOnce === 0) await setImmediate();
    checked.push(await checkCertificate(checks, certificate, at));
  }
  if (checked.length === 0) return repeated(context, peer, groupId, certificates.length);

  await context.stage(beforeLodging);
  const lodged = await context.database.transaction(async trx => {
    const id = await insertPublication(trx, {
      kind: 'certificates',
      groupId,
      peer,
      items: checked.length,
      acceptedAt: at
    });
    if (id === undefined) {
      // The group is here. All of it, when another process of ours lodged it since we looked; otherwise it grew.
      if ((await withoutStored({ database: trx }, fresh)).length === 0) return undefined;
      throw new RepositoryError('repository/group-conflict', 'the group is here with other certificates', {
        group: groupId
      });
    }
    const inserted = await insertCertificates(trx, id, checked, at);
    await withoutStored(
      { database: trx },
      fresh.filter(one => !inserted.has(serialToUuid(one.serial) ?? ''))
    );
    await lockFeed(trx);
    const sequence = await appendToFeed(trx, id);
    const ticket = await context.audit.record(trx, [
      auditEvent('repository.certificates.published', peer, {
        group: groupId,
        sequence,
        certificates: checked.length,
        profiles: [...new Set(checked.map(one => one.profile))],
        // Which ones, without listing them: the hash over their SHA-256 in the order of the group.
        digest: sha256(Buffer.concat(checked.map(one => one.sha256))).toString('hex')
      })
    ]);
    return { sequence, ticket };
  });
  if (lodged === undefined) return repeated(context, peer, groupId, certificates.length);
  await context.stage(afterLodging);
  await context.audit.seal(lodged.ticket);
  for (const { profile } of checked) context.metrics.published.inc({ profile });
  return { outcome: 'published', sequence: lodged.sequence };
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
 * here under the same issuer and serial number, or when the group itself holds two.
 */
async function withoutStored(
  { database }: Pick<RepositoryContext, 'database'>,
  certificates: readonly Certificate[]
): Promise<Certificate[]> {
  const serials = certificates.map(certificate => {
    const serial = serialToUuid(certificate.serial);
    if (serial === undefined) {
      throw new RepositoryError('repository/lint', 'a serial number has at most 16 octets', {
        serial: certificate.serialHex
      });
    }
    return serial;
  });
  const known = new Map<string, Uint8Array>();
  for (const { serial, issuer, sha256: hash } of await findIdentities(database, serials))
    known.set(identity(serial, issuer), hash);
  const fresh: Certificate[] = [];
  for (const [index, certificate] of certificates.entries()) {
    const key = identity(serials[index] ?? '', certificate.issuer.der);
    const hash = sha256(certificate.der);
    const stored = known.get(key);
    if (stored === undefined) {
      known.set(key, hash);
      fresh.push(certificate);
    } else if (!sameOctets(stored, hash)) {
      throw new RepositoryError(
        'repository/certificate-conflict',
        'another certificate is here under this issuer and serial number',
        {
          serial: certificate.serialHex,
          offered: hash.toString('hex'),
          stored: Buffer.from(stored).toString('hex')
        }
      );
    }
  }
  return fresh;
}

function identity(serial: string, issuer: Uint8Array): string {
  return `${serial}/${Buffer.from(issuer).toString('hex')}`;
}
